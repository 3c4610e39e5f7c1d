//go:build !purego

// Strided copies (transpose, slice, pad, concatenate) and Adam's loop
// over flat memory.
#include "kernel.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 16384 };

typedef struct {
  const long *dim, *so, *si;
  float *out;
  const float *in;
  long rows, per; // rows: all but the two inner axes; per: rows a task
} job;

static void plane(const long *dim, const long *so, const long *si, float *out, const float *in) {
  long r = dim[0], c = dim[1];
  if (so[1] == 1 && si[1] == 1) {
    for (long i = 0; i < r; i++) memcpy(out + i * so[0], in + i * si[0], (size_t)c * 4);
    return;
  }
  enum { T = 64 };
  for (long i = 0; i < r; i += T)
    for (long j = 0; j < c; j += T) {
      const long m = i + T < r ? T : r - i, n = j + T < c ? T : c - j;
      float *to = out + i * so[0] + j * so[1];
      const float *from = in + i * si[0] + j * si[1];
      if (so[0] == 1 && si[1] == 1) lab_cpu->turn(m, n, from, si[0], to, so[1]);
      else if (so[1] == 1 && si[0] == 1) lab_cpu->turn(n, m, from, si[1], to, so[0]);
      else
        for (long y = 0; y < m; y++)
          for (long x = 0; x < n; x++) to[y * so[0] + x * so[1]] = from[y * si[0] + x * si[1]];
    }
}

static void run(void *arg, long t) {
  job *j = arg;
  long r0 = t * j->per, r1 = r0 + j->per < j->rows ? r0 + j->per : j->rows;
  for (long r = r0; r < r1; r++) {
    long o = 0, i = 0, rest = r;
    for (int d = LAB_MAX_DIMS - 3; d >= 0; d--) {
      long x = rest % j->dim[d];
      rest /= j->dim[d];
      o += x * j->so[d];
      i += x * j->si[d];
    }
    plane(j->dim + LAB_MAX_DIMS - 2, j->so + LAB_MAX_DIMS - 2, j->si + LAB_MAX_DIMS - 2, j->out + o, j->in + i);
  }
}

void lab_copy(const long *dim, const long *so, const long *si, float *out, const float *in) {
  job j = {dim, so, si, out, in, dim[0] * dim[1] * dim[2], 0};
  long inner = dim[3] * dim[4];
  if (j.rows == 0 || inner == 0) return;
  j.per = CHUNK / inner + 1;
  lab_parallel(run, &j, (j.rows + j.per - 1) / j.per);
}

typedef struct {
  long n;
  float *p, *m, *v;
  const float *g, *c;
} adam_job;

static void adam_chunk(void *arg, long t) {
  adam_job *j = arg;
  long i = t * CHUNK, n = j->n - i < CHUNK ? j->n - i : CHUNK;
  lab_cpu->adam(n, j->p + i, j->m + i, j->v + i, j->g + i, j->c);
}

void lab_adam(long n, float *p, float *m, float *v, const float *g, const float *c) {
  LAB_FLUSH;
  adam_job j = {n, p, m, v, g, c};
  lab_parallel(adam_chunk, &j, (n + CHUNK - 1) / CHUNK);
}
