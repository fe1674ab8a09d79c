// Losses of a margin and their slopes, as labs.losses.MARGIN_LOSSES: at a kink the slope from the right.

export const MARGIN_LOSSES = {
  zero_one: { value: (m) => (m <= 0 ? 1 : 0), slope: () => 0 },
  perceptron: { value: (m) => Math.max(0, -m), slope: (m) => (m < 0 ? -1 : 0) },
  hinge: { value: (m) => Math.max(0, 1 - m), slope: (m) => (m < 1 ? -1 : 0) },
  // The larger of 0 and −m is taken out of log(1 + e⁻ᵐ), so that nothing overflows.
  logistic: { value: (m) => Math.max(0, -m) + Math.log1p(Math.exp(-Math.abs(m))), slope: (m) => -1 / (1 + Math.exp(m)) },
  exponential: { value: (m) => Math.exp(-m), slope: (m) => -Math.exp(-m) },
  squared: { value: (m) => (1 - m) ** 2, slope: (m) => -2 * (1 - m) },
};
