//go:build !purego

// Scaled dot-product attention (Vaswani et al. 2017, eq. 1), a task a head. A few queries
// meet all the keys that one of them may see, so that their softmax is whole and nothing
// of the size of queries × keys is kept; the way back computes them again.
#include "kernel.h"
#include <math.h>
#include <string.h>

enum { BLOCK = LAB_ATTEND }; // queries whose share of the gradients of keys and values is added up at once

typedef struct {
  const lab_attention *g;
  const float *q, *k, *v, *mask, *dout;
  float *out, *dq, *dk, *dv;
} job;

// C[m][n0..n1) (+)= A[m][k0..k1) B, B in panels of depth depth; n0 is a whole number of
// them. A(i,p) is a[i*as + p], or a[i + p*as] when column.
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

// A few queries, m from i0 on, and the keys lo..hi that one of them may see, whole panels.
typedef struct { long i0, m, lo, hi; } group;

// The group at query i of those before end. What it multiplies in vain, keys that only its
// last queries see, is little beside what they all see.
static group group_at(const lab_attention *g, long i, long end) {
  const long nr = lab_cpu->nr;
  long few = g->causal || g->window ? g->s / 8 : BLOCK;
  if (g->window && g->window / 4 < few) few = g->window / 4;
  few = few < nr ? nr : few > BLOCK ? BLOCK : few / nr * nr;
  group q = {i, few, 0, 0};
  if (q.m > end - i) q.m = end - i;
  long a, z;
  seen(g, i, &q.lo, &q.hi);
  seen(g, i + q.m - 1, &a, &z);
  if (z > q.hi) q.hi = z;
  q.lo = q.lo / nr * nr;
  q.hi = up(q.hi);
  return q;
}

// The probabilities p of a group, m rows of ld: 0 for what a query must not see.
static void probabilities(const job *j, long b, const float *q, group t, const float *kt, float *p, long ld) {
  const lab_attention *g = j->g;
  multiply(0, t.m, q, g->qstep, 0, g->d, kt, g->d, t.lo, t.hi, p, ld, 0);
  const float *mask = j->mask ? j->mask + b * g->s : 0;
  long blind = 0; // queries that see nothing
  char sees[BLOCK];
  for (long i = 0; i < t.m; i++) {
    float *r = p + i * ld;
    long a, z;
    seen(g, t.i0 + i, &a, &z);
    for (long c = t.lo; c < a; c++) r[c] = -INFINITY;
    for (long c = z; c < t.hi; c++) r[c] = -INFINITY;
    sees[i] = !mask && a < z;
    if (mask)
      for (long c = a; c < z; c++) {
        sees[i] |= mask[c] != 0;
        r[c] = mask[c] == 0 ? -INFINITY : r[c];
      }
    blind += !sees[i];
  }
  if (t.lo < t.hi) lab_cpu->attend_rows(t.m, t.hi - t.lo, g->scale, p + t.lo, ld);
  for (long i = 0; blind && i < t.m; i++)
    if (!sees[i]) memset(p + i * ld + t.lo, 0, (size_t)(t.hi - t.lo) * 4);
}

// The output of one query: nothing is worth packing, and of keys that it does not see nothing is read.
static void lone(const job *j, const float *mask, const float *q, const float *k, const float *v, float *out) {
  const lab_attention *g = j->g;
  long lo, hi;
  seen(g, 0, &lo, &hi);
  while (mask && lo < hi && mask[lo] == 0) lo++;
  while (mask && lo < hi && mask[hi - 1] == 0) hi--;
  const long n = hi - lo, whole = up(n);
  float *p = lab_scratch(LAB_PACK_B, (size_t)whole);
  for (long c = 0; c < whole; c++)
    p[c] = c >= n || (mask && mask[lo + c] == 0) ? -INFINITY : lab_cpu->dot(g->d, q, k + (lo + c) * g->kvstep);
  if (n) lab_cpu->attend_rows(1, whole, g->scale, p, whole);
  lab_cpu->vecmat(n, g->d, p, v + lo * g->kvstep, g->kvstep, out, 0);
}

static void forward(void *arg, long task) {
  job *j = arg;
  const lab_attention *g = j->g;
  const long b = task / g->h, h = task % g->h, s = g->s, d = g->d, ld = up(s), nr = lab_cpu->nr;
  const float *q = j->q + b * g->t * g->qstep + h * d, *k = j->k + b * s * g->kvstep + h * d, *v = j->v + b * s * g->kvstep + h * d;
  float *out = j->out + (b * g->t * g->h + h) * d;
  if (g->t == 1) {
    lone(j, j->mask ? j->mask + b * s : 0, q, k, v, out);
    return;
  }
  float *kt = lab_scratch(LAB_PACK_B, (size_t)(ld * d + s * up(d) + BLOCK * ld)), *vp = kt + ld * d, *p = vp + s * up(d);
  lab_cpu->pack(1, d, s, k, g->kvstep, kt, d * nr);
  lab_cpu->pack(0, s, d, v, g->kvstep, vp, s * nr);
  for (group t = {0}; t.i0 < g->t; t.i0 += t.m) {
    t = group_at(g, t.i0, g->t);
    probabilities(j, b, q + t.i0 * g->qstep, t, kt, p, ld);
    multiply(0, t.m, p, ld, t.lo, t.hi < s ? t.hi : s, vp, s, 0, d, out + t.i0 * g->h * d, g->h * d, 0);
  }
}

void lab_attention_forward(const lab_attention *g, const float *q, const float *k, const float *v, const float *mask, float *out) {
  LAB_FLUSH;
  job j = {.g = g, .q = q, .k = k, .v = v, .mask = mask, .out = out};
  lab_parallel(forward, &j, g->b * g->h);
}

// dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP - sum(P dP)) scale, dQ = dS K, dK = dSᵀ Q.
static void backward(void *arg, long task) {
  job *j = arg;
  const lab_attention *g = j->g;
  const long b = task / g->h, h = task % g->h, s = g->s, d = g->d, ld = up(s), wide = up(d), nr = lab_cpu->nr, ostep = g->h * d;
  const float *q = j->q + b * g->t * g->qstep + h * d, *k = j->k + b * s * g->kvstep + h * d, *v = j->v + b * s * g->kvstep + h * d;
  const float *dout = j->dout + (b * g->t * g->h + h) * d;
  float *kt = lab_scratch(LAB_PACK_B, (size_t)(2 * ld * d + s * wide + BLOCK * 2 * (ld + wide)));
  float *vt = kt + ld * d, *kp = vt + ld * d, *p = kp + s * wide, *ds = p + BLOCK * ld, *qp = ds + BLOCK * ld, *op = qp + BLOCK * wide;
  float *dk = j->dk ? j->dk + b * s * g->dkvstep + h * d : 0, *dv = j->dk ? j->dv + b * s * g->dkvstep + h * d : 0;
  lab_cpu->pack(1, d, s, k, g->kvstep, kt, d * nr);
  lab_cpu->pack(1, d, s, v, g->kvstep, vt, d * nr);
  if (j->dq) lab_cpu->pack(0, s, d, k, g->kvstep, kp, s * nr);
  for (long i = 0; dk && i < s; i++) memset(dk + i * g->dkvstep, 0, (size_t)d * 4), memset(dv + i * g->dkvstep, 0, (size_t)d * 4);
  for (long i0 = 0; i0 < g->t; i0 += BLOCK) {
    const long m = g->t - i0 < BLOCK ? g->t - i0 : BLOCK;
    group groups[BLOCK];
    long count = 0;
    for (long i = 0; i < m; i += groups[count++].m) {
      const group t = groups[count] = group_at(g, i0 + i, i0 + m);
      float *pi = p + i * ld, *di = ds + i * ld;
      probabilities(j, b, q + t.i0 * g->qstep, t, kt, pi, ld);
      multiply(0, t.m, dout + t.i0 * ostep, ostep, 0, d, vt, d, t.lo, t.hi, di, ld, 0);
      lab_cpu->attend_grad_rows(t.m, t.hi - t.lo, g->scale, pi + t.lo, di + t.lo, ld);
      if (j->dq) multiply(0, t.m, di, ld, t.lo, t.hi < s ? t.hi : s, kp, s, 0, d, j->dq + (b * g->t + t.i0) * g->dqstep + h * d, g->dqstep, 0);
    }
    if (!dk) continue;
    lab_cpu->pack(0, m, d, q + i0 * g->qstep, g->qstep, qp, m * nr);
    lab_cpu->pack(0, m, d, dout + i0 * ostep, ostep, op, m * nr);
    long first = 0, last = 0; // groups that see a panel of keys
    for (long c = groups[0].lo; c < groups[count - 1].hi && c < s; c += nr) {
      while (first < count && groups[first].hi <= c) first++;
      while (last < count && groups[last].lo <= c) last++;
      if (first >= last) continue;
      const long r0 = groups[first].i0 - i0, r1 = groups[last - 1].i0 + groups[last - 1].m - i0, keys = s - c < nr ? s - c : nr;
      multiply(1, keys, ds + c, ld, r0, r1, qp, m, 0, d, dk + c * g->dkvstep, g->dkvstep, 1);
      multiply(1, keys, p + c, ld, r0, r1, op, m, 0, d, dv + c * g->dkvstep, g->dkvstep, 1);
    }
  }
}

void lab_attention_backward(const lab_attention *g, const float *q, const float *k, const float *v, const float *mask, const float *dout,
                            float *dq, float *dk, float *dv) {
  LAB_FLUSH;
  job j = {.g = g, .q = q, .k = k, .v = v, .mask = mask, .dout = dout, .dq = dq, .dk = dk, .dv = dv};
  lab_parallel(backward, &j, g->b * g->h);
}
