//go:build !purego

// The gradient of a convolution's weights: dw[tap, c, k] = sum over pixels of x[pixel + tap, c]
// dy[pixel, k]. A tile's rows are neighbouring values of a window's run, its columns are
// outputs, and it sums over the pixels of a block. Pixels go in chunks that depend on the
// shape alone; the chunks' sums are put together in order.
#include "conv.h"
#include <string.h>

enum { PIXELS = 192, BLOCK = 48 << 10, SLICE = 4096 };

typedef struct {
  lab_windows win;
  const float *dy;
  long groups, cg, kg, k, runs, len;
  const long *at;
  int narrow, depthwise, across;
  long images, rows, row_blocks; // of a block of pixels
  long blocks, per_chunk, chunks;
  long cols, col_tasks;          // columns of a group a task
  long size;                     // of dw
  float *part;                   // [chunks] of dw; where narrow, turned: [k][depth]
} weights;

// Adds the products of count x ax[2] pixels, whose windows start at in + line[..].
static void multiply(const weights *j, const lab_axis ax[3], const float *in, const float *dy, long c0, long c1, float *part, int first) {
  const long nr = lab_cpu->nr, count = ax[0].n * ax[1].n, pixels = count * ax[2].n;
  long line[PIXELS];
  for (long u = 0, i = 0; u < ax[0].n; u++)
    for (long v = 0; v < ax[1].n; v++) line[i++] = u * ax[0].in + v * ax[1].in;
  float *b = lab_scratch(LAB_PACK_B, (size_t)((c1 - c0 + nr - 1) / nr * nr * pixels));
  for (long g = 0; g < j->groups; g++) {
    for (long u = 0, i = 0; u < ax[0].n; u++)
      for (long v = 0; v < ax[1].n; v++, i++)
        lab_cpu->pack(0, ax[2].n, c1 - c0, dy + u * ax[0].out + v * ax[1].out + g * j->kg + c0, ax[2].out, b + i * ax[2].n * nr, pixels * nr);
    for (long c = c0; c < c1; c += nr)
      for (long r = 0; r < j->runs; r++) {
        lab_left l = {LAB_COLUMNS, count, line, ax[2].n, in + g * j->cg + j->at[r], ax[2].in};
        lab_multiply(&l, j->len, c1 - c < nr ? c1 - c : nr, b + (c - c0) * pixels, nr, 0,
                     part + r * j->len * j->k + g * j->kg + c, j->k, !first);
      }
  }
}

// The same for few outputs: a line of one output's gradients times the windows.
static void multiply_narrow(const weights *j, const lab_axis ax[3], const float *in, const float *dy, float *part, int first) {
  float row[PIXELS];
  for (long k = 0; k < j->k; k++)
    for (long u = 0; u < ax[0].n; u++)
      for (long v = 0; v < ax[1].n; v++) {
        const float *d = dy + u * ax[0].out + v * ax[1].out + k, *x = in + u * ax[0].in + v * ax[1].in + k / j->kg * j->cg;
        for (long i = 0; i < ax[2].n; i++) row[i] = d[i * ax[2].out];
        for (long r = 0; r < j->runs; r++)
          lab_cpu->vecmat(ax[2].n, j->len, row, x + j->at[r], ax[2].in, part + (k * j->runs + r) * j->len, !first || u || v);
      }
}

static void block(const weights *j, long b, long c0, long c1, float *part, int first) {
  const lab_windows *s = &j->win;
  const long n0 = b / j->row_blocks * j->images, n1 = n0 + j->images < s->n ? n0 + j->images : s->n;
  const long y0 = b % j->row_blocks * j->rows, y1 = y0 + j->rows < s->gh ? y0 + j->rows : s->gh;
  long image;
  const float *in = lab_windows_at(s, n0, n1, y0, y1, &image), *dy = j->dy + (n0 * s->gh + y0) * s->gw * j->k;
  lab_axis ax[3] = {{n1 - n0, image, s->gh * s->gw * j->k}, {y1 - y0, s->sy * s->row, s->gw * j->k}, {s->gw, s->sx * s->c, j->k}};
  if (j->across) lab_across_images(ax);
  const long all = ax[2].n;
  for (long i = 0; i < all; i += PIXELS) { // of a long row
    ax[2].n = all - i < PIXELS ? all - i : PIXELS;
    const float *x = in + i * ax[2].in, *d = dy + i * ax[2].out;
    if (j->depthwise) {
      for (long u = 0; u < ax[0].n; u++)
        for (long v = 0; v < ax[1].n; v++)
          lab_cpu->depthwise_weight(j->runs, j->at, x + u * ax[0].in + v * ax[1].in, ax[2].in, ax[2].n,
                                    d + u * ax[0].out + v * ax[1].out, ax[2].out, j->k, part);
    } else if (j->narrow) multiply_narrow(j, ax, x, d, part, first && i == 0);
    else multiply(j, ax, x, d, c0, c1, part, first && i == 0);
  }
}

static void chunk(void *arg, long t) {
  const weights *j = arg;
  const long q = t / j->col_tasks, c0 = t % j->col_tasks * j->cols, c1 = c0 + j->cols < j->kg ? c0 + j->cols : j->kg;
  float *part = j->part + q * j->size;
  if (j->depthwise) memset(part, 0, (size_t)j->size * 4);
  const long first = q * j->per_chunk, end = first + j->per_chunk < j->blocks ? first + j->per_chunk : j->blocks;
  for (long b = first; b < end; b++) block(j, b, c0, c1, part, b == first);
}

static void put_together(void *arg, long t) {
  const weights *j = arg;
  const long i = t * SLICE, n = j->size - i < SLICE ? j->size - i : SLICE;
  for (long q = 1; q < j->chunks; q++) lab_cpu->add_to(n, j->part + i, j->part + q * j->size + i);
}

void lab_conv_weight(const lab_conv *v, const float *x, const float *dy, float *dw) {
  LAB_FLUSH;
  const long nr = lab_cpu->nr, pixels = v->n * v->oh * v->ow;
  long m, d;
  if (lab_conv_is_product(v, &m, &d) && m == v->n) {
    lab_product(1, 0, d, v->k, m, x, d, dy, v->k, dw, v->k, 0, 0);
    return;
  }
  weights j = {.win = {.x = x, .n = v->n, .h = v->h, .w = v->w, .c = v->c, .sy = v->sh, .sx = v->sw, .top = -v->ph, .left = -v->pw,
                       .box_h = (v->kh - 1) * v->dh + 1, .box_w = (v->kw - 1) * v->dw + 1, .gh = v->oh, .gw = v->ow},
               .dy = dy, .groups = v->groups, .cg = v->c / v->groups, .kg = v->k / v->groups, .k = v->k};
  lab_windows *s = &j.win;
  lab_windows_init(s);
  j.size = v->kh * v->kw * j.cg * v->k;
  if (pixels == 0) {
    memset(dw, 0, (size_t)j.size * 4);
    return;
  }
  const int contiguous = v->groups == 1 && v->dw == 1;
  j.runs = contiguous ? v->kh : v->kh * v->kw, j.len = contiguous ? v->kw * j.cg : j.cg;
  j.depthwise = v->groups > 1 && j.cg == 1 && j.kg == 1;
  j.narrow = !j.depthwise && j.kg * 2 <= lab_cpu->lanes && j.len >= 2 * lab_cpu->lanes;
  long *at = (long *)lab_scratch(LAB_SHARED, (size_t)j.runs * 2);
  for (long r = 0; r < j.runs; r++) at[r] = contiguous ? r * v->dh * s->row : r / v->kw * v->dh * s->row + r % v->kw * v->dw * v->c;
  j.at = at;

  j.across = s->gw < 4 && s->n >= 4;
  j.images = 1, j.rows = s->gh;
  if (v->oh * v->ow <= PIXELS) {
    const long fit = BLOCK / (((s->gh - 1) * s->sy + s->box_h) * s->row);
    j.images = PIXELS / (v->oh * v->ow);
    if (j.images > fit) j.images = fit;
    if (j.images < (j.across ? 4 : 1)) j.images = j.across ? 4 : 1;
  } else if (v->ow <= PIXELS) j.rows = PIXELS / v->ow;
  else j.rows = 1;
  j.row_blocks = (v->oh + j.rows - 1) / j.rows;
  j.blocks = (v->n + j.images - 1) / j.images * j.row_blocks;

  // Chunks of pixels while dw is small, shares of its columns when it is not.
  long chunks = j.size <= 1 << 17 ? pixels / 512 : j.size <= 1 << 19 ? 2 : 1;
  if (chunks < 1) chunks = 1;
  if (chunks > 8) chunks = 8;
  j.per_chunk = (j.blocks + chunks - 1) / chunks;
  j.chunks = (j.blocks + j.per_chunk - 1) / j.per_chunk;
  const long panels = (j.kg + nr - 1) / nr;
  j.col_tasks = j.chunks >= 4 || j.narrow || j.depthwise ? 1 : panels < 4 ? panels : 4;
  j.cols = (panels + j.col_tasks - 1) / j.col_tasks * nr;
  j.col_tasks = (j.kg + j.cols - 1) / j.cols;
  const int direct = j.chunks == 1 && !j.narrow;
  j.part = direct ? dw : lab_scratch(LAB_PARTIAL, (size_t)(j.chunks * j.size));
  lab_parallel(chunk, &j, j.chunks * j.col_tasks);
  if (j.chunks > 1) lab_parallel(put_together, &j, (j.size + SLICE - 1) / SLICE);
  if (direct) return;
  const long depth = j.runs * j.len;
  if (!j.narrow) memcpy(dw, j.part, (size_t)j.size * 4);
  else
    for (long g = 0; g < v->groups; g++) lab_cpu->turn(j.kg, depth, j.part + g * j.kg * depth, depth, dw + g * j.kg, v->k);
}
