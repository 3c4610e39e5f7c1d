// The tiles of a matrix product, and how A and B are laid out for them. Part of lanes.h.

// See lab_tile. nv: vectors a row; the sum of a run goes on where the one before ended.
INLINE void tile(const int mr, const int nv, const int column, long runs, const long *at, long k, const float *a, long as,
                 const float *b, long bs, float *c, long cs, int accumulate) {
  vf acc[MR][2];
  UNROLL for (int i = 0; i < mr; i++) {
    UNROLL for (int v = 0; v < nv; v++) acc[i][v] = ZERO;
    __builtin_prefetch(c + i * cs, 1), __builtin_prefetch(c + i * cs + NR - 1, 1); // stores to lines far away wait for them, too
  }
  for (long r = 0; r < runs; r++) {
    const float *x = a + at[r];
    for (long p = 0; p < k; p++) {
      vf bv[2];
      UNROLL for (int v = 0; v < nv; v++) bv[v] = load(b + v * LANES);
      UNROLL for (int i = 0; i < mr; i++) {
        float xi = column ? x[i] : x[i * as];
        UNROLL for (int v = 0; v < nv; v++) acc[i][v] += xi * bv[v];
      }
      x += column ? as : 1;
      b += bs;
    }
  }
  if (accumulate)
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] += load(c + i * cs + v * LANES);
  UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++) store(c + i * cs + v * LANES, acc[i][v]);
}
#define TILE_AS(name, mr, nv, column)                                                                                        \
  static void name(long runs, const long *at, long k, const float *a, long as, const float *b, long bs, float *c, long cs,   \
                   int accumulate) {                                                                                         \
    tile(mr, nv, column, runs, at, k, a, as, b, bs, c, cs, accumulate);                                                      \
  }
#define TILE(mr) TILE_AS(row1_##mr, mr, 1, 0) TILE_AS(row2_##mr, mr, 2, 0) TILE_AS(col1_##mr, mr, 1, 1) TILE_AS(col2_##mr, mr, 2, 1)
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if MR > 6
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
#define TILES(t) {0, t##1, t##2, t##3, t##4, t##5, t##6, t##7, t##8, t##9, t##10, t##11, t##12, t##13, t##14}
#else
#define TILES(t) {0, t##1, t##2, t##3, t##4, t##5, t##6}
#endif
static const lab_tile tiles[2][2][LAB_MAX_MR + 1] = {{TILES(row1_), TILES(row2_)}, {TILES(col1_), TILES(col2_)}};

// y[j][i] = x[i][j], x of m rows and n columns.
static void turn(long m, long n, const float *x, long ldx, float *y, long ldy) {
  enum { T = LANES > 4 ? 8 : 4 };
  long i = 0;
  for (; i + T <= m; i += T) {
    long j = 0;
    for (; j + T <= n; j += T) {
      const float *s = x + i * ldx + j;
      float *d = y + j * ldy + i;
#if LANES > 4
      __m256 r[8], q[8];
      UNROLL for (int t = 0; t < 8; t++) r[t] = _mm256_loadu_ps(s + t * ldx);
      UNROLL for (int t = 0; t < 8; t += 2) q[t] = _mm256_unpacklo_ps(r[t], r[t + 1]), q[t + 1] = _mm256_unpackhi_ps(r[t], r[t + 1]);
      UNROLL for (int t = 0; t < 8; t += 4) { // pairs of rows to columns of four
        r[t] = _mm256_shuffle_ps(q[t], q[t + 2], 0x44), r[t + 1] = _mm256_shuffle_ps(q[t], q[t + 2], 0xee);
        r[t + 2] = _mm256_shuffle_ps(q[t + 1], q[t + 3], 0x44), r[t + 3] = _mm256_shuffle_ps(q[t + 1], q[t + 3], 0xee);
      }
      UNROLL for (int t = 0; t < 4; t++) {
        _mm256_storeu_ps(d + t * ldy, _mm256_permute2f128_ps(r[t], r[t + 4], 0x20));
        _mm256_storeu_ps(d + (t + 4) * ldy, _mm256_permute2f128_ps(r[t], r[t + 4], 0x31));
      }
#elif defined(__aarch64__)
      float32x4x4_t v = {{vld1q_f32(s), vld1q_f32(s + ldx), vld1q_f32(s + 2 * ldx), vld1q_f32(s + 3 * ldx)}};
      float32x4x2_t p = vtrnq_f32(v.val[0], v.val[1]), q = vtrnq_f32(v.val[2], v.val[3]);
      vst1q_f32(d, vcombine_f32(vget_low_f32(p.val[0]), vget_low_f32(q.val[0])));
      vst1q_f32(d + ldy, vcombine_f32(vget_low_f32(p.val[1]), vget_low_f32(q.val[1])));
      vst1q_f32(d + 2 * ldy, vcombine_f32(vget_high_f32(p.val[0]), vget_high_f32(q.val[0])));
      vst1q_f32(d + 3 * ldy, vcombine_f32(vget_high_f32(p.val[1]), vget_high_f32(q.val[1])));
#elif defined(__x86_64__)
      __m128 r0 = _mm_loadu_ps(s), r1 = _mm_loadu_ps(s + ldx), r2 = _mm_loadu_ps(s + 2 * ldx), r3 = _mm_loadu_ps(s + 3 * ldx);
      _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
      _mm_storeu_ps(d, r0), _mm_storeu_ps(d + ldy, r1), _mm_storeu_ps(d + 2 * ldy, r2), _mm_storeu_ps(d + 3 * ldy, r3);
#else
      for (long u = 0; u < T; u++)
        for (long t = 0; t < T; t++) d[u * ldy + t] = s[t * ldx + u];
#endif
    }
    for (; j < n; j++)
      for (long t = 0; t < T; t++) y[j * ldy + i + t] = x[(i + t) * ldx + j];
  }
  for (; i < m; i++)
    for (long j = 0; j < n; j++) y[j * ldy + i] = x[i * ldx + j];
}

// See lab_isa.
static void pack(int turned, long k, long n, const float *b, long ld, float *dst, long ps) {
  const long whole = n / NR * NR;
  if (turned) {
    for (long j = 0; j < n; j += NR, dst += ps) {
      if (j == whole) memset(dst, 0, (size_t)(k * NR) * 4);
      turn(j == whole ? n - whole : NR, k, b + j * ld, ld, dst, NR);
    }
    return;
  }
  for (long p = 0; p < k; p++, b += ld) { // whole rows: B is read as it lies
    float *d = dst + p * NR;
    for (long j = 0; j < whole; j += NR, d += ps) store(d, load(b + j)), store(d + LANES, load(b + j + LANES));
    if (whole < n) {
      store(d, ZERO), store(d + LANES, ZERO);
      for (long j = whole; j < n; j++) d[j - whole] = b[j];
    }
  }
}

// See lab_isa.
static void pack_tiles(long k, long m, const float *a, long ld, float *dst) {
  const long count = (m + MR - 1) / MR, base = m / count, rest = m % count;
  for (long p = 0; p < k; p++, a += ld) {
    const float *s = a;
    for (long q = 0, i = 0; q < count; q++) {
      const long h = base + (q < rest);
      float *d = dst + i * k + p * h;
      if (h == MR) memcpy(d, s, MR * 4);
      else if (h == MR - 1) memcpy(d, s, (MR - 1) * 4);
      else
        for (long y = 0; y < h; y++) d[y] = s[y];
      s += h, i += h;
    }
  }
}

// y[j] (+)= sum over p of x[p] B[p][j], j < n, in the order of p.
static void vecmat(long k, long n, const float *x, const float *b, long ld, float *y, int accumulate) {
  enum { W = 8 };
  long j = 0;
  for (; j + W * LANES <= n; j += W * LANES) {
    vf acc[W];
    UNROLL for (int v = 0; v < W; v++) acc[v] = ZERO;
    const float *s = b + j;
    for (long p = 0; p < k; p++, s += ld) UNROLL for (int v = 0; v < W; v++) acc[v] += x[p] * load(s + v * LANES);
    UNROLL for (int v = 0; v < W; v++) store(y + j + v * LANES, accumulate ? load(y + j + v * LANES) + acc[v] : acc[v]);
  }
  for (; j + LANES <= n; j += LANES) {
    vf acc = ZERO;
    for (long p = 0; p < k; p++) acc += x[p] * load(b + p * ld + j);
    store(y + j, accumulate ? load(y + j) + acc : acc);
  }
  for (; j < n; j++) {
    float acc = 0;
    for (long p = 0; p < k; p++) acc += x[p] * b[p * ld + j];
    y[j] = accumulate ? y[j] + acc : acc;
  }
}
