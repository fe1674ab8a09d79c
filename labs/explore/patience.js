// Readings at recorded steps: what stands between two of them, and where a patient observer stops.

// The value at step t, linear in log(1 + step) between the readings on both sides of it.
export function readAt(steps, values, t) {
  if (t <= steps[0]) return values[0];
  const right = steps.findIndex((step) => step >= t);
  if (right < 0) return values[values.length - 1];
  const [a, b] = [Math.log1p(steps[right - 1]), Math.log1p(steps[right])];
  const share = (Math.log1p(t) - a) / (b - a);
  return values[right - 1] + share * (values[right] - values[right - 1]);
}

// The step of the lowest reading, the first of several.
export function lowestAt(steps, values) {
  return steps[values.indexOf(Math.min(...values))];
}

// The recorded step at which the rule stops, and the best step until then: as labs.training.EarlyStopping.
export function stopWithPatience(steps, values, patience) {
  let best = 0;
  for (let k = 0; k < steps.length; k += 1) {
    if (values[k] < values[best]) best = k;
    if (steps[k] - steps[best] >= patience) return { stop: steps[k], best: steps[best] };
  }
  return { stop: steps[steps.length - 1], best: steps[best] };
}
