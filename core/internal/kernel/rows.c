//go:build !purego

// Row by row: softmax, layer and RMS norm, cross-entropy, embedding. Rows are dealt
// out in chunks of a size that depends on the shape alone.
#include "kernel.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 8192 };

typedef struct {
  int kind;
  long rows, n, per; // per: rows a task
  float eps;
  const float *x, *w, *b, *dy;
  float *y, *part;
} job;

static long rows_per_task(long n) { return n >= CHUNK ? 1 : CHUNK / (n + 1) + 1; }

// The rows of task t begin at row t*per.
static long rows_of(const job *j, long t) { return (t + 1) * j->per < j->rows ? j->per : j->rows - t * j->per; }

static void softmax(void *arg, long t) {
  const job *j = arg;
  const long at = t * j->per * j->n, end = at + rows_of(j, t) * j->n;
  for (long i = at; i < end; i += j->n) lab_cpu->softmax_row(j->kind, j->n, j->x + i, j->y + i);
}
static void softmax_grad(void *arg, long t) {
  const job *j = arg;
  const long at = t * j->per * j->n, end = at + rows_of(j, t) * j->n;
  for (long i = at; i < end; i += j->n) lab_cpu->softmax_grad_row(j->kind, j->n, j->x + i, j->dy + i, j->y + i);
}
static void norm(void *arg, long t) {
  const job *j = arg;
  const long at = t * j->per * j->n;
  lab_cpu->norm_rows(j->kind, rows_of(j, t), j->n, j->eps, j->x + at, j->w, j->b, j->y + at);
}
static void norm_dx(void *arg, long t) {
  const job *j = arg;
  const long at = t * j->per * j->n;
  lab_cpu->norm_dx_rows(j->kind, rows_of(j, t), j->n, j->eps, j->x + at, j->w, j->dy + at, j->y + at);
}

static void run(lab_task f, job *j) {
  if (j->rows == 0 || j->n == 0) return;
  j->per = rows_per_task(j->n);
  lab_parallel(f, j, (j->rows + j->per - 1) / j->per);
}

void lab_softmax(int log, long rows, long n, const float *x, float *y) {
  LAB_FLUSH;
  run(softmax, &(job){.kind = log, .rows = rows, .n = n, .x = x, .y = y});
}
void lab_softmax_grad(int log, long rows, long n, const float *y, const float *dy, float *dx) {
  LAB_FLUSH;
  run(softmax_grad, &(job){.kind = log, .rows = rows, .n = n, .x = y, .dy = dy, .y = dx});
}
void lab_norm(int rms, long rows, long n, float eps, const float *x, const float *w, const float *b, float *y) {
  LAB_FLUSH;
  run(norm, &(job){.kind = rms, .rows = rows, .n = n, .eps = eps, .x = x, .w = w, .b = b, .y = y});
}
void lab_norm_dx(int rms, long rows, long n, float eps, const float *x, const float *w, const float *dy, float *dx) {
  LAB_FLUSH;
  run(norm_dx, &(job){.kind = rms, .rows = rows, .n = n, .eps = eps, .x = x, .w = w, .dy = dy, .y = dx});
}

static void norm_dwb(void *arg, long t) {
  job *j = arg;
  float *dw = j->part + t * 2 * j->n;
  memset(dw, 0, (size_t)(2 * j->n) * 4);
  const long at = t * j->per * j->n;
  lab_cpu->norm_dwb_rows(j->kind, rows_of(j, t), j->n, j->eps, j->x + at, j->dy + at, dw, dw + j->n);
}

// out[0] is the gradient of w, out[1] that of b.
void lab_norm_dwb(int rms, long rows, long n, float eps, const float *x, const float *dy, float *out) {
  LAB_FLUSH;
  memset(out, 0, (size_t)(2 * n) * 4);
  if (rows == 0 || n == 0) return;
  job j = {.kind = rms, .rows = rows, .n = n, .eps = eps, .x = x, .dy = dy};
  j.per = 4 * rows_per_task(n);
  long tasks = (rows + j.per - 1) / j.per;
  j.part = lab_scratch(LAB_PARTIAL, (size_t)(tasks * 2 * n));
  lab_parallel(norm_dwb, &j, tasks);
  for (long t = 0; t < tasks; t++) lab_cpu->add_to(2 * n, out, j.part + t * 2 * n);
}

// The class of a row, or -1 for one to leave out.
static long label(const job *j, long r) {
  float l = j->w[r];
  return l >= 0 && l < (float)j->n ? (long)l : -1;
}

static void xent(void *arg, long t) {
  job *j = arg;
  long r1 = (t + 1) * j->per < j->rows ? (t + 1) * j->per : j->rows;
  float *scratch = lab_scratch(LAB_TILE, (size_t)j->n);
  for (long r = t * j->per; r < r1; r++) {
    long l = label(j, r);
    j->y[r] = l < 0 ? 0 : lab_cpu->xent_row(j->n, j->eps, j->x + r * j->n, l, scratch);
  }
}
static void xent_grad(void *arg, long t) {
  job *j = arg;
  long r1 = (t + 1) * j->per < j->rows ? (t + 1) * j->per : j->rows;
  for (long r = t * j->per; r < r1; r++) {
    long l = label(j, r);
    float *dx = j->y + r * j->n;
    if (l < 0) memset(dx, 0, (size_t)j->n * 4);
    else lab_cpu->xent_grad_row(j->n, j->eps, j->x + r * j->n, l, j->dy[r], dx);
  }
}
void lab_cross_entropy(long rows, long n, float smoothing, const float *x, const float *labels, float *loss) {
  LAB_FLUSH;
  run(xent, &(job){.rows = rows, .n = n, .eps = smoothing, .x = x, .w = labels, .y = loss});
}
void lab_cross_entropy_grad(long rows, long n, float smoothing, const float *x, const float *labels, const float *dy, float *dx) {
  LAB_FLUSH;
  run(xent_grad, &(job){.rows = rows, .n = n, .eps = smoothing, .x = x, .w = labels, .dy = dy, .y = dx});
}

// ---- embedding

static void gather(void *arg, long t) {
  job *j = arg;
  long r1 = (t + 1) * j->per < j->rows ? (t + 1) * j->per : j->rows;
  for (long r = t * j->per; r < r1; r++) {
    float i = j->w[r];
    float *y = j->y + r * j->n;
    if (i >= 0 && i < (float)j->kind) memcpy(y, j->x + (long)i * j->n, (size_t)j->n * 4);
    else
      for (long c = 0; c < j->n; c++) y[c] = NAN; // an index that is none: visible, not fatal
  }
}
void lab_gather(long v, long rows, long n, const float *x, const float *index, float *y) {
  run(gather, &(job){.kind = (int)v, .rows = rows, .n = n, .x = x, .w = index, .y = y});
}

typedef struct {
  long v, rows, n, per;
  const float *index, *dy;
  float *dx;
} scatter_job;

// A task owns some columns: rows are added in order, whatever the number of threads.
static void scatter(void *arg, long t) {
  scatter_job *j = arg;
  long c0 = t * j->per, n = j->n - c0 < j->per ? j->n - c0 : j->per;
  for (long i = 0; i < j->v; i++) memset(j->dx + i * j->n + c0, 0, (size_t)n * 4);
  for (long r = 0; r < j->rows; r++) {
    float i = j->index[r];
    if (i >= 0 && i < (float)j->v) lab_cpu->add_to(n, j->dx + (long)i * j->n + c0, j->dy + r * j->n + c0);
  }
}
void lab_scatter_add(long v, long rows, long n, const float *index, const float *dy, float *dx) {
  LAB_FLUSH;
  scatter_job j = {v, rows, n, n >= 64 ? (n + 3) / 4 : n, index, dy, dx};
  if (n) lab_parallel(scatter, &j, (n + j.per - 1) / j.per);
}
