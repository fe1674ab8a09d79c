// The surfaces of labs.objectives over the plane: the same names, parameters and formulas, which the tests compare on
// thousands of points. Value, gradient [∂x, ∂y] and Hessian [∂xx, ∂xy, ∂yy] are functions of x and y.

const WELLS = [
  [0.4, -0.3, 1.0, 0.75], [-1.7, 1.2, 1.5, 0.6], [1.9, 1.5, 0.9, 0.7], [2.0, -1.7, 2.2, 0.45],
  [-1.9, -1.5, 1.2, 0.75], [0.1, 2.2, 0.8, 0.5], [-0.3, -2.3, 0.8, 0.5],
]; // x, y, depth and width of each well
const EXAMPLES = [[1, 1, 0.9], [-1, 1, 0.1], [-6, 7, 0.9]]; // x1, x2 and target of each

const SHAPES = {
  quadratic({ kappa, angle }) {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const turn = (x, y) => [x * c + y * s, y * c - x * s];
    return {
      value(x, y) {
        const [u, v] = turn(x, y);
        return 0.5 * (u * u + kappa * v * v);
      },
      gradient(x, y) {
        const [u, v] = turn(x, y);
        return [u * c - kappa * v * s, u * s + kappa * v * c];
      },
      hessian: () => [c * c + kappa * s * s, (1 - kappa) * c * s, s * s + kappa * c * c],
    };
  },

  rosenbrock: ({ steepness: a }) => ({
    value: (x, y) => (1 - x) ** 2 + a * (y - x * x) ** 2,
    gradient: (x, y) => [-2 * (1 - x) - 4 * a * x * (y - x * x), 2 * a * (y - x * x)],
    hessian: (x, y) => [2 - 4 * a * (y - 3 * x * x), -4 * a * x, 2 * a],
  }),

  himmelblau: () => ({
    value: (x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    gradient(x, y) {
      const [p, q] = [x * x + y - 11, x + y * y - 7];
      return [4 * x * p + 2 * q, 2 * p + 4 * y * q];
    },
    hessian: (x, y) => [12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26],
  }),

  rastrigin({ amplitude: a }) {
    const turn = 2 * Math.PI;
    const slope = (x) => 2 * x + turn * a * Math.sin(turn * x);
    const curvature = (x) => 2 + turn * turn * a * Math.cos(turn * x);
    return {
      value: (x, y) => x * x + y * y + a * (2 - Math.cos(turn * x) - Math.cos(turn * y)),
      gradient: (x, y) => [slope(x), slope(y)],
      hessian: (x, y) => [curvature(x), 0, curvature(y)],
    };
  },

  saddle: ({ curvature: c }) => ({
    value: (x, y) => 0.5 * (x * x - c * y * y),
    gradient: (x, y) => [x, -c * y],
    hessian: () => [1, 0, -c],
  }),

  two_valleys: ({ tilt }) => ({
    value: (x, y) => 0.25 * (x * x - 1) ** 2 + tilt * x + 0.5 * y * y,
    gradient: (x, y) => [x * (x * x - 1) + tilt, y],
    hessian: (x) => [3 * x * x - 1, 0, 1],
  }),

  four_valleys: ({ coupling: c }) => ({
    value: (x, y) => 0.25 * (x * x - 1) ** 2 + 0.25 * (y * y - 1) ** 2 + c * x * y,
    gradient: (x, y) => [x * (x * x - 1) + c * y, y * (y * y - 1) + c * x],
    hessian: (x, y) => [3 * x * x - 1, c, 3 * y * y - 1],
  }),

  // The parts of the sums are those of labs.objectives.many_minima.
  wells() {
    const bowl = 0.12;
    const each = (x, y) =>
      WELLS.map(([a, b, depth, width]) => {
        const [u, w, v] = [x - a, y - b, width * width];
        return [(depth / v) * Math.exp(-(u * u + w * w) / (2 * v)), u, w, v];
      });
    return {
      value: (x, y) => each(x, y).reduce((sum, [e, , , v]) => sum - e * v, 0.5 * bowl * (x * x + y * y)),
      gradient: (x, y) => each(x, y).reduce(([g, h], [e, u, w]) => [g + e * u, h + e * w], [bowl * x, bowl * y]),
      hessian: (x, y) =>
        each(x, y).reduce(
          ([p, q, r], [e, u, w, v]) => [p + e * (1 - (u * u) / v), q - (e * u * w) / v, r + e * (1 - (w * w) / v)],
          [bowl, 0, bowl],
        ),
    };
  },

  one_neuron() {
    const each = (x, y) =>
      EXAMPLES.map(([a, b, target]) => {
        const p = 1 / (1 + Math.exp(-(a * x + b * y)));
        return [a, b, p - target, p * (1 - p), 1 - 2 * p];
      });
    return {
      value: (x, y) => each(x, y).reduce((sum, [, , error]) => sum + error * error, 0),
      gradient: (x, y) =>
        each(x, y).reduce(([g, h], [a, b, error, slope]) => [g + 2 * a * error * slope, h + 2 * b * error * slope], [0, 0]),
      hessian: (x, y) =>
        each(x, y).reduce(([p, q, r], [a, b, error, slope, bend]) => {
          const c = 2 * slope * (slope + error * bend);
          return [p + a * a * c, q + a * b * c, r + b * b * c];
        }, [0, 0, 0]),
    };
  },

  hill() {
    const parts = (x, y) => {
      const e = Math.exp(y);
      const [p, q] = [0.5 * (x + e), 0.5 * (x - e)];
      return { e, p, q, fp: 4 * p * (p * p - 1), fq: 2 * q, fpp: 12 * p * p - 4 };
    };
    return {
      value(x, y) {
        const { p, q } = parts(x, y);
        return (p * p - 1) ** 2 + q * q;
      },
      gradient(x, y) {
        const { e, fp, fq } = parts(x, y);
        return [0.5 * (fp + fq), 0.5 * e * (fp - fq)];
      },
      hessian(x, y) {
        const { e, fp, fq, fpp } = parts(x, y);
        return [0.25 * (fpp + 2), 0.25 * e * (fpp - 2), 0.25 * e * e * (fpp + 2) + 0.5 * e * (fp - fq)];
      },
    };
  },

  plateau({ width }) {
    const k = 1 / (width * width);
    const well = (x, y) => Math.exp(-0.5 * k * (x * x + y * y));
    return {
      value: (x, y) => 1 - well(x, y),
      gradient: (x, y) => [k * x * well(x, y), k * y * well(x, y)],
      hessian(x, y) {
        const e = well(x, y);
        return [k * (1 - k * x * x) * e, -k * k * x * y * e, k * (1 - k * y * y) * e];
      },
    };
  },

  // (h_T − t)² of h ← tanh(wh + b) from h₀ = 0.1; the derivatives by w and b are carried forward with h.
  cliff({ num_steps: steps, target }) {
    const derivatives = (w, b) => {
      let h = 0.1;
      let [hw, hb, hww, hwb, hbb] = [0, 0, 0, 0, 0];
      for (let i = 0; i < steps; i += 1) {
        const [zw, zb] = [h + w * hw, 1 + w * hb];
        const [zww, zwb, zbb] = [2 * hw + w * hww, hb + w * hwb, w * hbb];
        h = Math.tanh(w * h + b);
        const d = 1 - h * h;
        [hw, hb] = [d * zw, d * zb];
        [hww, hwb, hbb] = [d * zww - 2 * h * hw * zw, d * zwb - 2 * h * hw * zb, d * zbb - 2 * h * hb * zb];
      }
      return [h, hw, hb, hww, hwb, hbb];
    };
    return {
      value(w, b) {
        let h = 0.1;
        for (let i = 0; i < steps; i += 1) h = Math.tanh(w * h + b);
        return (h - target) ** 2;
      },
      gradient(w, b) {
        const [h, hw, hb] = derivatives(w, b);
        return [2 * (h - target) * hw, 2 * (h - target) * hb];
      },
      hessian(w, b) {
        const [h, hw, hb, hww, hwb, hbb] = derivatives(w, b);
        const off = h - target;
        return [2 * (hw * hw + off * hww), 2 * (hw * hb + off * hwb), 2 * (hb * hb + off * hbb)];
      },
    };
  },
};

// The parameters of each surface with their defaults.
export const SURFACES = {
  quadratic: { kappa: 10, angle: 0 },
  rosenbrock: { steepness: 100 },
  himmelblau: {},
  rastrigin: { amplitude: 1 },
  saddle: { curvature: 1 },
  two_valleys: { tilt: 0.1 },
  four_valleys: { coupling: 0.3 },
  wells: {},
  one_neuron: {},
  hill: {},
  plateau: { width: 0.7 },
  cliff: { num_steps: 50, target: 0.7 },
};

// The surface of that name; parameters left out take their defaults.
export function makeSurface(name, parameters = {}) {
  return SHAPES[name]({ ...SURFACES[name], ...parameters });
}
