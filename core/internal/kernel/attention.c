//go:build !purego

// Scaled dot-product attention (Vaswani et al. 2017, eq. 1), a task a head. A block
// of queries meets all the keys it may see, so that its softmax is whole and nothing
// of the size of queries × keys is kept; the way back computes the block again.
#include "kernel.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 32 }; // queries

typedef struct {
  const lab_attention *g;
  const float *q, *k, *v, *mask, *dout;
  float *out, *dq, *dk, *dv;
} job;

// C[m][n0..n1) (+)= A[m][k0..k1) B, B in panels of depth depth; n0 begins a panel. A(i,p) is a[i*as + p], or a[i + p*as] when column.
static void multiply(int column, long m, const float *a, long as, long k0, long k1, const float *b, long depth, long n0, long n1,
                     float *c, long ldc, int accumulate) {
  static const long once = 0;
  const lab_left l = {column ? LAB_COLUMNS : LAB_ROWS, 1, &once, k1 > k0 ? k1 - k0 : 0, column ? a + k0 * as : a + k0, as};
  if (m > 0) lab_multiply(&l, m, n1 - n0, b + n0 * depth + k0 * lab_cpu->nr, lab_cpu->nr, depth * lab_cpu->nr, c + n0, ldc, accumulate);
}

static long up(long n) { return (n + lab_cpu->nr - 1) / lab_cpu->nr * lab_cpu->nr; }

// The keys that query i may see, but for the mask.
static void seen(const lab_attention *g, long i, long *lo, long *hi) {
  long at = i + g->offset; // the query's place among the keys
  *lo = 0;
  *hi = g->s;
  if (g->causal && at + 1 < *hi) *hi = at + 1;
  if (g->window) {
    if (at - g->window + 1 > 0) *lo = at - g->window + 1;
    if (at + g->window < *hi) *hi = at + g->window;
  }
  if (*lo > *hi) *lo = *hi; // none
}

// The probabilities p of a block of queries, m rows of ld, from key lo to the end of hi's
// panel; zero where a query does not see.
static void probabilities(const job *j, long b, const float *q, long qstep, long i0, long m, const float *kt, long lo, long hi, float *p, long ld) {
  const lab_attention *g = j->g;
  const long end = up(hi);
  multiply(0, m, q, qstep, 0, g->d, kt, g->d, lo, end, p, ld, 0);
  const float *mask = j->mask ? j->mask + b * g->s : 0;
  for (long i = 0; i < m; i++) {
    float *r = p + i * ld;
    long a, z;
    seen(g, i0 + i, &a, &z);
    if (a == z) {
      memset(r + lo, 0, (size_t)(end - lo) * 4);
      continue;
    }
    for (long c = lo; c < a; c++) r[c] = -INFINITY;
    for (long c = z; c < end; c++) r[c] = -INFINITY;
    if (mask)
      for (long c = a; c < z; c++) r[c] = mask[c] == 0 ? -INFINITY : r[c];
    lab_cpu->attend_row(end - lo, g->scale, r + lo);
  }
}

// The keys that some query of a block may see, from a whole panel on.
static void reach(const lab_attention *g, long i0, long m, long *lo, long *hi) {
  long z, a;
  seen(g, i0, lo, hi);
  seen(g, i0 + m - 1, &a, &z);
  if (z > *hi) *hi = z;
  *lo = *lo / lab_cpu->nr * lab_cpu->nr;
}

static void forward(void *arg, long t) {
  job *j = arg;
  const lab_attention *g = j->g;
  const long b = t / g->h, h = t % g->h, s = g->s, d = g->d, ld = up(s), wide = up(d);
  const float *q = j->q + b * g->t * g->qstep + h * d, *k = j->k + b * s * g->kvstep + h * d, *v = j->v + b * s * g->kvstep + h * d;
  float *kt = lab_scratch(LAB_PACK_B, (size_t)(ld * d + s * wide + BLOCK * ld));
  float *vp = kt + ld * d, *p = vp + s * wide;
  lab_cpu->pack(1, d, s, k, g->kvstep, kt, d * lab_cpu->nr);
  lab_cpu->pack(0, s, d, v, g->kvstep, vp, s * lab_cpu->nr);
  for (long i0 = 0; i0 < g->t; i0 += BLOCK) {
    long m = g->t - i0 < BLOCK ? g->t - i0 : BLOCK, lo, hi;
    reach(g, i0, m, &lo, &hi);
    probabilities(j, b, q + i0 * g->qstep, g->qstep, i0, m, kt, lo, hi, p, ld);
    multiply(0, m, p, ld, lo, hi, vp, s, 0, d, j->out + ((b * g->t + i0) * g->h + h) * d, g->h * d, 0);
  }
}

void lab_attention_forward(const lab_attention *g, const float *q, const float *k, const float *v, const float *mask, float *out) {
  LAB_FLUSH;
  job j = {.g = g, .q = q, .k = k, .v = v, .mask = mask, .out = out};
  lab_parallel(forward, &j, g->b * g->h);
}

// dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP - sum(P dP)) scale, dQ = dS K, dK = dSᵀ Q.
static void backward(void *arg, long t) {
  job *j = arg;
  const lab_attention *g = j->g;
  const long b = t / g->h, h = t % g->h, s = g->s, d = g->d, ld = up(s), wide = up(d);
  const float *q = j->q + b * g->t * g->qstep + h * d, *k = j->k + b * s * g->kvstep + h * d, *v = j->v + b * s * g->kvstep + h * d;
  const float *dout = j->dout + (b * g->t * g->h + h) * d;
  const long ostep = g->h * d;
  float *kt = lab_scratch(LAB_PACK_B, (size_t)(2 * ld * d + 3 * s * wide + BLOCK * (2 * ld + 2 * wide)));
  float *vt = kt + ld * d, *kp = vt + ld * d, *dk = kp + s * wide, *dv = dk + s * wide;
  float *p = dv + s * wide, *ds = p + BLOCK * ld, *qp = ds + BLOCK * ld, *op = qp + BLOCK * wide;
  lab_cpu->pack(1, d, s, k, g->kvstep, kt, d * lab_cpu->nr);
  lab_cpu->pack(1, d, s, v, g->kvstep, vt, d * lab_cpu->nr);
  lab_cpu->pack(0, s, d, k, g->kvstep, kp, s * lab_cpu->nr);
  memset(dk, 0, (size_t)(2 * s * wide) * 4);
  for (long i0 = 0; i0 < g->t; i0 += BLOCK) {
    long m = g->t - i0 < BLOCK ? g->t - i0 : BLOCK, lo, hi;
    reach(g, i0, m, &lo, &hi);
    probabilities(j, b, q + i0 * g->qstep, g->qstep, i0, m, kt, lo, hi, p, ld);
    multiply(0, m, dout + i0 * ostep, ostep, 0, d, vt, d, lo, up(hi), ds, ld, 0);
    for (long i = 0; i < m; i++) lab_cpu->attend_grad_row(up(hi) - lo, g->scale, p + i * ld + lo, ds + i * ld + lo);
    if (j->dq) multiply(0, m, ds, ld, lo, hi, kp, s, 0, d, j->dq + (b * g->t + i0) * g->dqstep + h * d, g->dqstep, 0);
    if (j->dk) {
      lab_cpu->pack(0, m, d, q + i0 * g->qstep, g->qstep, qp, m * lab_cpu->nr);
      lab_cpu->pack(0, m, d, dout + i0 * ostep, ostep, op, m * lab_cpu->nr);
      multiply(1, hi - lo, ds + lo, ld, 0, m, qp, m, 0, wide, dk + lo * wide, wide, 1);
      multiply(1, hi - lo, p + lo, ld, 0, m, op, m, 0, wide, dv + lo * wide, wide, 1);
    }
  }
  if (j->dk)
    for (long i = 0; i < s; i++) {
      memcpy(j->dk + (b * s + i) * g->dkvstep + h * d, dk + i * wide, (size_t)d * 4);
      memcpy(j->dv + (b * s + i) * g->dkvstep + h * d, dv + i * wide, (size_t)d * 4);
    }
}

void lab_attention_backward(const lab_attention *g, const float *q, const float *k, const float *v, const float *mask, const float *dout,
                            float *dq, float *dk, float *dv) {
  LAB_FLUSH;
  job j = {.g = g, .q = q, .k = k, .v = v, .mask = mask, .dout = dout, .dq = dq, .dk = dk, .dv = dv};
  lab_parallel(backward, &j, g->b * g->h);
}
