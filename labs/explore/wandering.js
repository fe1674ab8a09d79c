// Descent on a bowl by gradients with noise and a bias; labs.explore.wandering does the same in Python.

import { normal } from "./numerics.js";

// ηₜ = η, or with decay η/(1 + ηλt) with the smallest λ: c/t with c = 1/λ, begun where it is η.
export function stepRates(learningRate, curvatures, numSteps, decay) {
  const slow = decay ? learningRate * Math.min(...curvatures) : 0;
  return Array.from({ length: numSteps }, (_, step) => learningRate / (1 + slow * step));
}

// The way of the first walker, [x0, y0, x1, y1, …], and the ends of all, one after the other from one stream.
export function walk(start, curvatures, rates, { noise, bias, seed, numWalkers }) {
  const draw = normal(seed);
  const pull = bias / Math.sqrt(2); // the bias has this length along both axes
  const path = [...start];
  const ends = [];
  for (let walker = 0; walker < numWalkers; walker += 1) {
    let [x, y] = start;
    for (const rate of rates) {
      x -= rate * (curvatures[0] * x + pull + noise * draw());
      y -= rate * (curvatures[1] * y + pull + noise * draw());
      if (walker === 0) path.push(x, y);
    }
    ends.push(x, y);
  }
  return { path, ends };
}

// The exact means and variances of the two coordinates after all steps.
export function wanderMoments(start, curvatures, rates, { noise, bias }) {
  const pull = bias / Math.sqrt(2);
  const [means, variances] = [[...start], [0, 0]];
  for (const rate of rates) {
    curvatures.forEach((curvature, axis) => {
      const keep = 1 - rate * curvature;
      means[axis] = keep * means[axis] - rate * pull;
      variances[axis] = keep * keep * variances[axis] + rate * rate * noise * noise;
    });
  }
  return { means, variances };
}

// The root mean square distance of points [x0, y0, …] from the origin.
export function rootMeanSquare(points) {
  return Math.sqrt((2 * points.reduce((sum, value) => sum + value * value, 0)) / points.length);
}
