//go:build !purego

// What every CPU has: four lanes (SSE2, NEON).
#define LANES 4
#define MR 6
#define ISA lab_isa_base
#ifdef __aarch64__
#define ISA_NAME "neon"
#else
#define ISA_NAME "sse2"
#endif
#include "lanes.h"
