// The mountain explorer: say whether a descent arrives at the only minimum or drifts away, then let it come down.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { contours } from "./contour.js";
import { drawName, drawRegions } from "./regions.js";
import { makeSurface } from "./surfaces.js";
import { SIDE_NAMES, WALK_STEPS, comeDown, sideMap } from "./hillside.js";

const LOOKS = [
  { color: "vermilion", dash: "dashed", shape: "triangle" },
  { color: "blue", dash: "solid", shape: "circle" },
]; // of what drifts away and of what arrives
const CELLS = 60;
const NAMES = ["loss at the start", "after 20 steps", `after ${WALK_STEPS} steps`, "gradient then", "steps that raised it"];

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ domain, start, guess, learning_rate: rate }) {
  const pair = (values) => Array.isArray(values) && values.length === 2 && values.every(Number.isFinite);
  if (!(Array.isArray(domain) && domain.length === 2)) return "The domain must be ((low, high), (low, high)).";
  if (!domain.every(pair)) return "The domain must be two numbers each way.";
  if (!domain.every(([low, high]) => low < high)) return "The domain must be (low, high) with low < high.";
  if (!pair(start)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  if (!SIDE_NAMES.includes(guess)) return `Unknown guess “${guess}”; choose one of ${SIDE_NAMES.join(", ")}.`;
  if (!(rate > 0 && Number.isFinite(rate))) return `The learning rate must be above 0, not ${rate}.`;
  return undefined;
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const surface = makeSurface("hill");
  let state = structuredClone(initial);
  let [asked, right] = [0, 0];
  let walked; // the way down and its side, once it was guessed
  let shown = 1; // the share of the way that is drawn
  let sides; // of all starts, on the grid

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Put the start anywhere: drag it, tap the map, or use the arrow keys (with Shift ten times as far). Then guess, and descend.",
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
  const guess = stage.slider({
    label: "descent from here", min: 0, max: 1, step: 1, value: SIDE_NAMES.indexOf(state.guess),
    show: (value) => SIDE_NAMES[Math.round(value)],
    input: (value) => {
      state.guess = SIDE_NAMES[Math.round(value)];
      forget();
    },
  });
  const rate = stage.slider({
    label: "learning rate η", min: 0.005, max: 0.3, log: true, value: state.learning_rate,
    input: (value) => {
      state.learning_rate = value;
      forget();
      if (sides) sides = mapped();
    },
  });
  const tell = stage.verdict();
  const readout = stage.readouts(NAMES);
  const tellMap = stage.verdict();
  stage.button("Descend", descendNow);
  const showMap = stage.button("Sides", () => {
    if (!asked) return;
    sides = sides ? undefined : mapped();
    stage.invalidate();
  });
  stage.button("Reset", () => {
    [asked, right] = [0, 0];
    adopt(initial);
    stage.changed();
  });

  const mapped = () => sideMap(surface, [plot.xRange, plot.yRange], CELLS, CELLS, state.learning_rate);

  function forget() {
    stage.stopAnimation();
    walked = undefined;
    shown = 1;
  }

  function adopt(config) {
    forget();
    sides = undefined;
    state = structuredClone(config);
    guess.set(SIDE_NAMES.indexOf(state.guess));
    rate.set(state.learning_rate);
    stage.invalidate();
  }

  function descendNow() {
    if (!walked) {
      walked = comeDown(surface, state.start, state.learning_rate);
      asked += 1;
      if (SIDE_NAMES[walked.side] === state.guess) right += 1;
    }
    stage.animate(2000, (share) => (shown = share * share));
  }

  function update() {
    const done = walked && shown === 1;
    readout({ [NAMES[0]]: format(surface.value(...state.start)), ...(done ? told() : Object.fromEntries(NAMES.slice(1).map((name) => [name, "?"]))) });
    const verdict = judge(done);
    tell(verdict);
    tellMap(aboutMap());
    showMap.disabled = !asked;
    showMap.setAttribute("aria-pressed", String(Boolean(sides)));
    const [x, y] = state.start;
    stage.say(`Start at θ₁ = ${format(x)}, θ₂ = ${format(y)}. ${verdict} ${sides ? aboutMap() : ""}`);
    plot.describe(`${initial.title} Contour map of a surface with one minimum, a start, and the way down from it`);
  }

  // What is read off a way that has come down.
  function told() {
    const { path } = walked;
    const values = Array.from({ length: path.length / 2 }, (_, k) => surface.value(path[2 * k], path[2 * k + 1]));
    const whole = values.length === WALK_STEPS + 1;
    const rises = values.filter((value, k) => k && value > values[k - 1] + 1e-12 * (1 + values[k - 1])).length;
    return {
      [NAMES[1]]: values.length > 20 ? `loss ${format(values[20])}` : "flown off",
      [NAMES[2]]: whole ? `loss ${format(values.at(-1))}` : "flown off",
      [NAMES[3]]: whole ? format(Math.hypot(...surface.gradient(...path.slice(-2)))) : "flown off",
      [NAMES[4]]: rises ? String(rises) : "none",
    };
  }

  function judge(done) {
    if (!walked) return `You say: it ${state.guess}. Press Descend to see.`;
    if (!done) return "It comes down …";
    const score = `Right so far: ${right} of ${asked}.`;
    if (walked.side < 0) return `You said it ${state.guess}; it flew off, the steps being too long. ${score}`;
    const outcome = SIDE_NAMES[walked.side];
    return outcome === state.guess ? `You said it ${outcome}, and it does. ${score}` : `You said it ${state.guess}; it ${outcome}. ${score}`;
  }

  function aboutMap() {
    if (!sides) return asked ? "Press Sides to see from where it arrives." : "Guess once, and the map of all starts can be shown.";
    const share = (side) => Math.round((100 * sides.filter((found) => found === side).length) / sides.length);
    const lost = share(-1) ? ` From ${share(-1)} % it flies off.` : "";
    return `From ${share(1)} % of the map it arrives, from ${share(0)} % it drifts away.${lost}`;
  }

  const ground = contours();
  function draw() {
    ground(plot, surface.value, "hill");
    if (sides) drawRegions(plot, sides, CELLS, (side) => LOOKS[side].color);
    if (walked) {
      const { path, side } = walked;
      const look = LOOKS[side] ?? { color: "black", dash: "dotted", shape: "square" };
      const part = path.slice(0, 2 * Math.max(1, Math.ceil((shown * path.length) / 2)));
      if (part.length > 2) plot.line(part, { color: look.color, dash: look.dash });
      plot.markers(part.slice(-2), { color: look.color, shape: look.shape, radius: 6 });
    }
    drawName(plot, "min", 1, 0);
  }

  return stage.follow(model, { complaint, shown: () => state, adopt });
}
