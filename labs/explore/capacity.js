// The capacity explorer: polynomials fitted to really drawn samples, with their training error and their true risk.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { nestedFits, polynomial, trueMean, trueRisk } from "./polynomials.js";

const LEAST_SIZE = 8;

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ samples, nodes, weights, noise_sd: noise, max_degree: top, size, degree, sample }) {
  const numbers = (values) => Array.isArray(values) && values.length > 0 && values.every(Number.isFinite);
  const whole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
  if (!Array.isArray(samples) || !samples.length) return "There is no sample to fit.";
  const most = samples[0].x.length;
  for (const { x, y } of samples) {
    if (!numbers(x) || !numbers(y) || x.length !== most || y.length !== most) return "Each sample needs as many x as y, all finite.";
  }
  if (!numbers(nodes) || !numbers(weights) || nodes.length !== weights.length) return "Each node needs its weight.";
  if (!(noise >= 0)) return `The noise must be at least 0, not ${noise}.`;
  if (!whole(top, 1, 30)) return `The highest degree must be a whole number from 1 to 30, not ${top}.`;
  if (!whole(size, LEAST_SIZE, most)) return `The sample size must be from ${LEAST_SIZE} to ${most}, not ${size}.`;
  if (!whole(degree, 0, top)) return `The degree must be from 0 to ${top}, not ${degree}.`;
  if (!whole(sample, 0, samples.length - 1)) return `There is no sample number ${sample}; there are ${samples.length}.`;
  return undefined;
}

// The errors of all degrees that m points determine, for each sample.
export function errorsOf(config) {
  const { samples, size, max_degree: top } = config;
  return samples.map(({ x, y }) => {
    const fits = nestedFits(x.slice(0, size), y.slice(0, size), Math.min(top, size - 1));
    return fits.map(({ coefficients, error }) => ({ coefficients, training: error, risk: trueRisk(coefficients, config) }));
  });
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const { samples, max_degree: top, noise_sd: noise } = initial;
  const most = samples[0].x.length;
  const floor = noise * noise;
  let state = structuredClone(initial);
  let errors = [];
  let computed = 0; // the sample size that `errors` belongs to

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Move the sliders, tap the lower plot to choose a degree, or draw a new sample. Grey: the true risk for the other samples.",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const fit = new Plot(stage, {
    label: "Sample and fit", x: { range: [-1, 1], label: "x" }, y: { range: [-2.2, 2.2], label: "y" }, shape: 0.5, draw: drawFit,
  });
  const curves = new Plot(stage, {
    label: "Errors against the degree", x: { range: [-0.5, top + 0.5], label: "degree of the polynomial" }, shape: 0.45,
    y: { range: [Math.max(floor, 1e-3) / 30, 30], label: "mean squared error", log: true }, draw: drawErrors,
  });
  curves.onPress((x) => setDegree(Math.round(x)));
  const size = stage.slider({
    label: "sample size m", min: LEAST_SIZE, max: most, step: 1, value: state.size, show: (value) => String(value),
    input: (value) => (state.size = value),
  });
  const degree = stage.slider({
    label: "degree", min: 0, max: top, step: 1, value: state.degree, show: (value) => String(value),
    input: (value) => (state.degree = value),
  });
  const readout = stage.readouts(["parameters", "training error", "true risk", "least possible"]);
  const tell = stage.verdict();
  const tellDegree = stage.verdict();
  stage.button("New sample", () => {
    state.sample = (state.sample + 1) % samples.length;
    stage.changed();
  });
  stage.button("Reset", () => {
    adopt(initial);
    stage.changed();
  });

  function setDegree(value) {
    state.degree = Math.min(top, Math.max(0, value));
    degree.set(state.degree);
  }

  function adopt(config) {
    state = structuredClone(config);
    size.set(state.size);
    degree.set(state.degree);
    stage.invalidate();
  }

  // With as many parameters as points or more there is no single best fit; the highest degree with one is shown.
  const shown = () => Math.min(state.degree, state.size - 1);

  function update() {
    if (computed !== state.size) errors = errorsOf(state);
    computed = state.size;
    const all = errors[state.sample];
    const { training, risk } = all[shown()];
    readout({
      parameters: `${shown() + 1} for ${state.size} points`,
      "training error": format(training), "true risk": format(risk), "least possible": format(floor),
    });
    const least = all.reduce((best, { risk: value }, d) => (value < all[best].risk ? d : best), 0);
    const limited = shown() < state.degree ? ` ${state.size} points allow degree ${state.size - 1} at most.` : "";
    const verdict = `Degree ${shown()}: error ${format(training)} on the sample, ${format(risk)} in truth.${limited}`;
    const best = `Best for this sample: degree ${least}, ${format(all[least].risk)} in truth.`;
    tell(verdict);
    tellDegree(best);
    stage.say(`Sample ${state.sample + 1} of ${samples.length}, ${state.size} points. ${verdict} ${best}`);
    fit.describe(`${state.size} points, the true curve and the fitted polynomial of degree ${shown()}`);
    curves.describe(`Training error and true risk against the degree for ${state.size} points, marked at degree ${shown()}`);
  }

  function drawFit(plot) {
    const { x, y } = samples[state.sample];
    const { coefficients } = errors[state.sample][shown()];
    plot.curve(trueMean, { color: "green", dash: "dashdot" });
    plot.curve((at) => polynomial(coefficients, at), { color: "blue" });
    plot.markers(x.slice(0, state.size).flatMap((at, i) => [at, y[i]]), { color: "black", radius: 3.5 });
    name(plot, "truth", -0.97, -1.5, "green");
    name(plot, "fit", -0.97, -1.9, "blue");
  }

  function drawErrors(plot) {
    const line = (all, of) => all.flatMap((errorsAt, d) => [d, Math.max(of(errorsAt), 1e-12)]);
    errors.forEach((all, k) => {
      if (k !== state.sample) plot.line(line(all, ({ risk }) => risk), { color: "axis", width: 0.8, halo: false });
    });
    plot.rule({ y: floor, color: "muted", dash: "dotted" });
    plot.rule({ x: shown(), color: "muted" });
    const all = errors[state.sample];
    plot.line(line(all, ({ training }) => training), { color: "blue" });
    plot.line(line(all, ({ risk }) => risk), { color: "green", dash: "dashdot" });
    const { training, risk } = all[shown()];
    plot.markers([shown(), Math.max(training, 1e-12)], { color: "blue", radius: 5 });
    plot.markers([shown(), risk], { color: "green", shape: "square", radius: 5 });
    const [low, high] = plot.yRange;
    name(plot, "true risk", -0.2, low * (high / low) ** 0.93, "green");
    name(plot, "training error", -0.2, low * (high / low) ** 0.07, "blue");
  }

  function name(plot, text, x, y, color) {
    plot.context.fillStyle = stage.color(color);
    plot.context.font = `600 13px ${stage.styles.fontFamily}`;
    plot.context.textAlign = "left";
    plot.context.textBaseline = "middle";
    plot.context.fillText(text, plot.toX(x), plot.toY(y));
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
