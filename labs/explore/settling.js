// Where a method settles, and at what kind of point; the numbers are those of labs.explore.saddles, which the tests
// compare with these.

import { descend, eigen2 } from "./numerics.js";

export const KIND_NAMES = ["minimum", "saddle", "maximum"];
export const STEPS_OF = { gradient_descent: 400, newton: 60, saddle_free_newton: 60 };
const STILL = 1e-4; // a gradient shorter than this is taken for 0

// The kind of critical point at (x, y) as a number of KIND_NAMES, −1 where it is none.
export function kindAt(surface, x, y) {
  if (!(Math.hypot(...surface.gradient(x, y)) < STILL)) return -1;
  const [low, high] = eigen2(surface.hessian(x, y)).values;
  if (low >= 0) return 0;
  return high > 0 ? 1 : 2;
}

// The way of a method from a start, [x0, y0, x1, y1, …], and the kind of point it ends at.
export function settle(surface, method, start, learningRate) {
  const numSteps = STEPS_OF[method];
  const path = descend(surface, method, start, { learningRate, momentum: 0, numSteps });
  const whole = path.length === 2 * (numSteps + 1);
  return { path, kind: whole ? kindAt(surface, ...path.slice(-2)) : -1 };
}

// The kinds at which a method ends from the midpoints of columns × rows cells, row by row from below.
export function kindMap(surface, method, [[left, right], [bottom, top]], columns, rows, learningRate) {
  const kinds = new Int8Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const x = left + ((column + 0.5) / columns) * (right - left);
      const y = bottom + ((row + 0.5) / rows) * (top - bottom);
      kinds[row * columns + column] = settle(surface, method, [x, y], learningRate).kind;
    }
  }
  return kinds;
}
