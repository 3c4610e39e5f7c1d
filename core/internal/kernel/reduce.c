//go:build !purego

// Sums and maxima of an elementwise program's values over the middle axis of
// [a, r, b]. Long reductions are cut into chunks of a size that depends on the
// shape alone and put together in order: the same bits on any number of threads.
#include "kernel.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 16384, ROWS = 4096 }; // elements a task, and of the rows that are merged at once

typedef struct {
  const lab_program *p;
  const float *in[LAB_MAX_INPUTS];
  int kind;
  float *out;
  long a, r, b;
  long r_chunk, chunks, a_chunk; // r elements a chunk, chunks of r, a's a task
} job;

static void pointers(const job *j, long a, long r, const float **in) {
  for (int i = 0; i < j->p->inputs; i++) in[i] = j->in[i] + a * j->p->stride[i][2] + r * j->p->stride[i][3];
}

// b == 1: out[a0..a1), each over a run of contiguous values.
static void contiguous(const job *j, long a0, long a1, long r0, long r1, float *out, long step) {
  float buf[LAB_BLOCK];
  const float *in[LAB_MAX_INPUTS];
  long rs[LAB_MAX_INPUTS], cs[LAB_MAX_INPUTS], r = r1 - r0;
  for (int i = 0; i < j->p->inputs; i++) rs[i] = j->p->stride[i][2], cs[i] = j->p->stride[i][3] != 0;
  long group = r && r <= LAB_BLOCK ? LAB_BLOCK / r : 1;
  for (long a = a0; a < a1; a += group) {
    long g = a1 - a < group ? a1 - a : group;
    for (long q = 0; q < g; q++) out[(a - a0 + q) * step] = j->kind == LAB_SUM ? 0 : -INFINITY;
    for (long c = r0; c < r1; c += LAB_BLOCK) {
      long n = r1 - c < LAB_BLOCK ? r1 - c : LAB_BLOCK;
      pointers(j, a, c, in);
      lab_rows(j->p, g, n, in, rs, cs, buf);
      for (long q = 0; q < g; q++) {
        float *o = out + (a - a0 + q) * step;
        if (j->kind == LAB_SUM) *o += lab_cpu->sum(n, buf + q * n);
        else {
          float m = lab_cpu->max(n, buf + q * n);
          *o = m > *o || m != m ? m : *o;
        }
      }
    }
  }
}

// b > 1: out[a][0..b) of rows r0..r1.
static void columns(const job *j, long a, long r0, long r1, float *out) {
  float *rows = lab_scratch(LAB_TILE, (size_t)(j->b > ROWS ? j->b : ROWS));
  for (long c = 0; c < j->b; c++) out[c] = j->kind == LAB_SUM ? 0 : -INFINITY;
  long group = j->b >= ROWS ? 1 : ROWS / j->b;
  for (long r = r0; r < r1; r += group) {
    long g = r1 - r < group ? r1 - r : group;
    const float *in[LAB_MAX_INPUTS];
    long rs[LAB_MAX_INPUTS], cs[LAB_MAX_INPUTS];
    pointers(j, a, r, in);
    for (int i = 0; i < j->p->inputs; i++) rs[i] = j->p->stride[i][3], cs[i] = j->p->stride[i][4];
    lab_rows(j->p, g, j->b, in, rs, cs, rows);
    void (*merge)(long, float *, const float *) = j->kind == LAB_SUM ? lab_cpu->add_to : lab_cpu->max_to;
    for (; g > 1; g -= g / 2) merge(g / 2 * j->b, rows, rows + (g - g / 2) * j->b); // halves: wide adds, small errors
    merge(j->b, out, rows);
  }
}

static void run(void *arg, long t) {
  job *j = arg;
  long chunk = t % j->chunks, a0 = t / j->chunks * j->a_chunk, a1 = a0 + j->a_chunk;
  long r0 = chunk * j->r_chunk, r1 = r0 + j->r_chunk;
  if (a1 > j->a) a1 = j->a;
  if (r1 > j->r) r1 = j->r;
  float *out = j->out + (a0 * j->chunks + chunk) * j->b;
  if (j->b == 1) {
    contiguous(j, a0, a1, r0, r1, out, j->chunks);
    return;
  }
  for (long a = a0; a < a1; a++, out += j->chunks * j->b) columns(j, a, r0, r1, out);
}

void lab_reduce(int kind, const lab_program *prog, const lab_instr *code, float *out, const float *i0, const float *i1,
                const float *i2, const float *i3, const float *i4, const float *i5, const float *i6, const float *i7) {
  LAB_FLUSH;
  lab_program p = *prog;
  p.code = code;
  job j = {&p, {i0, i1, i2, i3, i4, i5, i6, i7}, kind, out, p.dim[2], p.dim[3], p.dim[4], 0, 0, 0};
  if (j.a == 0 || j.b == 0) return;
  j.r_chunk = CHUNK / j.b > 1 ? CHUNK / j.b : 1;
  j.chunks = j.r ? (j.r + j.r_chunk - 1) / j.r_chunk : 1;
  j.a_chunk = j.r * j.b >= CHUNK ? 1 : CHUNK / (j.r * j.b + 1) + 1;
  if (j.chunks == 1) {
    lab_parallel(run, &j, (j.a + j.a_chunk - 1) / j.a_chunk);
    return;
  }
  float *part = lab_scratch(LAB_PARTIAL, (size_t)(j.a * j.chunks * j.b));
  j.out = part;
  j.a_chunk = 1;
  lab_parallel(run, &j, j.a * j.chunks);
  for (long a = 0; a < j.a; a++) {
    const float *s = part + a * j.chunks * j.b;
    memcpy(out + a * j.b, s, (size_t)j.b * 4);
    for (long c = 1; c < j.chunks; c++)
      if (kind == LAB_SUM) lab_cpu->add_to(j.b, out + a * j.b, s + c * j.b);
      else lab_cpu->max_to(j.b, out + a * j.b, s + c * j.b);
  }
}
