// The inner loops of one instruction set, written once in vector extensions.
// The including file defines LANES, MR (rows of a tile), ISA and ISA_NAME, and
// switches the target on. A tile is MR rows by two vectors.
#include "kernel.h"
#include "codes.h"
#include <math.h>
#include <string.h>
#if defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

#define NR (2 * LANES)
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#define UNROLL4 _Pragma("GCC unroll 4")
#endif

typedef float vf __attribute__((vector_size(LANES * 4)));
typedef float vfu __attribute__((vector_size(LANES * 4), aligned(4), may_alias)); // unaligned in memory
typedef int32_t vi __attribute__((vector_size(LANES * 4)));

INLINE vf load(const float *p) { return *(const vfu *)p; }
INLINE void store(float *p, vf v) { *(vfu *)p = v; }
INLINE vf splat(float x) { return x - (vf){0}; }
INLINE vi isplat(int32_t x) { return x - (vi){0}; }
INLINE vf pick(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
INLINE vf vmin(vf a, vf b) { return pick((a < b) | (a != a), a, b); } // NaN in either comes through
INLINE vf vmax(vf a, vf b) { return pick((a > b) | (a != a), a, b); }
INLINE vf vabs(vf a) { return (vf)((vi)a & isplat(0x7fffffff)); }
INLINE vf vsqrt(vf a) {
#if LANES == 16 && !defined(LAB_HALVES)
  return (vf)_mm512_sqrt_ps((__m512)a);
#elif LANES == 8
  return (vf)_mm256_sqrt_ps((__m256)a);
#elif defined(__aarch64__)
  return (vf)vsqrtq_f32((float32x4_t)a);
#elif LANES == 4 && defined(__x86_64__)
  return (vf)_mm_sqrt_ps((__m128)a);
#else
  for (int i = 0; i < LANES; i++) a[i] = sqrtf(a[i]);
  return a;
#endif
}
INLINE float vsum(vf a) {
#if LANES == 16 && !defined(LAB_HALVES)
  return _mm512_reduce_add_ps((__m512)a);
#elif LANES == 8
  __m128 s = _mm_add_ps(_mm256_castps256_ps128((__m256)a), _mm256_extractf128_ps((__m256)a, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
#else
  float s = 0;
  for (int i = 0; i < LANES; i += 4) s += (a[i] + a[i + 2]) + (a[i + 1] + a[i + 3]);
  return s;
#endif
}
// The greatest element, NaN if there is one.
INLINE float vgreatest(vf a) {
#if LANES == 16 && !defined(LAB_HALVES)
  a = vmax(a, (vf)_mm512_shuffle_f32x4((__m512)a, (__m512)a, 0x4e));
  a = vmax(a, (vf)_mm512_shuffle_f32x4((__m512)a, (__m512)a, 0xb1));
  a = vmax(a, (vf)_mm512_permute_ps((__m512)a, 0x4e));
  a = vmax(a, (vf)_mm512_permute_ps((__m512)a, 0xb1));
  return a[0];
#elif LANES == 8
  a = vmax(a, (vf)_mm256_permute2f128_ps((__m256)a, (__m256)a, 1));
  a = vmax(a, (vf)_mm256_permute_ps((__m256)a, 0x4e));
  a = vmax(a, (vf)_mm256_permute_ps((__m256)a, 0xb1));
  return a[0];
#elif defined(__aarch64__)
  return vmaxvq_f32((float32x4_t)a);
#elif LANES == 4 && defined(__x86_64__)
  a = vmax(a, (vf)_mm_shuffle_ps((__m128)a, (__m128)a, 0x4e));
  a = vmax(a, (vf)_mm_shuffle_ps((__m128)a, (__m128)a, 0xb1));
  return a[0];
#else
  float r = a[0];
  for (int j = 1; j < LANES; j++) r = a[j] > r || a[j] != a[j] ? a[j] : r;
  return r;
#endif
}
INLINE vf vfloor(vf a) {
  vf t = __builtin_convertvector(__builtin_convertvector(a, vi), vf); // towards zero; wild beyond 2^31, where a is whole
  vf f = t - pick(t > a, splat(1), splat(0));
  return pick(vabs(a) < splat(8388608.f), f, a); // keeps NaN and the large
}
// Nearest whole number, |a| < 2^22.
INLINE vf nearest(vf a) {
  const vf magic = splat(12582912.f);
  return (a + magic) - magic;
}
INLINE vf pow2(vf whole) { // 2^whole, -126 <= whole <= 127
  return (vf)((__builtin_convertvector(whole, vi) + 127) << 23);
}

// e^r - 1, |r| <= ln 2 / 2: a polynomial (Cephes expf).
INLINE vf expm1_near(vf r) {
  vf p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  return p * (r * r) + r;
}
// x = n ln 2 + r.
INLINE vf reduce(vf x, vf *n) {
  *n = nearest(x * splat(1.44269504088896341f));
  vf r = x - *n * splat(0.693359375f);
  r = r - *n * splat(-2.12194440e-4f);
  *n = pick(*n != *n, splat(0), *n);
  return r;
}

// e^x to about 1 ulp.
INLINE vf vexp(vf x) {
  vf c = pick(x > splat(89.f), splat(89.f), x), n;
  vf p = expm1_near(reduce(pick(c < splat(-104.f), splat(-104.f), c), &n)) + splat(1.f);
  vf half = nearest(n * splat(0.5f)); // in two steps, so that the ends neither overflow nor vanish early
  return p * pow2(half) * pow2(n - half);
}
// The same for x <= 88, and 0 where it is no normal number.
INLINE vf vexp_low(vf x) {
  vf n, p = expm1_near(reduce(pick(x < splat(-88.f), splat(-88.f), x), &n)) + splat(1.f);
  return p * pow2(n); // 2^-127 is 0 here
}

// ln x (Cephes logf): x = m 2^e, sqrt(1/2) <= m < sqrt(2).
INLINE vf vlog(vf x) {
  vi tiny = x < splat(1.17549435e-38f);
  vf s = pick(tiny, x * splat(8388608.f), x);
  vi bits = (vi)s;
  vi e = ((bits >> 23) & 255) - 126;
  vf m = (vf)((bits & isplat(0x007fffff)) | isplat(0x3f000000)); // [1/2, 1)
  vi low = m < splat(0.707106781186547524f);
  e = e + low - (tiny & isplat(23));
  m = pick(low, m + m, m) - splat(1.f);
  vf z = m * m, fe = __builtin_convertvector(e, vf);
  vf p = splat(7.0376836292e-2f);
  p = p * m + splat(-1.1514610310e-1f);
  p = p * m + splat(1.1676998740e-1f);
  p = p * m + splat(-1.2420140846e-1f);
  p = p * m + splat(1.4249322787e-1f);
  p = p * m + splat(-1.6668057665e-1f);
  p = p * m + splat(2.0000714765e-1f);
  p = p * m + splat(-2.4999993993e-1f);
  p = p * m + splat(3.3333331174e-1f);
  vf y = p * m * z + fe * splat(-2.12194440e-4f) - splat(0.5f) * z;
  y = m + y + fe * splat(0.693359375f);
  y = pick(x == splat(INFINITY), x, y);
  y = pick(x == splat(0), splat(-INFINITY), y);
  return pick((x < splat(0)) | (x != x), splat(NAN), y);
}

INLINE vf vsigmoid(vf x) {
  vf c = pick(x < splat(-88.f), splat(-88.f), x);
  return splat(1.f) / (splat(1.f) + vexp_low(-c));
}

// tanh |x| = u/(u + 2) with u = e^2|x| - 1 = (2^n - 1) + 2^n (e^r - 1), exact where it is small.
INLINE vf vtanh(vf x) {
  vf a = vabs(x), n;
  a = pick(a > splat(10.f), splat(10.f), a);
  vf q = expm1_near(reduce(a + a, &n)), s = pow2(n);
  vf u = (s - splat(1.f)) + s * q;
  return (vf)((vi)(u / (u + splat(2.f))) | ((vi)x & isplat(INT32_MIN)));
}

// ln(1 + e^x) = max(x, 0) + log1p(e^-|x|), with log1p(u) = ln(w) - ((w-1)-u)/w for w = 1+u.
INLINE vf vsoftplus(vf x) {
  vf u = vexp_low(-vabs(x)), w = u + splat(1.f);
  vf l = vlog(w) - ((w - splat(1.f)) - u) / w;
  return pick(x != x, x, pick(x > splat(0), x, splat(0)) + l);
}

// erf: the rational approximation x P(x²)/Q(x²) of Eigen's perf_erf, |x| <= 3.75.
INLINE vf verf(vf x) {
  vf c = pick(x > splat(3.7439211627767994f), splat(3.7439211627767994f), x);
  c = pick(c < splat(-3.7439211627767994f), splat(-3.7439211627767994f), c);
  vf z = c * c;
  vf p = splat(0.00022905065861350646f);
  p = p * z + splat(0.0034082910107109506f);
  p = p * z + splat(0.050955695062380861f);
  p = p * z + splat(0.18520832239976145f);
  p = p * z + splat(1.128379143519084f);
  vf q = splat(-1.1791602954361697e-7f);
  q = q * z + splat(0.000023547966471313185f);
  q = q * z + splat(0.0010179625278914885f);
  q = q * z + splat(0.014070470171167667f);
  q = q * z + splat(0.11098505178285362f);
  q = q * z + splat(0.49746925110067538f);
  q = q * z + splat(1.f);
  return c * p / q;
}

// GELU x Φ(x), Φ(x) = (1 + erf(x/√2))/2, and its slope Φ(x) + x φ(x), φ(x) = e^(-x²/2)/√(2π).
INLINE vf vnormal(vf x) {
  return pick(x < splat(-5.29f), splat(0), splat(0.5f) + splat(0.5f) * verf(x * splat(0.70710678118654752f))); // verf stops short of -1
}
INLINE vf vgelu_slope(vf x) { return vnormal(x) + x * vexp_low(x * x * splat(-0.5f)) * splat(0.39894228040143268f); }
// Its approximation by tanh: x s(2u), s the sigmoid, u = √(2/π)(x + 0.044715x³).
INLINE vf vgelu_tanh_gate(vf x) { return vsigmoid(x * (splat(1.5957691216057308f) + x * x * splat(0.071354816272f))); }
INLINE vf vgelu_tanh_slope(vf x) {
  vf t = pick(x > splat(9.f), splat(9.f), pick(x < splat(-9.f), splat(-9.f), x)), z = t * t; // constant beyond
  vf e = vexp_low(-t * (splat(1.5957691216057308f) + z * splat(0.071354816272f))), s = splat(1.f) / (splat(1.f) + e);
  return s + t * (e * s * s) * (splat(1.5957691216057308f) + z * splat(0.214064448816f));
}

// ---- elementwise programs

#define EACH(expr)                                          \
  UNROLL4 for (long i = 0; i < m; i += LANES) {             \
    vf x = load(a + i);                                     \
    (void)x;                                                \
    store(d + i, expr);                                     \
  }                                                         \
  break
#define EACH2(expr)                                         \
  UNROLL4 for (long i = 0; i < m; i += LANES) {             \
    vf x = load(a + i), y = load(b + i);                    \
    store(d + i, expr);                                     \
  }                                                         \
  break
#define LANEWISE(expr)                                      \
  for (long i = 0; i < m; i++) d[i] = (float)(expr);        \
  break
#define ONE splat(1.f)
#define ZERO splat(0.f)

static void block(const lab_program *p, long n, const float **in, float *temp, float *out) {
  const long m = (n + LANES - 1) / LANES * LANES;
  float *staged = temp + LAB_MAX_TEMPS * LAB_BLOCK; // whole vectors of inputs that end within one
  if (m != n)
    for (int i = 0; i < p->inputs; i++) {
      memcpy(staged + i * LAB_BLOCK, in[i], (size_t)n * 4);
      for (long j = n; j < m; j++) staged[i * LAB_BLOCK + j] = 1.f; // no slow denormals, no division by zero
      in[i] = staged + i * LAB_BLOCK;
    }
  for (int k = 0; k < p->len; k++) {
    const lab_instr *s = p->code + k;
    if (s->code == CODE_CONST) continue; // filled once by the caller
    const float *a = in[s->a], *b = in[s->b], *c = in[s->c];
    const vf imm = splat(s->imm);
    float *d = temp + (s->dst - p->inputs) * LAB_BLOCK;
    if (k == p->len - 1 && m == n) d = out;
    switch (s->code) {
    case CODE_COPY: EACH(x);
    case CODE_NEG: EACH(-x);
    case CODE_ABS: EACH(vabs(x));
    case CODE_SQUARE: EACH(x *x);
    case CODE_SQRT: EACH(vsqrt(x));
    case CODE_RSQRT: EACH(ONE / vsqrt(x));
    case CODE_RECIP: EACH(ONE / x);
    case CODE_EXP: EACH(vexp(x));
    case CODE_LOG: EACH(vlog(x));
    case CODE_TANH: EACH(vtanh(x));
    case CODE_SIGMOID: EACH(vsigmoid(x));
    case CODE_SOFTPLUS: EACH(vsoftplus(x));
    case CODE_ERF: EACH(verf(x));
    case CODE_RELU: EACH(pick(x < ZERO, ZERO, x));
    case CODE_SIN: LANEWISE(sinf(a[i]));
    case CODE_COS: LANEWISE(cosf(a[i]));
    case CODE_FLOOR: EACH(vfloor(x));
    case CODE_SIGN: EACH(pick(x > ZERO, ONE, pick(x < ZERO, -ONE, x)));
    case CODE_GELU: EACH(x *vnormal(x));
    case CODE_GELU_TANH: EACH(x *vgelu_tanh_gate(x));
    case CODE_LEAKY: EACH(pick(x > ZERO, x, x *imm));
    case CODE_ADD: EACH2(x + y);
    case CODE_SUB: EACH2(x - y);
    case CODE_MUL: EACH2(x *y);
    case CODE_DIV: EACH2(x / y);
    case CODE_MAX: EACH2(vmax(x, y));
    case CODE_MIN: EACH2(vmin(x, y));
    case CODE_POW: LANEWISE(powf(a[i], b[i]));
    case CODE_LT: EACH2(pick(x < y, ONE, ZERO));
    case CODE_LE: EACH2(pick(x <= y, ONE, ZERO));
    case CODE_EQ: EACH2(pick(x == y, ONE, ZERO));
    case CODE_GATE: EACH2(pick(x > ZERO, y, ZERO));
    case CODE_LEAKY_GATE: EACH2(pick(x > ZERO, y, y *imm));
    case CODE_GELU_GATE: EACH2(y *vgelu_slope(x));
    case CODE_GELU_TANH_GATE: EACH2(y *vgelu_tanh_slope(x));
    case CODE_ADD_SCALED: EACH2(x + y * imm);
    case CODE_WHERE: EACH2(pick(x != ZERO, y, load(c + i)));
    }
    in[s->dst] = d;
  }
  const float *last = in[p->code[p->len - 1].dst];
  if (last != out) memcpy(out, last, (size_t)n * 4);
}

// ---- reductions, always in the same order

static float sum(long n, const float *x) {
  vf s[4] = {{0}, {0}, {0}, {0}};
  long i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) UNROLL for (int j = 0; j < 4; j++) s[j] += load(x + i + j * LANES);
  for (; i + LANES <= n; i += LANES) s[0] += load(x + i);
  float r = vsum((s[0] + s[1]) + (s[2] + s[3]));
  for (; i < n; i++) r += x[i];
  return r;
}
static float max_of(long n, const float *x) {
  float r = -INFINITY;
  long i = 0;
  if (n >= LANES) {
    vf m = load(x);
    for (i = LANES; i + LANES <= n; i += LANES) m = vmax(load(x + i), m);
    r = vgreatest(m);
  }
  for (; i < n; i++) r = x[i] > r || x[i] != x[i] ? x[i] : r;
  return r;
}
static void add_to(long n, float *acc, const float *x) {
  long i = 0;
  UNROLL4 for (; i + LANES <= n; i += LANES) store(acc + i, load(acc + i) + load(x + i));
  for (; i < n; i++) acc[i] += x[i];
}
static void max_to(long n, float *acc, const float *x) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(acc + i, vmax(load(x + i), load(acc + i)));
  for (; i < n; i++) acc[i] = x[i] > acc[i] || x[i] != x[i] ? x[i] : acc[i];
}
static float dot(long n, const float *x, const float *y) {
  vf s[4] = {{0}, {0}, {0}, {0}};
  long i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) UNROLL for (int j = 0; j < 4; j++) s[j] += load(x + i + j * LANES) * load(y + i + j * LANES);
  for (; i + LANES <= n; i += LANES) s[0] += load(x + i) * load(y + i);
  float r = vsum((s[0] + s[1]) + (s[2] + s[3]));
  for (; i < n; i++) r += x[i] * y[i];
  return r;
}

// Adam (Kingma & Ba 2015, algorithm 1; AdamW: Loshchilov & Hutter 2019).
// c = {beta1, 1-beta1, beta2, 1-beta2, lr/(1-beta1^t), 1/sqrt(1-beta2^t), eps, L2, 1-lr*decay}.
INLINE void adam_step(float *p, float *m, float *v, const float *g, const float *c) {
  vf w = load(p), d = load(g) + splat(c[7]) * w;
  vf mi = splat(c[0]) * load(m) + splat(c[1]) * d;
  vf vi_ = splat(c[2]) * load(v) + splat(c[3]) * (d * d);
  store(m, mi);
  store(v, vi_);
  store(p, w * splat(c[8]) - splat(c[4]) * mi / (vsqrt(vi_) * splat(c[5]) + splat(c[6])));
}
static void adam(long n, float *p, float *m, float *v, const float *g, const float *c) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) adam_step(p + i, m + i, v + i, g + i, c);
  if (i < n) {
    float t[4][LANES];
    memset(t, 0, sizeof t);
    size_t rest = (size_t)(n - i) * 4;
    memcpy(t[0], p + i, rest), memcpy(t[1], m + i, rest), memcpy(t[2], v + i, rest), memcpy(t[3], g + i, rest);
    adam_step(t[0], t[1], t[2], t[3], c);
    memcpy(p + i, t[0], rest), memcpy(m + i, t[1], rest), memcpy(v + i, t[2], rest);
  }
}

#include "tiles.h"
#include "rows.h"
#include "windows.h"

const lab_isa ISA = {ISA_NAME, LANES, MR, NR, tiles, turn, pack, pack_tiles, vecmat, dots, depthwise, depthwise_weight, block, sum, max_of, add_to, max_to, dot, adam, softmax_row,
                     softmax_grad_row, attend_rows, attend_grad_rows, norm_rows, norm_dx_rows, norm_dwb_rows, xent_row, xent_grad_row, lstm_row, lstm_grad_row, max_window};
