// The instructions of elementwise programs; program.go lists the same names in
// the same order.
#pragma once
enum {
  CODE_CONST, // imm; only at the head of a program
  CODE_COPY, CODE_NEG, CODE_ABS, CODE_SQUARE, CODE_SQRT, CODE_RSQRT, CODE_RECIP, CODE_EXP, CODE_LOG, CODE_TANH,
  CODE_SIGMOID, CODE_SOFTPLUS, CODE_ERF, CODE_RELU, CODE_SIN, CODE_COS, CODE_FLOOR, CODE_SIGN,
  CODE_GELU, CODE_GELU_TANH,
  CODE_LEAKY, // a > 0 ? a : imm*a
  CODE_ADD, CODE_SUB, CODE_MUL, CODE_DIV, CODE_MAX, CODE_MIN, CODE_POW,
  CODE_LT, CODE_LE, CODE_EQ, // 1 or 0
  CODE_GATE,                 // a > 0 ? b : 0
  CODE_LEAKY_GATE,           // a > 0 ? b : imm*b
  CODE_GELU_GATE, CODE_GELU_TANH_GATE, // b times the slope of GELU at a
  CODE_ADD_SCALED,           // a + imm*b
  CODE_WHERE,                // a != 0 ? b : c
  CODE_COUNT
};
