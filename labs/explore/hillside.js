// On which side of the mountain a descent of the surface "hill" comes down; the numbers are those of labs.explore.sides,
// which the tests compare with these.

import { descend } from "./numerics.js";

export const SIDE_NAMES = ["drifts away", "arrives"];
export const WALK_STEPS = 600;
const RIDGE = 1; // the loss is at least this on the ridge x + e^y = 0; below it no short step crosses

// 1 right of the ridge, where the minimum is, 0 left of it; −1 as long as the loss is high enough to cross it.
export function sideAt(surface, x, y) {
  if (!(surface.value(x, y) < RIDGE)) return -1;
  return x + Math.exp(y) > 0 ? 1 : 0;
}

// The way down, [x0, y0, x1, y1, …], and the side on which it ends; −1 if it flies off or stays above the ridge.
export function comeDown(surface, start, learningRate) {
  const path = descend(surface, "gradient_descent", start, { learningRate, momentum: 0, numSteps: WALK_STEPS });
  const whole = path.length === 2 * (WALK_STEPS + 1);
  return { path, side: whole ? sideAt(surface, ...path.slice(-2)) : -1 };
}

// The sides on which descents from the midpoints of columns × rows cells end, row by row from below.
export function sideMap(surface, [[left, right], [bottom, top]], columns, rows, learningRate) {
  const sides = new Int8Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const x = left + ((column + 0.5) / columns) * (right - left);
      const y = bottom + ((row + 0.5) / rows) * (top - bottom);
      sides[row * columns + column] = comeDown(surface, [x, y], learningRate).side;
    }
  }
  return sides;
}
