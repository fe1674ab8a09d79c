// First-order methods on Nesterov's worst function, and the least that any of them can leave; the numbers are those of
// labs.limits, which the tests compare with these. L = 1 throughout.

const dotProduct = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const plusTimes = (a, factor, b) => a.map((value, i) => value + factor * b[i]);

// ¼ times the matrix with 2 on the diagonal and −1 beside it, times x.
function worstProduct(x) {
  return x.map((value, i) => (2 * value - (x[i - 1] ?? 0) - (x[i + 1] ?? 0)) / 4);
}

function worstGradient(x) {
  const gradient = worstProduct(x);
  gradient[0] -= 0.25;
  return gradient;
}

export function leastExcess(step, k) {
  return (1 / (step + 1) - 1 / (2 * k + 2)) / 8;
}

// Nesterov's bound after k steps, with the squared distance from 0 to the minimum x* = 1 − i/(n + 1).
export function nesterovBound(k) {
  const n = 2 * k + 1;
  let squared = 0;
  for (let i = 1; i <= n; i += 1) squared += (1 - i / (n + 1)) ** 2;
  return (3 * squared) / (32 * (k + 1) ** 2);
}

// f − f* = ½ (x − x*)ᵀ H (x − x*).
function worstExcess(x) {
  const gap = x.map((value, i) => value - (1 - (i + 1) / (x.length + 1)));
  return dotProduct(gap, worstProduct(gap)) / 2;
}

// Each: from the smallest curvature a function that takes the next step from x and returns the point.
const WORST_STEPPERS = {
  gradient_descent: () => (x) => plusTimes(x, -1, worstGradient(x)),
  heavy_ball(low) {
    const [both, apart] = [1 + Math.sqrt(low), 1 - Math.sqrt(low)];
    let v;
    return (x) => {
      const gradient = worstGradient(x);
      v = gradient.map((g, i) => (apart / both) ** 2 * (v ? v[i] : 0) - (4 / both ** 2) * g);
      return plusTimes(x, 1, v);
    };
  },
  accelerated() {
    let [y, t] = [undefined, 1];
    return (x) => {
      y ??= x;
      const ahead = plusTimes(y, -1, worstGradient(y));
      const later = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
      y = ahead.map((value, i) => value + ((t - 1) / later) * (value - x[i]));
      t = later;
      return ahead;
    };
  },
  conjugate_gradients() {
    let [residual, p, size, first] = [];
    return (x) => {
      residual ??= worstGradient(x).map((g) => -g);
      p ??= residual;
      size ??= dotProduct(p, p);
      first ??= size;
      if (!(size > 2 ** -104 * first)) return x;
      const product = worstProduct(p);
      const alpha = size / dotProduct(p, product);
      residual = plusTimes(residual, -alpha, product);
      const left = dotProduct(residual, residual);
      const next = plusTimes(x, alpha, p);
      p = plusTimes(residual, left / size, p);
      size = left;
      return next;
    };
  },
};

// The points of a method after 0 … 2k + 1 steps from 0, and what is left of f at each.
export function worstRun(k, method) {
  const n = 2 * k + 1;
  const step = WORST_STEPPERS[method](Math.sin(Math.PI / (4 * k + 4)) ** 2);
  const points = [Array(n).fill(0)];
  for (let t = 0; t < n; t += 1) points.push(step(points[t]));
  return { points, excess: points.map(worstExcess) };
}
