//go:build cgo

// Denormal numbers are slow on some CPUs, and a net trained on one batch for long
// makes them. Both sides take them for zero: PyTorch by set_flush_denormal, this
// process here, before the Go runtime starts its threads, which inherit the setting.
#ifdef __x86_64__
#include <xmmintrin.h>
__attribute__((constructor)) static void flush(void) { _mm_setcsr(_mm_getcsr() | 0x8040); } // FTZ, DAZ
#elif defined(__aarch64__)
__attribute__((constructor)) static void flush(void) {
  unsigned long fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  __asm__ volatile("msr fpcr, %0" : : "r"(fpcr | 1ul << 24)); // FZ
}
#endif

// Half of x, computed when it is asked for.
float bench_half(float x) {
  volatile float v = x;
  return v / 2;
}
