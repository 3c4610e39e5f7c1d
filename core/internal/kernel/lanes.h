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
#else
#define UNROLL _Pragma("GCC unroll 16")
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
#if LANES == 16
  return (vf)_mm512_sqrt_ps((__m512)a);
#elif LANES == 8
  return (vf)_mm256_sqrt_ps((__m256)a);
#elif defined(__aarch64__)
  return (vf)vsqrtq_f32((float32x4_t)a);
#elif defined(__x86_64__)
  return (vf)_mm_sqrt_ps((__m128)a);
#else
  for (int i = 0; i < LANES; i++) a[i] = sqrtf(a[i]);
  return a;
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

// e^x to about 1 ulp: x = n ln 2 + r, |r| <= ln 2 / 2, and a polynomial in r (Cephes expf).
INLINE vf vexp(vf x) {
  vf c = pick(x > splat(89.f), splat(89.f), x);
  c = pick(c < splat(-104.f), splat(-104.f), c);
  vf n = nearest(c * splat(1.44269504088896341f));
  vf r = c - n * splat(0.693359375f);
  r = r - n * splat(-2.12194440e-4f);
  vf p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * (r * r) + r + splat(1.f);
  n = pick(n != n, splat(0), n);
  vf half = nearest(n * splat(0.5f)); // in two steps, so that the ends neither overflow nor vanish early
  p = p * pow2(half) * pow2(n - half);
  return pick(x != x, x, p);
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

INLINE vf vsigmoid(vf x) { return splat(1.f) / (splat(1.f) + vexp(-x)); }

// tanh: a polynomial near 0 (Cephes tanhf), 1 - 2/(e^2x + 1) elsewhere.
INLINE vf vtanh(vf x) {
  vf a = vabs(x), z = x * x;
  vf p = splat(-5.70498872745e-3f);
  p = p * z + splat(2.06390887954e-2f);
  p = p * z + splat(-5.37397155531e-2f);
  p = p * z + splat(1.33314422036e-1f);
  p = p * z + splat(-3.33332819422e-1f);
  vf near = p * z * x + x;
  vf far = splat(1.f) - splat(2.f) / (vexp(a + a) + splat(1.f));
  far = (vf)((vi)far | ((vi)x & isplat(INT32_MIN)));
  return pick(a < splat(0.625f), near, pick(x != x, x, far));
}

// ln(1 + e^x) = max(x, 0) + log1p(e^-|x|), with log1p(u) = ln(w) - ((w-1)-u)/w for w = 1+u.
INLINE vf vsoftplus(vf x) {
  vf u = vexp(-vabs(x)), w = u + splat(1.f);
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

// ---- elementwise programs

#define EACH(expr)                                          \
  for (long i = 0; i < m; i += LANES) {                     \
    vf x = load(a + i);                                     \
    (void)x;                                                \
    store(d + i, expr);                                     \
  }                                                         \
  break
#define EACH2(expr)                                         \
  for (long i = 0; i < m; i += LANES) {                     \
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
  vf v = (s[0] + s[1]) + (s[2] + s[3]);
  float r = 0;
  for (int j = 0; j < LANES; j++) r += v[j];
  for (; i < n; i++) r += x[i];
  return r;
}
static float max_of(long n, const float *x) {
  float r = -INFINITY;
  long i = 0;
  if (n >= LANES) {
    vf m = load(x);
    for (i = LANES; i + LANES <= n; i += LANES) m = vmax(load(x + i), m);
    for (int j = 0; j < LANES; j++) r = m[j] > r || m[j] != m[j] ? m[j] : r;
  }
  for (; i < n; i++) r = x[i] > r || x[i] != x[i] ? x[i] : r;
  return r;
}
static void add_to(long n, float *acc, const float *x) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(acc + i, load(acc + i) + load(x + i));
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
  vf v = (s[0] + s[1]) + (s[2] + s[3]);
  float r = 0;
  for (int j = 0; j < LANES; j++) r += v[j];
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

// ---- tiles of a matrix product

INLINE void tile(const int mr, const int column, long k, const float *a, long as, const float *b, long bs, float *c, long cs, int accumulate) {
  vf acc[MR][2];
  if (accumulate) {
    UNROLL for (int i = 0; i < mr; i++) acc[i][0] = load(c + i * cs), acc[i][1] = load(c + i * cs + LANES);
  } else {
    UNROLL for (int i = 0; i < mr; i++) acc[i][0] = acc[i][1] = (vf){0};
  }
  for (long p = 0; p < k; p++) {
    vf b0 = load(b), b1 = load(b + LANES);
    UNROLL for (int i = 0; i < mr; i++) {
      float x = column ? a[i] : a[i * as];
      acc[i][0] += x * b0;
      acc[i][1] += x * b1;
    }
    a += column ? as : 1;
    b += bs;
  }
  UNROLL for (int i = 0; i < mr; i++) store(c + i * cs, acc[i][0]), store(c + i * cs + LANES, acc[i][1]);
}
#define TILE(mr)                                                                                                      \
  static void row##mr(long k, const float *a, long as, const float *b, long bs, float *c, long cs, int accumulate) {  \
    tile(mr, 0, k, a, as, b, bs, c, cs, accumulate);                                                                  \
  }                                                                                                                   \
  static void col##mr(long k, const float *a, long as, const float *b, long bs, float *c, long cs, int accumulate) {  \
    tile(mr, 1, k, a, as, b, bs, c, cs, accumulate);                                                                  \
  }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if MR > 6
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
static const lab_tile rows[] = {0, row1, row2, row3, row4, row5, row6, row7, row8, row9, row10, row11, row12, row13, row14};
static const lab_tile cols[] = {0, col1, col2, col3, col4, col5, col6, col7, col8, col9, col10, col11, col12, col13, col14};
#else
static const lab_tile rows[] = {0, row1, row2, row3, row4, row5, row6};
static const lab_tile cols[] = {0, col1, col2, col3, col4, col5, col6};
#endif

#include "rows.h"

// ---- windows of a maximum pooling

// at[t] is the offset of the window's t-th pixel; the first of equal maxima wins, a
// NaN beats all. LAB_POOL: out[c] = max of x. LAB_UNPOOL: to[at[winner]+c] += in[c].
// LAB_POOL_TAKE: out[c] = from[at[winner]+c].
static void max_window(int kind, long taps, const long *at, long c, const float *x, const float *in, float *out) {
  long i = 0;
  for (; i + LANES <= c; i += LANES) {
    vf best = load(x + at[0] + i);
    vi winner = {0};
    for (long t = 1; t < taps; t++) {
      vf v = load(x + at[t] + i);
      vi wins = (v > best) | ((v != v) & (best == best));
      best = pick(wins, v, best);
      winner = (wins & isplat((int32_t)t)) | (~wins & winner);
    }
    if (kind == LAB_POOL) store(out + i, best);
    else if (kind == LAB_UNPOOL) {
      vf dy = load(in + i);
      for (long t = 0; t < taps; t++) store(out + at[t] + i, load(out + at[t] + i) + pick(winner == (int32_t)t, dy, (vf){0}));
    } else {
      vf y = {0};
      for (long t = 0; t < taps; t++) y = pick(winner == (int32_t)t, load(in + at[t] + i), y);
      store(out + i, y);
    }
  }
  for (; i < c; i++) {
    long winner = 0;
    for (long t = 1; t < taps; t++) {
      float v = x[at[t] + i], best = x[at[winner] + i];
      if (v > best || (v != v && best == best)) winner = t;
    }
    if (kind == LAB_POOL) out[i] = x[at[winner] + i];
    else if (kind == LAB_UNPOOL) out[at[winner] + i] += in[i];
    else out[i] = in[at[winner] + i];
  }
}

const lab_isa ISA = {ISA_NAME, LANES, MR, NR, rows, cols, block, sum, max_of, add_to, max_to, dot, adam, softmax_row,
                     softmax_grad_row, norm_row, norm_dx_row, norm_dwb_row, xent_row, xent_grad_row, lstm_row, lstm_grad_row, max_window};
