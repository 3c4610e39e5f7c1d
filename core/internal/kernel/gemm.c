//go:build !purego

// C = op(A) op(B). B goes in panels of nr columns (packed, unless it is read once or
// twice), A in blocks of rows that stay in the second-level cache; K is cut by the
// shape alone and never across threads, so every element is the same sum in the same
// order.
#include "kernel.h"
#include <string.h>

enum { KC = 320, GROUP = 8, COLUMNS = 256, SMALL = 200000 };
enum { NEAR = 1 << 17, AT_ONCE = 1 << 18 }; // floats of B: that stay in the second-level cache; that are packed for all of K at once

// h rows of C from row i on and cols of its columns, at most a panel.
static inline void one(const lab_left *l, long i, long h, long cols, const float *b, long bs, float *c, long cs, int accumulate) {
  const long nr = lab_cpu->nr, wide = cols > lab_cpu->lanes;
  const lab_tile run = lab_cpu->tile[l->kind != LAB_ROWS][wide][h];
  const float *a = l->a + (l->kind == LAB_ROWS ? i * l->stride : l->kind == LAB_COLUMNS ? i : i * l->k);
  const long as = l->kind == LAB_PACKED ? h : l->stride;
  if (cols == nr || cols == lab_cpu->lanes) {
    run(l->runs, l->at, l->k, a, as, b, bs, c, cs, accumulate);
    return;
  }
  _Alignas(64) float edge[LAB_MAX_MR * LAB_MAX_NR];
  run(l->runs, l->at, l->k, a, as, b, bs, edge, nr, 0);
  for (long y = 0; y < h; y++)
    for (long x = 0; x < cols; x++) c[y * cs + x] = accumulate ? c[y * cs + x] + edge[y * nr + x] : edge[y * nr + x];
}

void lab_multiply(const lab_left *l, long m, long n, const float *b, long bs, long ps, float *c, long cs, int accumulate) {
  const long nr = lab_cpu->nr, mr = lab_cpu->mr;
  const long count = (m + mr - 1) / mr, base = count ? m / count : 0, rest = count ? m % count : 0;
  const long wide = n > 2 * nr && (n + nr - 1) / nr * ps <= NEAR ? n : nr; // of C: its lines come in their order where B stays near
  for (long j0 = 0; j0 < n; j0 += wide)
    for (long i = 0, q = 0; q < count; q++) {
      const long h = base + (q < rest), end = j0 + wide < n ? j0 + wide : n;
      for (long j = j0; j < end; j += nr) one(l, i, h, n - j < nr ? n - j : nr, b + j / nr * ps, bs, c + i * cs + j, cs, accumulate);
      i += h;
    }
}

enum { DIRECT, SHARED, OWN }; // B as it lies, in panels packed for all tasks, or by the task that reads them

typedef struct {
  int ta, tb, accumulate, how_b;
  long m, n, k, lda, ldb, ldc;
  const float *a, *b;
  float *c, *panels;
  long kc, k0, k1, j0, nc;         // the blocks of K; the shared panels' place
  long rows, row_tasks, per_group; // rows a task, panels a task
  long packed;                     // shared panels that a task packs
  const lab_epilogue *then;        // after the last block of K, where a task has whole rows
} job;

static const float *at_b(const job *g, long k, long j) { return g->tb ? g->b + j * g->ldb + k : g->b + k * g->ldb + j; }

static void pack_shared(void *arg, long t) {
  job *g = arg;
  const long nr = lab_cpu->nr, panels = (g->nc + nr - 1) / nr, groups = (panels + g->packed - 1) / g->packed;
  const long j = t % groups * g->packed * nr, n = g->nc - j < g->packed * nr ? g->nc - j : g->packed * nr;
  const long k = g->k0 + t / groups * g->kc, kc = g->k1 - k < g->kc ? g->k1 - k : g->kc;
  lab_cpu->pack(g->tb, kc, n, at_b(g, k, g->j0 + j), g->ldb, g->panels + (k - g->k0) * panels * nr + j * kc, kc * nr);
}

// The task's rows i0.. of A and kc of its columns, packed where lines 2 KB apart would fall
// into few cache sets; for a single panel of B only where a tile's rows share one.
static lab_left left(const job *g, long i0, long m, long k0, long kc, int reused) {
  static const long once = 0;
  lab_left l = {g->ta ? LAB_COLUMNS : LAB_ROWS, 1, &once, kc, g->ta ? g->a + k0 * g->lda + i0 : g->a + i0 * g->lda + k0, g->lda};
  if (m <= lab_cpu->mr || g->lda % (reused ? 512 : 1024) || (g->ta && !reused)) return l;
  float *d = lab_scratch(LAB_PACK_A, (size_t)((kc + 16) * m));
  if (g->ta) {
    lab_cpu->pack_tiles(kc, m, l.a, g->lda, d);
    l.kind = LAB_PACKED;
  } else {
    for (long i = 0; i < m; i++) memcpy(d + i * (kc + 16), l.a + i * g->lda, (size_t)kc * 4);
    l.stride = kc + 16;
  }
  l.a = d;
  return l;
}

// Rows i0.. of C from panels of depth kc; a few at a time if they are whole and to be finished.
static void shared(const job *g, lab_left l, long i0, long m, long n, const float *b, long kc, int finish, float *c, int accumulate) {
  const long nr = lab_cpu->nr, few = finish && l.kind != LAB_PACKED ? 4L * lab_cpu->mr : m;
  for (long i = 0; i < m; i += few) {
    const long h = m - i < few ? m - i : few;
    lab_multiply(&l, h, n, b, nr, kc * nr, c + i * g->ldc, g->ldc, accumulate);
    if (finish) lab_finish(g->then, i0 + i, h, n, c + i * g->ldc);
    l.a += few * (l.kind == LAB_ROWS ? l.stride : 1);
  }
}

// A task's rows and panels, for the blocks of K from k0 to k1.
static void compute(void *arg, long t) {
  const job *g = arg;
  const long nr = lab_cpu->nr, panels = (g->nc + nr - 1) / nr;
  const long i0 = t % g->row_tasks * g->rows, m = g->m - i0 < g->rows ? g->m - i0 : g->rows;
  const long p0 = t / g->row_tasks * g->per_group, p1 = p0 + g->per_group < panels ? p0 + g->per_group : panels;
  const int whole = g->then && g->per_group == panels && g->nc == g->n; // rows
  for (long k = g->k0; k < g->k1; k += g->kc) {
    const long kc = g->k1 - k < g->kc ? g->k1 - k : g->kc;
    const int accumulate = g->accumulate || k > 0;
    const lab_left l = left(g, i0, m, k, kc, p1 - p0 > 1);
    const long step = g->how_b == OWN ? GROUP : p1 - p0;
    for (long p = p0; p < p1; p += step) {
      const long j = p * nr, end = (p + step < p1 ? p + step : p1) * nr, n = (end < g->nc ? end : g->nc) - j;
      float *c = g->c + i0 * g->ldc + g->j0 + j;
      const float *b = at_b(g, k, g->j0 + j);
      if (g->how_b == SHARED) shared(g, l, i0, m, n, g->panels + (k - g->k0) * panels * nr + j * kc, kc, k + kc == g->k && whole, c, accumulate);
      else if (g->how_b == DIRECT && n % nr == 0) lab_multiply(&l, m, n, b, g->ldb, nr, c, g->ldc, accumulate);
      else {
        float *d = lab_scratch(LAB_PACK_B, (size_t)((n + nr - 1) / nr * nr * kc));
        lab_cpu->pack(g->tb, kc, n, b, g->ldb, d, kc * nr);
        lab_multiply(&l, m, n, d, nr, kc * nr, c, g->ldc, accumulate);
      }
    }
  }
  if (whole && g->k1 == g->k && g->how_b != SHARED) lab_finish(g->then, i0, m, g->n, g->c + i0 * g->n);
}

static void finish(void *arg, long t) {
  job *g = arg;
  long i0 = t * g->rows, m = g->m - i0 < g->rows ? g->m - i0 : g->rows;
  lab_finish(g->then, i0, m, g->n, g->c + i0 * g->n);
}

// ---- a vector times a matrix: y[j] = sum over p of x[p] op(M)[p][j]

typedef struct {
  int turned, accumulate; // turned: M(p,j) is at j*ld + p
  long k, n, ld, step;    // step: between y's elements
  const float *x, *m;
  float *y;
} vector_job;

static void vector_task(void *arg, long t) {
  const vector_job *g = arg;
  const long j0 = t * COLUMNS, n = g->n - j0 < COLUMNS ? g->n - j0 : COLUMNS;
  if (!g->turned && g->step == 1) {
    lab_cpu->vecmat(g->k, n, g->x, g->m + j0, g->ld, g->y + j0, g->accumulate);
    return;
  }
  float y[COLUMNS];
  if (!g->turned) lab_cpu->vecmat(g->k, n, g->x, g->m + j0, g->ld, y, 0);
  else
    for (long j = 0; j < n; j++) y[j] = lab_cpu->dot(g->k, g->m + (j0 + j) * g->ld, g->x);
  for (long j = 0; j < n; j++) {
    float *to = g->y + (j0 + j) * g->step;
    *to = g->accumulate ? *to + y[j] : y[j];
  }
}

static void run(lab_task fn, void *arg, long tasks, double flops) {
  if (flops < SMALL)
    for (long t = 0; t < tasks; t++) fn(arg, t);
  else lab_parallel(fn, arg, tasks);
}

// One row or one column; x's values are xs apart.
static void vector(vector_job *g, const float *x, long xs) {
  if (xs != 1) {
    float *d = lab_scratch(LAB_SHARED, (size_t)g->k);
    for (long p = 0; p < g->k; p++) d[p] = x[p * xs];
    x = d;
  }
  g->x = x;
  run(vector_task, g, (g->n + COLUMNS - 1) / COLUMNS, 2.0 * g->n * g->k);
}

// ---- entry points

// Leaves *finished unset where the epilogue has still to be applied.
static void blocked(job *g, int *finished) {
  const long nr = lab_cpu->nr, mr = lab_cpu->mr, m = g->m, n = g->n, k = g->k;
  const double flops = 2.0 * m * n * k;
  const long blocks = k ? (k + KC - 1) / KC : 1;
  g->kc = (k + blocks - 1) / blocks;
  // A task: a block of rows that stays in the second-level cache, and as many panels as
  // leave about four tasks a thread.
  g->row_tasks = (m + 16 * mr - 1) / (16 * mr);
  if (g->row_tasks > 1) { // as many for every thread
    const long few = 4L * lab_threads() < m / (4 * mr) ? 4L * lab_threads() : m / (4 * mr);
    g->row_tasks = (g->row_tasks + few - 1) / few * few;
  }
  g->rows = (m + g->row_tasks - 1) / g->row_tasks;
  g->row_tasks = (m + g->rows - 1) / g->rows;
  const int far = g->ldb % 256 == 0 && k * n > 8192; // rows that fall into few cache sets
  g->how_b = g->row_tasks > 1 ? SHARED : g->tb || m > 6 * mr || (far && m > mr) ? OWN : DIRECT;
  const long nc = g->how_b == SHARED ? 4096 / nr * nr : n;
  for (g->j0 = 0; g->j0 < n; g->j0 += nc) {
    g->nc = n - g->j0 < nc ? n - g->j0 : nc;
    const long panels = (g->nc + nr - 1) / nr;
    g->per_group = panels * g->row_tasks / (4L * lab_threads());
    long least = 64 / nr, most = (panels * g->row_tasks + lab_threads() - 1) / lab_threads(); // A is read again by every task
    if (least > most) least = most;
    if (g->per_group < least) g->per_group = least;
    if (g->per_group > panels || (g->then && g->row_tasks >= 2 * lab_threads())) g->per_group = panels; // whole rows
    *finished = g->per_group == panels && g->nc == n;
    const long tasks = g->row_tasks * ((panels + g->per_group - 1) / g->per_group);
    const long at_once = g->how_b == SHARED && panels * nr * k > AT_ONCE ? g->kc : k;
    if (g->how_b == SHARED) g->panels = lab_scratch(LAB_SHARED, (size_t)(panels * nr * at_once));
    for (g->k0 = 0; g->k0 < k; g->k0 = g->k1) {
      g->k1 = k - g->k0 < at_once ? k : g->k0 + at_once;
      if (g->how_b == SHARED) {
        const long cuts = (g->k1 - g->k0 + g->kc - 1) / g->kc;
        for (g->packed = GROUP; g->packed > 2 && panels * cuts < 2L * lab_threads() * g->packed;) g->packed /= 2;
        run(pack_shared, g, (panels + g->packed - 1) / g->packed * cuts, flops);
      }
      run(compute, g, tasks, flops);
    }
  }
}

void lab_product(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c, long ldc,
                 int accumulate, const lab_epilogue *then) {
  if (m == 0 || n == 0) return;
  int finished = 0;
  if (k == 0) {
    if (!accumulate)
      for (long i = 0; i < m; i++) memset(c + i * ldc, 0, (size_t)n * 4);
  } else if (m == 1) {
    vector_job v = {tb, accumulate, k, n, ldb, 1, 0, b, c};
    vector(&v, a, ta ? lda : 1);
  } else if (n == 1) {
    vector_job v = {!ta, accumulate, k, m, lda, ldc, 0, a, c};
    vector(&v, b, tb ? 1 : ldb);
  } else {
    job g = {.ta = ta, .tb = tb, .accumulate = accumulate, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb, .ldc = ldc, .a = a, .b = b, .c = c, .then = then};
    blocked(&g, &finished);
  }
  if (then && !finished) {
    job g = {.m = m, .n = n, .c = c, .rows = 4096 / n + 1, .then = then};
    run(finish, &g, (m + g.rows - 1) / g.rows, 64.0 * m * n);
  }
}

void lab_gemm(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb,
              float *c, long ldc, int accumulate) {
  LAB_FLUSH;
  lab_product(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, accumulate, 0);
}

void lab_gemm_then(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c,
                   const lab_program *prog, const lab_instr *code, const float *i1, const float *i2, const float *i3,
                   const float *i4, const float *i5, const float *i6, const float *i7) {
  LAB_FLUSH;
  lab_program p = *prog;
  p.code = code;
  lab_epilogue e = {&p, {0, i1, i2, i3, i4, i5, i6, i7}};
  lab_product(ta, tb, m, n, k, a, lda, b, ldb, c, n, 0, &e);
}
