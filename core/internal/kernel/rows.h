// Inner loops over one row: softmax, normalisation, cross-entropy. Included by
// lanes.h. A row's last partial vector is padded where the loops need it.

// exp(x - top) of a row into y; returns the sum.
INLINE float exp_row(long n, const float *x, float top, float *y) {
  vf sum = {0}, t = splat(top);
  long i = 0;
  for (; i + LANES <= n; i += LANES) {
    vf e = vexp_low(load(x + i) - t);
    store(y + i, e);
    sum += e;
  }
  float s = vsum(sum);
  if (i < n) {
    float pad[LANES];
    for (int j = 0; j < LANES; j++) pad[j] = i + j < n ? x[i + j] : -INFINITY;
    vf e = vexp_low(load(pad) - t);
    store(pad, e);
    for (int j = 0; i + j < n; j++) y[i + j] = pad[j], s += pad[j];
  }
  return s;
}

static void softmax_row(int log, long n, const float *x, float *y) {
  float top = max_of(n, x);
  if (top == -INFINITY) top = 0; // a row of masked values: 0/0, NaN as PyTorch's
  float s = exp_row(n, x, top, y);
  if (log) {
    float ls = logf(s);
    for (long i = 0; i < n; i++) y[i] = (x[i] - top) - ls; // in two steps: top + ls would round small logarithms away
  } else {
    float inv = 1 / s;
    for (long i = 0; i < n; i++) y[i] *= inv;
  }
}

// Rows of attention's scores, m of them, ld apart, of n values, whole vectors: x = softmax(scale
// x), scale > 0, and its gradient in x, dy = scale y (dy - sum(y dy)), in place of dy. Step
// by step for all rows: a row alone would wait for its own maximum, sum and share.
static void attend_rows(long m, long n, float scale, float *x, long ld) {
  float top[LAB_ATTEND];
  vf sum[LAB_ATTEND];
  for (long r = 0; r < m; r++) {
    vf most = load(x + r * ld);
    for (long i = LANES; i < n; i += LANES) most = vmax(load(x + r * ld + i), most);
    top[r] = vgreatest(most);
    if (top[r] == -INFINITY) top[r] = 0; // masked values alone: 0/0, NaN as PyTorch's
  }
  for (long r = 0; r < m; r++) {
    const vf t = splat(top[r]);
    vf s = {0};
    for (long i = 0; i < n; i += LANES) {
      vf e = vexp_low((load(x + r * ld + i) - t) * scale);
      store(x + r * ld + i, e);
      s += e;
    }
    sum[r] = s;
  }
  for (long r = 0; r < m; r++) top[r] = 1 / vsum(sum[r]);
  for (long r = 0; r < m; r++)
    for (long i = 0; i < n; i += LANES) store(x + r * ld + i, load(x + r * ld + i) * top[r]);
}
static void attend_grad_rows(long m, long n, float scale, const float *y, float *dy, long ld) {
  float s[LAB_ATTEND];
  for (long r = 0; r < m; r++) {
    vf sum = {0};
    for (long i = r * ld; i < r * ld + n; i += LANES) sum += load(y + i) * load(dy + i);
    s[r] = vsum(sum);
  }
  for (long r = 0; r < m; r++)
    for (long i = r * ld; i < r * ld + n; i += LANES) store(dy + i, load(y + i) * (load(dy + i) - s[r]) * scale);
}

// softmax: dx = y (dy - sum(y dy)); log: dx = dy - e^y sum(dy). May be in place of dy.
static void softmax_grad_row(int log, long n, const float *y, const float *dy, float *dx) {
  if (!log) {
    float s = dot(n, y, dy);
    for (long i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - s);
    return;
  }
  float s = sum(n, dy);
  vf vs = splat(s);
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(dx + i, load(dy + i) - vexp_low(load(y + i)) * vs);
  if (i < n) {
    float pad[LANES] = {0};
    for (int j = 0; i + j < n; j++) pad[j] = y[i + j];
    store(pad, vexp_low(load(pad)));
    for (int j = 0; i + j < n; j++) dx[i + j] = dy[i + j] - pad[j] * s;
  }
}

enum { TOGETHER = 8 }; // rows taken step by step: one alone would wait for its own sums

// Means (0 for rms) and 1/sqrt(variance + eps) of a few rows.
static void moments_rows(int rms, long rows, long n, float eps, const float *x, float *mean, float *rstd) {
  for (long r = 0; r < rows; r++) mean[r] = rms ? 0 : sum(n, x + r * n) / (float)n;
  for (long r = 0; r < rows; r++, x += n) {
    vf acc[2] = {{0}, {0}}, vm = splat(mean[r]);
    long i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
      vf a = load(x + i) - vm, b = load(x + i + LANES) - vm;
      acc[0] += a * a;
      acc[1] += b * b;
    }
    float s = vsum(acc[0] + acc[1]);
    for (; i < n; i++) s += (x[i] - mean[r]) * (x[i] - mean[r]);
    rstd[r] = 1 / sqrtf(s / (float)n + eps);
  }
}

static void norm_rows(int rms, long rows, long n, float eps, const float *x, const float *w, const float *b, float *y) {
  float mean[TOGETHER], rstd[TOGETHER];
  for (long few; rows > 0; rows -= few, x += few * n, y += few * n) {
    few = rows < TOGETHER ? rows : TOGETHER;
    moments_rows(rms, few, n, eps, x, mean, rstd);
    for (long r = 0; r < few; r++)
      for (long i = 0; i < n; i++) {
        float h = (x[r * n + i] - mean[r]) * rstd[r];
        if (w) h *= w[i];
        if (b) h += b[i];
        y[r * n + i] = h;
      }
  }
}

// dx = rstd (g - mean(g) - h mean(g h)), g = w dy, h = (x - mean) rstd; without mean(g) for rms.
static void norm_dx_rows(int rms, long rows, long n, float eps, const float *x, const float *w, const float *dy, float *dx) {
  float mean[TOGETHER], rstd[TOGETHER], mg[TOGETHER], mgh[TOGETHER];
  for (long few; rows > 0; rows -= few, x += few * n, dy += few * n, dx += few * n) {
    few = rows < TOGETHER ? rows : TOGETHER;
    moments_rows(rms, few, n, eps, x, mean, rstd);
    for (long r = 0; r < few; r++) {
      const float *xr = x + r * n, *dr = dy + r * n;
      vf ag = {0}, agh = {0}, vm = splat(mean[r]), vr = splat(rstd[r]);
      long i = 0;
      for (; i + LANES <= n; i += LANES) {
        vf g = w ? load(w + i) * load(dr + i) : load(dr + i), h = (load(xr + i) - vm) * vr;
        ag += g;
        agh += g * h;
      }
      float sg = vsum(ag), sgh = vsum(agh);
      for (; i < n; i++) {
        float g = w ? w[i] * dr[i] : dr[i];
        sg += g;
        sgh += g * ((xr[i] - mean[r]) * rstd[r]);
      }
      mg[r] = rms ? 0 : sg / (float)n;
      mgh[r] = sgh / (float)n;
    }
    for (long r = 0; r < few; r++)
      for (long i = r * n; i < (r + 1) * n; i++) {
        float g = w ? w[i - r * n] * dy[i] : dy[i];
        dx[i] = rstd[r] * (g - mg[r] - (x[i] - mean[r]) * rstd[r] * mgh[r]);
      }
  }
}

// dw += h dy, db += dy.
static void norm_dwb_rows(int rms, long rows, long n, float eps, const float *x, const float *dy, float *dw, float *db) {
  float mean[TOGETHER], rstd[TOGETHER];
  for (long few; rows > 0; rows -= few, x += few * n, dy += few * n) {
    few = rows < TOGETHER ? rows : TOGETHER;
    moments_rows(rms, few, n, eps, x, mean, rstd);
    for (long r = 0; r < few; r++)
      for (long i = 0; i < n; i++) {
        dw[i] += (x[r * n + i] - mean[r]) * rstd[r] * dy[r * n + i];
        db[i] += dy[r * n + i];
      }
  }
}

// Cross-entropy of a row of logits with a class, smoothed: the target is 1-s at the
// class plus s/n everywhere.
static float xent_row(long n, float s, const float *x, long label, float *scratch) {
  float top = max_of(n, x);
  if (top == -INFINITY) top = 0;
  float ls = logf(exp_row(n, x, top, scratch));
  float loss = ls - (x[label] - top);
  if (s > 0) loss = (1 - s) * loss + s * (ls - (sum(n, x) / (float)n - top));
  return loss;
}

static void xent_grad_row(long n, float s, const float *x, long label, float dy, float *dx) {
  float top = max_of(n, x);
  if (top == -INFINITY) top = 0;
  float scale = dy / exp_row(n, x, top, dx), rest = s / (float)n * dy;
  for (long i = 0; i < n; i++) dx[i] = dx[i] * scale - rest;
  dx[label] -= (1 - s) * dy;
}

// One step of an LSTM for one row of n units: gates holds the recurrent share of i, f, g, o
// before their functions and gets them after those, xg is the inputs' share; c is the cell
// before, h and c1 what comes out. Units lie w apart from gate to gate.
INLINE void lstm_units(long w, float *gates, const float *xg, const float *c, float *h, float *c1) {
  vf i = vsigmoid(load(gates) + load(xg)), f = vsigmoid(load(gates + w) + load(xg + w));
  vf g = vtanh(load(gates + 2 * w) + load(xg + 2 * w)), o = vsigmoid(load(gates + 3 * w) + load(xg + 3 * w));
  vf next = f * load(c) + i * g;
  store(gates, i), store(gates + w, f), store(gates + 2 * w, g), store(gates + 3 * w, o);
  store(c1, next);
  store(h, o * vtanh(next));
}
// Copies m values of each of four gates, n apart, to or from arrays of LANES.
INLINE void lstm_gather(long m, long n, const float *gates, float *pad) {
  for (int q = 0; q < 4; q++) memcpy(pad + q * LANES, gates + q * n, (size_t)m * 4);
}
INLINE void lstm_scatter(long m, long n, const float *pad, float *gates) {
  for (int q = 0; q < 4; q++) memcpy(gates + q * n, pad + q * LANES, (size_t)m * 4);
}
static void lstm_row(long n, float *gates, const float *xg, const float *c, float *h, float *c1) {
  long k = 0;
  for (; k + LANES <= n; k += LANES) lstm_units(n, gates + k, xg + k, c + k, h + k, c1 + k);
  if (k < n) {
    float g[4 * LANES] = {0}, x[4 * LANES] = {0}, s[3 * LANES] = {0};
    const long m = n - k;
    lstm_gather(m, n, gates + k, g), lstm_gather(m, n, xg + k, x);
    memcpy(s, c + k, (size_t)m * 4);
    lstm_units(LANES, g, x, s, s + LANES, s + 2 * LANES);
    lstm_scatter(m, n, g, gates + k);
    memcpy(h + k, s + LANES, (size_t)m * 4), memcpy(c1 + k, s + 2 * LANES, (size_t)m * 4);
  }
}

// Its gradient: gates after their functions, c before and c1 after the step. next is what
// flows into h from the step after, dc into c1, and leaves as the gradient of c; dout flows
// in from elsewhere, to h alone or, when all, to h, c1 and the gates after their functions.
// dgates is the gradient of the gates before them.
INLINE void lstm_grad_units(const int all, long w, const float *gates, const float *c, const float *c1, const float *next, const float *dout,
                            float *dc, float *dgates) {
  const vf i = load(gates), f = load(gates + w), g = load(gates + 2 * w), o = load(gates + 3 * w), th = vtanh(load(c1)), one = splat(1);
  const vf a = load(next) + load(dout);
  vf d = load(dc) + a * o * (one - th * th), di = d * g, df = d * load(c), dg = d * i, dq = a * th;
  if (all) {
    const vf e = load(dout + w);
    d += e, di += e * g + load(dout + 2 * w), df += e * load(c) + load(dout + 3 * w), dg += e * i + load(dout + 4 * w), dq += load(dout + 5 * w);
  }
  store(dgates, di * i * (one - i)), store(dgates + w, df * f * (one - f));
  store(dgates + 2 * w, dg * (one - g * g)), store(dgates + 3 * w, dq * o * (one - o));
  store(dc, d * f);
}
static void lstm_grad_row(int all, long n, const float *gates, const float *c, const float *c1, const float *next, const float *dout,
                          float *dc, float *dgates) {
  long k = 0;
  if (all)
    for (; k + LANES <= n; k += LANES) lstm_grad_units(1, n, gates + k, c + k, c1 + k, next + k, dout + k, dc + k, dgates + k);
  else
    for (; k + LANES <= n; k += LANES) lstm_grad_units(0, n, gates + k, c + k, c1 + k, next + k, dout + k, dc + k, dgates + k);
  if (k < n) {
    float g[4 * LANES] = {0}, d[6 * LANES] = {0}, s[4 * LANES] = {0};
    const long m = n - k;
    lstm_gather(m, n, gates + k, g);
    memcpy(d, dout + k, (size_t)m * 4);
    if (all) {
      memcpy(d + LANES, dout + n + k, (size_t)m * 4);
      lstm_gather(m, n, dout + 2 * n + k, d + 2 * LANES);
    }
    memcpy(s, c + k, (size_t)m * 4), memcpy(s + LANES, c1 + k, (size_t)m * 4);
    memcpy(s + 2 * LANES, next + k, (size_t)m * 4), memcpy(s + 3 * LANES, dc + k, (size_t)m * 4);
    lstm_grad_units(1, LANES, g, s, s + LANES, s + 2 * LANES, d, s + 3 * LANES, g);
    memcpy(dc + k, s + 3 * LANES, (size_t)m * 4);
    lstm_scatter(m, n, g, dgates + k);
  }
}
