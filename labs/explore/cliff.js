// The cliff walker: say how far the next step will go, take it; then walk with and without clipping.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { contours } from "./contour.js";
import { makeSurface } from "./surfaces.js";
import { clippedStep, walk } from "./clipping.js";

const NUM_WALKED = 60;
const CLOSE = 3; // a guess within this factor is right
const NAMES = ["gradient ‖g‖ here", "step without clipping", "step with clipping", "loss here", "after one step, clipped or not"];

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ num_steps: steps, target, domain, start, learning_rate: rate, threshold, guess }) {
  const pair = (values) => Array.isArray(values) && values.length === 2 && values.every(Number.isFinite);
  const ascending = (ends) => pair(ends) && ends[0] < ends[1];
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= 100)) {
    return `num_steps must be a whole number from 1 to 100, not ${steps}.`;
  }
  if (!(target >= -1 && target <= 1)) return `The target must be from -1 to 1, not ${target}.`;
  if (!(Array.isArray(domain) && domain.length === 2 && domain.every(ascending))) {
    return "The domain must be two pairs (low, high).";
  }
  if (!pair(start)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  for (const [name, value] of Object.entries({ learning_rate: rate, threshold, guess })) {
    if (!(value > 0 && Number.isFinite(value))) return `${name} must be above 0, not ${value}.`;
  }
  return undefined;
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const surface = makeSurface("cliff", { num_steps: initial.num_steps, target: initial.target });
  let state = structuredClone(initial);
  let [asked, right] = [0, 0];
  let taken; // the step that was guessed, once it is shown: {length, clipped, said}
  let walks; // the ways of both walkers

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Put the walker anywhere: drag it, tap the map, or use the arrow keys (with Shift ten times as far). Then say how long its next step will be, and press Step.",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const plot = new Plot(stage, {
    label: initial.title, draw, shape: 0.8,
    x: { range: initial.domain[0], label: "weight w" }, y: { range: initial.domain[1], label: "bias b" },
  });
  plot.margin.left = 54; // its ticks have a sign and a decimal
  const move = (x, y) => {
    state.start = [x, y];
    forget();
  };
  stage.handle({
    plot, label: "Walker", get: () => state.start, set: move,
    describe: (x, y) => `w = ${format(x)}, b = ${format(y)}`,
  });
  plot.onPress(move);
  const guess = stage.slider({
    label: "the step without clipping will be as long as", min: 1e-6, max: 1e3, log: true, value: state.guess,
    input: (value) => {
      state.guess = value;
      forget();
    },
  });
  const threshold = stage.slider({
    label: "clipping threshold", min: 1e-2, max: 1e6, log: true, value: state.threshold,
    input: (value) => {
      state.threshold = value;
      if (walks) walks = walked();
    },
  });
  const rate = stage.slider({
    label: "learning rate η", min: 1e-3, max: 1, log: true, value: state.learning_rate,
    input: (value) => {
      state.learning_rate = value;
      forget();
    },
  });
  const tell = stage.verdict();
  const readout = stage.readouts(NAMES);
  const tellWalks = stage.verdict();
  stage.button("Step", () => {
    if (!taken) {
      const { length } = free(state.start);
      taken = { length, said: state.guess };
      asked += 1;
      if (isClose(length, state.guess)) right += 1;
    }
    stage.invalidate();
  });
  const walkButton = stage.button(`Walk ${NUM_WALKED}`, () => {
    if (!asked) return;
    walks = walked();
    stage.invalidate();
  });
  stage.button("Reset", () => {
    [asked, right] = [0, 0];
    adopt(initial);
    stage.changed();
  });

  const settings = (bound) => ({ learningRate: state.learning_rate, threshold: bound, numSteps: NUM_WALKED });
  const free = (at) => clippedStep(surface, at, settings(Infinity));
  const held = (at) => clippedStep(surface, at, settings(state.threshold));
  const walked = () => [Infinity, state.threshold].map((bound) => walk(surface, state.start, settings(bound)));
  const isClose = (length, said) => Math.abs(Math.log(length / said)) <= Math.log(CLOSE);
  const isInside = ([x, y]) => {
    const [[left, rightEnd], [bottom, top]] = initial.domain;
    return x >= left && x <= rightEnd && y >= bottom && y <= top;
  };

  function forget() {
    [taken, walks] = [undefined, undefined];
  }

  function adopt(config) {
    forget();
    state = structuredClone(config);
    guess.set(state.guess);
    threshold.set(state.threshold);
    rate.set(state.learning_rate);
    stage.invalidate();
  }

  const landing = ({ step }) => [state.start[0] + step[0], state.start[1] + step[1]];

  function update() {
    const [without, within] = [free(state.start), held(state.start)];
    const hidden = taken ? undefined : "?";
    readout({
      [NAMES[0]]: hidden ?? format(without.norm),
      [NAMES[1]]: hidden ?? format(without.length),
      [NAMES[2]]: hidden ?? format(within.length),
      [NAMES[3]]: format(surface.value(...state.start)),
      [NAMES[4]]: hidden ?? `${format(surface.value(...landing(within)))} or ${format(surface.value(...landing(without)))}`,
    });
    const verdict = judge();
    tell(verdict);
    tellWalks(together());
    walkButton.disabled = !asked;
    const [w, b] = state.start;
    stage.say(`Walker at w = ${format(w)}, b = ${format(b)}. ${verdict}`);
    plot.describe(`${initial.title} Contour map over weight and bias with a walker`);
  }

  function judge() {
    if (!taken) return `You say: ${format(state.guess)} long. Press Step to see.`;
    const factor = Math.max(taken.length / taken.said, taken.said / taken.length);
    const how = isClose(taken.length, taken.said) ? `within a factor of ${CLOSE}` : `off by a factor of ${format(factor)}`;
    return `You said ${format(taken.said)}; it is ${format(taken.length)} long: ${how}. Right so far: ${right} of ${asked}.`;
  }

  function together() {
    if (!walks) return `Will ${NUM_WALKED} steps stay on the map, with and without clipping? Commit yourself, then let both walk.`;
    const [without, within] = walks.map((path) => isInside(path.slice(-2)) ? "ends on the map" : "ends off the map");
    return `After ${NUM_WALKED} steps the walk without clipping ${without}; the clipped one ${within}.`;
  }

  const ground = contours();
  function draw() {
    ground(plot, surface.value, JSON.stringify([initial.num_steps, initial.target]));
    if (taken) {
      for (const [made, color, dash] of [[free(state.start), "vermilion", "dashed"], [held(state.start), "blue", "solid"]]) {
        plot.line([...state.start, ...landing(made)], { color, dash, width: 3 });
        plot.markers(landing(made), { color, radius: 5 });
      }
    }
    if (walks) {
      walks.forEach((path, k) => {
        const look = [{ color: "vermilion", dash: "dashed", shape: "triangle" }, { color: "blue", dash: "solid", shape: "circle" }][k];
        plot.line(path, look);
        plot.markers(path.slice(-2), { ...look, radius: 6 });
      });
    }
  }

  return stage.follow(model, { complaint, shown: () => state, adopt });
}
