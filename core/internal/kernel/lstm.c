//go:build !purego

// LSTM over a whole sequence (Hochreiter & Schmidhuber 1997; gates i, f, g, o as in
// PyTorch). The rows of a batch do not meet: a task takes some of them through all of
// time, with the recurrent weights packed once.
#include "kernel.h"
#include <string.h>

typedef struct {
  long t, b, h, per; // per: rows a task
  int all;           // dout is [t,b,6h], not [t,b,h]
  const float *xg, *h0, *c0, *out, *dout;
  float *dst, *dx, *dh0, *dc0;
  const float *panels; // of the weights, or of their transpose
} job;

// c[m][n] = a[m][k] B.
static void multiply(long m, const float *a, long as, long k, const float *panels, long n, float *c, long cs) {
  static const long once = 0;
  const lab_left l = {LAB_ROWS, 1, &once, k, a, as};
  lab_multiply(&l, m, n, panels, lab_cpu->nr, k * lab_cpu->nr, c, cs, 0);
}

// Packs the weights [k,n], or where turned their transpose.
static const float *pack(int turned, const float *w, long ld, long k, long n) {
  const long nr = lab_cpu->nr;
  float *p = lab_scratch(LAB_SHARED, (size_t)((n + nr - 1) / nr * nr * k));
  lab_cpu->pack(turned, k, n, w, ld, p, k * nr);
  return p;
}

static void forward(void *arg, long task) {
  job *j = arg;
  const long h = j->h, b0 = task * j->per, m = j->b - b0 < j->per ? j->b - b0 : j->per;
  for (long t = 0; t < j->t; t++) {
    float *o = j->dst + (t * j->b + b0) * 6 * h;
    const float *before = o - j->b * 6 * h, *hp = t ? before : j->h0 + b0 * h, *cp = t ? before + h : j->c0 + b0 * h;
    const float *xg = j->xg + (t * j->b + b0) * 4 * h;
    const long step = t ? 6 * h : h;
    multiply(m, hp, step, h, j->panels, 4 * h, o + 2 * h, 6 * h);
    for (long i = 0; i < m; i++, o += 6 * h) lab_cpu->lstm_row(h, o + 2 * h, xg + i * 4 * h, cp + i * step, o, o + h);
  }
}

static long rows_per_task(long b) {
  long per = (b + 7) / 8; // eight tasks, of whole tiles where there are enough rows
  return per > lab_cpu->mr ? (per + lab_cpu->mr - 1) / lab_cpu->mr * lab_cpu->mr : b < lab_cpu->mr ? b : lab_cpu->mr;
}

// out [t,b,6h]: h, c, and the gates after their functions.
void lab_lstm_forward(long t, long b, long h, const float *xg, const float *wh, const float *h0, const float *c0, float *out) {
  LAB_FLUSH;
  if (!b || !h) return;
  job j = {.t = t, .b = b, .h = h, .per = rows_per_task(b), .xg = xg, .h0 = h0, .c0 = c0, .dst = out};
  j.panels = pack(0, wh, 4 * h, h, 4 * h);
  lab_parallel(forward, &j, (b + j.per - 1) / j.per);
}

static void backward(void *arg, long task) {
  job *j = arg;
  const long h = j->h, b0 = task * j->per, m = j->b - b0 < j->per ? j->b - b0 : j->per, wide = j->all ? 6 * h : h;
  float *next = j->dh0 + b0 * h, *dc = j->dc0 + b0 * h;
  memset(next, 0, (size_t)(m * h) * 4);
  memset(dc, 0, (size_t)(m * h) * 4);
  for (long t = j->t - 1; t >= 0; t--) {
    const float *out = j->out + (t * j->b + b0) * 6 * h, *dout = j->dout + (t * j->b + b0) * wide;
    float *dx = j->dx + (t * j->b + b0) * 4 * h;
    const float *cp = t ? out - j->b * 6 * h + h : j->c0 + b0 * h;
    const long step = t ? 6 * h : h;
    for (long i = 0; i < m; i++, out += 6 * h)
      lab_cpu->lstm_grad_row(j->all, h, out + 2 * h, cp + i * step, out + h, next + i * h, dout + i * wide, dc + i * h, dx + i * 4 * h);
    multiply(m, dx, 4 * h, 4 * h, j->panels, h, next, h);
  }
}

// dx [t,b,4h], the gradient of xg; dh0 and dc0 [b,h].
void lab_lstm_backward(long t, long b, long h, const float *wh, const float *c0, const float *out, int all, const float *dout, float *dx,
                       float *dh0, float *dc0) {
  LAB_FLUSH;
  if (!b || !h) return;
  job j = {.t = t, .b = b, .h = h, .per = rows_per_task(b), .all = all, .c0 = c0, .out = out, .dout = dout, .dx = dx, .dh0 = dh0, .dc0 = dc0};
  j.panels = pack(1, wh, 4 * h, 4 * h, h);
  lab_parallel(backward, &j, (b + j.per - 1) / j.per);
}
