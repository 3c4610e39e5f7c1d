//go:build !purego

// C = op(A) op(B). B goes in panels of nr columns (packed, unless it is read once or
// twice), A in blocks of rows that stay in the second-level cache; K is cut by the
// shape alone and never across threads, so every element is the same sum in the same
// order.
#include "kernel.h"
#include <string.h>

enum { KC = 320, GROUP = 8, COLUMNS = 256, SMALL = 200000 };

void lab_multiply(const lab_left *l, long m, long n, const float *b, long bs, long ps, float *c, long cs, int accumulate) {
  const long nr = lab_cpu->nr, mr = lab_cpu->mr, lanes = lab_cpu->lanes;
  const long count = (m + mr - 1) / mr, base = count ? m / count : 0, rest = count ? m % count : 0;
  const lab_tile(*tiles)[LAB_MAX_MR + 1] = lab_cpu->tile[l->kind != LAB_ROWS];
  _Alignas(64) float edge[LAB_MAX_MR * LAB_MAX_NR];
  for (long j = 0; j < n; j += nr, b += ps) {
    const long cols = n - j < nr ? n - j : nr, wide = cols > lanes;
    const int whole = cols == nr || cols == lanes;
    for (long i = 0, q = 0; q < count; q++) {
      long h = base + (q < rest);
      const float *a = l->a + (l->kind == LAB_ROWS ? i * l->stride : l->kind == LAB_COLUMNS ? i : i * l->k);
      const long as = l->kind == LAB_PACKED ? h : l->stride;
      float *out = c + i * cs + j;
      if (whole) tiles[wide][h](l->runs, l->at, l->k, a, as, b, bs, out, cs, accumulate);
      else {
        tiles[wide][h](l->runs, l->at, l->k, a, as, b, bs, edge, nr, 0);
        for (long y = 0; y < h; y++)
          for (long x = 0; x < cols; x++) out[y * cs + x] = accumulate ? out[y * cs + x] + edge[y * nr + x] : edge[y * nr + x];
      }
      i += h;
    }
  }
}

enum { DIRECT, SHARED, OWN }; // B as it lies, in panels packed for all tasks, or by the task that reads them

typedef struct {
  int ta, tb, accumulate, how_b;
  long m, n, k, lda, ldb, ldc;
  const float *a, *b;
  float *c, *panels;
  long kc, k0, j0, nc;             // the blocks of K; the shared panels' place
  long rows, row_tasks, per_group; // rows a task, panels a task
  const lab_epilogue *then;        // after the last block of K, where a task has whole rows
} job;

static const float *at_b(const job *g, long k, long j) { return g->tb ? g->b + j * g->ldb + k : g->b + k * g->ldb + j; }

static void pack_shared(void *arg, long t) {
  job *g = arg;
  const long nr = lab_cpu->nr, j = t * GROUP * nr, n = g->nc - j < GROUP * nr ? g->nc - j : GROUP * nr;
  const long kc = g->k - g->k0 < g->kc ? g->k - g->k0 : g->kc;
  lab_cpu->pack(g->tb, kc, n, at_b(g, g->k0, g->j0 + j), g->ldb, g->panels + j * kc, kc * nr);
}

// The task's rows i0.. of A and kc of its columns, packed where lines 2 KB apart would fall
// into few cache sets.
static lab_left left(const job *g, long i0, long m, long k0, long kc, int reused) {
  static const long once = 0;
  lab_left l = {g->ta ? LAB_COLUMNS : LAB_ROWS, 1, &once, kc, g->ta ? g->a + k0 * g->lda + i0 : g->a + i0 * g->lda + k0, g->lda};
  if (!reused || m <= lab_cpu->mr || g->lda % 512) return l;
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

// A task's rows and panels, for the blocks of K from k0 to k1.
static void compute_blocks(const job *g, long t, long k0, long k1) {
  const long nr = lab_cpu->nr, panels = (g->nc + nr - 1) / nr;
  const long i0 = t % g->row_tasks * g->rows, m = g->m - i0 < g->rows ? g->m - i0 : g->rows;
  const long p0 = t / g->row_tasks * g->per_group, p1 = p0 + g->per_group < panels ? p0 + g->per_group : panels;
  for (long k = k0; k < k1; k += g->kc) {
    const long kc = g->k - k < g->kc ? g->k - k : g->kc;
    const int accumulate = g->accumulate || k > 0;
    const lab_left l = left(g, i0, m, k, kc, p1 - p0 > 1);
    const long step = g->how_b == OWN ? GROUP : p1 - p0;
    for (long p = p0; p < p1; p += step) {
      const long j = p * nr, end = (p + step < p1 ? p + step : p1) * nr, n = (end < g->nc ? end : g->nc) - j;
      float *c = g->c + i0 * g->ldc + g->j0 + j;
      const float *b = at_b(g, k, g->j0 + j);
      if (g->how_b == SHARED) lab_multiply(&l, m, n, g->panels + j * kc, nr, kc * nr, c, g->ldc, accumulate);
      else if (g->how_b == DIRECT && n % nr == 0) lab_multiply(&l, m, n, b, g->ldb, nr, c, g->ldc, accumulate);
      else {
        float *d = lab_scratch(LAB_PACK_B, (size_t)((n + nr - 1) / nr * nr * kc));
        lab_cpu->pack(g->tb, kc, n, b, g->ldb, d, kc * nr);
        lab_multiply(&l, m, n, d, nr, kc * nr, c, g->ldc, accumulate);
      }
    }
  }
  if (g->then && g->per_group == panels && k1 == g->k && g->nc == g->n) lab_finish(g->then, i0, m, g->n, g->c + i0 * g->n);
}

static void compute(void *arg, long t) {
  job *g = arg;
  if (g->how_b == SHARED) compute_blocks(g, t, g->k0, g->k0 + g->kc < g->k ? g->k0 + g->kc : g->k);
  else compute_blocks(g, t, 0, g->k);
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
  g->rows = (m + g->row_tasks - 1) / g->row_tasks;
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
    if (g->how_b != SHARED) {
      run(compute, g, tasks, flops);
      continue;
    }
    g->panels = lab_scratch(LAB_SHARED, (size_t)(panels * nr * g->kc));
    for (g->k0 = 0; g->k0 < k; g->k0 += g->kc) {
      run(pack_shared, g, (panels + GROUP - 1) / GROUP, flops);
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
    job g = {ta, tb, accumulate, 0, m, n, k, lda, ldb, ldc, a, b, c, 0, 0, 0, 0, 0, 0, 0, 0, then};
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
