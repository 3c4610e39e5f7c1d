//go:build !purego

// Runs an elementwise program over its iteration space, or over arrays that it
// steps in place, a block at a time: the block's intermediate values never leave
// the first-level cache.
#include "kernel.h"
#include "codes.h"
#include <string.h>

enum { CHUNK = 16384 }; // elements a task, whatever the number of threads

typedef struct {
  const lab_program *p;
  const float *in[LAB_MAX_INPUTS];
  float *out;
  long rows_per_task, cols_per_task, tasks_per_row;
} job;

enum { OPERANDS = LAB_MAX_INPUTS + LAB_MAX_TEMPS, TEMP = (LAB_MAX_TEMPS + 2 * LAB_MAX_INPUTS) * LAB_BLOCK };

// Fills the constants, which stand at the head of the program, for blocks of n.
static void constants(const lab_program *p, long n, float *temp, const float **operand) {
  for (int k = 0; k < p->len && p->code[k].code == CODE_CONST; k++) {
    float *d = temp + (p->code[k].dst - p->inputs) * LAB_BLOCK;
    for (long i = 0; i < n; i++) d[i] = p->code[k].imm;
    operand[p->code[k].dst] = d;
  }
}

void lab_rows(const lab_program *p, long rows, long cols, const float *const *in, const long *rs, const long *cs, float *out) {
  _Alignas(64) float temp[TEMP];
  float *filled = temp + (LAB_MAX_TEMPS + LAB_MAX_INPUTS) * LAB_BLOCK; // inputs that are not dense, spread out
  const float *base[OPERANDS], *operand[OPERANDS];
  for (int i = 0; i < OPERANDS; i++) base[i] = temp; // unused operands point somewhere readable
  int together = cols <= LAB_BLOCK / 2; // several rows a block
  for (int i = 0; i < p->inputs; i++)
    if (cs[i] && rs[i] && rs[i] != cols) together = 0;
  if (rows == 1) together = 0;
  long most = together ? rows * cols : cols; // of elements in a block, in whole vectors
  most = most < LAB_BLOCK ? (most + 15) & ~15L : LAB_BLOCK;
  constants(p, most, temp, base);

  if (!together) {
    for (int i = 0; i < p->inputs; i++)
      if (!cs[i] && !rs[i])
        for (long j = 0; j < most; j++) filled[i * LAB_BLOCK + j] = *in[i];
    for (long r = 0; r < rows; r++) {
      for (int i = 0; i < p->inputs; i++)
        if (!cs[i] && rs[i])
          for (long j = 0; j < most; j++) filled[i * LAB_BLOCK + j] = in[i][r * rs[i]];
      for (long c = 0; c < cols; c += LAB_BLOCK) {
        long n = cols - c < LAB_BLOCK ? cols - c : LAB_BLOCK;
        memcpy(operand, base, sizeof base);
        for (int i = 0; i < p->inputs; i++) operand[i] = cs[i] ? in[i] + r * rs[i] + c : filled + i * LAB_BLOCK;
        lab_cpu->block(p, n, operand, temp, out + r * cols + c);
      }
    }
    return;
  }
  long group = LAB_BLOCK / cols < rows ? LAB_BLOCK / cols : rows;
  for (int i = 0; i < p->inputs; i++) { // the same for every block
    float *f = filled + i * LAB_BLOCK;
    if (!rs[i])
      for (long g = 0; g < group; g++)
        for (long c = 0; c < cols; c++) f[g * cols + c] = in[i][cs[i] ? c : 0];
  }
  for (long r = 0; r < rows; r += group) {
    long g = rows - r < group ? rows - r : group;
    memcpy(operand, base, sizeof base);
    for (int i = 0; i < p->inputs; i++) {
      float *f = filled + i * LAB_BLOCK;
      operand[i] = rs[i] && cs[i] ? in[i] + r * cols : f;
      if (rs[i] && !cs[i])
        for (long q = 0; q < g; q++)
          for (long c = 0; c < cols; c++) f[q * cols + c] = in[i][(r + q) * rs[i]];
    }
    lab_cpu->block(p, g * cols, operand, temp, out + r * cols);
  }
}

static void run(void *arg, long t) {
  job *j = arg;
  const lab_program *p = j->p;
  const long *dim = p->dim;
  long rows = dim[0] * dim[1] * dim[2] * dim[3], cols = dim[4];
  long r0 = t / j->tasks_per_row * j->rows_per_task, r1 = r0 + j->rows_per_task;
  long c0 = t % j->tasks_per_row * j->cols_per_task, n = j->cols_per_task;
  if (r1 > rows) r1 = rows;
  if (c0 + n > cols) n = cols - c0;
  while (r0 < r1) { // runs of rows within one outer index
    long in_run = dim[3] - r0 % dim[3];
    if (in_run > r1 - r0) in_run = r1 - r0;
    long i3 = r0 % dim[3], i2 = r0 / dim[3] % dim[2], i1 = r0 / dim[3] / dim[2] % dim[1], i0 = r0 / dim[3] / dim[2] / dim[1];
    const float *in[LAB_MAX_INPUTS];
    long rs[LAB_MAX_INPUTS], cs[LAB_MAX_INPUTS];
    for (int i = 0; i < p->inputs; i++) {
      const long *s = p->stride[i];
      in[i] = j->in[i] + i0 * s[0] + i1 * s[1] + i2 * s[2] + i3 * s[3] + c0 * s[4];
      rs[i] = s[3];
      cs[i] = s[4];
    }
    lab_rows(p, in_run, n, in, rs, cs, j->out + r0 * cols + c0);
    r0 += in_run;
  }
}

void lab_elementwise(const lab_program *prog, const lab_instr *code, float *out, const float *i0, const float *i1,
                     const float *i2, const float *i3, const float *i4, const float *i5, const float *i6, const float *i7) {
  LAB_FLUSH;
  lab_program p = *prog;
  p.code = code;
  job j = {&p, {i0, i1, i2, i3, i4, i5, i6, i7}, out, 0, 0, 0};
  long rows = p.dim[0] * p.dim[1] * p.dim[2] * p.dim[3], cols = p.dim[4];
  if (rows == 0 || cols == 0) return;
  if (cols >= CHUNK) {
    j.rows_per_task = 1;
    j.tasks_per_row = (cols + CHUNK - 1) / CHUNK;
    j.cols_per_task = CHUNK;
  } else {
    j.rows_per_task = CHUNK / cols;
    j.tasks_per_row = 1;
    j.cols_per_task = cols;
  }
  lab_parallel(run, &j, (rows + j.rows_per_task - 1) / j.rows_per_task * j.tasks_per_row);
}

void lab_finish(const lab_epilogue *e, long row, long rows, long cols, float *c) {
  const float *in[LAB_MAX_INPUTS] = {c};
  long rs[LAB_MAX_INPUTS] = {cols}, cs[LAB_MAX_INPUTS] = {1};
  for (int i = 1; i < e->p->inputs; i++) {
    rs[i] = e->p->stride[i][3];
    cs[i] = e->p->stride[i][4];
    in[i] = e->in[i] + row * rs[i];
  }
  lab_rows(e->p, rows, cols, in, rs, cs, c);
}

typedef struct {
  const lab_program *p;
  const uint8_t *next;
  long n;
  float *array[LAB_MAX_INPUTS];
} update_job;

static void update(void *arg, long t) {
  const update_job *j = arg;
  const lab_program *p = j->p;
  _Alignas(64) float temp[TEMP];
  const float *base[OPERANDS], *operand[OPERANDS];
  for (int i = 0; i < OPERANDS; i++) base[i] = temp;
  constants(p, LAB_BLOCK, temp, base);
  int direct = 0; // the array that the last instruction writes by itself
  for (int i = 0; i < p->inputs; i++)
    if (j->next[i] == p->code[p->len - 1].dst) direct = i;
  long end = (t + 1) * CHUNK < j->n ? (t + 1) * CHUNK : j->n;
  for (long c = t * CHUNK; c < end; c += LAB_BLOCK) {
    long n = end - c < LAB_BLOCK ? end - c : LAB_BLOCK;
    memcpy(operand, base, sizeof base);
    for (int i = 0; i < p->inputs; i++) operand[i] = j->array[i] + c;
    lab_cpu->block(p, n, operand, temp, j->array[direct] + c);
    for (int i = 0; i < p->inputs; i++)
      if (j->next[i] != i && i != direct) memcpy(j->array[i] + c, operand[j->next[i]], (size_t)n * 4);
  }
}

void lab_update(const lab_program *prog, const lab_instr *code, const uint8_t *next, long n, float *a0, float *a1, float *a2,
                float *a3, float *a4, float *a5, float *a6, float *a7) {
  LAB_FLUSH;
  lab_program p = *prog;
  p.code = code;
  update_job j = {&p, next, n, {a0, a1, a2, a3, a4, a5, a6, a7}};
  lab_parallel(update, &j, (n + CHUNK - 1) / CHUNK);
}
