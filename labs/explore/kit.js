// What every explorable shares: the panel and its theme, sliders and switches, movable handles, bars, read-outs,
// and one scheduler that does all the work of a change in the next frame. Text enters the page as text nodes only.

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// A number as a reader writes it: three significant digits, a real minus sign, powers of ten where they are shorter.
export function format(value, digits = 3) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const power = [...String(Number(exponent))].map((character) => SUPERSCRIPTS[character]).join("");
    return `${mantissa.replace("-", "−")}·10${power}`;
  }
  const decimals = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(decimals, 6)).replace("-", "−");
}

// An HTML element with attributes (functions become listeners, false and undefined are left out) and children.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

// Sets text only when it differs, so that an unchanged read-out costs no layout.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let counter = 0;
export function uniqueId(stem) {
  counter += 1;
  return `labs-ex-${stem}-${counter}-${Math.random().toString(36).slice(2, 7)}`;
}

export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Dark or light, as the surrounding page says: the book's data-theme, JupyterLab's body attribute, Colab's theme
// attribute; and the system's preference where the page says nothing.
export function isDark() {
  const html = document.documentElement;
  const said = html.dataset.theme || html.getAttribute("theme");
  if (said === "dark" || said === "light") return said === "dark";
  const jupyter = document.body && document.body.dataset.jpThemeLight;
  if (jupyter === "true" || jupyter === "false") return jupyter === "false";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// Says in place that something cannot be shown, and why.
export function refuse(el, message) {
  el.replaceChildren(element("p", { class: "labs-ex-refusal", role: "alert" }, message));
}

// The panel of one explorable. `update` runs at most once a frame, after any number of changes, then the plots draw.
export class Stage {
  constructor(el, { title, hint, update, settled = () => {} }) {
    this.update = update;
    this.settled = settled;
    this.plots = [];
    this.cleanups = [];
    this.hintId = uniqueId("hint");
    this.main = element("div", { class: "labs-ex-main" });
    this.side = element("div", { class: "labs-ex-side" });
    this.actions = element("div", { class: "labs-ex-actions" });
    this.status = element("p", { class: "labs-ex-unseen", role: "status", "aria-live": "polite" });
    this.root = element(
      "div",
      // Lumino's attribute keeps JupyterLab from taking the arrow keys as shortcuts of its own.
      { class: "labs-ex", role: "group", "aria-label": title, "data-lm-suppress-shortcuts": "true" },
      element("div", { class: "labs-ex-head" }, element("p", { class: "labs-ex-title" }, title), this.actions),
      element("div", { class: "labs-ex-body" }, this.main, this.side),
      element("p", { class: "labs-ex-hint", id: this.hintId }, hint),
      this.status,
    );
    el.replaceChildren(this.root);
    this.followTheme();
  }

  followTheme() {
    const apply = () => {
      this.root.dataset.appearance = isDark() ? "dark" : "light";
      this.styles = getComputedStyle(this.root);
      this.palette = {};
      this.invalidate();
    };
    const observer = new MutationObserver(apply);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme"] });
    observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    const query = matchMedia("(prefers-color-scheme: dark)");
    query.addEventListener("change", apply);
    this.cleanups.push(() => observer.disconnect(), () => query.removeEventListener("change", apply));
    apply();
  }

  // A colour of the style sheet by name, e.g. color("blue"), in the theme of the moment.
  color(name) {
    this.palette[name] ||= this.styles.getPropertyValue(`--labs-${name}`).trim(); // empty until the panel is in the page
    return this.palette[name];
  }

  invalidate() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.root.isConnected && this.wasConnected) return;
      this.wasConnected = this.root.isConnected;
      this.update();
      for (const plot of this.plots) plot.redraw();
    });
  }

  // A change by the reader: drawn in the next frame, told to `settled` once the hand rests.
  changed() {
    this.invalidate();
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settled(), 300);
  }

  // Read aloud once nothing has changed for a moment; what is said first is only stored.
  say(text) {
    if (text === this.said) return;
    const first = this.said === undefined;
    this.said = text;
    clearTimeout(this.sayTimer);
    this.sayTimer = setTimeout(() => setText(this.status, text), first ? 0 : 700);
  }

  // Runs step(share) with share from 0 to 1, one call a frame; jumps to the end where motion is unwelcome.
  animate(milliseconds, step) {
    this.stopAnimation();
    if (reducedMotion()) {
      step(1);
      return this.invalidate();
    }
    let begin;
    const tick = (now) => {
      begin ??= now;
      const share = Math.min(1, (now - begin) / milliseconds);
      step(share);
      this.invalidate();
      this.animation = share < 1 ? requestAnimationFrame(tick) : undefined;
    };
    this.animation = requestAnimationFrame(tick);
  }

  stopAnimation() {
    if (this.animation !== undefined) cancelAnimationFrame(this.animation);
    this.animation = undefined;
  }

  button(label, press) {
    const node = element("button", { type: "button", class: "labs-ex-button", click: press }, label);
    this.actions.append(node);
    return node;
  }

  // A labelled slider. With `log` it moves in the logarithm, with `whole` from one whole number to another; `mark` shows
  // a value that matters under the track.
  slider({ label, min, max, step, value, log = false, whole = false, show = format, input, parent = this.side }) {
    const [toPosition, exact] = log ? [Math.log10, (p) => 10 ** p] : [Number, Number];
    const toValue = (position) => (whole ? Math.round(exact(position)) : exact(position));
    const id = uniqueId("slider");
    const output = element("output", { for: id, class: "labs-ex-value" });
    const range = element("input", { id, type: "range", class: "labs-ex-range" });
    const marker = element("span", { class: "labs-ex-mark", hidden: true, "aria-hidden": "true" });
    const track = element("div", { class: "labs-ex-track" }, range, marker);
    range.min = toPosition(min);
    range.max = toPosition(max);
    range.step = step ?? (log ? (range.max - range.min) / 400 : "any");
    const tell = (current) => {
      const text = show(current);
      setText(output, text);
      if (range.getAttribute("aria-valuetext") !== text) range.setAttribute("aria-valuetext", text);
    };
    const take = (current) => {
      tell(current);
      input(current);
      this.changed();
    };
    range.addEventListener("input", () => take(toValue(Number(range.value))));
    // Where whole numbers lie far apart in the logarithm, a press of an arrow key would move to none: it goes to the next.
    range.addEventListener("keydown", (event) => {
      const direction = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!whole || !direction || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const [position, stride] = [Number(range.value), direction * Number(range.step)];
      const [near, far] = [toValue(position) + direction, toValue(position + stride)];
      const next = Math.min(max, Math.max(min, direction > 0 ? Math.max(near, far) : Math.min(near, far)));
      range.value = toPosition(next);
      take(next);
    });
    const row = element("div", { class: "labs-ex-slider" }, element("label", { for: id }, label), output, track);
    parent.append(row);
    const control = {
      row,
      set(next) {
        range.value = toPosition(next);
        tell(next);
      },
      mark(next, text) {
        const share = (toPosition(next) - range.min) / (range.max - range.min);
        marker.hidden = !(share >= 0 && share <= 1);
        setText(marker, text);
        marker.style.setProperty("--share", share);
      },
    };
    control.set(value);
    return control;
  }

  // A handle on a plot, moved by mouse, touch or arrow keys (with Shift ten steps). `axes` is "xy" or "x".
  handle({ plot, label, axes = "xy", get, set, describe }) {
    const node = element("div", {
      class: "labs-ex-handle", role: "slider", tabindex: "0", "aria-label": label, "aria-describedby": this.hintId,
      "aria-roledescription": axes === "xy" ? "movable point" : undefined,
      "aria-orientation": axes === "x" ? "horizontal" : undefined,
    });
    const move = (x, y) => {
      const [[x0, x1], [y0, y1]] = [plot.xRange, plot.yRange];
      set(Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y)));
      this.changed();
    };
    let grip = null;
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      node.focus({ preventScroll: true });
      node.setPointerCapture(event.pointerId);
      const [x, y] = get();
      grip = [event.clientX - plot.toX(x), event.clientY - plot.toY(y)];
    });
    node.addEventListener("pointermove", (event) => {
      if (grip) move(plot.fromX(event.clientX - grip[0]), plot.fromY(event.clientY - grip[1]));
    });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (grip = null));
    node.addEventListener("keydown", (event) => {
      const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      const stride = event.shiftKey ? 0.1 : 0.01;
      const [across, up] = axes === "x" && direction[1] ? [direction[1], 0] : direction;
      const [x, y] = get();
      move(plot.shiftX(x, across * stride), plot.shiftY(y, up * stride));
    });
    plot.frame.append(node);
    plot.handles.push(() => {
      const [x, y] = get();
      node.style.transform = `translate(${plot.toX(x)}px, ${plot.toY(y)}px)`;
      const text = describe(x, y);
      if (node.getAttribute("aria-valuetext") === text) return;
      node.setAttribute("aria-valuetext", text);
      node.setAttribute("aria-valuemin", plot.xRange[0]);
      node.setAttribute("aria-valuemax", plot.xRange[1]);
      node.setAttribute("aria-valuenow", x);
    });
    return { node, move };
  }

  // Signed bars about a common zero, one row a quantity; set([...]) takes the values in the order of the labels.
  bars({ caption, rows, parent = this.side }) {
    const cells = rows.map(({ label, color }) => {
      const bar = element("span", { class: "labs-ex-bar" });
      bar.style.setProperty("--bar-color", `var(--labs-${color})`);
      const value = element("td", { class: "labs-ex-number" });
      const row = element(
        "tr", {}, element("th", { scope: "row" }, label),
        element("td", { class: "labs-ex-bar-cell", "aria-hidden": "true" }, bar), value,
      );
      return { bar, value, row };
    });
    const table = element(
      "table", { class: "labs-ex-bars" }, element("caption", {}, caption),
      element("tbody", {}, ...cells.map(({ row }) => row)),
    );
    parent.append(table);
    return {
      table,
      set(values) {
        const largest = Math.max(...values.filter(Number.isFinite).map(Math.abs), 1e-300);
        values.forEach((value, index) => {
          const { bar, value: text } = cells[index];
          const share = Number.isFinite(value) ? value / largest : Math.sign(value) || 0;
          bar.style.transform = `scaleX(${share})`;
          setText(text, format(value));
        });
      },
    };
  }

  // A sentence that sums up what is seen; returns its setter.
  verdict(parent = this.side) {
    const node = element("p", { class: "labs-ex-verdict" });
    parent.append(node);
    return (text) => setText(node, text);
  }

  // Named figures under the controls; set({name: text}) changes those given.
  readouts(names, parent = this.side) {
    const values = Object.fromEntries(names.map((name) => [name, element("dd")]));
    const pairs = names.map((name) => element("div", {}, element("dt", {}, name), values[name]));
    parent.append(element("dl", { class: "labs-ex-readouts" }, ...pairs));
    return (texts) => Object.entries(texts).forEach(([name, text]) => setText(values[name], text));
  }

  // Takes over what Python sets, unless it cannot be shown or is shown already; returns what ends the explorable.
  follow(model, { complaint, shown, adopt }) {
    const take = () => {
      const config = model.get("config");
      if (!complaint(config) && JSON.stringify(config) !== JSON.stringify(shown())) adopt(config);
    };
    model.on("change:config", take);
    return () => {
      model.off("change:config", take);
      this.dispose();
    };
  }

  dispose() {
    this.stopAnimation();
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    clearTimeout(this.sayTimer);
    clearTimeout(this.settleTimer);
    for (const cleanup of this.cleanups) cleanup();
  }
}
