// Gradient descent with its gradient shortened to a threshold; the numbers are those of labs.explore.cliff, which the
// tests compare with these.

// The gradient at a point, its length, and the step −η g min(1, threshold/|g|) with its length.
export function clippedStep(surface, [x, y], { learningRate, threshold }) {
  const gradient = surface.gradient(x, y);
  const norm = Math.hypot(...gradient);
  const factor = norm > threshold ? threshold / norm : 1;
  const step = gradient.map((part) => -learningRate * factor * part);
  return { norm, step, length: learningRate * factor * norm };
}

// The way of a walk, [x0, y0, x1, y1, …]; it ends early where it leaves the numbers.
export function walk(surface, start, { learningRate, threshold, numSteps }) {
  let point = [...start];
  const path = [...point];
  for (let step = 0; step < numSteps; step += 1) {
    const { step: change } = clippedStep(surface, point, { learningRate, threshold });
    point = [point[0] + change[0], point[1] + change[1]];
    if (!point.every((part) => Math.abs(part) < 1e9)) break;
    path.push(...point);
  }
  return path;
}
