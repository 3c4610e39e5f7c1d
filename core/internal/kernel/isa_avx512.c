//go:build !purego

// Sixteen lanes: x86-64 with AVX-512 F, VL, DQ and BW.
#ifdef __x86_64__
#include <immintrin.h>
#include "kernel.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")
#endif
#define LANES 16
#define MR 14
#define ISA lab_isa_avx512
#define ISA_NAME "avx512"
#include "lanes.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
