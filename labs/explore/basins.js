// The basin explorer: say in which minimum a ball will come to rest, then let it roll; drop many; see the basins.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { contours } from "./contour.js";
import { drawName, drawRegions } from "./regions.js";
import { uniform } from "./numerics.js";
import { SURFACES, makeSurface } from "./surfaces.js";
import { basinMap, roll } from "./rolling.js";

const COLORS = ["blue", "vermilion", "green", "purple", "grey", "black"];
const NUM_DROPPED = 200;
const CELLS = 60; // basins are computed on as many columns and rows

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ surface, parameters, minima, domain, start, guess, learning_rate: rate, momentum }) {
  if (!(surface in SURFACES)) {
    return `Unknown surface “${surface}”; choose one of ${Object.keys(SURFACES).join(", ")}.`;
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (!(name in SURFACES[surface])) return `${surface} has no parameter ${name}.`;
    if (!Number.isFinite(value)) return `The parameter ${name} must be a number, not ${value}.`;
  }
  const pair = (values) => Array.isArray(values) && values.length === 2 && values.every(Number.isFinite);
  if (!Array.isArray(minima) || minima.length < 2 || minima.length > 12 || !minima.every(pair)) {
    return "There must be 2 to 12 minima, two numbers each.";
  }
  const ascending = (ends) => pair(ends) && ends[0] < ends[1];
  if (!(Array.isArray(domain) && domain.length === 2 && domain.every(ascending))) {
    return "The domain must be two pairs (low, high).";
  }
  if (!pair(start)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  if (!(Number.isInteger(guess) && guess >= 1 && guess <= minima.length)) {
    return `The guess must be a whole number from 1 to ${minima.length}, not ${guess}.`;
  }
  if (!(rate > 0 && Number.isFinite(rate))) return `The learning rate must be above 0, not ${rate}.`;
  if (!(momentum >= 0 && momentum < 1)) return `The momentum must be at least 0 and below 1, not ${momentum}.`;
  return undefined;
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const { minima, domain } = initial;
  const surface = makeSurface(initial.surface, initial.parameters);
  const labels = minima.map((_, k) => `minimum ${k + 1}`);
  let state = structuredClone(initial);
  let [asked, right, seed] = [0, 0, 0];
  let rolled; // the way of the present ball, once its end was guessed
  let shown = Infinity; // points of that way that are drawn
  let dropped; // {starts, homes} of many balls
  let basins; // homes on the grid, while they are shown

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Put the ball anywhere: drag it, tap the map, or use the arrow keys (with Shift ten times as far). Then guess, and let it roll.",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const plot = new Plot(stage, {
    label: initial.title, equal: true, draw, shape: 0.95,
    x: { range: domain[0], label: "θ₁" }, y: { range: domain[1], label: "θ₂" },
  });
  const move = (x, y) => {
    state.start = [x, y];
    forget();
  };
  stage.handle({
    plot, label: "Ball", get: () => state.start, set: move,
    describe: (x, y) => `θ₁ = ${format(x)}, θ₂ = ${format(y)}`,
  });
  plot.onPress(move);
  const guess = stage.slider({
    label: "it will end in minimum", min: 1, max: minima.length, step: 1, value: state.guess,
    show: (value) => String(Math.round(value)),
    input: (value) => {
      state.guess = Math.round(value);
      forget();
    },
  });
  const rate = stage.slider({
    label: "learning rate η", min: 0.005, max: 0.3, log: true, value: state.learning_rate,
    input: (value) => {
      state.learning_rate = value;
      settingsChanged();
    },
  });
  const momentum = stage.slider({
    label: "momentum β", min: 0, max: 0.95, step: 0.01, value: state.momentum,
    input: (value) => {
      state.momentum = value;
      settingsChanged();
    },
  });
  const tell = stage.verdict();
  const readout = stage.readouts(labels);
  const tellMany = stage.verdict();
  stage.button("Roll", letItRoll);
  stage.button(`Drop ${NUM_DROPPED}`, drop);
  const showBasins = stage.button("Basins", () => {
    if (!asked) return;
    basins = basins ? undefined : mapped();
    stage.invalidate();
  });
  stage.button("Reset", () => {
    [asked, right, seed] = [0, 0, 0];
    adopt(initial);
    stage.changed();
  });

  const settings = () => ({ learningRate: state.learning_rate, momentum: state.momentum });
  const mapped = () => basinMap(surface, minima, [plot.xRange, plot.yRange], CELLS, CELLS, settings());

  function forget() {
    stage.stopAnimation();
    rolled = undefined;
    shown = Infinity;
  }

  function settingsChanged() {
    forget();
    dropped = undefined;
    if (basins) basins = mapped();
  }

  function adopt(config) {
    forget();
    [dropped, basins] = [undefined, undefined];
    state = structuredClone(config);
    guess.set(state.guess);
    rate.set(state.learning_rate);
    momentum.set(state.momentum);
    stage.invalidate();
  }

  function letItRoll() {
    if (!rolled) {
      rolled = roll(surface, minima, state.start, settings());
      asked += 1;
      if (rolled.home === state.guess - 1) right += 1;
    }
    const points = rolled.path.length / 2;
    stage.animate(2000, (share) => (shown = share === 1 ? Infinity : Math.floor(share * share * points)));
  }

  function drop() {
    seed += 1;
    const random = uniform(seed);
    const [[left, width], [bottom, height]] = domain.map(([low, high]) => [low, high - low]);
    const starts = Array.from({ length: NUM_DROPPED }, () => [left + random() * width, bottom + random() * height]);
    dropped = { starts, homes: starts.map((start) => roll(surface, minima, start, settings()).home) };
    stage.invalidate();
  }

  function update() {
    const counts = minima.map((_, k) => dropped && dropped.homes.filter((home) => home === k).length);
    readout(Object.fromEntries(labels.map((name, k) => {
      const depth = `loss ${format(surface.value(...minima[k]))}`;
      return [name, dropped ? `${depth}, ${counts[k]} balls` : depth];
    })));
    const verdict = judge();
    tell(verdict);
    tellMany(many(counts));
    showBasins.setAttribute("aria-pressed", String(Boolean(basins)));
    showBasins.disabled = !asked;
    const [x, y] = state.start;
    stage.say(`Ball at θ₁ = ${format(x)}, θ₂ = ${format(y)}. ${verdict}`);
    plot.describe(`${initial.title} Contour map with ${minima.length} numbered minima and a ball`);
  }

  function judge() {
    if (!rolled) return `You say: minimum ${state.guess}. Press Roll to see.`;
    if (shown !== Infinity) return "It rolls …";
    const score = `Right so far: ${right} of ${asked}.`;
    if (rolled.home < 0) return `You said ${state.guess}; it has come to rest in none. ${score}`;
    const end = `it came to rest in ${rolled.home + 1}`;
    return rolled.home === state.guess - 1 ? `You said ${state.guess}, and ${end}. ${score}` : `You said ${state.guess}; ${end}. ${score}`;
  }

  function many(counts) {
    if (!dropped) return `How many of ${NUM_DROPPED} balls will find minimum 1, the deepest? Commit yourself, then drop them.`;
    const lost = NUM_DROPPED - counts.reduce((sum, count) => sum + count, 0);
    const restless = lost ? ` ${lost} came to rest in none.` : "";
    return `${counts[0]} of ${NUM_DROPPED} balls found minimum 1, the deepest.${restless}`;
  }

  const ground = contours();
  function draw() {
    ground(plot, surface.value, JSON.stringify([initial.surface, initial.parameters]));
    if (basins) drawRegions(plot, basins, CELLS, (home) => COLORS[home % COLORS.length]);
    if (dropped) {
      COLORS.forEach((color, c) => {
        const points = dropped.starts.filter((_, i) => dropped.homes[i] >= 0 && dropped.homes[i] % COLORS.length === c);
        plot.markers(points.flat(), { color, radius: 3 });
      });
    }
    if (rolled) {
      const path = rolled.path.slice(0, 2 * Math.min(shown, rolled.path.length / 2));
      if (path.length > 2) plot.line(path, { color: "black" });
      plot.markers(path.slice(-2), { color: "black", radius: 6 });
    }
    minima.forEach(([x, y], k) => drawName(plot, k + 1, x, y, 15));
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
