//go:build cgo && !purego

// Twelve chains of multiply-adds on registers: nothing is loaded or stored.

typedef float vector16 __attribute__((vector_size(64)));
typedef float vector8 __attribute__((vector_size(32)));
typedef float vector4 __attribute__((vector_size(16)));

// The value is kept, so the loop has to run; x*b + a is one instruction where there is one.
#define LOOP(name, lanes)                                                                       \
  void name(long rounds) {                                                                      \
    vector##lanes a = {0}, b, c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a,   \
                  c8 = a, c9 = a, c10 = a, c11 = a;                                             \
    for (int i = 0; i < lanes; i++) a[i] = 1.f + i, b[i] = .5f;                                 \
    for (long r = 0; r < rounds; r++) {                                                         \
      c0 = c0 * b + a, c1 = c1 * b + a, c2 = c2 * b + a, c3 = c3 * b + a, c4 = c4 * b + a;      \
      c5 = c5 * b + a, c6 = c6 * b + a, c7 = c7 * b + a, c8 = c8 * b + a, c9 = c9 * b + a;      \
      c10 = c10 * b + a, c11 = c11 * b + a;                                                     \
      /* twelve equal chains must not become one */                                             \
      KEEP(c0) KEEP(c1) KEEP(c2) KEEP(c3) KEEP(c4) KEEP(c5)                                     \
      KEEP(c6) KEEP(c7) KEEP(c8) KEEP(c9) KEEP(c10) KEEP(c11)                                   \
    }                                                                                           \
    vector##lanes s = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;              \
    static volatile float kept;                                                                 \
    kept = s[0];                                                                                \
  }

#ifdef __x86_64__
#define KEEP(c) __asm__("" : "+x"(c));
__attribute__((target("avx512f,fma"))) LOOP(peak_fma16, 16)
__attribute__((target("avx2,fma"))) LOOP(peak_fma8, 8)
#elif defined(__aarch64__)
#define KEEP(c) __asm__("" : "+w"(c));
#else
#define KEEP(c)
#endif
LOOP(peak_fma4, 4)
#ifndef __x86_64__
void peak_fma16(long rounds) { peak_fma4(rounds); }
void peak_fma8(long rounds) { peak_fma4(rounds); }
#endif
