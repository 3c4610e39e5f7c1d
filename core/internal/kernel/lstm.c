//go:build !purego

// LSTM over a whole sequence (Hochreiter & Schmidhuber 1997; gates i, f, g, o as in
// PyTorch). The rows of a batch do not meet: a task takes some of them through all of
// time, with the recurrent weights packed once.
#include "kernel.h"
#include <string.h>

typedef struct {
  long t, b, h, per; // per: rows a task
  const float *xg, *h0, *c0, *out, *dout;
  float *dst, *dx, *dh0, *dc0;
  const float *panels; // of the weights, or of their transpose
  long width;
} job;

// c[m][width] += a[m][k] B.
static void multiply(long m, const float *a, long as, long k, const float *panels, long width, float *c) {
  static const long once = 0;
  const lab_left l = {LAB_ROWS, 1, &once, k, a, as};
  lab_multiply(&l, m, width, panels, lab_cpu->nr, k * lab_cpu->nr, c, width, 1);
}

// Packs the weights [k,n], or where turned their transpose.
static const float *pack(int turned, const float *w, long ld, long k, long n, long *width) {
  const long nr = lab_cpu->nr;
  *width = (n + nr - 1) / nr * nr;
  float *p = lab_scratch(LAB_SHARED, (size_t)(*width * k));
  lab_cpu->pack(turned, k, n, w, ld, p, k * nr);
  return p;
}

static void forward(void *arg, long task) {
  job *j = arg;
  const long h = j->h, b0 = task * j->per, m = j->b - b0 < j->per ? j->b - b0 : j->per;
  float *gates = lab_scratch(LAB_TILE, (size_t)(m * j->width));
  for (long t = 0; t < j->t; t++) {
    const float *before = j->dst + ((t - 1) * j->b + b0) * 6 * h, *hp = t ? before : j->h0 + b0 * h, *cp = t ? before + h : j->c0 + b0 * h;
    const long step = t ? 6 * h : h;
    for (long i = 0; i < m; i++) {
      memcpy(gates + i * j->width, j->xg + (t * j->b + b0 + i) * 4 * h, (size_t)(4 * h) * 4);
      memset(gates + i * j->width + 4 * h, 0, (size_t)(j->width - 4 * h) * 4);
    }
    multiply(m, hp, step, h, j->panels, j->width, gates);
    for (long i = 0; i < m; i++) {
      float *o = j->dst + (t * j->b + b0 + i) * 6 * h;
      memcpy(o + 2 * h, gates + i * j->width, (size_t)(4 * h) * 4);
      lab_cpu->lstm_row(h, o + 2 * h, cp + i * step, o, o + h);
    }
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
  j.panels = pack(0, wh, 4 * h, h, 4 * h, &j.width);
  lab_parallel(forward, &j, (b + j.per - 1) / j.per);
}

static void backward(void *arg, long task) {
  job *j = arg;
  const long h = j->h, b0 = task * j->per, m = j->b - b0 < j->per ? j->b - b0 : j->per, w = j->width;
  float *dh = lab_scratch(LAB_TILE, (size_t)(m * (2 * w + h))), *next = dh + m * w, *dc = next + m * w;
  memset(next, 0, (size_t)(m * w) * 4);
  memset(dc, 0, (size_t)(m * h) * 4);
  for (long t = j->t - 1; t >= 0; t--) {
    const float *out = j->out + (t * j->b + b0) * 6 * h, *dout = j->dout + (t * j->b + b0) * 6 * h;
    float *dx = j->dx + (t * j->b + b0) * 4 * h;
    const float *cp = t ? j->out + ((t - 1) * j->b + b0) * 6 * h + h : j->c0 + b0 * h;
    const long step = t ? 6 * h : h;
    for (long i = 0; i < m; i++) {
      for (long k = 0; k < h; k++) dh[i * w + k] = next[i * w + k] + dout[i * 6 * h + k], dc[i * h + k] += dout[i * 6 * h + h + k];
      memcpy(dx + i * 4 * h, dout + i * 6 * h + 2 * h, (size_t)(4 * h) * 4);
      lab_cpu->lstm_grad_row(h, out + i * 6 * h + 2 * h, cp + i * step, out + i * 6 * h + h, dh + i * w, dc + i * h, dx + i * 4 * h);
    }
    memset(next, 0, (size_t)(m * w) * 4);
    multiply(m, dx, 4 * h, 4 * h, j->panels, w, next);
  }
  for (long i = 0; i < m; i++) {
    memcpy(j->dh0 + (b0 + i) * h, next + i * w, (size_t)h * 4);
    memcpy(j->dc0 + (b0 + i) * h, dc + i * h, (size_t)h * 4);
  }
}

// dx [t,b,4h], the gradient of xg; dh0 and dc0 [b,h].
void lab_lstm_backward(long t, long b, long h, const float *wh, const float *c0, const float *out, const float *dout, float *dx, float *dh0, float *dc0) {
  LAB_FLUSH;
  if (!b || !h) return;
  job j = {.t = t, .b = b, .h = h, .per = rows_per_task(b), .c0 = c0, .out = out, .dout = dout, .dx = dx, .dh0 = dh0, .dc0 = dc0};
  j.panels = pack(1, wh, 4 * h, 4 * h, h, &j.width);
  lab_parallel(backward, &j, (b + j.per - 1) / j.per);
}
