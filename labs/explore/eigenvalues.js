// Eigenvalues in the complex plane: drag them, say how long the vector will be after so many steps, then watch it.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { growth, matrixOf, repeated } from "./repetition.js";

const REACH = 1.4; // the plane is shown from −1.4 to 1.4
const FLAT = 0.04; // so near to the real axis a handle is taken for real
const NEAR = 3; // a guess within this factor is right
const FIGURES = ["largest |λ|", "turn a step", "length after the last step", "largest length on the way"];

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ eigenvalues, angle, start, num_steps: steps, guess }) {
  const pair = (values) => Array.isArray(values) && values.length === 2 && values.every(Number.isFinite);
  if (!(Array.isArray(eigenvalues) && eigenvalues.length === 2 && eigenvalues.every(pair))) {
    return "The eigenvalues must be two pairs (real part, imaginary part).";
  }
  const [first, second] = eigenvalues;
  const conjugate = first[0] === second[0] && first[1] === -second[1];
  if (!conjugate && (first[1] !== 0 || second[1] !== 0)) return "The eigenvalues must be both real, or a conjugate pair.";
  if (eigenvalues.some((value) => value.some((part) => Math.abs(part) > REACH))) {
    return `The eigenvalues must have parts from −${REACH} to ${REACH}.`;
  }
  if (!(angle >= 1 && angle <= 90)) return `angle must be a number from 1 to 90, not ${angle}.`;
  if (!pair(start) || Math.hypot(...start) === 0) return "The start must be two numbers, not both 0.";
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= 100)) {
    return `num_steps must be a whole number from 1 to 100, not ${steps}.`;
  }
  if (!(guess > 0 && Number.isFinite(guess))) return `guess must be above 0, not ${guess}.`;
  return undefined;
}

// Both eigenvalues once the handle `which` has been put to (x, y): a pair off the axis, two real ones on it.
export function moved(eigenvalues, which, x, y) {
  const other = 1 - which;
  const result = [];
  if (Math.abs(y) < FLAT) {
    result[which] = [x, 0];
    result[other] = [eigenvalues[other][0], 0];
  } else {
    result[which] = [x, y];
    result[other] = [x, -y];
  }
  return result;
}

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  let state = structuredClone(initial);
  let [asked, right] = [0, 0];
  let shown; // the way that was guessed, once it is shown: {path, lengths, said}

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Drag the two eigenvalues, or focus one and use the arrow keys (with Shift ten times as far). Off the real axis they are a pair; on it, each goes its own way. Say how long the vector will be, then press Run.",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const plane = new Plot(stage, {
    label: "Complex plane", draw: drawPlane, equal: true, shape: 0.8,
    x: { range: [-REACH, REACH], label: "real part" }, y: { range: [-REACH, REACH], label: "imaginary part" },
  });
  const lengths = new Plot(stage, {
    label: "Length by step", draw: drawLengths, shape: 0.5,
    x: { range: [0, initial.num_steps], label: "step t" }, y: { range: [1e-4, 1e4], label: "length", log: true },
  });
  plane.margin.left = lengths.margin.left = 54; // the ticks have a sign and a decimal
  const clamp = (part) => Math.min(REACH, Math.max(-REACH, part));
  ["First eigenvalue", "Second eigenvalue"].forEach((label, which) => {
    stage.handle({
      plot: plane, label, get: () => state.eigenvalues[which],
      // From the keyboard a step off the axis is longer than what is taken for real.
      set: (x, y) => {
        const [, before] = state.eigenvalues[which];
        const leaves = before === 0 && y !== 0 && Math.abs(y) < FLAT && keyed;
        state.eigenvalues = moved(state.eigenvalues, which, clamp(x), clamp(leaves ? Math.sign(y) * FLAT : y));
        forget();
      },
      describe: (x, y) => `${format(x)} ${y < 0 ? "−" : "+"} ${format(Math.abs(y))} i, size ${format(Math.hypot(x, y))}`,
    });
  });
  let keyed = false;
  plane.frame.addEventListener("keydown", () => (keyed = true), true);
  plane.frame.addEventListener("pointerdown", () => (keyed = false), true);
  const guess = stage.slider({
    label: `after ${initial.num_steps} steps the vector will be so many times as long`, min: 1e-6, max: 1e6, log: true, value: state.guess,
    input: (value) => {
      state.guess = value;
      forget();
    },
  });
  const angle = stage.slider({
    label: "angle φ between the eigenvectors, degrees", min: 1, max: 90, whole: true, value: state.angle,
    input: (value) => {
      state.angle = value;
      forget();
    },
  });
  const tell = stage.verdict();
  const readout = stage.readouts(FIGURES);
  stage.button("Run", () => {
    if (!shown) {
      const path = repeated(matrixOf(state.eigenvalues, state.angle), state.start, state.num_steps);
      shown = { path, lengths: growth(path), said: state.guess };
      asked += 1;
      if (isNear()) right += 1;
    }
    stage.invalidate();
  });
  stage.button("Reset", () => {
    [asked, right] = [0, 0];
    adopt(initial);
    stage.changed();
  });

  const last = () => shown.lengths[shown.lengths.length - 1];
  const isNear = () => Math.abs(Math.log(last() / shown.said)) <= Math.log(NEAR);

  function forget() {
    shown = undefined;
  }

  function adopt(config) {
    forget();
    state = structuredClone(config);
    guess.set(state.guess);
    angle.set(state.angle);
    stage.invalidate();
  }

  function update() {
    const [[x, y], second] = state.eigenvalues;
    const hidden = shown ? undefined : "?";
    readout({
      [FIGURES[0]]: format(Math.max(Math.hypot(x, y), Math.hypot(...second))),
      [FIGURES[1]]: y === 0 ? "none" : `${format((Math.abs(Math.atan2(y, x)) * 180) / Math.PI)}°`,
      [FIGURES[2]]: hidden ?? format(last()),
      [FIGURES[3]]: hidden ?? format(Math.max(...shown.lengths)),
    });
    const verdict = judge();
    tell(verdict);
    stage.say(`Eigenvalues at ${format(x)}, ${format(y)} and ${format(second[0])}, ${format(second[1])}. ${verdict}`);
    plane.describe(`${initial.title} Complex plane with the unit circle, two eigenvalues${shown ? " and the way of the vector" : ""}`);
    lengths.describe(shown ? "Length of the vector by step, on a logarithmic axis" : "Length by step: empty until Run is pressed");
  }

  function judge() {
    if (!shown) return `You say: ${format(state.guess)} times as long. Press Run to see.`;
    const factor = Math.exp(Math.abs(Math.log(last() / shown.said)));
    const how = isNear() ? `within a factor of ${NEAR}` : `off by a factor of ${format(factor)}`;
    return `You said ${format(shown.said)}; it is ${format(last())}: ${how}. Right so far: ${right} of ${asked}.`;
  }

  const circle = Array.from({ length: 182 }, (_, k) => (k % 2 ? Math.sin((k - 1) * Math.PI / 90) : Math.cos(k * Math.PI / 90)));
  function drawPlane() {
    plane.rule({ x: 0, color: "line", width: 1 });
    plane.rule({ y: 0, color: "line", width: 1 });
    plane.line(circle, { color: "grey", dash: "dashed", width: 1.5, halo: false });
    if (shown) {
      plane.line(shown.path, { color: "blue" });
      plane.markers(shown.path, { color: "blue", radius: 3 });
      plane.markers(shown.path.slice(0, 2), { color: "vermilion", shape: "diamond", radius: 5 });
    }
  }

  function drawLengths() {
    lengths.rule({ y: 1, color: "grey", dash: "dashed", width: 1.5 });
    if (!shown) return;
    const size = Math.max(...state.eigenvalues.map((value) => Math.hypot(...value)));
    lengths.curve((t) => size ** t, { color: "black", dash: "dotted", halo: false });
    lengths.line(shown.lengths.flatMap((value, t) => [t, value]), { color: "blue" });
  }

  return stage.follow(model, { complaint, shown: () => state, adopt });
}
