//go:build !purego

// C = op(A) op(B). B goes in panels of nr columns (packed, unless it is read
// once or twice), A in blocks of rows; K is cut by the shape alone and never
// across threads, so every element is the same sum in the same order.
#include "kernel.h"
#include <string.h>

enum { KC = 256, SMALL = 200000 };

void lab_pack_b(const float *b, long rs, long cs, long k, long n, float *dst) {
  const long nr = lab_cpu->nr;
  if (cs == 1 && n == nr) {
    for (long p = 0; p < k; p++) memcpy(dst + p * nr, b + p * rs, (size_t)nr * 4);
    return;
  }
  if (cs == 1) {
    for (long p = 0; p < k; p++) {
      memcpy(dst + p * nr, b + p * rs, (size_t)n * 4);
      memset(dst + p * nr + n, 0, (size_t)(nr - n) * 4);
    }
    return;
  }
  if (n < nr) memset(dst, 0, (size_t)(k * nr) * 4);
  enum { T = 8 }; // small squares keep both sides within a few cache lines
  for (long p0 = 0; p0 < k; p0 += T)
    for (long j0 = 0; j0 < n; j0 += T) {
      long p1 = p0 + T < k ? p0 + T : k, j1 = j0 + T < n ? j0 + T : n;
      for (long j = j0; j < j1; j++)
        for (long p = p0; p < p1; p++) dst[p * nr + j] = b[p * rs + j * cs];
    }
}

typedef struct {
  int ta, accumulate, pack_a;
  long m, n, k, lda, ldc;
  const float *a, *b;
  float *c;
  long brs, bcs;                   // strides of B along k and n
  float *panels;                   // packed B, or 0
  long k0, kc, j0, nc;             // the block of B
  long rows, row_tasks, per_group; // rows a task, panels a task
  const lab_epilogue *then;        // after the last block of K, where a task has whole rows
} job;

static void pack(void *arg, long t) {
  job *g = arg;
  long nr = lab_cpu->nr, j = t * nr, n = g->nc - j < nr ? g->nc - j : nr;
  lab_pack_b(g->b + g->k0 * g->brs + (g->j0 + j) * g->bcs, g->brs, g->bcs, g->kc, n, g->panels + j * g->kc);
}

static void compute(void *arg, long t) {
  job *g = arg;
  const long nr = lab_cpu->nr, mr = lab_cpu->mr;
  const int accumulate = g->accumulate || g->k0 > 0;
  long i0 = t % g->row_tasks * g->rows, m = g->m - i0 < g->rows ? g->m - i0 : g->rows;
  long p0 = t / g->row_tasks * g->per_group, p1 = p0 + g->per_group, panels = (g->nc + nr - 1) / nr;
  if (p1 > panels) p1 = panels;

  const float *a = g->ta ? g->a + g->k0 * g->lda + i0 : g->a + i0 * g->lda + g->k0;
  long as = g->lda;
  if (g->pack_a) { // rows 4 KB apart would fall into one cache set
    float *dst = lab_scratch(LAB_PACK_A, (size_t)((g->kc + 16) * (m + 16)));
    if (g->ta) {
      for (long p = 0; p < g->kc; p++) memcpy(dst + p * m, a + p * as, (size_t)m * 4);
      as = m;
    } else {
      for (long i = 0; i < m; i++) memcpy(dst + i * (g->kc + 16), a + i * as, (size_t)g->kc * 4);
      as = g->kc + 16;
    }
    a = dst;
  }
  const lab_tile *tiles = g->ta ? lab_cpu->col : lab_cpu->row;
  const long a_step = g->ta ? 1 : as, tile_count = (m + mr - 1) / mr, base = m / tile_count, rest = m % tile_count;
  _Alignas(64) float edge[LAB_MAX_MR * LAB_MAX_NR];
  for (long p = p0; p < p1; p++) {
    long j = p * nr, n = g->nc - j < nr ? g->nc - j : nr, bs = nr;
    const float *b;
    if (g->panels) b = g->panels + j * g->kc;
    else if (n == nr) b = g->b + g->k0 * g->brs + g->j0 + j, bs = g->brs;
    else {
      float *dst = lab_scratch(LAB_PACK_B, (size_t)(g->kc * nr));
      lab_pack_b(g->b + g->k0 * g->brs + g->j0 + j, g->brs, 1, g->kc, n, dst);
      b = dst;
    }
    long i = 0;
    for (long q = 0; q < tile_count; q++) {
      long h = base + (q < rest);
      float *c = g->c + (i0 + i) * g->ldc + g->j0 + j;
      if (n == nr) tiles[h](g->kc, a + i * a_step, as, b, bs, c, g->ldc, accumulate);
      else {
        if (accumulate)
          for (long y = 0; y < h; y++) memcpy(edge + y * nr, c + y * g->ldc, (size_t)n * 4);
        tiles[h](g->kc, a + i * a_step, as, b, bs, edge, nr, accumulate);
        for (long y = 0; y < h; y++) memcpy(c + y * g->ldc, edge + y * nr, (size_t)n * 4);
      }
      i += h;
    }
  }
  if (g->then && g->per_group == panels && g->k0 + g->kc == g->k && g->nc == g->n) lab_finish(g->then, i0, m, g->n, g->c + i0 * g->n);
}

static void finish(void *arg, long t) {
  job *g = arg;
  long i0 = t * g->rows, m = g->m - i0 < g->rows ? g->m - i0 : g->rows;
  lab_finish(g->then, i0, m, g->n, g->c + i0 * g->n);
}

static void gemm(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb,
                 float *c, long ldc, int accumulate, const lab_epilogue *then) {
  if (m == 0 || n == 0) return;
  const long nr = lab_cpu->nr, mr = lab_cpu->mr;
  const int aliases = lda % 1024 == 0 || ldb % 1024 == 0;
  job g = {ta, accumulate, 0, m, n, k, lda, ldc, a, b, c, tb ? 1 : ldb, tb ? ldb : 1, 0, 0, 0, 0, 0, 0, 0, 0, then};
  if (k == 0 && !accumulate)
    for (long i = 0; i < m; i++) memset(c + i * ldc, 0, (size_t)n * 4);
  int finished = 0;
  const int pack_b = tb || m > 8 * mr || (aliases && m > mr);
  const long blocks = k ? (k + KC * 5 / 4 - 1) / (KC * 5 / 4) : 1, kc = (k + blocks - 1) / blocks;
  const int inline_run = 2.0 * m * n * k < SMALL;
  const long nc = 4096 / nr * nr;
  for (g.j0 = 0; g.j0 < n; g.j0 += nc) {
    g.nc = n - g.j0 < nc ? n - g.j0 : nc;
    const long panels = (g.nc + nr - 1) / nr;
    for (g.k0 = 0; g.k0 < k; g.k0 += kc) {
      g.kc = k - g.k0 < kc ? k - g.k0 : kc;
      if (pack_b) {
        g.panels = lab_scratch(LAB_SHARED, (size_t)(panels * nr * g.kc));
        if (inline_run)
          for (long t = 0; t < panels; t++) pack(&g, t);
        else lab_parallel(pack, &g, panels);
      }
      // A task: a block of rows that stays in the second-level cache, and as many
      // panels as leave about four tasks a thread.
      g.rows = 8 * mr;
      g.row_tasks = (m + g.rows - 1) / g.rows;
      g.rows = (m + g.row_tasks - 1) / g.row_tasks;
      g.row_tasks = (m + g.rows - 1) / g.rows;
      long want = 4L * lab_threads();
      g.per_group = panels * g.row_tasks / want;
      if (g.per_group < 1) g.per_group = 1;
      if (g.per_group > panels) g.per_group = panels;
      if (then && g.row_tasks >= 2 * lab_threads()) g.per_group = panels; // whole rows
      finished = then && g.per_group == panels && g.nc == n && g.k0 + g.kc == k;
      g.pack_a = m > mr && g.per_group >= 2 && lda % 1024 == 0;
      long tasks = g.row_tasks * ((panels + g.per_group - 1) / g.per_group);
      if (inline_run)
        for (long t = 0; t < tasks; t++) compute(&g, t);
      else lab_parallel(compute, &g, tasks);
    }
  }
  if (then && !finished) {
    g.rows = 4096 / n + 1;
    lab_parallel(finish, &g, (m + g.rows - 1) / g.rows);
  }
}

void lab_gemm(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb,
              float *c, long ldc, int accumulate) {
  LAB_FLUSH;
  gemm(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, accumulate, 0);
}

void lab_gemm_then(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c,
                   const lab_program *prog, const lab_instr *code, const float *i1, const float *i2, const float *i3,
                   const float *i4, const float *i5, const float *i6, const float *i7) {
  LAB_FLUSH;
  lab_program p = *prog;
  p.code = code;
  lab_epilogue e = {&p, {0, i1, i2, i3, i4, i5, i6, i7}};
  gemm(ta, tb, m, n, k, a, lda, b, ldb, c, n, 0, &e);
}
