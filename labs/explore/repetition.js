// Powers of a real 2 × 2 matrix with chosen eigenvalues; the numbers are those of labs.explore.eigenvalues, which the
// tests compare with these.

// The matrix S B S⁻¹, [[a, b], [c, d]]. Columns of S: (1, 0) and (cos φ, sin φ), φ in degrees. B is diag(λ₁, λ₂) for
// two real eigenvalues [re, im], and [[re, −im], [im, re]] for the pair re ± i im.
export function matrixOf([first, second], angle) {
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const pair = first[1] !== 0;
  const [p, q, r, s] = pair ? [first[0], -first[1], first[1], first[0]] : [first[0], 0, 0, second[0]];
  // S B, then times S⁻¹ = [[1, −cos/sin], [0, 1/sin]]
  const [e, f, g, h] = [p + cos * r, q + cos * s, sin * r, sin * s];
  return [[e, (f - cos * e) / sin], [g, (h - cos * g) / sin]];
}

// The way of a vector, [x0, y0, x1, y1, …], under numSteps products.
export function repeated([[a, b], [c, d]], start, numSteps) {
  let [x, y] = start;
  const path = [x, y];
  for (let step = 0; step < numSteps; step += 1) {
    [x, y] = [a * x + b * y, c * x + d * y];
    path.push(x, y);
  }
  return path;
}

// The length of the vector at each step, as a share of its first one.
export function growth(path) {
  const first = Math.hypot(path[0], path[1]);
  return Array.from({ length: path.length / 2 }, (_, t) => Math.hypot(path[2 * t], path[2 * t + 1]) / first);
}
