//go:build !purego

// Eight lanes: x86-64 with AVX2 and FMA.
#ifdef __x86_64__
#include <immintrin.h>
#include "kernel.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define LANES 8
#define MR 6
#define ISA lab_isa_avx2
#define ISA_NAME "avx2"
#include "lanes.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
