//go:build !purego

// Convolution, all three passes, on the tiles of the matrix product. A block of
// output pixels gathers the input values it needs into one row a pixel (what
// im2col would build for the whole image, here a few KB that stay in cache), and
// the block is multiplied with the packed weights.
//
// The pass to the input is the same gather over dy, one phase of the stride at a
// time: the input pixels of one phase see the same taps, so nothing is multiplied
// by a zero that a stride put there. Weights' gradients sum over pixels in chunks
// that depend on the shape alone, put together in order.
#include "kernel.h"
#include <stdlib.h>
#include <string.h>

enum { KC = 256, PIXELS = 96, MAX_TAPS = 256 };

// A run of taps: len pixels side by side in the source, starting dx from x*sx, in
// row y*sy + dy.
typedef struct { long dy, dx, len; } tap_run;

// From a grid of pixels [n,gh,gw] to the values that each needs of a source image.
typedef struct {
  const float *src;
  long h, w, c, c0, cg; // the source: size, channels, first channel and number of them in the group
  long gh, gw, sy, sx;  // the grid, and its step in the source
  long runs, depth;     // depth: values a pixel = taps * cg
  tap_run run[MAX_TAPS];
} gather;

static void gather_pixels(const gather *g, long p0, long p1, float *dst, long ld) {
  for (long p = p0; p < p1; p++, dst += ld) {
    long x = p % g->gw, y = p / g->gw % g->gh;
    const float *image = g->src + p / g->gw / g->gh * g->h * g->w * g->c + g->c0;
    float *d = dst;
    for (long r = 0; r < g->runs; r++) {
      const tap_run *t = g->run + r;
      long sy = y * g->sy + t->dy, sx = x * g->sx + t->dx;
      if (sy < 0 || sy >= g->h) {
        memset(d, 0, (size_t)(t->len * g->cg) * 4);
        d += t->len * g->cg;
        continue;
      }
      long left = sx < 0 ? -sx : 0, right = sx + t->len > g->w ? sx + t->len - g->w : 0;
      if (left > t->len) left = t->len;
      if (right > t->len) right = t->len;
      long mid = t->len - left - right;
      if (left) memset(d, 0, (size_t)(left * g->cg) * 4), d += left * g->cg;
      if (mid > 0) {
        const float *s = image + (sy * g->w + sx + left) * g->c;
        if (g->cg == g->c) memcpy(d, s, (size_t)(mid * g->c) * 4);
        else
          for (long q = 0; q < mid; q++) memcpy(d + q * g->cg, s + q * g->c, (size_t)g->cg * 4);
        d += mid * g->cg;
      }
      if (right) memset(d, 0, (size_t)(right * g->cg) * 4), d += right * g->cg;
    }
  }
}

// ---- pixels times weights

typedef struct {
  gather g;
  long pixels, n;        // rows and columns of the product
  const float *panels;   // weights [depth, n], packed in panels; for narrow n: transposed [n, depth]
  int narrow;
  float *dst;
  long dh, dw, dc, c0;   // where pixel (y, x) goes: (y*oy + py, x*ox + px) of [n,dh,dw,dc], channels from c0
  long oy, ox, py, px;
  const lab_epilogue *then;
} product;

static float *place(const product *j, long p) {
  long x = p % j->g.gw, y = p / j->g.gw % j->g.gh, image = p / j->g.gw / j->g.gh;
  return j->dst + ((image * j->dh + y * j->oy + j->py) * j->dw + x * j->ox + j->px) * j->dc + j->c0;
}

static void product_task(void *arg, long t) {
  product *j = arg;
  const long nr = lab_cpu->nr, mr = lab_cpu->mr, depth = j->g.depth, ld = depth + 16;
  long p0 = t * PIXELS, p1 = p0 + PIXELS < j->pixels ? p0 + PIXELS : j->pixels, m = p1 - p0;
  float *a = lab_scratch(LAB_PACK_A, (size_t)(PIXELS * ld));
  gather_pixels(&j->g, p0, p1, a, ld);
  const long width = j->narrow ? j->n : (j->n + nr - 1) / nr * nr;
  float *out = lab_scratch(LAB_TILE, (size_t)(PIXELS * width));
  if (j->narrow) {
    for (long i = 0; i < m; i++)
      for (long c = 0; c < j->n; c++) out[i * j->n + c] = lab_cpu->dot(depth, a + i * ld, j->panels + c * depth);
  } else {
    const long tile_count = (m + mr - 1) / mr, base = m / tile_count, rest = m % tile_count;
    for (long k0 = 0; k0 < depth; k0 += KC) {
      long kc = depth - k0 < KC ? depth - k0 : KC;
      for (long c = 0; c < width; c += nr)
        for (long i = 0, q = 0; q < tile_count; q++) {
          long h = base + (q < rest);
          lab_cpu->row[h](kc, a + i * ld + k0, ld, j->panels + c * depth + k0 * nr, nr, out + i * width + c, width, k0 > 0);
          i += h;
        }
    }
  }
  if (j->then) {
    if (width != j->n)
      for (long i = 1; i < m; i++) memmove(out + i * j->n, out + i * width, (size_t)j->n * 4);
    lab_finish(j->then, p0, m, j->n, out);
  }
  const long step = j->then ? j->n : width;
  for (long i = 0; i < m; i++) memcpy(place(j, p0 + i), out + i * step, (size_t)j->n * 4);
}

// Runs the product with weights w[depth][n], which are dense.
static void run_product(product *j, const float *w) {
  const long nr = lab_cpu->nr, depth = j->g.depth;
  j->narrow = j->n * 4 <= nr;
  float *panels = lab_scratch(LAB_SHARED, (size_t)((j->n + nr - 1) / nr * nr * depth));
  if (j->narrow) {
    for (long k = 0; k < depth; k++)
      for (long c = 0; c < j->n; c++) panels[c * depth + k] = w[k * j->n + c];
  } else {
    for (long c = 0; c < j->n; c += nr) lab_pack_b(w + c, j->n, 1, depth, j->n - c < nr ? j->n - c : nr, panels + c * depth);
  }
  j->panels = panels;
  lab_parallel(product_task, j, (j->pixels + PIXELS - 1) / PIXELS);
}

// The taps of a forward pass: each row of the kernel is one run, unless it is dilated.
static void forward_taps(const lab_conv *v, gather *g) {
  g->runs = 0;
  for (long y = 0; y < v->kh; y++) {
    if (v->dw == 1) g->run[g->runs++] = (tap_run){y * v->dh - v->ph, -v->pw, v->kw};
    else
      for (long x = 0; x < v->kw; x++) g->run[g->runs++] = (tap_run){y * v->dh - v->ph, x * v->dw - v->pw, 1};
  }
}

static gather forward_gather(const lab_conv *v, const float *x, long group) {
  long cg = v->c / v->groups;
  gather g = {x, v->h, v->w, v->c, group * cg, cg, v->oh, v->ow, v->sh, v->sw, 0, v->kh * v->kw * cg, {{0, 0, 0}}};
  forward_taps(v, &g);
  return g;
}

static void conv_forward(const lab_conv *v, const float *x, const float *w, float *y, const lab_epilogue *then) {
  const long kg = v->k / v->groups;
  for (long group = 0; group < v->groups; group++) {
    product j = {forward_gather(v, x, group), v->n * v->oh * v->ow, kg, 0, 0, y, v->oh, v->ow, v->k, group * kg, 1, 1, 0, 0, then};
    const float *wg = w;
    if (v->groups > 1) { // this group's columns, dense
      float *d = lab_scratch(LAB_PARTIAL, (size_t)(j.g.depth * kg));
      for (long k = 0; k < j.g.depth; k++) memcpy(d + k * kg, w + k * v->k + group * kg, (size_t)kg * 4);
      wg = d;
    }
    run_product(&j, wg);
  }
}

// dx[iy] = sum over taps ky with iy + ph - ky*dh = sh*oy of w[ky] dy[oy], likewise in x. The
// inputs iy = py (mod sh) share their taps; oy steps by one as iy steps by sh.
static void conv_input(const lab_conv *v, const float *dy, const float *w, float *dx, const lab_epilogue *then) {
  const long cg = v->c / v->groups, kg = v->k / v->groups;
  float *wt = lab_scratch(LAB_PARTIAL, (size_t)(v->kh * v->kw * kg * cg));
  for (long group = 0; group < v->groups; group++)
    for (long py = 0; py < v->sh && py < v->h; py++)
      for (long px = 0; px < v->sw && px < v->w; px++) {
        product j = {{dy, v->oh, v->ow, v->k, group * kg, kg, (v->h - py + v->sh - 1) / v->sh, (v->w - px + v->sw - 1) / v->sw,
                      1, 1, 0, 0, {{0, 0, 0}}},
                     0, cg, 0, 0, dx, v->h, v->w, v->c, group * cg, v->sh, v->sw, py, px, then};
        j.pixels = v->n * j.g.gh * j.g.gw;
        float *d = wt; // weights [taps, kg, cg] of this phase
        for (long ky = 0; ky < v->kh; ky++) {
          long offset_y = py + v->ph - ky * v->dh;
          if (offset_y % v->sh) continue;
          for (long kx = v->kw - 1; kx >= 0; kx--) { // backwards: the source then runs forwards
            long offset_x = px + v->pw - kx * v->dw;
            if (offset_x % v->sw) continue;
            tap_run t = {offset_y / v->sh, offset_x / v->sw, 1}, *last = j.g.run + j.g.runs - 1;
            if (j.g.runs && last->dy == t.dy && last->dx + last->len == t.dx) last->len++;
            else j.g.run[j.g.runs++] = t;
            const float *s = w + (ky * v->kw + kx) * cg * v->k + group * kg;
            for (long o = 0; o < kg; o++)
              for (long i = 0; i < cg; i++) *d++ = s[i * v->k + o];
            j.g.depth += kg;
          }
        }
        if (j.g.depth) run_product(&j, wt);
        else // no tap reaches these inputs
          for (long p = 0; p < j.pixels; p++) {
            memset(place(&j, p), 0, (size_t)cg * 4);
            if (then) lab_finish(then, p, 1, cg, place(&j, p));
          }
      }
}

void lab_conv_forward(const lab_conv *v, const float *x, const float *w, float *y) { LAB_FLUSH; conv_forward(v, x, w, y, 0); }
void lab_conv_input(const lab_conv *v, const float *dy, const float *w, float *dx) { LAB_FLUSH; conv_input(v, dy, w, dx, 0); }

void lab_conv_then(int input, const lab_conv *v, const float *x, const float *w, float *y, const lab_program *prog, const lab_instr *code,
                   const float *i1, const float *i2, const float *i3, const float *i4, const float *i5, const float *i6, const float *i7) {
  LAB_FLUSH;
  lab_program p = *prog;
  p.code = code;
  lab_epilogue e = {&p, {0, i1, i2, i3, i4, i5, i6, i7}};
  if (input) conv_input(v, x, w, y, &e);
  else conv_forward(v, x, w, y, &e);
}

// ---- weights

typedef struct {
  gather g;
  const float *dy;
  long pixels, chunk, chunks, k, k0, kg, depth0, rows; // rows of dw from depth0: one task's share of taps
  long row_tasks;
  float *part;
  const lab_conv *v;
} weights;

static void weight_task(void *arg, long t) {
  weights *j = arg;
  const long nr = lab_cpu->nr, mr = lab_cpu->mr, depth = j->g.depth, ld = depth + 16;
  const long width = (j->kg + nr - 1) / nr * nr;
  long chunk = t / j->row_tasks, d0 = t % j->row_tasks * j->rows, m = depth - d0 < j->rows ? depth - d0 : j->rows;
  float *a = lab_scratch(LAB_PACK_A, (size_t)(PIXELS * ld)), *b = lab_scratch(LAB_PACK_B, (size_t)(PIXELS * width));
  float *out = j->part + (chunk * depth + d0) * width;
  const long tile_count = (m + mr - 1) / mr, base = m / tile_count, rest = m % tile_count;
  long end = (chunk + 1) * j->chunk < j->pixels ? (chunk + 1) * j->chunk : j->pixels;
  for (long p0 = chunk * j->chunk, first = 1; p0 < end; p0 += PIXELS, first = 0) {
    long n = end - p0 < PIXELS ? end - p0 : PIXELS;
    gather_pixels(&j->g, p0, p0 + n, a, ld);
    for (long c = 0; c < width; c += nr)
      lab_pack_b(j->dy + p0 * j->k + j->k0 + c, j->k, 1, n, j->kg - c < nr ? j->kg - c : nr, b + c * PIXELS);
    for (long c = 0; c < width; c += nr) {
      long i = 0;
      for (long q = 0; q < tile_count; q++) {
        long h = base + (q < rest);
        lab_cpu->col[h](n, a + d0 + i, ld, b + c * PIXELS, nr, out + i * width + c, width, !first);
        i += h;
      }
    }
  }
}

void lab_conv_weight(const lab_conv *v, const float *x, const float *dy, float *dw) {
  LAB_FLUSH;
  const long nr = lab_cpu->nr, kg = v->k / v->groups, width = (kg + nr - 1) / nr * nr;
  for (long group = 0; group < v->groups; group++) {
    weights j = {forward_gather(v, x, group), dy, v->n * v->oh * v->ow, 0, 0, v->k, group * kg, kg, 0, 0, 0, 0, v};
    const long depth = j.g.depth, size = depth * width;
    // Chunks of pixels while the partial sums are small, shares of the rows when they are not.
    j.chunks = size <= 1 << 17 ? j.pixels / 512 : size <= 1 << 19 ? 2 : 1;
    if (j.chunks < 1) j.chunks = 1;
    if (j.chunks > 8) j.chunks = 8;
    j.chunk = (j.pixels + j.chunks - 1) / j.chunks;
    j.chunks = j.pixels ? (j.pixels + j.chunk - 1) / j.chunk : 0;
    j.rows = depth;
    if (j.chunks < 4 && depth >= 64) j.rows = (depth + 3) / 4;
    j.row_tasks = (depth + j.rows - 1) / j.rows;
    j.part = lab_scratch(LAB_PARTIAL, (size_t)((j.chunks ? j.chunks : 1) * size));
    lab_parallel(weight_task, &j, j.chunks * j.row_tasks);
    for (long c = 1; c < j.chunks; c++) lab_cpu->add_to(size, j.part, j.part + c * size);
    for (long k = 0; k < depth; k++) {
      if (j.chunks) memcpy(dw + k * v->k + group * kg, j.part + k * width, (size_t)kg * 4);
      else memset(dw + k * v->k + group * kg, 0, (size_t)kg * 4);
    }
  }
}
