//go:build !purego

// Sixteen lanes: x86-64 with AVX-512 F, VL, DQ and BW. With LAB_HALVES the same loops are built
// for AVX2, which takes a vector in two halves: make halves tests them on CPUs without AVX-512.
#ifdef __x86_64__
#include <immintrin.h>
#include "kernel.h"
#ifdef LAB_HALVES
#pragma GCC target("avx2,fma")
#elif defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")
#endif
#define LANES 16
#define MR 14
#define ISA lab_isa_avx512
#define ISA_NAME "avx512"
#include "lanes.h"
#if defined(__clang__) && !defined(LAB_HALVES)
#pragma clang attribute pop
#endif
#endif
