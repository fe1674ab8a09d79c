// The noise-and-bias explorer: say how far from the minimum descent by wrong gradients ends, then let it run.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { contours } from "./contour.js";
import { rootMeanSquare, stepRates, walk, wanderMoments } from "./wandering.js";

const NUM_STEPS = 300;
const NUM_WALKERS = 60;
const DOMAIN = [[-3, 3], [-2.4, 2.4]];
const MOST = 5; // of noise and of bias
const NEAR = 1.25; // a guess within this factor counts as right

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ noise, bias, learning_rate: rate, decay, curvatures, start, guess, seed }) {
  const pair = (values) => Array.isArray(values) && values.length === 2 && values.every(Number.isFinite);
  for (const [name, value] of [["noise", noise], ["bias", bias]]) {
    if (!(Number.isFinite(value) && value >= 0 && value <= MOST)) return `The ${name} must be a number from 0 to ${MOST}, not ${value}.`;
  }
  if (!pair(curvatures) || !curvatures.every((value) => value > 0)) {
    return `The curvatures must be two numbers above 0, not ${JSON.stringify(curvatures)}.`;
  }
  if (!pair(start)) return `The start must be two numbers, not ${JSON.stringify(start)}.`;
  const top = 2 / Math.max(...curvatures);
  if (!(rate > 0 && rate < top)) return `The learning_rate must be above 0 and below ${format(top)}, not ${rate}.`;
  if (typeof decay !== "boolean") return `The decay must be true or false, not ${decay}.`;
  if (!(guess > 0 && Number.isFinite(guess))) return `The guess must be above 0, not ${guess}.`;
  if (!(Number.isInteger(seed) && seed >= 0)) return `The seed must be a whole number from 0, not ${seed}.`;
  return undefined;
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const { curvatures } = initial;
  let state = structuredClone(initial);
  let [asked, right] = [0, 0];
  let found; // what came out, once it was guessed
  let shown = Infinity; // points of the first walker's way that are drawn

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Set noise and bias, then your guess: the dashed circle. The ring is the start: drag it, tap the map, or use the arrow keys (with Shift ten times as far).",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const plot = new Plot(stage, {
    label: initial.title, equal: true, draw, shape: 0.85,
    x: { range: DOMAIN[0], label: "θ₁" }, y: { range: DOMAIN[1], label: "θ₂" },
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
  const number = (name, settings) => stage.slider({
    ...settings, value: state[name],
    input: (value) => {
      state[name] = value;
      forget();
    },
  });
  const sliders = {
    noise: number("noise", { label: "noise σ", min: 0, max: 3, step: 0.05 }),
    bias: number("bias", { label: "bias ‖b‖", min: 0, max: 3, step: 0.05 }),
    learning_rate: number("learning_rate", { label: "learning rate η", min: 0.01, max: 1.8 / Math.max(...curvatures), log: true }),
    guess: number("guess", { label: "they end at the distance", min: 0.02, max: 5, log: true }),
  };
  const tell = stage.verdict();
  const readout = stage.readouts(["the ball's centre is off by", "its radius", "together", "measured"]);
  stage.button("Run", run);
  const decay = stage.button("Decay η", () => {
    state.decay = !state.decay;
    forget();
    stage.changed();
  });
  stage.button("Redraw", () => {
    state.seed += 1;
    forget();
    stage.changed();
  });
  stage.button("Reset", () => {
    [asked, right] = [0, 0];
    adopt(initial);
    stage.changed();
  });

  function forget() {
    stage.stopAnimation();
    found = undefined;
    shown = Infinity;
  }

  function adopt(config) {
    forget();
    state = structuredClone(config);
    for (const [name, slider] of Object.entries(sliders)) slider.set(state[name]);
    stage.invalidate();
  }

  function run() {
    if (!found) {
      const rates = stepRates(state.learning_rate, curvatures, NUM_STEPS, state.decay);
      const walked = walk(state.start, curvatures, rates, { ...state, numWalkers: NUM_WALKERS });
      const { means, variances } = wanderMoments(state.start, curvatures, rates, state);
      found = { ...walked, means, variances, measured: rootMeanSquare(walked.ends) };
      found.center = Math.hypot(...means);
      found.radius = Math.sqrt(variances[0] + variances[1]);
      asked += 1;
      if (isNear()) right += 1;
    }
    stage.animate(2500, (share) => (shown = share === 1 ? Infinity : Math.floor(share * NUM_STEPS)));
  }

  function isNear() {
    const ratio = state.guess / found.measured;
    return ratio <= NEAR && ratio >= 1 / NEAR;
  }

  function update() {
    const known = found && shown === Infinity;
    const show = (value) => (known ? format(value()) : "?");
    readout({
      "the ball's centre is off by": show(() => found.center),
      "its radius": show(() => found.radius),
      together: show(() => Math.hypot(found.center, found.radius)),
      measured: show(() => found.measured),
    });
    const verdict = judge(known);
    tell(verdict);
    decay.setAttribute("aria-pressed", String(state.decay));
    stage.say(`Noise ${format(state.noise)}, bias ${format(state.bias)}, learning rate ${format(state.learning_rate)}${state.decay ? ", decaying" : ""}. ${verdict}`);
    plot.describe(`${initial.title} Contour map of a bowl${known ? ` with the ends of ${NUM_WALKERS} walkers and the ball that theory predicts` : ""}`);
  }

  function judge(known) {
    const said = format(state.guess);
    if (!found) return `You say: ${NUM_WALKERS} walkers end ${said} from the minimum, in root mean square. Press Run to see.`;
    if (!known) return "They run …";
    const end = `they ended at ${format(found.measured)}`;
    const score = `Right so far: ${right} of ${asked}.`;
    return isNear() ? `You said ${said}, and ${end}. ${score}` : `You said ${said}; ${end}. ${score}`;
  }

  const ground = contours();
  const bowl = (x, y) => 0.5 * (curvatures[0] * x * x + curvatures[1] * y * y);
  function draw() {
    ground(plot, bowl, "");
    plot.line(ellipse([0, 0], [state.guess, state.guess]), { color: "grey", dash: "dashed", width: 1.6 });
    if (found) {
      const path = found.path.slice(0, 2 * Math.min(shown + 1, NUM_STEPS + 1));
      if (path.length > 2) plot.line(path, { color: "blue", width: 1.2 });
      if (shown === Infinity) {
        plot.markers(found.ends, { color: "vermilion", radius: 3 });
        const axes = found.variances.map((variance) => 2 * Math.sqrt(variance));
        plot.line(ellipse(found.means, axes), { color: "black", width: 2 });
        plot.markers(found.means, { color: "black", radius: 4 });
      }
    }
    plot.markers([0, 0], { color: "black", shape: "plus", radius: 6 });
  }

  function ellipse([x, y], [a, b]) {
    return Array.from({ length: 91 }, (_, k) => [x + a * Math.cos((2 * Math.PI * k) / 90), y + b * Math.sin((2 * Math.PI * k) / 90)]).flat();
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
