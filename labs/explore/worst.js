// The worst function, one step at a time: say how far above Nesterov's bound a method will be, then step.

import { Stage, element, format, refuse, setText } from "./kit.js";
import { Plot, swatch } from "./plot.js";
import { leastExcess, nesterovBound, worstRun } from "./worstcase.js";

const MOST_K = 20;
const CLOSE_TO = 1.25; // a guess within this factor is right
const RACERS = {
  gradient_descent: { name: "gradient descent", color: "blue", dash: "solid", shape: "circle" },
  heavy_ball: { name: "heavy ball", color: "green", dash: "dashdot", shape: "square" },
  accelerated: { name: "accelerated", color: "purple", dash: "dotted", shape: "diamond" },
  conjugate_gradients: { name: "conjugate gradients", color: "vermilion", dash: "dashed", shape: "triangle" },
};
const RACER_NAMES = Object.keys(RACERS);

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ k, step, watched, guess }) {
  if (!(Number.isInteger(k) && k >= 1 && k <= MOST_K)) return `k must be a whole number from 1 to ${MOST_K}, not ${k}.`;
  if (!(Number.isInteger(step) && step >= 0 && step <= 2 * k + 1)) {
    return `The step must be a whole number from 0 to n = ${2 * k + 1}, not ${step}.`;
  }
  if (!RACER_NAMES.includes(watched)) return `Unknown method “${watched}”; choose one of ${RACER_NAMES.join(", ")}.`;
  if (!(guess >= 1 && guess <= 20)) return `The guess must be from 1 to 20 times the bound, not ${guess}.`;
  return undefined;
}

// The table that is the legend, too; returns its setter.
function standings(stage) {
  const rows = Object.values(RACERS).map((look) => {
    const label = element("label", {}, swatch(look), element("span", {}, look.name));
    const cells = [element("td", { class: "labs-ex-number" }), element("td", { class: "labs-ex-number labs-ex-outcome" })];
    return { cells, row: element("tr", {}, element("th", { scope: "row" }, label), ...cells) };
  });
  const heads = ["method", "f − f*", "coordinates not 0"].map((name) => element("th", { scope: "col" }, name));
  stage.main.append(
    element(
      "table", { class: "labs-ex-results labs-ex-losses" }, element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...rows.map(({ row }) => row)),
    ),
  );
  return (texts) => texts.forEach((row, i) => row.forEach((text, column) => setText(rows[i].cells[column], text)));
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  let state = structuredClone(initial);
  let runs; // of each method the points and what is left of f
  let told; // what was said of which method, once its answer is shown
  let reached = 0; // the furthest step that was shown
  let right = 0;
  const asked = new Set(); // of a method on one function only the first guess counts

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Say how far above the bound a method will be after k steps. Then step: by the button, by the slider (arrow keys go one step), or by a tap on the lower plot. Black and dashed: the minimum, and the least that is possible; the cross is the bound.",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const profile = new Plot(stage, {
    label: initial.title, draw: drawProfile, shape: 0.42, x: { range: [0, 2], label: "coordinate i" }, y: { range: [0, 1.05], label: "xᵢ" },
  });
  const race = new Plot(stage, {
    label: initial.title, draw: drawRace, shape: 0.5, x: { range: [0, 3], label: "step" }, y: { range: [1e-4, 0.2], label: "f − f*", log: true },
  });
  race.margin.left = 54;
  profile.margin.left = 54;
  race.onPress((x) => go(Math.round(x)));
  const report = standings(stage);
  const watched = stage.slider({
    label: "your guess is about", min: 0, max: RACER_NAMES.length - 1, step: 1, value: RACER_NAMES.indexOf(state.watched),
    show: (value) => RACERS[RACER_NAMES[Math.round(value)]].name,
    input: (value) => {
      state.watched = RACER_NAMES[Math.round(value)];
      restart();
    },
  });
  const guess = stage.slider({
    label: "after k steps its f − f* will be this many times the bound", min: 1, max: 20, log: true, value: state.guess,
    input: (value) => {
      state.guess = Math.min(20, Math.max(1, value));
      restart();
    },
  });
  const size = stage.slider({
    label: "k", min: 1, max: MOST_K, whole: true, step: 1, value: state.k, show: String,
    input: (value) => {
      state.k = value;
      restart();
      measure();
    },
  });
  const position = stage.slider({
    label: "step", min: 0, max: 2 * MOST_K + 1, whole: true, step: 1, value: state.step, show: String,
    input: (value) => go(value),
  });
  const tell = stage.verdict();
  const readout = stage.readouts(["dimension n = 2k + 1", "Nesterov's bound after k steps", "least possible at this step"]);
  stage.button("Step", () => {
    go(state.step + 1);
    stage.changed();
  });
  stage.button("Run to k", () => {
    const from = state.step < state.k ? state.step : 0;
    stage.animate(150 * (state.k - from), (share) => go(Math.round(from + share * (state.k - from)), true));
  });
  stage.button("Reset", () => {
    asked.clear();
    right = 0;
    adopt(initial);
    stage.changed();
  });
  measure();
  go(state.step);

  function measure() {
    runs = Object.fromEntries(RACER_NAMES.map((name) => [name, worstRun(state.k, name)]));
    const n = 2 * state.k + 1;
    position.row.querySelector("input").max = n;
    profile.x = { ...profile.x, range: [0, n + 1] };
    race.x = { ...race.x, range: [0, n] };
    race.y = { ...race.y, range: [nesterovBound(state.k) / 20, 0.15] };
    profile.fit();
    race.fit();
  }

  function go(step, moving = false) {
    if (!moving) stage.stopAnimation();
    state.step = Math.min(2 * state.k + 1, Math.max(0, step));
    reached = Math.max(reached, state.step);
    position.set(state.step);
    if (reached < state.k || told) return;
    told = multiple();
    const question = `${state.watched} ${state.k}`;
    if (!asked.has(question) && isClose(told)) right += 1;
    asked.add(question);
  }

  function restart() {
    stage.stopAnimation();
    [told, reached] = [undefined, 0];
    state.step = 0;
    position.set(0);
  }

  function adopt(config) {
    restart();
    state = structuredClone(config);
    watched.set(RACER_NAMES.indexOf(state.watched));
    guess.set(state.guess);
    size.set(state.k);
    measure();
    go(state.step);
    stage.invalidate();
  }

  const multiple = () => runs[state.watched].excess[state.k] / nesterovBound(state.k);
  const isClose = (found) => Math.abs(Math.log(found / state.guess)) <= Math.log(CLOSE_TO);
  const moved = (point) => point.filter((value) => value !== 0).length;

  function update() {
    report(RACER_NAMES.map((name) => {
      const { points, excess } = runs[name];
      return [format(Math.max(0, excess[state.step])), `${moved(points[state.step])} of ${2 * state.k + 1}`];
    }));
    readout({
      "dimension n = 2k + 1": String(2 * state.k + 1),
      "Nesterov's bound after k steps": format(nesterovBound(state.k)),
      "least possible at this step": format(leastExcess(state.step, state.k)),
    });
    const verdict = judge();
    tell(verdict);
    stage.say(`Step ${state.step} of ${state.k}. ${verdict}`);
    profile.describe(`The coordinates of the minimum, a falling line, and of four methods after ${state.step} steps`);
    race.describe(`What is left of f against the step, for four methods, with the least possible and the bound after ${state.k} steps`);
  }

  function judge() {
    const { name } = RACERS[state.watched];
    const said = `${format(state.guess)} times the bound`;
    if (told === undefined) return `You say: after ${state.k} steps ${name} is at ${said}. Step on to see.`;
    const how = isClose(told) ? "right, within a quarter" : `off by a factor of ${format(Math.max(told / state.guess, state.guess / told))}`;
    return `You said ${said}; ${name} is at ${format(told)} times: ${how}. Right so far: ${right} of ${asked.size}.`;
  }

  function drawProfile(plot) {
    const n = 2 * state.k + 1;
    plot.line([0, 1, n + 1, 0], { color: "ink", dash: "long", width: 1.5 });
    for (const name of RACER_NAMES) {
      const { color, dash, shape } = RACERS[name];
      const points = [0, 1, ...runs[name].points[state.step].flatMap((value, i) => [i + 1, value])];
      plot.line(points, { color, dash });
      plot.markers(points.slice(2), { color, shape, radius: 3 });
    }
  }

  function drawRace(plot) {
    const steps = Array.from({ length: 2 * state.k + 1 }, (_, t) => t);
    plot.line(steps.flatMap((t) => [t, leastExcess(t, state.k)]), { color: "ink", dash: "long", width: 1.5 });
    plot.markers([state.k, nesterovBound(state.k)], { color: "ink", shape: "plus", radius: 7 });
    for (const name of RACER_NAMES) {
      const { color, dash, shape } = RACERS[name];
      const shown = runs[name].excess.slice(0, reached + 1).map((value) => Math.max(value, 1e-12));
      const points = shown.flatMap((value, t) => [t, value]);
      if (points.length > 2) plot.line(points, { color, dash });
      plot.markers([state.step, shown[state.step]], { color, shape, radius: 5 });
    }
    plot.rule({ x: state.step, color: "grey", dash: "dotted" });
  }

  return stage.follow(model, { complaint, shown: () => state, adopt });
}
