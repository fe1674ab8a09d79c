// Least squares in two parameters, and minibatch gradient descent on it; labs.explore.sampling does the same in Python.

import { uniform } from "./numerics.js";

const LOST = 1e9; // a path that has come this far from the origin has diverged and ends there

// J(θ) = mean of ½(θ·x − y)² over the rows, with its derivatives: a quadratic, described by six means.
export function leastSquares({ x, y }) {
  const mean = (f) => x.reduce((sum, row, i) => sum + f(row, y[i]), 0) / y.length;
  const hessian = [mean(([p]) => p * p), mean(([p, q]) => p * q), mean(([, q]) => q * q)];
  const [c1, c2, square] = [mean(([p], t) => p * t), mean(([, q], t) => q * t), mean((row, t) => t * t)];
  const [a, b, c] = hessian;
  const determinant = a * c - b * b;
  const minimum = [(c * c1 - b * c2) / determinant, (a * c2 - b * c1) / determinant];
  const gradient = (u, v) => [a * u + b * v - c1, b * u + c * v - c2];
  const value = (u, v) => 0.5 * (a * u * u + 2 * b * u * v + c * v * v + square) - c1 * u - c2 * v;
  const excess = (u, v) => {
    const [du, dv] = [u - minimum[0], v - minimum[1]];
    return 0.5 * (a * du * du + 2 * b * du * dv + c * dv * dv);
  };
  return { value, gradient, excess, minimum, hessian: () => hessian };
}

// The mean gradient and tr Σ, the total variance of the gradient of one random example.
export function gradientMoments({ x, y }, [u, v]) {
  let [g1, g2, squares] = [0, 0, 0];
  x.forEach(([p, q], i) => {
    const residual = p * u + q * v - y[i];
    g1 += (residual * p) / y.length;
    g2 += (residual * q) / y.length;
    squares += (residual * residual * (p * p + q * q)) / y.length;
  });
  return { mean: [g1, g2], trace: Math.max(0, squares - g1 * g1 - g2 * g2) };
}

// √E‖g_B − ∇J‖² for B of N examples drawn without replacement.
export function standardErrorOf(trace, numExamples, batchSize) {
  return Math.sqrt(((trace / batchSize) * (numExamples - batchSize)) / Math.max(1, numExamples - 1));
}

// A random order of 0 … n − 1 (Fisher and Yates).
export function permutation(n, draw) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// Minibatch gradient descent over shuffled passes: the points [u0, v0, u1, v1, …] and the examples seen at each.
export function minibatchPath({ x, y }, [u, v], { learningRate, batchSize, numPasses, seed }) {
  const draw = uniform(seed);
  const [path, seen] = [[u, v], [0]];
  for (let pass = 0; pass < numPasses; pass += 1) {
    const order = permutation(y.length, draw);
    for (let first = 0; first < y.length; first += batchSize) {
      const rows = order.slice(first, first + batchSize);
      let [g1, g2] = [0, 0];
      for (const i of rows) {
        const residual = x[i][0] * u + x[i][1] * v - y[i];
        g1 += (residual * x[i][0]) / rows.length;
        g2 += (residual * x[i][1]) / rows.length;
      }
      [u, v] = [u - learningRate * g1, v - learningRate * g2];
      if (!(Math.abs(u) <= LOST && Math.abs(v) <= LOST)) return { path, seen };
      path.push(u, v);
      seen.push(pass * y.length + first + rows.length);
    }
  }
  return { path, seen };
}
