//go:build !purego

// The thread pool. A call publishes its tasks in one word (generation, count,
// next); threads claim them by compare-and-swap; the caller waits for finished
// tasks only, so a worker that the system has put aside holds nobody up.
#define _GNU_SOURCE
#include "kernel.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_THREADS = 64, SPIN = 4000, FIELD = 20 };
#define MASK ((1ull << FIELD) - 1)

static pthread_mutex_t call = PTHREAD_MUTEX_INITIALIZER; // one parallel call at a time
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static _Atomic int sleepers, threads = 1;
static int started = 1;
static _Atomic uint32_t generation;
static _Atomic uint64_t job; // generation:24 | count:20 | next:20
static _Atomic long done;
static lab_task job_fn;
static void *job_arg;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Claims and runs tasks until none is left. A claim succeeds only while the job
// is the one that was read, and the next job is published only after every
// task of this one is done: job_fn and job_arg belong to the claimed task.
static void run_tasks(void) {
  uint64_t j = atomic_load_explicit(&job, memory_order_acquire);
  for (;;) {
    uint64_t count = (j >> FIELD) & MASK, next = j & MASK;
    if (next >= count) return;
    if (!atomic_compare_exchange_weak_explicit(&job, &j, j + 1, memory_order_acq_rel, memory_order_acquire)) continue;
    job_fn(job_arg, (long)next);
    atomic_fetch_add_explicit(&done, 1, memory_order_release);
    j = atomic_load_explicit(&job, memory_order_acquire);
  }
}

static void *worker(void *id) {
  lab_flush();
  uint32_t seen = 0;
  for (;;) {
    int spins = 0;
    while (atomic_load_explicit(&generation, memory_order_acquire) == seen) {
      if (++spins < SPIN) {
        relax();
        continue;
      }
      pthread_mutex_lock(&sleep_lock);
      atomic_fetch_add(&sleepers, 1);
      while (atomic_load(&generation) == seen) pthread_cond_wait(&wake, &sleep_lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&sleep_lock);
    }
    seen = atomic_load_explicit(&generation, memory_order_acquire);
    if ((long)id < atomic_load_explicit(&threads, memory_order_relaxed)) run_tasks();
  }
  return 0;
}

void lab_parallel(lab_task fn, void *arg, long n) {
  if (n <= 1 || n > (long)MASK || threads == 1 || pthread_mutex_trylock(&call)) { // busy: run them here
    for (long t = 0; t < n; t++) fn(arg, t);
    return;
  }
  job_fn = fn;
  job_arg = arg;
  atomic_store_explicit(&done, 0, memory_order_relaxed);
  uint64_t gen = atomic_load_explicit(&generation, memory_order_relaxed) + 1;
  atomic_store_explicit(&job, (gen << 2 * FIELD) | ((uint64_t)n << FIELD), memory_order_release);
  atomic_store(&generation, (uint32_t)gen);
  if (atomic_load(&sleepers)) {
    pthread_mutex_lock(&sleep_lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&sleep_lock);
  }
  run_tasks();
  for (int spins = 0; atomic_load_explicit(&done, memory_order_acquire) < n;) {
    if (++spins < SPIN) relax();
    else sched_yield();
  }
  pthread_mutex_unlock(&call);
}

void lab_set_threads(int n) {
  if (n < 1) n = 1;
  if (n > MAX_THREADS) n = MAX_THREADS;
  pthread_mutex_lock(&call);
  for (; started < n; started++) {
    pthread_t t;
    if (pthread_create(&t, 0, worker, (void *)(long)started)) break;
    pthread_detach(t);
  }
  atomic_store(&threads, n < started ? n : started);
  pthread_mutex_unlock(&call);
}

int lab_threads(void) { return atomic_load(&threads); }

typedef struct {
  float *at[LAB_SLOTS];
  size_t size[LAB_SLOTS];
} scratch;

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static __thread scratch *mine;

static void scratch_free(void *p) {
  scratch *s = p;
  for (int i = 0; i < LAB_SLOTS; i++) free(s->at[i]);
  free(s);
}
static void scratch_init(void) { pthread_key_create(&scratch_key, scratch_free); }

float *lab_scratch(int slot, size_t floats) {
  if (!mine) {
    pthread_once(&scratch_once, scratch_init);
    mine = calloc(1, sizeof *mine);
    if (!mine) abort();
    pthread_setspecific(scratch_key, mine);
  }
  if (mine->size[slot] < floats) {
    free(mine->at[slot]);
    size_t bytes = (floats * sizeof(float) + 4095) & ~(size_t)4095;
    if (!(mine->at[slot] = aligned_alloc(4096, bytes))) abort(); // out of memory: nothing can go on
    mine->size[slot] = bytes / sizeof(float);
  }
  return mine->at[slot];
}
