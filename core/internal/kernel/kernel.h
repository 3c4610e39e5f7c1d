// Shared by the kernels: the pool, the table of one instruction set's inner
// loops, and the entry points that Go calls. All arrays are float32, row-major,
// images NHWC, convolution weights HWIO.
#pragma once
#include <stddef.h>
#include <stdint.h>

// ---- pool.c: tasks of one call, claimed one by one, run on every thread.

typedef void (*lab_task)(void *arg, long task);

// Runs fn(arg, 0..n-1), each once, in any order and on any thread, and returns
// when all are done. Tasks must write disjoint memory.
void lab_parallel(lab_task fn, void *arg, long n);
void lab_set_threads(int n);
int lab_threads(void);

// Kernels take denormal numbers for zero and give zero for them: they are as good as zero
// and a hundred times as slow. Every entry point begins with LAB_FLUSH, which sets the
// thread's mode and puts the old one back at its end; the pool's threads stay in it.
typedef struct { uint64_t mode; } lab_mode;
static inline lab_mode lab_flush(void) {
#if defined(__x86_64__)
  lab_mode old = {__builtin_ia32_stmxcsr()};
  __builtin_ia32_ldmxcsr((unsigned)old.mode | 0x8040); // FTZ, DAZ
#elif defined(__aarch64__)
  lab_mode old;
  __asm__ volatile("mrs %0, fpcr" : "=r"(old.mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(old.mode | 1u << 24)); // FZ
#else
  lab_mode old = {0};
#endif
  return old;
}
static inline void lab_restore(lab_mode *old) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((unsigned)old->mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(old->mode));
#else
  (void)old;
#endif
}
#define LAB_FLUSH lab_mode lab_mode_before __attribute__((cleanup(lab_restore))) = lab_flush(); (void)lab_mode_before

// Memory of the calling thread, 64-byte aligned, valid until the same slot is
// asked for again on this thread. A call's own tasks use other slots than the call.
enum { LAB_SHARED, LAB_PARTIAL, LAB_PACK_A, LAB_PACK_B, LAB_TILE, LAB_SLOTS };
float *lab_scratch(int slot, size_t floats);

// ---- elementwise.c, reduce.c: small programs over blocks of elements.

enum { LAB_MAX_INPUTS = 8, LAB_MAX_TEMPS = 12, LAB_MAX_DIMS = 5, LAB_BLOCK = 512 };

// One instruction: operand dst = code(a, b, c, imm). Operands below the number of
// inputs are the inputs; the rest are temporaries.
typedef struct {
  uint8_t code, dst, a, b, c;
  uint8_t unused[3];
  float imm;
} lab_instr;

// A program over an iteration space of dims, outermost first; stride[i] are the
// strides of input i in elements, 0 where it is broadcast. The innermost stride is 0 or 1.
typedef struct {
  int inputs, len;
  const lab_instr *code;
  long dim[LAB_MAX_DIMS];
  long stride[LAB_MAX_INPUTS][LAB_MAX_DIMS];
} lab_program;

// ---- one instruction set's inner loops.

// C[mr][n] (+)= sum over runs r and k of A B, n one or two vectors, where A(i,k) is
// a[at[r] + i*as + k] in a row tile and a[at[r] + i + k*as] in a column tile. B's rows are
// bs apart and go on from run to run; C's are cs apart.
typedef void (*lab_tile)(long runs, const long *at, long k, const float *a, long as, const float *b, long bs, float *c, long cs,
                         int accumulate);

enum { LAB_MAX_MR = 14, LAB_MAX_NR = 32, LAB_ATTEND = 64 };

typedef struct {
  const char *name;
  int lanes, mr, nr;
  const lab_tile (*tile)[2][LAB_MAX_MR + 1]; // [column][vectors - 1][rows], rows 1..mr
  // y[j][i] = x[i][j], x of m rows and n columns.
  void (*turn)(long m, long n, const float *x, long ldx, float *y, long ldy);
  // Packs B[k][n] in panels of nr columns, ps apart, each [k][nr] and filled up with
  // zeros; B(p,j) is b[p*ld + j], or b[j*ld + p] when turned.
  void (*pack)(int turned, long k, long n, const float *b, long ld, float *dst, long ps);
  // Packs the m columns of A[k][m] in tiles of rows of a product, m / (number of tiles)
  // each and one more in the first m % (number of tiles), each [k][its rows].
  void (*pack_tiles)(long k, long m, const float *a, long ld, float *dst);
  // y[j] (+)= sum over p of x[p] b[p*ld + j].
  void (*vecmat)(long k, long n, const float *x, const float *b, long ld, float *y, int accumulate);
  // Convolution of a line of count pixels, as apart, n channels each: run r of a pixel's
  // window is len values from a[at[r]] on. dots: c[i*cs + o] = sum of the window times row o
  // of w[n][runs*len]. depthwise: c[i*cs + o] = sum over taps of channel o of the pixel there
  // times w[tap][n]; depthwise_weight: its gradient in w, added to dw.
  void (*dots)(long runs, const long *at, long len, const float *a, long as, long count, const float *w, long n, float *c, long cs);
  void (*depthwise)(long taps, const long *at, const float *a, long as, long count, const float *w, long n, float *c, long cs);
  void (*depthwise_weight)(long taps, const long *at, const float *a, long as, long count, const float *dy, long ds, long n, float *dw);
  // n values of the program at operand pointers in[], n <= LAB_BLOCK; temp is
  // LAB_MAX_TEMPS blocks; arrays shorter than a whole number of vectors are
  // never written past n. in[] of temporaries is filled by the callee.
  void (*block)(const lab_program *p, long n, const float **in, float *temp, float *out);
  float (*sum)(long n, const float *x);
  float (*max)(long n, const float *x);
  void (*add_to)(long n, float *acc, const float *x);
  void (*max_to)(long n, float *acc, const float *x);
  float (*dot)(long n, const float *x, const float *y);
  void (*adam)(long n, float *p, float *m, float *v, const float *g, const float *c);
  void (*softmax_row)(int log, long n, const float *x, float *y);
  void (*softmax_grad_row)(int log, long n, const float *y, const float *dy, float *dx);
  void (*attend_rows)(long m, long n, float scale, float *x, long ld); // m <= LAB_ATTEND
  void (*attend_grad_rows)(long m, long n, float scale, const float *y, float *dy, long ld);
  void (*norm_rows)(int rms, long rows, long n, float eps, const float *x, const float *w, const float *b, float *y);
  void (*norm_dx_rows)(int rms, long rows, long n, float eps, const float *x, const float *w, const float *dy, float *dx);
  void (*norm_dwb_rows)(int rms, long rows, long n, float eps, const float *x, const float *dy, float *dw, float *db);
  float (*xent_row)(long n, float s, const float *x, long label, float *scratch);
  void (*xent_grad_row)(long n, float s, const float *x, long label, float dy, float *dx);
  void (*lstm_row)(long n, float *gates, const float *xg, const float *c, float *h, float *c1);
  void (*lstm_grad_row)(int all, long n, const float *gates, const float *c, const float *c1, const float *next, const float *dout,
                        float *dc, float *dgates);
  void (*max_window)(int kind, long taps, const long *at, long c, const float *x, const float *in, float *out);
} lab_isa;

extern const lab_isa lab_isa_base;
#ifdef __x86_64__
extern const lab_isa lab_isa_avx2, lab_isa_avx512;
#endif
extern const lab_isa *lab_cpu;      // the one in use
int lab_use_isa(const char *name);  // "" for the best this CPU has; 0 if it has not
const char *lab_isa_name(void);

// Rows of cols elements of a program; input i starts at in[i], its rows are rs[i] apart
// and its step within a row is cs[i], 0 or 1. out is dense and may be a dense input.
void lab_rows(const lab_program *p, long rows, long cols, const float *const *in, const long *rs, const long *cs, float *out);

// What is done to a product's result while it is still in cache: a program over [rows,
// cols] whose input 0 is the result itself; the other inputs' strides over the two are
// stride[i][3] and stride[i][4].
typedef struct {
  const lab_program *p;
  const float *in[LAB_MAX_INPUTS]; // from 1 on
} lab_epilogue;
// Applies it to rows of c from the given one on; c is dense.
void lab_finish(const lab_epilogue *e, long row, long rows, long cols, float *c);

// ---- entry points

void lab_gemm(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb,
              float *c, long ldc, int accumulate);
// The same within a call, with an epilogue if then is set; c is then dense.
void lab_product(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c, long ldc,
                 int accumulate, const lab_epilogue *then);
// batch products of matrices that lie one after another.
void lab_gemm_batch(int ta, int tb, long batch, long m, long n, long k, const float *a, const float *b, float *c);
void lab_gemm_then(int ta, int tb, long m, long n, long k, const float *a, long lda, const float *b, long ldb, float *c,
                   const lab_program *p, const lab_instr *code, const float *i1, const float *i2, const float *i3,
                   const float *i4, const float *i5, const float *i6, const float *i7);

// The left side of a product with packed panels: row or column tiles as in lab_tile, or
// the whole of it packed, every tile [k][its rows].
enum { LAB_ROWS, LAB_COLUMNS, LAB_PACKED };
typedef struct {
  int kind;
  long runs;
  const long *at;
  long k;
  const float *a;
  long stride;
} lab_left;
// C[m][n] (+)= A B; B's panel of columns j.. starts at b + j/nr*ps, its rows are bs apart.
void lab_multiply(const lab_left *l, long m, long n, const float *b, long bs, long ps, float *c, long cs, int accumulate);

typedef struct {
  long n, h, w, c;                           // input  [n,h,w,c]
  long oh, ow, k;                            // output [n,oh,ow,k]; weights [kh,kw,c/groups,k]
  long kh, kw, sh, sw, ph, pw, dh, dw, groups; // kernel, stride, padding (top, left), dilation
} lab_conv;

void lab_conv_forward(const lab_conv *g, const float *x, const float *w, float *y);
void lab_conv_input(const lab_conv *g, const float *dy, const float *w, float *dx);
// With an epilogue.
void lab_conv_then(int input, const lab_conv *g, const float *x, const float *w, float *y, const lab_program *p, const lab_instr *code,
                   const float *i1, const float *i2, const float *i3, const float *i4, const float *i5, const float *i6, const float *i7);
void lab_conv_weight(const lab_conv *g, const float *x, const float *dy, float *dw);

// Maximum pooling over windows of kh x kw (weights and k of the geometry unused), and
// what its gradients need; see windows in windows.h.
enum { LAB_POOL, LAB_UNPOOL, LAB_POOL_TAKE, LAB_UNPOOL_ONCE };
void lab_max_pool(int kind, const lab_conv *g, const float *x, const float *in, float *out);

// Average pooling, or its adjoint; whole: the padding counts as zeros.
void lab_mean_pool(int back, int whole, const lab_conv *g, const float *in, float *out);

// out[i] in [0,1): random numbers of a stream at a step, the same however they are
// computed (Philox 4x32-10, Salmon et al. 2011).
void lab_uniform(uint64_t seed, float step, long n, float *out);

void lab_elementwise(const lab_program *p, const lab_instr *code, float *out, const float *i0, const float *i1,
                     const float *i2, const float *i3, const float *i4, const float *i5, const float *i6, const float *i7);
// Steps arrays of n values in place: array i takes operand next[i] of the program, whose
// inputs the arrays are. The last instruction's value is one that is taken.
void lab_update(const lab_program *p, const lab_instr *code, const uint8_t *next, long n, float *a0, float *a1, float *a2,
                float *a3, float *a4, float *a5, float *a6, float *a7);
enum { LAB_SUM, LAB_MAX };
// out[a][b] = sum or max over r of program[a][r][b]; the program's dims are {1,1,a,r,b}.
void lab_reduce(int kind, const lab_program *p, const lab_instr *code, float *out, const float *i0, const float *i1,
                const float *i2, const float *i3, const float *i4, const float *i5, const float *i6, const float *i7);
// out[..] = in[..] over dims with the given strides of both, in elements.
void lab_copy(const long *dim, const long *so, const long *si, float *out, const float *in);
// Attention of t queries over s keys and values, h heads of d: rows of q are qstep
// apart, those of k and v kvstep; out and dout are [b,t,h,d]. Query i stands at key
// i+offset: causal hides later keys, window those that are window or more away (0: none).
typedef struct {
  long b, h, t, s, d, qstep, kvstep, dqstep, dkvstep, causal, window, offset;
  float scale;
} lab_attention;
// mask [b,s], or null: 0 hides a key.
void lab_attention_forward(const lab_attention *g, const float *q, const float *k, const float *v, const float *mask, float *out);
// dq, or dk and dv, may be null.
void lab_attention_backward(const lab_attention *g, const float *q, const float *k, const float *v, const float *mask, const float *dout,
                            float *dq, float *dk, float *dv);

// See the twins.
void lab_lstm_forward(long t, long b, long h, const float *xg, const float *wh, const float *h0, const float *c0, float *out);
void lab_lstm_backward(long t, long b, long h, const float *wh, const float *c0, const float *out, int all, const float *dout, float *dx,
                       float *dh0, float *dc0);

// rows.c, see the twins; labels and indices are whole numbers.
void lab_softmax(int log, long rows, long n, const float *x, float *y);
void lab_softmax_grad(int log, long rows, long n, const float *y, const float *dy, float *dx);
void lab_norm(int rms, long rows, long n, float eps, const float *x, const float *w, const float *b, float *y);
void lab_norm_dx(int rms, long rows, long n, float eps, const float *x, const float *w, const float *dy, float *dx);
void lab_norm_dwb(int rms, long rows, long n, float eps, const float *x, const float *dy, float *out);
void lab_cross_entropy(long rows, long n, float smoothing, const float *x, const float *labels, float *loss);
void lab_cross_entropy_grad(long rows, long n, float smoothing, const float *x, const float *labels, const float *dy, float *dx);
void lab_gather(long v, long rows, long n, const float *x, const float *index, float *y);
void lab_scatter_add(long v, long rows, long n, const float *index, const float *dy, float *dx);
void lab_adam(long n, float *p, float *m, float *v, const float *g, const float *c); // c: see adam_step in lanes.h
