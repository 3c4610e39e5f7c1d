//go:build !purego

// Pooling over images NHWC, a task an image.
#include "kernel.h"
#include <math.h>
#include <string.h>

typedef struct {
  int kind, apart; // apart: no pixel is in two windows
  const lab_conv *g;
  const float *x, *in;
  float *out;
} job;

static void image(void *arg, long n) {
  job *j = arg;
  const lab_conv *g = j->g;
  const long in_size = g->h * g->w * g->c, out_size = g->oh * g->ow * g->c;
  const float *x = j->x + n * in_size, *in = j->in ? j->in + n * (j->kind == LAB_UNPOOL ? out_size : in_size) : 0;
  float *out = j->out + n * (j->kind == LAB_UNPOOL ? in_size : out_size);
  const int all = j->apart && g->kh == g->sh && g->kw == g->sw && g->oh * g->sh - g->ph >= g->h && g->ow * g->sw - g->pw >= g->w; // every pixel is
  if (j->kind == LAB_UNPOOL && !all) memset(out, 0, (size_t)in_size * 4);
  long at[256];
  for (long oy = 0; oy < g->oh; oy++)
    for (long ox = 0; ox < g->ow; ox++) {
      long taps = 0;
      for (long ky = 0; ky < g->kh; ky++)
        for (long kx = 0; kx < g->kw; kx++) {
          long y = oy * g->sh - g->ph + ky * g->dh, x_ = ox * g->sw - g->pw + kx * g->dw;
          if (y >= 0 && y < g->h && x_ >= 0 && x_ < g->w) at[taps++] = (y * g->w + x_) * g->c;
        }
      long o = (oy * g->ow + ox) * g->c;
      if (taps) lab_cpu->max_window(j->kind == LAB_UNPOOL && j->apart ? LAB_UNPOOL_ONCE : j->kind, taps, at, g->c, x, j->kind == LAB_UNPOOL ? in + o : in, j->kind == LAB_UNPOOL ? out : out + o);
      else if (j->kind != LAB_UNPOOL) // a window outside of the image
        for (long c = 0; c < g->c; c++) out[o + c] = j->kind == LAB_POOL ? -INFINITY : 0;
    }
}

void lab_max_pool(int kind, const lab_conv *g, const float *x, const float *in, float *out) {
  LAB_FLUSH;
  job j = {kind, g->kh <= g->sh && g->kw <= g->sw && g->dh == 1 && g->dw == 1, g, x, in, out};
  lab_parallel(image, &j, g->n);
}

// ---- averages

typedef struct {
  int back, whole; // whole: padding counts as zeros
  const lab_conv *g;
  const float *in;
  float *out;
} mean_job;

static void mean_image(void *arg, long n) {
  mean_job *j = arg;
  const lab_conv *g = j->g;
  const long in_size = g->h * g->w * g->c, out_size = g->oh * g->ow * g->c;
  const float *in = j->in + n * (j->back ? out_size : in_size);
  float *out = j->out + n * (j->back ? in_size : out_size);
  memset(out, 0, (size_t)(j->back ? in_size : out_size) * 4);
  for (long oy = 0; oy < g->oh; oy++)
    for (long ox = 0; ox < g->ow; ox++) {
      long y0 = oy * g->sh - g->ph, x0 = ox * g->sw - g->pw, y1 = y0 + g->kh, x1 = x0 + g->kw;
      long taps = g->kh * g->kw;
      if (y0 < 0) y0 = 0;
      if (x0 < 0) x0 = 0;
      if (y1 > g->h) y1 = g->h;
      if (x1 > g->w) x1 = g->w;
      if (y1 <= y0 || x1 <= x0) continue;
      if (!j->whole) taps = (y1 - y0) * (x1 - x0);
      const float share = 1 / (float)taps;
      const long o = (oy * g->ow + ox) * g->c;
      for (long y = y0; y < y1; y++)
        for (long x = x0; x < x1; x++) {
          const long i = (y * g->w + x) * g->c;
          if (j->back)
            for (long c = 0; c < g->c; c++) out[i + c] += in[o + c] * share;
          else
            for (long c = 0; c < g->c; c++) out[o + c] += in[i + c];
        }
      if (!j->back)
        for (long c = 0; c < g->c; c++) out[o + c] *= share;
    }
}

void lab_mean_pool(int back, int whole, const lab_conv *g, const float *in, float *out) {
  LAB_FLUSH;
  mean_job j = {back, whole, g, in, out};
  lab_parallel(mean_image, &j, g->n);
}
