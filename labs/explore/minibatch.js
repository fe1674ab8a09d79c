// The minibatch explorer: batch size and learning rate on the contour map of a regression, with the error of one step.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { contours } from "./contour.js";
import { eigen2 } from "./numerics.js";
import { gradientMoments, leastSquares, minibatchPath, standardErrorOf } from "./sampling.js";

const MAX_PASSES = 20;
const LOOK = { color: "vermilion", dash: "solid" };
const FULL = { color: "blue", dash: "long" };

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ x, y, start, batch_size: batch, learning_rate: rate, num_passes: passes, seed, domain }) {
  const finite = (values, length) => Array.isArray(values) && values.length === length && values.every(Number.isFinite);
  if (!Array.isArray(y) || y.length < 3 || !finite(y, y.length)) return "There must be three targets or more, all finite.";
  if (!Array.isArray(x) || x.length !== y.length || !x.every((row) => finite(row, 2))) {
    return `The inputs must be two numbers for each of the ${y.length} targets.`;
  }
  const [a, b, c] = leastSquares({ x, y }).hessian();
  if (!(a * c - b * b > 1e-9 * a * c)) return "The two features are multiples of each other: there is no single minimum.";
  if (!finite(start, 2)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  if (!(Number.isInteger(batch) && batch >= 1 && batch <= y.length)) {
    return `The batch size must be a whole number from 1 to ${y.length}, not ${batch}.`;
  }
  if (!(rate > 0 && Number.isFinite(rate))) return `The learning rate must be above 0, not ${rate}.`;
  if (!(Number.isInteger(passes) && passes >= 1 && passes <= MAX_PASSES)) {
    return `The passes must be a whole number from 1 to ${MAX_PASSES}, not ${passes}.`;
  }
  if (!(Number.isInteger(seed) && seed >= 0)) return `The seed must be a whole number from 0, not ${seed}.`;
  const ascending = (ends) => finite(ends, 2) && ends[0] < ends[1];
  if (!(Array.isArray(domain) && domain.length === 2 && domain.every(ascending))) {
    return "The domain must be two pairs (low, high).";
  }
  return undefined;
}

const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const { x, y } = initial;
  const numExamples = y.length;
  const surface = leastSquares({ x, y });
  const top = eigen2(surface.hessian()).values[1];
  let state = structuredClone(initial);
  let shown = Infinity;
  let runs = [];
  let step;

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Drag the ring, click the map, or move the ring with the arrow keys (with Shift ten times as far).",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const map = new Plot(stage, {
    label: initial.title, equal: true, draw: drawMap,
    x: { range: initial.domain[0], label: "θ₁" }, y: { range: initial.domain[1], label: "θ₂" },
  });
  const highest = Math.max(surface.excess(...initial.start), 1e-9);
  const curves = new Plot(stage, {
    label: "Excess loss", shape: 0.42, draw: drawCurves,
    x: { range: [1, MAX_PASSES * numExamples], label: "examples seen", log: true },
    y: { range: [highest / 1e4, highest * 4], label: "J − min J", log: true },
  });
  const moveStart = (u, v) => (state.start = [u, v]);
  stage.handle({
    plot: map, label: "Start", get: () => state.start, set: moveStart,
    describe: (u, v) => `θ₁ = ${format(u)}, θ₂ = ${format(v)}`,
  });
  map.onPress(moveStart);
  const sliders = {
    batch_size: stage.slider({
      label: "batch size B", min: 1, max: numExamples, log: true, whole: true, value: state.batch_size,
      show: String, input: (value) => (state.batch_size = value),
    }),
    num_passes: stage.slider({
      label: `passes over the ${numExamples} examples`, min: 1, max: MAX_PASSES, step: 1, value: state.num_passes,
      show: String, input: (value) => (state.num_passes = value),
    }),
    learning_rate: stage.slider({
      label: "learning rate η", min: 0.005, max: 2.5 / top, log: true, value: state.learning_rate,
      input: (value) => (state.learning_rate = value),
    }),
  };
  sliders.learning_rate.mark(2 / top, "2/λmax");
  const readout = stage.readouts(["updates", "‖∇J‖ at the start", "standard error there", "tr Σ/‖∇J‖² there"]);
  const tellStep = stage.verdict();
  const tellRun = stage.verdict();
  stage.button("Play", () => {
    stage.animate(Math.min(6000, 400 * state.num_passes), (share) => (shown = share === 1 ? Infinity : share));
  });
  stage.button("Redraw", () => {
    state.seed += 1;
    stage.changed();
  });
  stage.button("Reset", () => {
    adopt(initial);
    stage.changed();
  });

  function adopt(config) {
    stage.stopAnimation();
    shown = Infinity;
    state = structuredClone(config);
    for (const [name, slider] of Object.entries(sliders)) slider.set(state[name]);
    stage.invalidate();
  }

  function run(batchSize) {
    const { learning_rate: learningRate, num_passes: numPasses, seed } = state;
    const { path, seen } = minibatchPath({ x, y }, state.start, { learningRate, batchSize, numPasses, seed });
    const last = seen[seen.length - 1];
    const end = last === numPasses * numExamples ? surface.excess(...path.slice(-2)) : Infinity;
    return { path, seen, end, updates: seen.length - 1 };
  }

  function update() {
    const { batch_size: batch } = state;
    runs = [{ ...run(numExamples), ...FULL, name: "all" }, { ...run(batch), ...LOOK, name: `B = ${batch}` }];
    const { mean, trace } = gradientMoments({ x, y }, state.start);
    const [length, error] = [Math.hypot(...mean), standardErrorOf(trace, numExamples, batch)];
    step = { tip: [state.start[0] - mean[0], state.start[1] - mean[1]], radius: error };
    const [full, mini] = runs;
    readout({
      updates: String(Math.ceil(numExamples / batch) * state.num_passes),
      "‖∇J‖ at the start": format(length),
      "standard error there": format(error),
      "tr Σ/‖∇J‖² there": length > 0 ? format(trace / length ** 2) : "∞",
    });
    const one =
      batch === numExamples
        ? "The batch is all there is: each step is exact."
        : `At the start the gradient of ${counted(batch, "example")} errs by ${format((100 * error) / length)} % of the length of ∇J (circle at the tip of −∇J).`;
    const first = surface.excess(...state.start);
    const left = ({ end }) => (end <= first ? `leaves ${format(end)}` : end < Infinity ? `rises to ${format(end)}` : "diverges");
    const seen = state.num_passes * numExamples;
    const both = `${counted(seen, "example")} seen: batch size ${batch} ${left(mini)}, the full batch ${left(full)}.`;
    tellStep(one);
    tellRun(both);
    stage.say(`${one} ${both}`);
    map.describe(`${initial.title}: contour map with the paths of batch size ${batch} and of the full batch`);
    curves.describe(`Excess loss against examples seen, for batch size ${batch} and for the full batch`);
  }

  // The part of a run that is shown while it plays: both runs have seen the same number of examples.
  function visible({ path, seen }) {
    const limit = Math.min(1, shown) * state.num_passes * numExamples;
    const count = seen.findLastIndex((value) => value <= limit) + 1;
    return { path: path.slice(0, 2 * count), seen: seen.slice(0, count) };
  }

  const ground = contours();
  function drawMap(plot) {
    ground(plot, surface.value, "");
    for (const each of runs) {
      const { path } = visible(each);
      plot.line(path, { color: each.color, dash: each.dash, width: 1.6 });
      if (path.length <= 120) plot.markers(path, { color: each.color, radius: 2.5 });
      plot.markers(path.slice(-2), { color: each.color, radius: 5.5 });
    }
    plot.markers(surface.minimum, { color: "black", shape: "plus", radius: 5 });
    const circle = [];
    for (let i = 0; i <= 48; i += 1) {
      const angle = (2 * Math.PI * i) / 48;
      circle.push(step.tip[0] + step.radius * Math.cos(angle), step.tip[1] + step.radius * Math.sin(angle));
    }
    plot.line([...state.start, ...step.tip], { color: "black", width: 1.5 });
    plot.line(circle, { color: "black", width: 1.5, dash: "dotted" });
  }

  function drawCurves(plot) {
    for (const each of runs) {
      const { path, seen } = visible(each);
      const points = seen.flatMap((value, k) => [Math.max(1, value), surface.excess(path[2 * k], path[2 * k + 1])]);
      if (points.length > 2) points.splice(2, 0, Math.max(1, seen[1] * 0.999), points[1]);
      plot.line(points.map((value, k) => (k % 2 ? Math.max(value, highest / 1e6) : value)), { color: each.color, dash: each.dash });
      plot.markers(points.slice(-2), { color: each.color, radius: 4 });
    }
    legend(plot);
  }

  function legend(plot) {
    plot.context.font = `600 13px ${stage.styles.fontFamily}`;
    plot.context.textAlign = "left";
    plot.context.textBaseline = "bottom";
    runs.forEach(({ name, color }, row) => {
      plot.context.fillStyle = stage.color(color);
      plot.context.fillText(name === "all" ? "full batch (long dashes)" : name, plot.area.left + 10, plot.area.top + plot.area.height - 8 - 17 * row);
    });
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
