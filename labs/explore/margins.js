// The margin explorer: the losses of a margin and their slopes, read off at a margin that the reader moves.

import { Stage, element, format, refuse, setText } from "./kit.js";
import { Plot, swatch } from "./plot.js";
import { MARGIN_LOSSES } from "./surrogates.js";

const SHOWN = {
  zero_one: { name: "0-1", color: "black", dash: "solid" },
  perceptron: { name: "perceptron", color: "grey", dash: "dotted" },
  hinge: { name: "hinge", color: "vermilion", dash: "long" },
  logistic: { name: "logistic", color: "blue", dash: "solid" },
  exponential: { name: "exponential", color: "green", dash: "dashdot" },
  squared: { name: "squared", color: "purple", dash: "dashed" },
};
const RANGE = [-3, 3];
const UNITS = ["nats", "bits"];

// The first thing wrong with a configuration, as a sentence; undefined if it can be shown.
export function marginComplaint({ margin, losses, units }) {
  if (!Array.isArray(losses) || !losses.length) return "There are no losses to show.";
  const unknown = losses.find((name) => !(name in SHOWN));
  if (unknown !== undefined) return `There is no loss called “${unknown}”.`;
  if (!(margin >= RANGE[0] && margin <= RANGE[1])) return `The margin must be from ${RANGE[0]} to ${RANGE[1]}, not ${margin}.`;
  if (!UNITS.includes(units)) return `The logistic loss is measured in nats or bits, not in ${units}.`;
  return undefined;
}

// Value and slope of a loss at a margin; only the logistic loss has a unit to choose.
export function readLoss(name, units, m) {
  const scale = name === "logistic" && units === "bits" ? Math.log(2) : 1;
  const { value, slope } = MARGIN_LOSSES[name];
  return { value: value(m) / scale, slope: slope(m) / scale };
}

// What the slope at a margin asks of the score, in a word.
export function pull(slope) {
  if (Math.abs(slope) < 5e-4) return "silent";
  return slope < 0 ? "push" : "pull";
}

// The table that is legend, switches and figures in one; returns its setter.
function lossTable(stage, names, toggled) {
  const rows = names.map((name) => {
    const box = element("input", { type: "checkbox", checked: true, input: () => toggled(name, box.checked) });
    const cells = ["labs-ex-number", "labs-ex-number", "labs-ex-outcome"].map((kind) => element("td", { class: kind }));
    const label = element("label", {}, box, swatch(SHOWN[name]), element("span", {}, SHOWN[name].name));
    return { cells, row: element("tr", {}, element("th", { scope: "row" }, label), ...cells) };
  });
  const caption = element("caption");
  const heads = ["loss", "value", "slope", "says"].map((name) => element("th", { scope: "col" }, name));
  const table = element(
    "table", { class: "labs-ex-results labs-ex-losses" }, caption,
    element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows.map(({ row }) => row)),
  );
  stage.side.append(table);
  return (heading, texts) => {
    setText(caption, heading);
    texts.forEach((row, index) => row.forEach((text, column) => setText(rows[index].cells[column], text)));
  };
}

export function render({ model, el }) {
  const problem = marginComplaint(model.get("config"));
  if (problem) return refuse(el, problem);
  const initial = structuredClone(model.get("config"));
  const active = new Set(initial.losses);
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
  const x = { range: RANGE, label: "margin m" };
  const values = new Plot(stage, {
    label: "Losses", x, y: { range: [-0.25, 4], label: "loss" }, shape: 0.55, draw: (plot) => drawAll(plot, "value"),
  });
  const slopes = new Plot(stage, {
    label: "Slopes", x, y: { range: [-4, 1], label: "slope" }, shape: 0.45, draw: (plot) => drawAll(plot, "slope"),
  });
  const clean = (m) => Math.round(Math.min(RANGE[1], Math.max(RANGE[0], m)) * 1000) / 1000;
  const move = (m) => {
    state.margin = clean(m);
    sliders.margin.set(state.margin);
  };
  stage.handle({
    plot: values, label: "Margin", axes: "x", get: () => [state.margin, 0], set: move,
    describe: () => `margin ${format(state.margin)}`,
  });
  for (const plot of [values, slopes]) {
    plot.onPress(move);
  }
  const sliders = {
    margin: stage.slider({
      label: "margin m", min: RANGE[0], max: RANGE[1], step: 0.01, value: state.margin,
      input: (m) => (state.margin = clean(m)),
    }),
    units: stage.slider({
      label: "logistic loss in", min: 0, max: 1, step: 1, value: UNITS.indexOf(state.units),
      show: (index) => UNITS[Math.round(index)], input: (index) => (state.units = UNITS[Math.round(index)]),
    }),
  };
  const report = lossTable(stage, initial.losses, (name, on) => {
    if (on) active.add(name);
    else active.delete(name);
    stage.changed();
  });
  const sumUp = stage.verdict();
  stage.button("Reset", () => {
    adopt(initial);
    stage.changed();
  });

  function adopt(config) {
    state = structuredClone(config);
    sliders.margin.set(state.margin);
    sliders.units.set(UNITS.indexOf(state.units));
    stage.invalidate();
  }

  const shown = () => initial.losses.filter((name) => active.has(name));
  const at = (name) => readLoss(name, state.units, state.margin);

  function update() {
    const { margin } = state;
    report(
      `At margin ${format(margin)} the answer is ${margin > 0 ? "right" : "wrong"}`,
      initial.losses.map((name) => {
        if (!active.has(name)) return ["–", "–", "not shown"];
        const { value, slope } = at(name);
        return [format(value), format(slope), pull(slope)];
      }),
    );
    const below = shown().filter((name) => at(name).value < MARGIN_LOSSES.zero_one.value(margin));
    const verdict = below.length
      ? `Below the 0-1 loss here, so no bound of it: ${below.map((name) => SHOWN[name].name).join(", ")}.`
      : "No loss that is shown lies below the 0-1 loss here.";
    sumUp(verdict);
    const spoken = shown().map((name) => `${SHOWN[name].name} ${format(at(name).value)}, slope ${format(at(name).slope)}`);
    stage.say(`Margin ${format(margin)}: ${spoken.join("; ")}. ${verdict}`);
    values.describe(`Losses against the margin, with a line at margin ${format(margin)}`);
    slopes.describe(`Slopes of the losses against the margin, with a line at margin ${format(margin)}`);
  }

  function drawAll(plot, what) {
    plot.rule({ x: 0, color: "line" });
    plot.rule({ y: 0, color: "line" });
    plot.rule({ x: state.margin, color: "muted" });
    for (const name of shown()) {
      const { color, dash } = SHOWN[name];
      plot.curve((m) => readLoss(name, state.units, m)[what], { color, dash });
      plot.markers([state.margin, at(name)[what]], { color, radius: 4.5 });
    }
  }

  return stage.follow(model, { complaint: marginComplaint, shown: () => state, adopt });
}
