//go:build !purego

// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", 2011). Number i of a step depends on the seed, the step
// and i alone.
#include "kernel.h"

enum { CHUNK = 16384 };

typedef struct {
  uint64_t seed;
  uint32_t step;
  long n;
  float *out;
} job;

static void four(uint64_t seed, uint32_t step, uint64_t block, uint32_t c[4]) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  c[0] = (uint32_t)block;
  c[1] = (uint32_t)(block >> 32);
  c[2] = step;
  c[3] = 0;
  for (int r = 0; r < 10; r++) {
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t n0 = (uint32_t)(b >> 32) ^ c[1] ^ k0, n2 = (uint32_t)(a >> 32) ^ c[3] ^ k1;
    c[0] = n0;
    c[1] = (uint32_t)b;
    c[2] = n2;
    c[3] = (uint32_t)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

static void run(void *arg, long t) {
  job *j = arg;
  long end = (t + 1) * CHUNK < j->n ? (t + 1) * CHUNK : j->n;
  for (long i = t * CHUNK; i < end; i += 4) {
    uint32_t c[4];
    four(j->seed, j->step, (uint64_t)i / 4, c);
    for (long k = 0; k < 4 && i + k < end; k++) j->out[i + k] = (float)(c[k] >> 8) * 0x1p-24f;
  }
}

void lab_uniform(uint64_t seed, float step, long n, float *out) {
  job j = {seed, step >= 0 && step < 4294967040.f ? (uint32_t)step : 0, n, out};
  lab_parallel(run, &j, (n + CHUNK - 1) / CHUNK);
}
