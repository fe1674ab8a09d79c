// Polynomials on [−1, 1] fitted by least squares: all degrees at once from one QR decomposition in Legendre's basis.

// P₀(x) … P_degree(x), by Bonnet's recursion.
export function legendreRow(x, degree) {
  const row = [1, x];
  for (let k = 1; k < degree; k += 1) row.push(((2 * k + 1) * x * row[k] - k * row[k - 1]) / (k + 1));
  return row.slice(0, degree + 1);
}

// Reflects the entries k, k + 1, … of a column at the plane across v, whose squared length is given.
function reflect(column, k, v, squaredLength) {
  let along = 0;
  for (let i = 0; i < v.length; i += 1) along += v[i] * column[k + i];
  for (let i = 0; i < v.length; i += 1) column[k + i] -= (2 * along * v[i]) / squaredLength;
}

// The coefficients and the mean squared error of the least-squares polynomial of each degree from 0 to `degree`, which
// must be below the number of points. Householder's reflections turn the basis into a triangle; cut off after d + 1
// columns it is the triangle of degree d, and what is left of y below row d is what degree d cannot fit.
export function nestedFits(xs, ys, degree) {
  const rows = xs.map((x) => legendreRow(x, degree));
  const columns = Array.from({ length: degree + 1 }, (_, k) => rows.map((row) => row[k]));
  const y = [...ys];
  columns.forEach((column, k) => {
    const v = column.slice(k);
    v[0] += Math.sign(v[0] || 1) * Math.hypot(...v);
    const squaredLength = v.reduce((sum, value) => sum + value * value, 0);
    for (const other of [...columns.slice(k), y]) reflect(other, k, v, squaredLength);
  });
  return columns.map((_, d) => {
    const coefficients = Array(d + 1).fill(0);
    for (let i = d; i >= 0; i -= 1) {
      let left = y[i];
      for (let j = i + 1; j <= d; j += 1) left -= columns[j][i] * coefficients[j];
      coefficients[i] = left / columns[i][i];
    }
    const error = y.slice(d + 1).reduce((sum, value) => sum + value * value, 0) / xs.length;
    return { coefficients, error };
  });
}

// The polynomial's value at a row of the basis, or at x.
export function combine(coefficients, row) {
  return coefficients.reduce((sum, coefficient, k) => sum + coefficient * row[k], 0);
}

export function polynomial(coefficients, x) {
  return combine(coefficients, legendreRow(x, coefficients.length - 1));
}

// E(y | x) of the population that labs.data.NoisyCurve draws from.
export function trueMean(x) {
  return Math.sin(Math.PI * x);
}

// The true mean squared error of a polynomial: noise and ½∫(p − mean)², by the quadrature that the config hands over.
export function trueRisk(coefficients, { nodes, weights, noise_sd: noise }) {
  let sum = 0;
  nodes.forEach((x, i) => {
    sum += (weights[i] * (polynomial(coefficients, x) - trueMean(x)) ** 2) / 2;
  });
  return noise * noise + sum;
}
