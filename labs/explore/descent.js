// The descent explorer: methods that run from a start the reader moves over the contour map of a surface.

import { Stage, element, format, refuse, setText } from "./kit.js";
import { Plot, swatch } from "./plot.js";
import { contours } from "./contour.js";
import { METHODS, descend, eigen2, taylorTerms } from "./numerics.js";
import { SURFACES, makeSurface } from "./surfaces.js";

// One look a method, the colours those of labs.figures; no two differ in colour alone.
const LOOKS = {
  gradient_descent: { name: "gradient descent", color: "blue", dash: "solid", shape: "circle" },
  momentum: { name: "momentum", color: "green", dash: "dashdot", shape: "square" },
  nesterov: { name: "Nesterov", color: "purple", dash: "dotted", shape: "diamond" },
  newton: { name: "Newton", color: "vermilion", dash: "dashed", shape: "triangle" },
  saddle_free_newton: { name: "saddle-free Newton", color: "green", dash: "long", shape: "down" },
  sign_descent: { name: "sign descent", color: "grey", dash: "dashdot", shape: "plus" },
};
const NEEDS_RATE = new Set(["gradient_descent", "momentum", "nesterov", "sign_descent"]);
const NEEDS_MOMENTUM = new Set(["momentum", "nesterov"]);
const MAX_STEPS = 500;

// The sliders of the surfaces' parameters.
const SLIDERS = {
  kappa: { label: "condition number κ", min: 1, max: 1000, log: true },
  angle: {
    label: "direction of the valley", min: -Math.PI / 2, max: Math.PI / 2, step: Math.PI / 180,
    show: (angle) => `${Math.round((angle * 180) / Math.PI)}°`.replace("-", "−"),
  },
  steepness: { label: "steepness a", min: 1, max: 200, log: true },
  amplitude: { label: "ripples a", min: 0, max: 2, step: 0.01 },
  curvature: { label: "downward curvature c", min: 0.1, max: 4, step: 0.05 },
  tilt: { label: "tilt t", min: -0.38, max: 0.38, step: 0.01 },
  coupling: { label: "coupling c", min: 0, max: 0.49, step: 0.01 },
  width: { label: "width of the hole w", min: 0.3, max: 2, step: 0.01 },
  num_steps: { label: "length T", min: 1, max: 100, step: 1, show: String },
  target: { label: "target t", min: -1, max: 1, step: 0.01 },
};

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint(config) {
  const { surface, parameters, methods, start, momentum, domain } = config;
  const { learning_rate: rate, learning_rate_range: rates, num_steps: steps } = config;
  const known = (what, value, choices) =>
    choices.includes(value) ? undefined : `Unknown ${what} “${value}”; choose one of ${choices.join(", ")}.`;
  const finite = (values, length) => Array.isArray(values) && values.length === length && values.every(Number.isFinite);
  const unknown = known("surface", surface, Object.keys(SURFACES));
  if (unknown) return unknown;
  for (const [name, value] of Object.entries(parameters)) {
    const odd = known(`parameter of ${surface}`, name, Object.keys(SURFACES[surface]));
    if (odd || !Number.isFinite(value)) return odd ?? `The parameter ${name} must be a number, not ${value}.`;
  }
  if (!Array.isArray(methods) || !methods.length) return `No method to run; choose from ${METHODS.join(", ")}.`;
  const stranger = methods.find((method) => !METHODS.includes(method));
  if (stranger !== undefined) return known("method", stranger, METHODS);
  if (!finite(start, 2)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  if (!(rate > 0 && Number.isFinite(rate))) return `The learning rate must be above 0, not ${rate}.`;
  if (!(momentum >= 0 && momentum < 1)) return `The momentum must be at least 0 and below 1, not ${momentum}.`;
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= MAX_STEPS)) {
    return `The number of steps must be a whole number from 1 to ${MAX_STEPS}, not ${steps}.`;
  }
  const ascending = (ends) => finite(ends, 2) && ends[0] < ends[1];
  if (!(Array.isArray(domain) && domain.length === 2 && domain.every(ascending))) {
    return "The domain must be two pairs (low, high).";
  }
  if (!ascending(rates) || !(rates[0] > 0)) return "The range of the learning rate must be (low, high), both above 0.";
  return undefined;
}

// Where a path stands at its end, in words.
function outcome(surface, path, from, broken) {
  const [x, y] = path.slice(-2);
  const [value, before] = [surface.value(x, y), surface.value(...from)];
  if (broken) return value > before ? "diverges" : "falls for ever";
  const steepness = Math.hypot(...surface.gradient(x, y));
  if (steepness <= 1e-4 * Math.hypot(...surface.gradient(...from)) || steepness < 1e-9) {
    const [low, high] = eigen2(surface.hessian(x, y)).values;
    if (low >= 0) return "at a minimum";
    return high > 0 ? "at a saddle" : "at a maximum";
  }
  if (value > before) return steepness > 10 * Math.hypot(...surface.gradient(...from)) ? "diverges" : "has risen";
  return "still moving";
}

// What η times the largest curvature at the start means for plain gradient descent, exactly so on a quadratic.
function judge(product, isQuadratic) {
  const text = `ηλmax = ${format(product)}`;
  if (!(product > 0)) return "At the start nothing curves upwards: no learning rate is too large here.";
  if (!isQuadratic) {
    return product > 2 ? `${text} at the start, above 2: unstable there.` : `${text} at the start, below 2: stable there.`;
  }
  if (Math.abs(product - 2) < 0.005) return `${text}: gradient descent oscillates for ever.`;
  if (product > 2) return `${text}, above 2: gradient descent diverges.`;
  return product > 1
    ? `${text}, between 1 and 2: gradient descent oscillates and converges.`
    : `${text}, at most 1: gradient descent converges without overshooting.`;
}

// The table that is legend, switches and results in one; returns its setter.
function results(stage, methods, toggled) {
  const rows = methods.map((method) => {
    const box = element("input", { type: "checkbox", checked: true, input: () => toggled(method, box.checked) });
    const cells = ["labs-ex-number", "labs-ex-number", "labs-ex-outcome"].map((name) => element("td", { class: name }));
    const label = element("label", {}, box, swatch(LOOKS[method]), element("span", {}, LOOKS[method].name));
    return { cells, row: element("tr", {}, element("th", { scope: "row" }, label), ...cells) };
  });
  const caption = element("caption");
  const heads = ["method", "loss J", "‖∇J‖", "outcome"].map((name) => element("th", { scope: "col" }, name));
  const body = element("tbody", {}, ...rows.map(({ row }) => row));
  stage.main.append(
    element("table", { class: "labs-ex-results" }, caption, element("thead", {}, element("tr", {}, ...heads)), body),
  );
  return (heading, texts) => {
    setText(caption, heading);
    texts.forEach((row, index) => row.forEach((text, column) => setText(rows[index].cells[column], text)));
  };
}

function drawPath(plot, path, { color, dash, shape }) {
  plot.line(path, { color, dash });
  const stride = Math.max(1, Math.ceil(path.length / 2 / 60));
  const marks = [];
  for (let i = 0; i + 1 < path.length; i += 2 * stride) marks.push(path[i], path[i + 1]);
  plot.markers(marks, { color, shape, radius: 3 });
  plot.markers(path.slice(-2), { color, shape, radius: 5.5 });
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  let state = structuredClone(initial);
  const active = new Set(initial.methods);
  let surface;
  let shown = Infinity;
  let paths = {};

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Drag the ring, click the map, or move the ring with the arrow keys (with Shift ten times as far).",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const plot = new Plot(stage, {
    label: initial.title, equal: true, draw,
    x: { range: initial.domain[0], label: "θ₁" }, y: { range: initial.domain[1], label: "θ₂" },
  });
  const report = results(stage, initial.methods, (method, on) => {
    if (on) active.add(method);
    else active.delete(method);
    stage.changed();
  });
  const moveStart = (x, y) => (state.start = [x, y]);
  stage.handle({
    plot, label: "Start", get: () => state.start, set: moveStart,
    describe: (x, y) => `θ₁ = ${format(x)}, θ₂ = ${format(y)}`,
  });
  plot.onPress(moveStart);
  const sliders = makeSliders();
  const bars = initial.taylor && stage.bars({
    caption: "One step of gradient descent from the start changes J by",
    rows: [
      { label: "−η gᵀg", color: "blue" }, { label: "½η² gᵀHg", color: "vermilion" },
      { label: "both terms", color: "grey" }, { label: "really", color: "green" },
    ],
  });
  const sumUpStep = initial.taylor && stage.verdict();
  const readout = stage.readouts(["J at the start", "‖∇J‖ at the start", "λmax at the start", "2/λmax"]);
  const sumUpRate = sliders.rate && stage.verdict();
  stage.button("Play", play);
  stage.button("Reset", () => {
    adopt(initial);
    stage.changed();
  });

  function makeSliders() {
    const all = {};
    const add = (name, options) => {
      const { get, set } = options;
      all[name] = { control: stage.slider({ ...options, value: get(), input: set }), get };
    };
    for (const name of Object.keys(SLIDERS)) {
      if (name in state.parameters) {
        add(name, { ...SLIDERS[name], get: () => state.parameters[name], set: (v) => (state.parameters[name] = v) });
      }
    }
    if (initial.taylor || initial.methods.some((method) => NEEDS_RATE.has(method))) {
      const [min, max] = initial.learning_rate_range;
      add("rate", {
        label: "learning rate η", min, max, log: true,
        get: () => state.learning_rate, set: (v) => (state.learning_rate = v),
      });
    }
    if (initial.methods.some((method) => NEEDS_MOMENTUM.has(method))) {
      add("momentum", {
        label: "momentum β", min: 0, max: 0.99, step: 0.01,
        get: () => state.momentum, set: (v) => (state.momentum = v),
      });
    }
    add("steps", {
      label: "steps", min: 1, max: Math.min(MAX_STEPS, Math.max(100, 2 * initial.num_steps)), step: 1, show: String,
      get: () => state.num_steps, set: (v) => (state.num_steps = v),
    });
    return all;
  }

  function adopt(config) {
    stage.stopAnimation();
    shown = Infinity;
    state = structuredClone(config);
    for (const { control, get } of Object.values(sliders)) control.set(get());
    stage.invalidate();
  }

  function play() {
    const milliseconds = Math.min(6000, 120 * state.num_steps);
    stage.animate(milliseconds, (share) => (shown = share === 1 ? Infinity : Math.floor(share * state.num_steps)));
  }

  function update() {
    surface = makeSurface(state.surface, state.parameters);
    const settings = { learningRate: state.learning_rate, momentum: state.momentum, numSteps: state.num_steps };
    paths = {};
    for (const method of active) paths[method] = descend(surface, method, state.start, settings);
    const steps = Math.min(shown, state.num_steps);
    const told = initial.methods.map((method) => tell(method, steps));
    report(`After ${steps} ${steps === 1 ? "step" : "steps"}`, told);
    tellCurvature();
    const spoken = initial.methods
      .filter((method) => active.has(method))
      .map((method) => {
        const [value, , end] = told[initial.methods.indexOf(method)];
        return `${LOOKS[method].name}: loss ${value}, ${end}`;
      });
    const [x, y] = state.start;
    stage.say(`From θ₁ = ${format(x)}, θ₂ = ${format(y)}, after ${steps} steps: ${spoken.join("; ")}.`);
    plot.describe(`${initial.title}: contour map with the start and the paths of ${initial.methods.map((m) => LOOKS[m].name).join(", ")}`);
  }

  function tell(method, steps) {
    if (!active.has(method)) return ["–", "–", "not shown"];
    const path = paths[method].slice(0, 2 * (steps + 1));
    const broken = path.length < 2 * (steps + 1);
    const [x, y] = path.slice(-2);
    if (broken && surface.value(x, y) > surface.value(...state.start)) return ["∞", "∞", "diverges"];
    const steepness = Math.hypot(...surface.gradient(x, y));
    return [format(surface.value(x, y)), format(steepness), outcome(surface, path, state.start, broken)];
  }

  function tellCurvature() {
    const { start, learning_rate: rate } = state;
    const top = eigen2(surface.hessian(...start)).values[1];
    if (sliders.rate) sliders.rate.control.mark(top > 0 ? 2 / top : NaN, "2/λmax");
    readout({
      "J at the start": format(surface.value(...start)),
      "‖∇J‖ at the start": format(Math.hypot(...surface.gradient(...start))),
      "λmax at the start": format(top),
      "2/λmax": top > 0 ? format(2 / top) : "–",
    });
    if (sumUpRate) sumUpRate(judge(rate * top, state.surface === "quadratic"));
    if (!bars) return;
    const { first, second, change } = taylorTerms(surface, start, rate);
    bars.set([first, second, first + second, change]);
    const winner = -first > second ? "The first term wins" : "The second term wins";
    sumUpStep(`${winner}: J should ${first + second < 0 ? "fall" : "rise"}, and ${change < 0 ? "falls" : "rises"}.`);
  }

  const ground = contours();
  function draw() {
    ground(plot, surface.value, JSON.stringify([state.surface, state.parameters]));
    const steps = Math.min(shown, state.num_steps);
    for (const method of initial.methods) {
      if (paths[method]) drawPath(plot, paths[method].slice(0, 2 * (steps + 1)), LOOKS[method]);
    }
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
