// Part of lanes.h: what is done to windows of an image, channels being the innermost axis.

// ---- convolutions that a tile of a product does not fit

// Outputs of few channels, as dot products along the window; see lab_isa.
INLINE void dots_tile(const int px, const int ch, long runs, const long *at, long len, const float *a, long as, const float *w,
                      long depth, float *c, long cs) {
  vf acc[8][2];
  float rest[8][2];
  UNROLL for (int i = 0; i < px; i++) UNROLL for (int o = 0; o < ch; o++) acc[i][o] = ZERO, rest[i][o] = 0;
  for (long r = 0; r < runs; r++, w += len) {
    const float *x = a + at[r];
    long p = 0;
    for (; p + LANES <= len; p += LANES) {
      vf wv[2];
      UNROLL for (int o = 0; o < ch; o++) wv[o] = load(w + o * depth + p);
      UNROLL for (int i = 0; i < px; i++) {
        vf xv = load(x + i * as + p);
        UNROLL for (int o = 0; o < ch; o++) acc[i][o] += xv * wv[o];
      }
    }
    for (; p < len; p++) UNROLL for (int i = 0; i < px; i++) UNROLL for (int o = 0; o < ch; o++) rest[i][o] += x[i * as + p] * w[o * depth + p];
  }
  UNROLL for (int i = 0; i < px; i++) UNROLL for (int o = 0; o < ch; o++) c[i * cs + o] = vsum(acc[i][o]) + rest[i][o];
}
static void dots(long runs, const long *at, long len, const float *a, long as, long count, const float *w, long n, float *c, long cs) {
  const long depth = runs * len;
#define DOTS(px, ch) dots_tile(px, ch, runs, at, len, a + i * as, as, w + o * depth, depth, c + i * cs + o, cs)
  for (long o = 0; o < n; o += 2) {
    long i = 0;
    if (o + 1 < n) {
      for (; i + 4 <= count; i += 4) DOTS(4, 2);
      for (; i + 2 <= count; i += 2) DOTS(2, 2);
      for (; i < count; i++) DOTS(1, 2);
    } else {
      for (; i + 8 <= count; i += 8) DOTS(8, 1);
      for (; i + 4 <= count; i += 4) DOTS(4, 1);
      for (; i < count; i++) DOTS(1, 1);
    }
  }
#undef DOTS
}

// A filter a channel; see lab_isa.
INLINE void depthwise_tile(const int px, long taps, const long *at, const float *a, long as, const float *w, long n, float *c, long cs) {
  long ch = 0;
  for (; ch + LANES <= n; ch += LANES) {
    vf acc[4];
    UNROLL for (int i = 0; i < px; i++) acc[i] = ZERO;
    for (long t = 0; t < taps; t++) {
      vf wv = load(w + t * n + ch);
      UNROLL for (int i = 0; i < px; i++) acc[i] += load(a + at[t] + i * as + ch) * wv;
    }
    UNROLL for (int i = 0; i < px; i++) store(c + i * cs + ch, acc[i]);
  }
  for (; ch < n; ch++)
    for (int i = 0; i < px; i++) {
      float s = 0;
      for (long t = 0; t < taps; t++) s += a[at[t] + i * as + ch] * w[t * n + ch];
      c[i * cs + ch] = s;
    }
}
static void depthwise(long taps, const long *at, const float *a, long as, long count, const float *w, long n, float *c, long cs) {
  long i = 0;
  for (; i + 4 <= count; i += 4) depthwise_tile(4, taps, at, a + i * as, as, w, n, c + i * cs, cs);
  for (; i < count; i++) depthwise_tile(1, taps, at, a + i * as, as, w, n, c + i * cs, cs);
}
static void depthwise_weight(long taps, const long *at, const float *a, long as, long count, const float *dy, long ds, long n, float *dw) {
  for (long t = 0; t < taps; t++) {
    const float *x = a + at[t];
    float *out = dw + t * n;
    long ch = 0;
    for (; ch + 4 * LANES <= n; ch += 4 * LANES) {
      vf acc[4];
      UNROLL for (int v = 0; v < 4; v++) acc[v] = load(out + ch + v * LANES);
      for (long i = 0; i < count; i++)
        UNROLL for (int v = 0; v < 4; v++) acc[v] += load(x + i * as + ch + v * LANES) * load(dy + i * ds + ch + v * LANES);
      UNROLL for (int v = 0; v < 4; v++) store(out + ch + v * LANES, acc[v]);
    }
    for (; ch + LANES <= n; ch += LANES) {
      vf acc = load(out + ch);
      for (long i = 0; i < count; i++) acc += load(x + i * as + ch) * load(dy + i * ds + ch);
      store(out + ch, acc);
    }
    for (; ch < n; ch++)
      for (long i = 0; i < count; i++) out[ch] += x[i * as + ch] * dy[i * ds + ch];
  }
}

// ---- windows of a maximum pooling

// at[t] is the offset of the window's t-th pixel; the first of equal maxima wins, a
// NaN beats all. LAB_POOL: out[c] = max of x. LAB_UNPOOL: to[at[winner]+c] += in[c]; LAB_UNPOOL_ONCE,
// where no other window has these pixels: the same on them as if they had been zero.
// LAB_POOL_TAKE: out[c] = from[at[winner]+c].
INLINE void windows(const int kind, const long taps, const long *at, long c, const float *x, const float *in, float *out) {
  long i = 0;
  for (; i + LANES <= c; i += LANES) {
    vf best = load(x + at[0] + i);
    vi winner = {0};
    UNROLL4 for (long t = 1; t < taps; t++) {
      vf v = load(x + at[t] + i);
      vi wins = (v > best) | ((v != v) & (best == best));
      best = pick(wins, v, best);
      if (kind != LAB_POOL) winner = (wins & isplat((int32_t)t)) | (~wins & winner);
    }
    if (kind == LAB_POOL) store(out + i, best);
    else if (kind == LAB_POOL_TAKE) {
      vf y = ZERO;
      UNROLL4 for (long t = 0; t < taps; t++) y = pick(winner == (int32_t)t, load(in + at[t] + i), y);
      store(out + i, y);
    } else {
      vf dy = load(in + i);
      UNROLL4 for (long t = 0; t < taps; t++) {
        vf share = pick(winner == (int32_t)t, dy, ZERO);
        store(out + at[t] + i, kind == LAB_UNPOOL ? load(out + at[t] + i) + share : share);
      }
    }
  }
  for (; i < c; i++) {
    long winner = 0;
    for (long t = 1; t < taps; t++) {
      float v = x[at[t] + i], best = x[at[winner] + i];
      if (v > best || (v != v && best == best)) winner = t;
    }
    if (kind == LAB_POOL) out[i] = x[at[winner] + i];
    else if (kind == LAB_POOL_TAKE) out[i] = in[at[winner] + i];
    else if (kind == LAB_UNPOOL) out[at[winner] + i] += in[i];
    else
      for (long t = 0; t < taps; t++) out[at[t] + i] = t == winner ? in[i] : 0;
  }
}
static void max_window(int kind, long taps, const long *at, long c, const float *x, const float *in, float *out) {
  switch (kind) {
  case LAB_POOL: return taps == 4 ? windows(LAB_POOL, 4, at, c, x, in, out) : windows(LAB_POOL, taps, at, c, x, in, out);
  case LAB_UNPOOL_ONCE: return taps == 4 ? windows(LAB_UNPOOL_ONCE, 4, at, c, x, in, out) : windows(LAB_UNPOOL_ONCE, taps, at, c, x, in, out);
  case LAB_UNPOOL: return windows(LAB_UNPOOL, taps, at, c, x, in, out);
  default: windows(LAB_POOL_TAKE, taps, at, c, x, in, out);
  }
}
