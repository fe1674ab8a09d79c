// Balls that roll over a surface, and the minimum in which each comes to rest; the numbers are those of
// labs.explore.basins, which the tests compare with these.

import { descend } from "./numerics.js";

export const NUM_STEPS = 400;
const REACH = 0.05; // a ball this close to a minimum has come to rest in it

// The number of the minimum at which a point lies, −1 where it lies at none.
export function minimumAt(minima, x, y) {
  let [home, least] = [-1, REACH];
  minima.forEach(([a, b], k) => {
    const distance = Math.hypot(x - a, y - b);
    if (distance < least) [home, least] = [k, distance];
  });
  return home;
}

// The way of a ball, [x0, y0, x1, y1, …], and its home.
export function roll(surface, minima, start, { learningRate, momentum }) {
  const path = descend(surface, "momentum", start, { learningRate, momentum, numSteps: NUM_STEPS });
  return { path, home: minimumAt(minima, ...path.slice(-2)) };
}

// The homes of balls dropped on a grid of columns × rows midpoints of cells, row by row from below.
export function basinMap(surface, minima, [[left, right], [bottom, top]], columns, rows, settings) {
  const homes = new Int8Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const x = left + ((column + 0.5) / columns) * (right - left);
      const y = bottom + ((row + 0.5) / rows) * (top - bottom);
      homes[row * columns + column] = homeOf(surface, minima, x, y, settings);
    }
  }
  return homes;
}

// The home alone, without keeping the way; a ball that lies still in a minimum is not followed further.
function homeOf(surface, minima, x, y, { learningRate, momentum }) {
  let [u, v] = [0, 0];
  for (let step = 0; step < NUM_STEPS; step += 1) {
    const [g, h] = surface.gradient(x, y);
    [u, v] = [momentum * u - learningRate * g, momentum * v - learningRate * h];
    [x, y] = [x + u, y + v];
    if (!(Math.abs(x) < 1e9 && Math.abs(y) < 1e9)) return -1;
    const still = step % 16 === 15 && Math.hypot(u, v) < 1e-6 && Math.hypot(g, h) < 1e-4;
    if (still && minimumAt(minima, x, y) >= 0) break;
  }
  return minimumAt(minima, x, y);
}
