// The saddle explorer: say where Newton's method will end, then run it beside gradient descent and the saddle-free method.

import { Stage, element, format, refuse, setText } from "./kit.js";
import { Plot, swatch } from "./plot.js";
import { contours } from "./contour.js";
import { drawName, drawRegions } from "./regions.js";
import { eigen2 } from "./numerics.js";
import { KIND_NAMES, kindMap, settle } from "./settling.js";
import { SURFACES, makeSurface } from "./surfaces.js";

const RUNNERS = {
  gradient_descent: { name: "gradient descent", color: "blue", dash: "solid", shape: "circle" },
  newton: { name: "Newton", color: "vermilion", dash: "dashed", shape: "triangle" },
  saddle_free_newton: { name: "saddle-free Newton", color: "green", dash: "long", shape: "down" },
};
const MAPS = ["none", ...Object.keys(RUNNERS)];
const TINTS = ["blue", "vermilion", "purple"]; // of the places from which a method ends at a minimum, saddle, maximum
const CELLS = 60;

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ surface, parameters, points, domain, start, guess, learning_rate: rate }) {
  if (!(surface in SURFACES)) {
    return `Unknown surface “${surface}”; choose one of ${Object.keys(SURFACES).join(", ")}.`;
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (!(name in SURFACES[surface])) return `${surface} has no parameter ${name}.`;
    if (!Number.isFinite(value)) return `The parameter ${name} must be a number, not ${value}.`;
  }
  const pair = (values) => Array.isArray(values) && values.length === 2 && values.every(Number.isFinite);
  const all = (list) => Array.isArray(list) && list.every(pair);
  if (!points || !KIND_NAMES.every((kind) => all(points[kind]))) {
    return "The points must be lists of two numbers for minimum, saddle and maximum.";
  }
  if (!points.saddle.length) return "There must be a saddle.";
  const ascending = (ends) => pair(ends) && ends[0] < ends[1];
  if (!(Array.isArray(domain) && domain.length === 2 && domain.every(ascending))) {
    return "The domain must be two pairs (low, high).";
  }
  if (!pair(start)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  if (!KIND_NAMES.includes(guess)) return `Unknown guess “${guess}”; choose one of ${KIND_NAMES.join(", ")}.`;
  if (!(rate > 0 && Number.isFinite(rate))) return `The learning rate must be above 0, not ${rate}.`;
  return undefined;
}

// The table that is legend and results in one; returns its setter.
function outcomes(stage) {
  const rows = Object.values(RUNNERS).map((look) => {
    const label = element("label", {}, swatch(look), element("span", {}, look.name));
    const cells = [element("td", { class: "labs-ex-number" }), element("td", { class: "labs-ex-number labs-ex-outcome" })];
    return { cells, row: element("tr", {}, element("th", { scope: "row" }, label), ...cells) };
  });
  const heads = ["method", "loss J", "ends"].map((name) => element("th", { scope: "col" }, name));
  stage.main.append(
    element(
      "table", { class: "labs-ex-results labs-ex-losses" }, element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...rows.map(({ row }) => row)),
    ),
  );
  return (texts) => texts.forEach((row, i) => row.forEach((text, column) => setText(rows[i].cells[column], text)));
}

const placed = (kind) => (kind < 0 ? "nowhere" : `at a ${KIND_NAMES[kind]}`);

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const surface = makeSurface(initial.surface, initial.parameters);
  let state = structuredClone(initial);
  let [asked, right] = [0, 0];
  let runs; // of each method the way and its end, once Newton's was guessed
  let shown = 1; // the share of each way that is drawn
  let mapped = 0; // the number in MAPS
  let kinds; // where that method ends, on the grid

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Put the start anywhere: drag it, tap the map, or use the arrow keys (with Shift ten times as far). Then guess, and run.",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const plot = new Plot(stage, {
    label: initial.title, equal: true, draw, shape: 0.95,
    x: { range: initial.domain[0], label: "θ₁" }, y: { range: initial.domain[1], label: "θ₂" },
  });
  const move = (x, y) => {
    state.start = [x, y];
    forget();
  };
  stage.handle({
    plot, label: "Start", get: () => state.start, set: move,
    describe: (x, y) => `θ₁ = ${format(x)}, θ₂ = ${format(y)}`,
  });
  plot.onPress(move);
  const report = outcomes(stage);
  const guess = stage.slider({
    label: "Newton's method will end at a", min: 0, max: 2, step: 1, value: KIND_NAMES.indexOf(state.guess),
    show: (value) => KIND_NAMES[Math.round(value)],
    input: (value) => {
      state.guess = KIND_NAMES[Math.round(value)];
      forget();
    },
  });
  const rate = stage.slider({
    label: "learning rate η of gradient descent", min: 0.005, max: 0.3, log: true, value: state.learning_rate,
    input: (value) => {
      state.learning_rate = value;
      forget();
      if (kinds) makeMap();
    },
  });
  const tell = stage.verdict();
  const readout = stage.readouts(["loss at the start", "smaller eigenvalue there", "larger eigenvalue there"]);
  const tellMap = stage.verdict();
  stage.button("Run", run);
  const showMap = stage.button("Map", () => {
    mapped = (mapped + 1) % MAPS.length;
    makeMap();
    stage.invalidate();
  });
  stage.button("Reset", () => {
    [asked, right] = [0, 0];
    adopt(initial);
    stage.changed();
  });

  function forget() {
    stage.stopAnimation();
    runs = undefined;
    shown = 1;
  }

  function adopt(config) {
    forget();
    [mapped, kinds] = [0, undefined];
    state = structuredClone(config);
    guess.set(KIND_NAMES.indexOf(state.guess));
    rate.set(state.learning_rate);
    stage.invalidate();
  }

  function run() {
    if (!runs) {
      const ways = Object.keys(RUNNERS).map((method) => [method, settle(surface, method, state.start, state.learning_rate)]);
      runs = Object.fromEntries(ways);
      asked += 1;
      if (KIND_NAMES[runs.newton.kind] === state.guess) right += 1;
    }
    stage.animate(2000, (share) => (shown = share * share));
  }

  function makeMap() {
    const ranges = [plot.xRange, plot.yRange];
    kinds = mapped ? kindMap(surface, MAPS[mapped], ranges, CELLS, CELLS, state.learning_rate) : undefined;
  }

  function update() {
    const done = runs && shown === 1;
    report(Object.keys(RUNNERS).map((method) => {
      if (!done) return ["–", runs ? "on its way" : "not run yet"];
      const { path, kind } = runs[method];
      return [format(surface.value(...path.slice(-2))), placed(kind)];
    }));
    const [x, y] = state.start;
    const [low, high] = eigen2(surface.hessian(x, y)).values;
    readout({
      "loss at the start": format(surface.value(x, y)),
      "smaller eigenvalue there": format(low), "larger eigenvalue there": format(high),
    });
    const verdict = judge(done);
    tell(verdict);
    tellMap(aboutMap());
    showMap.disabled = !asked;
    showMap.setAttribute("aria-pressed", String(Boolean(kinds)));
    stage.say(`Start at θ₁ = ${format(x)}, θ₂ = ${format(y)}. ${verdict} ${kinds ? aboutMap() : ""}`);
    plot.describe(`${initial.title} Contour map with its critical points named, a start, and the ways of three methods`);
  }

  function judge(done) {
    if (!runs) return `You say: Newton's method will end at a ${state.guess}. Press Run to see.`;
    if (!done) return "They run …";
    const end = runs.newton.kind;
    const said = `You said a ${state.guess}${KIND_NAMES[end] === state.guess ? ", and" : ";"} it ended ${placed(end)}.`;
    return `${said} Right so far: ${right} of ${asked}.`;
  }

  function aboutMap() {
    if (!asked) return "After your first guess, Map shows from where each method ends at what.";
    if (!kinds) return "Press Map: from where does each method end at what?";
    const share = (kind) => Math.round((100 * kinds.filter((k) => k === kind).length) / kinds.length);
    const parts = KIND_NAMES.map((name, kind) => [share(kind), kind === 2 ? "maxima" : kind ? "saddles" : "minima"]);
    const told = parts.filter(([percent]) => percent).map(([percent, name]) => `${percent} % at ${name}`);
    return `${RUNNERS[MAPS[mapped]].name}, from all over the map: ${told.join(", ")}.`;
  }

  const ground = contours();
  function draw() {
    ground(plot, surface.value, JSON.stringify([initial.surface, initial.parameters]));
    if (kinds) drawRegions(plot, kinds, CELLS, (kind) => TINTS[kind]);
    for (const method of runs ? Object.keys(RUNNERS) : []) {
      const { path } = runs[method];
      const { color, dash, shape } = RUNNERS[method];
      const part = path.slice(0, 2 * Math.max(1, Math.ceil((shown * path.length) / 2)));
      if (part.length > 2) plot.line(part, { color, dash });
      if (method !== "gradient_descent") plot.markers(part, { color, shape, radius: 3 });
      plot.markers(part.slice(-2), { color, shape, radius: 6 });
    }
    for (const kind of KIND_NAMES) initial.points[kind].forEach(([x, y]) => drawName(plot, kind.slice(0, 3), x, y));
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
