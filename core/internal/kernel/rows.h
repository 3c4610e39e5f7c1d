// Inner loops over one row: softmax, normalisation, cross-entropy. Included by
// lanes.h. A row's last partial vector is padded where the loops need it.

// exp(x - top) of a row into y; returns the sum.
INLINE float exp_row(long n, const float *x, float top, float *y) {
  vf sum = {0}, t = splat(top);
  long i = 0;
  for (; i + LANES <= n; i += LANES) {
    vf e = vexp(load(x + i) - t);
    store(y + i, e);
    sum += e;
  }
  float s = 0;
  for (int j = 0; j < LANES; j++) s += sum[j];
  if (i < n) {
    float pad[LANES];
    for (int j = 0; j < LANES; j++) pad[j] = i + j < n ? x[i + j] : -INFINITY;
    vf e = vexp(load(pad) - t);
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

// x = softmax(scale x), in place, and its gradient in x: dy = scale y (dy - sum(y dy)), in place
// of dy. n is a whole number of vectors.
static void attend_row(long n, float scale, float *x) {
  vf top = splat(-INFINITY), sum = {0};
  for (long i = 0; i < n; i += LANES) {
    vf v = load(x + i) * scale;
    store(x + i, v);
    top = vmax(v, top);
  }
  float most = max_of(LANES, (const float *)&top);
  if (most == -INFINITY) most = 0; // a row of masked values: 0/0, NaN as PyTorch's
  top = splat(most);
  for (long i = 0; i < n; i += LANES) {
    vf e = vexp(load(x + i) - top);
    store(x + i, e);
    sum += e;
  }
  const vf share = splat(1 / vsum(sum));
  for (long i = 0; i < n; i += LANES) store(x + i, load(x + i) * share);
}
static void attend_grad_row(long n, float scale, const float *y, float *dy) {
  vf sum = {0};
  for (long i = 0; i < n; i += LANES) sum += load(y + i) * load(dy + i);
  const vf s = splat(vsum(sum));
  for (long i = 0; i < n; i += LANES) store(dy + i, load(y + i) * (load(dy + i) - s) * scale);
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
  for (; i + LANES <= n; i += LANES) store(dx + i, load(dy + i) - vexp(load(y + i)) * vs);
  if (i < n) {
    float pad[LANES] = {0};
    for (int j = 0; i + j < n; j++) pad[j] = y[i + j];
    store(pad, vexp(load(pad)));
    for (int j = 0; i + j < n; j++) dx[i + j] = dy[i + j] - pad[j] * s;
  }
}

// Mean (0 for rms) and 1/sqrt(variance + eps) of a row.
INLINE void moments_row(int rms, long n, float eps, const float *x, float *mean, float *rstd) {
  float m = 0;
  if (!rms) m = sum(n, x) / (float)n;
  vf acc[2] = {{0}, {0}}, vm = splat(m);
  long i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    vf a = load(x + i) - vm, b = load(x + i + LANES) - vm;
    acc[0] += a * a;
    acc[1] += b * b;
  }
  vf v = acc[0] + acc[1];
  float s = 0;
  for (int j = 0; j < LANES; j++) s += v[j];
  for (; i < n; i++) s += (x[i] - m) * (x[i] - m);
  *mean = m;
  *rstd = 1 / sqrtf(s / (float)n + eps);
}

static void norm_row(int rms, long n, float eps, const float *x, const float *w, const float *b, float *y) {
  float mean, rstd;
  moments_row(rms, n, eps, x, &mean, &rstd);
  for (long i = 0; i < n; i++) {
    float h = (x[i] - mean) * rstd;
    if (w) h *= w[i];
    if (b) h += b[i];
    y[i] = h;
  }
}

// dx = rstd (g - mean(g) - h mean(g h)), g = w dy, h = (x - mean) rstd; without mean(g) for rms.
static void norm_dx_row(int rms, long n, float eps, const float *x, const float *w, const float *dy, float *dx) {
  float mean, rstd, sg = 0, sgh = 0;
  moments_row(rms, n, eps, x, &mean, &rstd);
  vf ag = {0}, agh = {0}, vm = splat(mean), vr = splat(rstd);
  long i = 0;
  for (; i + LANES <= n; i += LANES) {
    vf g = w ? load(w + i) * load(dy + i) : load(dy + i), h = (load(x + i) - vm) * vr;
    ag += g;
    agh += g * h;
  }
  for (int j = 0; j < LANES; j++) sg += ag[j], sgh += agh[j];
  for (; i < n; i++) {
    float g = w ? w[i] * dy[i] : dy[i];
    sg += g;
    sgh += g * ((x[i] - mean) * rstd);
  }
  sg = rms ? 0 : sg / (float)n;
  sgh /= (float)n;
  for (i = 0; i < n; i++) {
    float g = w ? w[i] * dy[i] : dy[i];
    dx[i] = rstd * (g - sg - (x[i] - mean) * rstd * sgh);
  }
}

// dw += h dy, db += dy.
static void norm_dwb_row(int rms, long n, float eps, const float *x, const float *dy, float *dw, float *db) {
  float mean, rstd;
  moments_row(rms, n, eps, x, &mean, &rstd);
  for (long i = 0; i < n; i++) {
    dw[i] += (x[i] - mean) * rstd * dy[i];
    db[i] += dy[i];
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

// One step of an LSTM for one row of n units: gates holds i, f, g, o before their
// functions and after them; c is the cell before, h and c1 what comes out.
static void lstm_row(long n, float *gates, const float *c, float *h, float *c1) {
  float *gi = gates, *gf = gates + n, *gg = gates + 2 * n, *go = gates + 3 * n;
  long k = 0;
  for (; k + LANES <= n; k += LANES) {
    vf i = vsigmoid(load(gi + k)), f = vsigmoid(load(gf + k)), g = vtanh(load(gg + k)), o = vsigmoid(load(go + k));
    vf next = f * load(c + k) + i * g;
    store(gi + k, i), store(gf + k, f), store(gg + k, g), store(go + k, o);
    store(c1 + k, next);
    store(h + k, o * vtanh(next));
  }
  if (k < n) {
    float pad[5][LANES];
    memset(pad, 0, sizeof pad);
    const size_t rest = (size_t)(n - k) * 4;
    memcpy(pad[0], gi + k, rest), memcpy(pad[1], gf + k, rest), memcpy(pad[2], gg + k, rest), memcpy(pad[3], go + k, rest);
    memcpy(pad[4], c + k, rest);
    vf i = vsigmoid(load(pad[0])), f = vsigmoid(load(pad[1])), g = vtanh(load(pad[2])), o = vsigmoid(load(pad[3]));
    vf next = f * load(pad[4]) + i * g;
    store(pad[0], i), store(pad[1], f), store(pad[2], g), store(pad[3], o), store(pad[4], next);
    memcpy(gi + k, pad[0], rest), memcpy(gf + k, pad[1], rest), memcpy(gg + k, pad[2], rest), memcpy(go + k, pad[3], rest);
    memcpy(c1 + k, pad[4], rest);
    store(pad[0], o * vtanh(next));
    memcpy(h + k, pad[0], rest);
  }
}

// Its gradient: gates after their functions, c before and c1 after the step; dgates
// (of the gates before their functions) on entry holds what flows in from elsewhere to
// the gates after them; dh and dc flow in, dc leaves as the gradient of c.
static void lstm_grad_row(long n, const float *gates, const float *c, const float *c1, const float *dh, float *dc, float *dgates) {
  const float *gi = gates, *gf = gates + n, *gg = gates + 2 * n, *go = gates + 3 * n;
  float *di = dgates, *df = dgates + n, *dg = dgates + 2 * n, *dq = dgates + 3 * n;
  float t[LAB_BLOCK];
  for (long k0 = 0; k0 < n; k0 += LAB_BLOCK) {
    long m = n - k0 < LAB_BLOCK ? n - k0 : LAB_BLOCK, k = 0;
    for (; k + LANES <= m; k += LANES) store(t + k, vtanh(load(c1 + k0 + k)));
    if (k < m) {
      float pad[LANES] = {0};
      memcpy(pad, c1 + k0 + k, (size_t)(m - k) * 4);
      store(pad, vtanh(load(pad)));
      memcpy(t + k, pad, (size_t)(m - k) * 4);
    }
    for (k = 0; k < m; k++) {
      const long a = k0 + k;
      const float i = gi[a], f = gf[a], g = gg[a], o = go[a], th = t[k];
      const float d = dc[a] + dh[a] * o * (1 - th * th);
      di[a] = (di[a] + d * g) * i * (1 - i);
      df[a] = (df[a] + d * c[a]) * f * (1 - f);
      dg[a] = (dg[a] + d * i) * (1 - g * g);
      dq[a] = (dq[a] + dh[a] * th) * o * (1 - o);
      dc[a] = d * f;
    }
  }
}
