//go:build !purego

// Convolution forward and to the input, on the tiles of the matrix product: neighbouring
// pixels are the rows of a tile, and since channels are innermost, a row of a window is one
// run of values that the tile reads from the image itself. Images are only copied where
// padding has to stand around them.
//
// The pass to the input is a convolution of dy with the kernel turned round, one phase of the
// stride at a time: the input pixels of one phase see the same taps, so nothing is multiplied
// by a zero that a stride put there.
#include "conv.h"
#include <string.h>

enum { KC = 640, BLOCK = 24 << 10 };

const float *lab_windows_at(const lab_windows *s, long n0, long n1, long y0, long y1, long *image) {
  const long top = y0 * s->sy + s->top, rows = (y1 - 1 - y0) * s->sy + s->box_h;
  if (!s->padded) {
    *image = s->h * s->w * s->c;
    return s->x + ((n0 * s->h + top) * s->w + s->left) * s->c;
  }
  const long wide = s->row / s->c, left = s->left < 0 ? -s->left : 0; // columns of the copy, and of zeros on its left
  const long from = s->left < 0 ? 0 : s->left;
  long mid = wide - left < s->w - from ? wide - left : s->w - from;
  if (mid < 0) mid = 0;
  *image = rows * s->row;
  float *copy = lab_scratch(LAB_PACK_A, (size_t)((n1 - n0) * *image)), *d = copy;
  for (long n = n0; n < n1; n++)
    for (long y = top; y < top + rows; y++, d += s->row) {
      if (y < 0 || y >= s->h || left >= wide) {
        memset(d, 0, (size_t)s->row * 4);
        continue;
      }
      memset(d, 0, (size_t)(left * s->c) * 4);
      memcpy(d + left * s->c, s->x + ((n * s->h + y) * s->w + from) * s->c, (size_t)(mid * s->c) * 4);
      memset(d + (left + mid) * s->c, 0, (size_t)((wide - left - mid) * s->c) * 4);
    }
  return copy;
}

void lab_windows_share(const lab_windows *s, long *images, long *rows) {
  const long image = ((s->gh - 1) * s->sy + s->box_h) * s->row;
  const long fit = image ? BLOCK / image : s->n;
  if (fit >= 1 && s->n >= 8) {
    *rows = s->gh;
    *images = (s->n + 7) / 8 < fit ? (s->n + 7) / 8 : fit;
    return;
  }
  const long parts = s->n < 8 ? (7 + s->n) / (s->n ? s->n : 1) : 1, lines = BLOCK / (s->sy * s->row + 1) + 1;
  *images = 1;
  *rows = (s->gh + parts - 1) / parts < lines ? (s->gh + parts - 1) / parts : lines;
}

int lab_conv_is_product(const lab_conv *v, long *m, long *d) {
  if (v->groups != 1 || v->ph || v->pw) return 0;
  if (v->kh == 1 && v->kw == 1 && v->sh == 1 && v->sw == 1 && v->oh == v->h && v->ow == v->w) return *m = v->n * v->h * v->w, *d = v->c, 1;
  if (v->dh == 1 && v->dw == 1 && v->kh == v->h && v->kw == v->w && v->oh == 1 && v->ow == 1) return *m = v->n, *d = v->h * v->w * v->c, 1;
  return 0;
}

// Output pixels that see the same taps: (y*oy + py, x*ox + px).
typedef struct {
  long py, px, gh, gw;
  long runs, len;  // of values in a window
  long *at;        // where the runs start
  long first, apart, per; // a row of taps: the source row of the first for grid row 0, of the next, and its runs
  float *weights;  // of the first group, see pack
} phase;

typedef struct {
  lab_windows win;
  long groups, cg, kg;          // values of a pixel and outputs, a group
  int contiguous;               // a run is a row of taps; else one tap
  int narrow, depthwise, across;
  float *dst;
  long dh, dw, dc, oy, ox;      // the output's size, and the step of a phase's pixels in it
  phase *phases;
  long count, group_weights;    // phases; values from a group's weights to the next
  long images, rows, row_tasks; // of a task
  const lab_epilogue *then;
} product;

// The runs of a window at grid row y that lie in the image; the others are zeros above and below it.
static void inside(const product *j, const phase *p, long y, long *lo, long *hi) {
  const long top = y * j->win.sy + p->first;
  *lo = 0, *hi = p->runs;
  while (*lo < *hi && top + *lo / p->per * p->apart < 0) *lo += p->per;
  while (*hi > *lo && top + (*hi / p->per - 1) * p->apart >= j->win.h) *hi -= p->per;
}

// One phase and group of a task, from grid row y on: every line of pixels times the weights.
static void lines(const product *j, const phase *p, const lab_axis ax[3], long y, const float *in, const float *w, float *out) {
  const long nr = lab_cpu->nr, depth = p->runs * p->len;
  if (j->narrow || j->depthwise) {
    for (long u = 0; u < ax[0].n; u++)
      for (long v = 0; v < ax[1].n; v++) {
        const float *a = in + u * ax[0].in + v * ax[1].in;
        float *c = out + u * ax[0].out + v * ax[1].out;
        if (j->narrow) lab_cpu->dots(p->runs, p->at, p->len, a, ax[2].in, ax[2].n, w, j->kg, c, ax[2].out);
        else lab_cpu->depthwise(p->runs, p->at, a, ax[2].in, ax[2].n, w, j->win.c, c, ax[2].out);
      }
    return;
  }
  // Several runs at once as long as a panel of their weights stays in the first-level cache,
  // or a run in pieces. Where no tap reaches these pixels, the one pass that remains gives zeros.
  const long some = p->len && p->len < KC ? KC / p->len : 1, pieces = (p->len + KC - 1) / KC, piece = pieces ? (p->len + pieces - 1) / pieces : 1;
  for (long r = 0; r == 0 || r < p->runs; r += some)
    for (long k = 0; k == 0 || k < p->len; k += piece) {
      lab_left l = {LAB_ROWS, 0, 0, p->len - k < piece ? p->len - k : piece, 0, ax[2].in};
      for (long c = 0; c < j->kg; c += nr)
        for (long u = 0; u < ax[0].n; u++)
          for (long v = 0; v < ax[1].n; v++) {
            long lo, hi;
            inside(j, p, y + (j->across ? u : v), &lo, &hi);
            if (lo < r) lo = r;
            if (hi > r + some) hi = r + some;
            l.runs = hi > lo ? hi - lo : 0, l.at = p->at + lo;
            if (!l.runs && r + k > 0) continue;
            l.a = in + u * ax[0].in + v * ax[1].in + k;
            lab_multiply(&l, ax[2].n, j->kg - c < nr ? j->kg - c : nr, w + c * depth + (lo * p->len + k) * nr, nr, 0,
                         out + u * ax[0].out + v * ax[1].out + c, ax[2].out, r + k > 0);
          }
    }
}

static void product_task(void *arg, long t) {
  const product *j = arg;
  const lab_windows *s = &j->win;
  const long n0 = t / j->row_tasks * j->images, n1 = n0 + j->images < s->n ? n0 + j->images : s->n;
  const long y0 = t % j->row_tasks * j->rows, y1 = y0 + j->rows < s->gh ? y0 + j->rows : s->gh;
  long image;
  const float *in = lab_windows_at(s, n0, n1, y0, y1, &image);
  for (long q = 0; q < j->count; q++) {
    const phase *p = j->phases + q;
    lab_axis ax[3] = {{n1 - n0, image, j->dh * j->dw * j->dc},
                      {(y1 < p->gh ? y1 : p->gh) - y0, s->sy * s->row, j->oy * j->dw * j->dc},
                      {p->gw, s->sx * s->c, j->ox * j->dc}};
    if (j->across) lab_across_images(ax);
    float *out = j->dst + ((n0 * j->dh + y0 * j->oy + p->py) * j->dw + p->px) * j->dc;
    for (long g = 0; g < (j->depthwise ? 1 : j->groups); g++) lines(j, p, ax, y0, in + g * j->cg, p->weights + g * j->group_weights, out + g * j->kg);
  }
  if (!j->then) return;
  const long first = n0 * j->dh + y0 * j->oy, rows = (n1 - n0 - 1) * j->dh + (y1 * j->oy < j->dh ? y1 * j->oy : j->dh) - y0 * j->oy;
  lab_finish(j->then, first * j->dw, rows * j->dw, j->dc, j->dst + first * j->dw * j->dc);
}

// The taps along one axis that output pixels o*step + phase see, in the source's order: tap t
// is at source place o*move + first + t*apart. Forward there is one phase, and a step of 1.
typedef struct { long n, first, apart, tap, tap_step; } taps;

static taps forward_taps(long kernel, long dilation, long pad) { return (taps){kernel, -pad, dilation, 0, 1}; }

// dx[i] = sum over taps k with i + pad - k*dilation = stride*o of w[k] dy[o]; the last first.
static taps input_taps(long kernel, long dilation, long pad, long stride, long phase) {
  taps t = {0, 0, 0, 0, 0};
  for (long k = kernel - 1; k >= 0; k--) {
    long place = phase + pad - k * dilation;
    if (place % stride) continue;
    if (t.n == 0) t.first = place / stride, t.tap = k;
    if (t.n == 1) t.apart = place / stride - t.first, t.tap_step = k - t.tap;
    t.n++;
  }
  return t;
}

// Lays out the windows, phases and packed weights, and runs the tasks. y[i] and x[i] are the
// taps of phase i along either axis; w is [kh, kw, c/groups, k] as it is in v.
static void run(product *j, const lab_conv *v, int input, const float *w) {
  const long nr = lab_cpu->nr, ny = input ? v->sh : 1, nx = input ? v->sw : 1, taps_all = v->kh * v->kw;
  lab_windows *s = &j->win;
  j->depthwise = v->groups > 1 && j->cg == 1 && j->kg == 1;
  j->count = 0;
  char *room = (char *)lab_scratch(LAB_PARTIAL, (size_t)(ny * nx) * sizeof(phase) / 4 + (size_t)(ny + nx) * sizeof(taps) / 4 + (size_t)taps_all * 2 + 64);
  j->phases = (phase *)room;
  taps *ty = (taps *)(j->phases + ny * nx), *tx = ty + ny;
  long *at = (long *)(tx + nx);
  long low_y = 0, high_y = 0, low_x = 0, high_x = 0, any = 0;
  j->contiguous = j->groups == 1;
  for (long i = 0; i < ny; i++) {
    ty[i] = input ? input_taps(v->kh, v->dh, v->ph, v->sh, i) : forward_taps(v->kh, v->dh, v->ph);
    if (!ty[i].n) continue;
    long last = ty[i].first + (ty[i].n - 1) * ty[i].apart;
    if (!any || ty[i].first < low_y) low_y = ty[i].first;
    if (!any || last > high_y) high_y = last;
    any = 1;
  }
  any = 0;
  for (long i = 0; i < nx; i++) {
    tx[i] = input ? input_taps(v->kw, v->dw, v->pw, v->sw, i) : forward_taps(v->kw, v->dw, v->pw);
    if (!tx[i].n) continue;
    if (tx[i].n > 1 && tx[i].apart != 1) j->contiguous = 0;
    long last = tx[i].first + (tx[i].n - 1) * tx[i].apart;
    if (!any || tx[i].first < low_x) low_x = tx[i].first;
    if (!any || last > high_x) high_x = last;
    any = 1;
  }
  s->top = low_y, s->left = low_x, s->box_h = high_y - low_y + 1, s->box_w = high_x - low_x + 1;
  lab_windows_init(s);
  j->narrow = !j->depthwise && j->kg * 2 <= lab_cpu->lanes && (j->contiguous ? v->kw : 1) * j->cg >= 2 * lab_cpu->lanes;
  const long columns = j->depthwise ? j->groups : j->narrow ? j->kg : (j->kg + nr - 1) / nr * nr; // of a group's packed weights
  j->group_weights = j->depthwise ? 0 : taps_all * j->cg * columns;
  float *packed = lab_scratch(LAB_SHARED, (size_t)(j->depthwise ? taps_all * columns : j->groups * j->group_weights));
  for (long py = 0; py < ny && py < j->dh; py++)
    for (long px = 0; px < nx && px < j->dw; px++) {
      phase *p = j->phases + j->count++;
      const taps *a = ty + py, *b = tx + px;
      const long n = a->n * b->n, depth = n * j->cg;
      *p = (phase){py, px, (j->dh - py + j->oy - 1) / j->oy, (j->dw - px + j->ox - 1) / j->ox, 0, 0, at, a->first, a->apart, j->contiguous ? 1 : b->n, packed};
      if (n) p->runs = j->contiguous ? a->n : n, p->len = j->contiguous ? b->n * j->cg : j->cg;
      for (long y = 0, t = 0; y < a->n; y++)
        for (long x = 0; x < b->n; x++, t++) {
          if (x == 0 || !j->contiguous) *at++ = (a->first + y * a->apart - s->top) * s->row + (b->first + x * b->apart - s->left) * s->c;
          const float *from = w + ((a->tap + y * a->tap_step) * v->kw + b->tap + x * b->tap_step) * (v->c / v->groups) * v->k; // [c/groups, k]
          for (long g = 0; g < (j->depthwise ? 1 : j->groups); g++) {
            const float *wg = from + g * (v->k / v->groups);
            float *to = packed + g * j->group_weights;
            if (j->depthwise) memcpy(to + t * columns, from, (size_t)columns * 4);
            else if (j->narrow && input)
              for (long o = 0; o < j->kg; o++) memcpy(to + o * depth + t * j->cg, wg + o * v->k, (size_t)j->cg * 4);
            else if (j->narrow) lab_cpu->turn(j->cg, j->kg, wg, v->k, to + t * j->cg, depth);
            else lab_cpu->pack(input, j->cg, j->kg, wg, v->k, to + t * j->cg * nr, depth * nr);
          }
        }
      packed += depth * columns;
    }
  lab_windows_share(s, &j->images, &j->rows);
  j->across = lab_short(s->gw) && s->n >= lab_cpu->mr;
  if (j->across && j->images < lab_cpu->mr) j->images = lab_cpu->mr, j->rows = s->gh;
  j->row_tasks = s->gh ? (s->gh + j->rows - 1) / j->rows : 0;
  lab_parallel(product_task, j, (s->n + j->images - 1) / j->images * j->row_tasks);
}

static void conv_forward(const lab_conv *v, const float *x, const float *w, float *y, const lab_epilogue *then) {
  long m, d;
  if (lab_conv_is_product(v, &m, &d)) {
    lab_product(0, 0, m, v->k, d, x, d, w, v->k, y, v->k, 0, then);
    return;
  }
  product j = {.win = {.x = x, .n = v->n, .h = v->h, .w = v->w, .c = v->c, .sy = v->sh, .sx = v->sw, .gh = v->oh, .gw = v->ow},
               .groups = v->groups, .cg = v->c / v->groups, .kg = v->k / v->groups,
               .dst = y, .dh = v->oh, .dw = v->ow, .dc = v->k, .oy = 1, .ox = 1, .then = then};
  run(&j, v, 0, w);
}

static void conv_input(const lab_conv *v, const float *dy, const float *w, float *dx, const lab_epilogue *then) {
  long m, d;
  if (lab_conv_is_product(v, &m, &d)) {
    lab_product(0, 1, m, d, v->k, dy, v->k, w, v->k, dx, d, 0, d == v->c ? then : 0);
    if (then && d != v->c) lab_finish(then, 0, m * (d / v->c), v->c, dx);
    return;
  }
  product j = {.win = {.x = dy, .n = v->n, .h = v->oh, .w = v->ow, .c = v->k, .sy = 1, .sx = 1,
                       .gh = (v->h + v->sh - 1) / v->sh, .gw = (v->w + v->sw - 1) / v->sw},
               .groups = v->groups, .cg = v->k / v->groups, .kg = v->c / v->groups,
               .dst = dx, .dh = v->h, .dw = v->w, .dc = v->c, .oy = v->sh, .ox = v->sw, .then = then};
  run(&j, v, 1, w);
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
