// Methods and random numbers as pure functions; the methods are those of labs.explore.methods, which the tests compare
// with these step for step. A symmetric 2×2 matrix [[a, b], [b, c]] is written [a, b, c].

// Eigenvalues (ascending) and unit eigenvectors of [[a, b], [b, c]].
export function eigen2([a, b, c]) {
  const middle = (a + c) / 2;
  const half = (a - c) / 2;
  const radius = Math.hypot(half, b);
  const angle = 0.5 * Math.atan2(b, half);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { values: [middle - radius, middle + radius], vectors: [[-sin, cos], [cos, sin]] };
}

// The step against the gradient, divided along each eigenvector of the Hessian by weight(eigenvalue).
function curvedStep([g1, g2], hessian, weight) {
  const { values, vectors } = eigen2(hessian);
  let [dx, dy] = [0, 0];
  values.forEach((value, i) => {
    const [v1, v2] = vectors[i];
    const along = (g1 * v1 + g2 * v2) / weight(value);
    dx -= along * v1;
    dy -= along * v2;
  });
  return [dx, dy];
}

const FLAT = 1e-9; // curvatures below this are taken for it, with their sign, so that a flat direction gives a finite step
const away = (value) => (value < 0 ? -1 : 1) * Math.max(Math.abs(value), FLAT);

// Each method: what it adds to the point, given the surface, the point, the last step and the settings.
const STEPS = {
  gradient_descent(surface, x, y, last, { learningRate }) {
    const [g1, g2] = surface.gradient(x, y);
    return [-learningRate * g1, -learningRate * g2];
  },
  momentum(surface, x, y, [v1, v2], { learningRate, momentum }) {
    const [g1, g2] = surface.gradient(x, y);
    return [momentum * v1 - learningRate * g1, momentum * v2 - learningRate * g2];
  },
  nesterov(surface, x, y, [v1, v2], { learningRate, momentum }) {
    const [g1, g2] = surface.gradient(x + momentum * v1, y + momentum * v2);
    return [momentum * v1 - learningRate * g1, momentum * v2 - learningRate * g2];
  },
  newton(surface, x, y) {
    return curvedStep(surface.gradient(x, y), surface.hessian(x, y), away);
  },
  saddle_free_newton(surface, x, y) {
    return curvedStep(surface.gradient(x, y), surface.hessian(x, y), (value) => Math.abs(away(value)));
  },
  sign_descent(surface, x, y, last, { learningRate }) {
    const [g1, g2] = surface.gradient(x, y);
    return [-learningRate * Math.sign(g1), -learningRate * Math.sign(g2)];
  },
};

export const METHODS = Object.keys(STEPS);
const FAR = 1e9; // a path that has come this far from the origin has diverged and ends there

// The path [x0, y0, x1, y1, …] of a method from a start; it is shorter than numSteps + 1 points if it diverges.
export function descend(surface, method, [x, y], settings) {
  const step = STEPS[method];
  const path = [x, y];
  let last = [0, 0];
  for (let i = 0; i < settings.numSteps; i += 1) {
    last = step(surface, x, y, last, settings);
    [x, y] = [x + last[0], y + last[1]];
    if (!(Math.abs(x) <= FAR && Math.abs(y) <= FAR)) break;
    path.push(x, y);
  }
  return path;
}

// The change of the loss by one step of gradient descent: Taylor's two terms and the change itself.
export function taylorTerms(surface, [x, y], learningRate) {
  const [g1, g2] = surface.gradient(x, y);
  const [a, b, c] = surface.hessian(x, y);
  const first = -learningRate * (g1 * g1 + g2 * g2);
  const second = 0.5 * learningRate ** 2 * (a * g1 * g1 + 2 * b * g1 * g2 + c * g2 * g2);
  const change = surface.value(x - learningRate * g1, y - learningRate * g2) - surface.value(x, y);
  return { first, second, change };
}

// Uniform random numbers in [0, 1) from a seed, the same in every browser (the generator is known as mulberry32).
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

// Standard normal random numbers from a seed (Box and Muller's pairs).
export function normal(seed) {
  const draw = uniform(seed);
  let spare;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - draw()));
    const angle = 2 * Math.PI * draw();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
