//go:build !purego

// Many products of one shape.
#include "kernel.h"

enum { TASK = 200000 }; // operations of a task, at least

typedef struct {
  int ta, tb;
  long batch, per, m, n, k; // per: products a task
  const float *a, *b;
  float *c;
} job;

static void products(void *arg, long t) {
  const job *j = arg;
  const long end = (t + 1) * j->per < j->batch ? (t + 1) * j->per : j->batch;
  for (long i = t * j->per; i < end; i++)
    lab_product(j->ta, j->tb, j->m, j->n, j->k, j->a + i * j->m * j->k, j->ta ? j->m : j->k, j->b + i * j->k * j->n, j->tb ? j->k : j->n,
                j->c + i * j->m * j->n, j->n, 0, 0);
}

void lab_gemm_batch(int ta, int tb, long batch, long m, long n, long k, const float *a, const float *b, float *c) {
  LAB_FLUSH;
  job j = {ta, tb, batch, 1, m, n, k, a, b, c};
  const double flops = 2.0 * m * n * k;
  if (flops > 10 * TASK && batch < 2 * lab_threads()) { // the threads share each product
    j.per = batch;
    products(&j, 0);
    return;
  }
  if (flops < TASK) j.per = (long)(TASK / (flops + 1)) + 1;
  lab_parallel(products, &j, (batch + j.per - 1) / j.per);
}
