// The stopping explorer: recorded training curves, a line to drag to the step at which one would stop, and patience.

import { Stage, format, refuse } from "./kit.js";
import { Plot } from "./plot.js";
import { lowestAt, readAt, stopWithPatience } from "./patience.js";

const CURVES = ["train", "validation", "error", "gradient"];

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function complaint({ steps, settings, chosen, stop, patience }) {
  const numbers = (values) => Array.isArray(values) && values.length === steps.length && values.every(Number.isFinite);
  if (!Array.isArray(steps) || steps.length < 2 || !numbers(steps)) return "The steps must be two numbers or more.";
  if (!Array.isArray(settings) || !settings.length) return "There are no curves to show.";
  for (const curves of settings) {
    const broken = CURVES.find((name) => !numbers(curves[name]));
    if (broken) return `The curve “${broken}” of “${curves.name}” must have one finite number for each step.`;
  }
  if (!settings[chosen]) return `There is no setting number ${chosen}; there are ${settings.length}.`;
  if (!(stop >= steps[0] && stop <= steps[steps.length - 1])) return `No step ${stop} was recorded.`;
  if (!(patience >= 1)) return `Patience must be at least 1 step, not ${patience}.`;
  return undefined;
}

const percent = (share) => `${format(100 * share)} %`;

export function render({ model, el }) {
  const problem = complaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const { steps, settings } = initial;
  const last = steps[steps.length - 1];
  let state = structuredClone(initial);

  const stage = new Stage(el, {
    title: initial.title,
    hint: "Drag the ring, tap a plot, or move the ring with the arrow keys (with Shift ten times as far).",
    update,
    settled: () => {
      model.set("config", structuredClone(state));
      model.save_changes();
    },
  });
  const x = { range: [1, last + 1], label: "step + 1", log: true };
  const all = settings.flatMap(({ train, validation }) => [...train, ...validation]);
  const highest = Math.max(...settings.flatMap(({ error }) => error));
  const losses = new Plot(stage, {
    label: "Losses", x, shape: 0.55, draw: drawLosses,
    y: { range: [0.8 * Math.min(...all), 1.4 * Math.max(...all)], label: "cross-entropy", log: true },
  });
  const errors = new Plot(stage, {
    label: "Test error", x, shape: 0.4, draw: drawErrors, y: { range: [0, 100 * highest], label: "test error, %" },
  });
  const toStep = (position) => Math.round(Math.min(last, Math.max(0, position - 1)));
  stage.handle({
    plot: losses, label: "Step at which you stop", axes: "x",
    get: () => [state.stop + 1, readAt(steps, settings[state.chosen].validation, state.stop)],
    set: (position) => move(position), describe: () => `step ${state.stop}`,
  });
  for (const plot of [losses, errors]) {
    plot.margin.left = 60; // room for 0.001 beside the label
    plot.onPress(move);
  }
  const setting = stage.slider({
    label: "data", min: 0, max: settings.length - 1, step: 1, value: state.chosen,
    show: (value) => settings[Math.round(value)].name, input: (value) => (state.chosen = Math.round(value)),
  });
  const waiting = stage.slider({
    label: "patience, in steps", min: 1, max: last, log: true, whole: true, value: state.patience,
    show: String, input: (value) => (state.patience = value),
  });
  const readout = stage.readouts(["stop at step", "J, training loss", "validation loss", "test error", "‖∇J‖"]);
  const tellStop = stage.verdict();
  const tellPatience = stage.verdict();
  stage.button("Stop with patience", () => {
    const { stop } = stopWithPatience(steps, settings[state.chosen].validation, state.patience);
    const from = Math.log1p(state.stop);
    stage.animate(600, (share) => {
      state.stop = Math.round(Math.expm1(from + share * (Math.log1p(stop) - from)));
      if (share === 1) stage.changed();
    });
  });
  stage.button("Reset", () => {
    adopt(initial);
    stage.changed();
  });

  // A key moves by a share of the axis: at least one whole step, so that the line never sticks.
  function move(position) {
    const next = toStep(position);
    const direction = Math.sign(position - 1 - state.stop);
    state.stop = next === state.stop ? Math.min(last, Math.max(0, next + (Math.abs(position - 1 - next) > 1e-9 ? direction : 0))) : next;
  }

  function adopt(config) {
    stage.stopAnimation();
    state = structuredClone(config);
    setting.set(state.chosen);
    waiting.set(state.patience);
    stage.invalidate();
  }

  function update() {
    const { train, validation, error, gradient, name } = settings[state.chosen];
    const [here, end] = [readAt(steps, error, state.stop), error[error.length - 1]];
    readout({
      "stop at step": String(state.stop),
      "J, training loss": format(readAt(steps, train, state.stop)),
      "validation loss": format(readAt(steps, validation, state.stop)),
      "test error": percent(here),
      "‖∇J‖": format(readAt(steps, gradient, state.stop)),
    });
    const lowest = lowestAt(steps, error);
    const verdict = `Stopping here: ${percent(here)} misread; going on to the end: ${percent(end)}; the least, ${percent(Math.min(...error))}, at step ${lowest}.`;
    tellStop(verdict);
    const rule = stopWithPatience(steps, validation, state.patience);
    tellPatience(
      `Patience ${Math.round(state.patience)} stops at step ${rule.stop} and keeps step ${rule.best}, with ${percent(readAt(steps, error, rule.best))} misread.`,
    );
    stage.say(`${name}, step ${state.stop}. ${verdict}`);
    losses.describe(`Training and validation loss, ${name}, with a line at step ${state.stop}`);
    errors.describe(`Test error, ${name}, with a line at step ${state.stop}`);
  }

  const points = (values, factor = 1) => steps.flatMap((step, k) => [step + 1, factor * values[k]]);
  function drawLosses(plot) {
    const { train, validation } = settings[state.chosen];
    plot.rule({ x: state.stop + 1, color: "muted" });
    plot.line(points(train), { color: "blue" });
    plot.line(points(validation), { color: "vermilion", dash: "long" });
    label(plot, "training J", train, "blue", 0.5, true);
    label(plot, "validation", validation, "vermilion", 0.7);
  }

  function drawErrors(plot) {
    const { error } = settings[state.chosen];
    plot.rule({ x: state.stop + 1, color: "muted" });
    plot.line(points(error, 100), { color: "green", dash: "dashdot" });
    plot.markers([state.stop + 1, 100 * readAt(steps, error, state.stop)], { color: "green", radius: 5 });
  }

  // The name of a curve above the place (or below, on its left side) at this share of its readings.
  function label(plot, text, values, color, share, below = false) {
    const at = Math.floor(share * values.length);
    plot.context.fillStyle = stage.color(color);
    plot.context.font = `600 13px ${stage.styles.fontFamily}`;
    plot.context.textAlign = "right";
    plot.context.textBaseline = "bottom";
    plot.context.fillText(text, plot.toX(steps[at] + 1) - (below ? 8 : 0), plot.toY(values[at]) + (below ? 14 : -6));
  }

  return stage.follow(model, { complaint: complaint, shown: () => state, adopt });
}
