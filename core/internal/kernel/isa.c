//go:build !purego

// Chooses the instruction set at start.
#include "kernel.h"
#include <string.h>

const lab_isa *lab_cpu = &lab_isa_base;

int lab_use_isa(const char *name) {
#ifdef __x86_64__
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#ifdef LAB_HALVES
  avx512 = avx2;
#endif
  const struct { const lab_isa *isa; int have; } all[] = {{&lab_isa_avx512, avx512}, {&lab_isa_avx2, avx2}, {&lab_isa_base, 1}};
#else
  const struct { const lab_isa *isa; int have; } all[] = {{&lab_isa_base, 1}};
#endif
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].have && (!*name || !strcmp(name, all[i].isa->name))) {
      lab_cpu = all[i].isa;
      return 1;
    }
  return 0;
}

const char *lab_isa_name(void) { return lab_cpu->name; }
