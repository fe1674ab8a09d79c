// A canvas with axes: sharp on every screen, resized with its column, in the colours of the theme.

import { element } from "./kit.js";

// Round numbers that cover [low, high] in about `count` steps.
export function ticks(low, high, count = 6) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((multiple) => multiple * power >= raw) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function powersOfTen(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first) / 6));
  return Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, index) => 10 ** (first + index * stride));
}

const DASHES = { solid: [], dashed: [7, 4], dotted: [2, 4], dashdot: [8, 3, 2, 3], long: [12, 4] };

// The part [from, to] of the segment from (x0, y0) to (x1, y1) that lies in a box, as shares of it; undefined if none does.
// Browsers give up dashes on lines a million pixels long, which diverging paths are.
export function clipSegment(x0, y0, x1, y1, { left, right, top, bottom }) {
  let [from, to] = [0, 1];
  for (const [begin, step, low, high] of [[x0, x1 - x0, left, right], [y0, y1 - y0, top, bottom]]) {
    if (step === 0 && (begin < low || begin > high)) return undefined;
    if (step === 0) continue;
    const [enter, leave] = [(low - begin) / step, (high - begin) / step].sort((a, b) => a - b);
    from = Math.max(from, enter);
    to = Math.min(to, leave);
  }
  return from <= to ? [from, to] : undefined;
}

// One marker about (x, y); the same shapes serve the canvas and the legend.
export function markerPath(path, shape, x, y, r) {
  const polygon = (points) => {
    points.forEach(([dx, dy], index) => (index ? path.lineTo(x + dx * r, y + dy * r) : path.moveTo(x + dx * r, y + dy * r)));
    path.closePath();
  };
  if (shape === "square") polygon([[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]]);
  else if (shape === "diamond") polygon([[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]]);
  else if (shape === "triangle") polygon([[0, -1.15], [1.1, 0.85], [-1.1, 0.85]]);
  else if (shape === "down") polygon([[0, 1.15], [1.1, -0.85], [-1.1, -0.85]]);
  else if (shape === "plus") {
    const [a, b] = [1.2, 0.4];
    polygon([[-b, -a], [b, -a], [b, -b], [a, -b], [a, b], [b, b], [b, a], [-b, a], [-b, b], [-a, b], [-a, -b], [-b, -b]]);
  } else {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
  }
}

// A short piece of a curve's line, with its marker if it has one, for a legend.
export function swatch({ color, dash, shape }) {
  const SVG = "http://www.w3.org/2000/svg";
  const make = (tag, attributes) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const svg = make("svg", { viewBox: "0 0 34 14", width: 34, height: 14, "aria-hidden": "true", class: `labs-ex-${color}` });
  const dashes = { solid: "", dashed: "7 4", dotted: "2 4", dashdot: "8 3 2 3", long: "12 4" };
  const pieces = [];
  const recorder = {
    moveTo: (x, y) => pieces.push(`M${x} ${y}`),
    lineTo: (x, y) => pieces.push(`L${x} ${y}`),
    closePath: () => pieces.push("Z"),
    arc: (x, y, r) => pieces.push(`A${r} ${r} 0 1 1 ${x - r} ${y}A${r} ${r} 0 1 1 ${x + r} ${y}`),
  };
  if (shape) markerPath(recorder, shape, 17, 7, 4);
  svg.append(make("path", { d: "M1 7H33", "stroke-width": 2, "stroke-dasharray": dashes[dash] }));
  svg.append(make("path", { d: pieces.join(""), class: "labs-ex-filled" }));
  return svg;
}

export class Plot {
  // `x` and `y` are {range, label, log}; with `equal` one unit is as long across as up (the ranges then grow to fit).
  constructor(stage, { label, x, y, draw, equal = false, shape = 0.75, parent = stage.main }) {
    Object.assign(this, { stage, x, y, draw, equal, shape });
    this.margin = { left: 44, right: 8, top: 8, bottom: 40 };
    this.handles = [];
    this.canvas = element("canvas", { class: "labs-ex-canvas", role: "img", "aria-label": label });
    this.frame = element("div", { class: "labs-ex-plot" }, this.canvas);
    this.context = this.canvas.getContext("2d");
    parent.append(this.frame);
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.frame);
    stage.cleanups.push(() => observer.disconnect());
    stage.plots.push(this);
    this.resize();
  }

  describe(label) {
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
  }

  resize() {
    const width = Math.max(200, this.frame.clientWidth || 560);
    const shape = width < 480 ? Math.max(this.shape, 0.92) : this.shape;
    const height = Math.round(width * shape);
    const density = Math.min(window.devicePixelRatio || 1, 3);
    if (width === this.width && height === this.height && density === this.density) return;
    Object.assign(this, { width, height, density });
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    this.canvas.style.height = `${height}px`;
    this.fit();
    this.stage.invalidate();
  }

  get area() {
    const { left, right, top, bottom } = this.margin;
    return { left, top, width: this.width - left - right, height: this.height - top - bottom };
  }

  // The ranges really shown: those asked for, the shorter one widened about its middle where units must be equal.
  fit() {
    this.xRange = [...this.x.range];
    this.yRange = [...this.y.range];
    if (!this.equal) return;
    const { width, height } = this.area;
    const unit = Math.max((this.xRange[1] - this.xRange[0]) / width, (this.yRange[1] - this.yRange[0]) / height);
    const widen = ([low, high], length) => [(low + high - unit * length) / 2, (low + high + unit * length) / 2];
    this.xRange = widen(this.xRange, width);
    this.yRange = widen(this.yRange, height);
  }

  // The share of the axis at a value, and back; the two are all that linear and logarithmic axes differ in.
  static share([low, high], log, value) {
    return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  }

  static value([low, high], log, share) {
    return log ? low * (high / low) ** share : low + share * (high - low);
  }

  toX(value) {
    return this.area.left + this.area.width * Plot.share(this.xRange, this.x.log, value);
  }

  toY(value) {
    return this.area.top + this.area.height * (1 - Plot.share(this.yRange, this.y.log, value));
  }

  fromX(pixel) {
    return Plot.value(this.xRange, this.x.log, (pixel - this.area.left) / this.area.width);
  }

  fromY(pixel) {
    return Plot.value(this.yRange, this.y.log, 1 - (pixel - this.area.top) / this.area.height);
  }

  shiftX(value, share) {
    return Plot.value(this.xRange, this.x.log, Plot.share(this.xRange, this.x.log, value) + share);
  }

  shiftY(value, share) {
    return Plot.value(this.yRange, this.y.log, Plot.share(this.yRange, this.y.log, value) + share);
  }

  // Calls pressed(x, y) where the reader clicks or taps inside the axes, and tells the stage that something changed.
  onPress(pressed) {
    this.canvas.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const [x, y] = [this.fromX(event.clientX - box.left), this.fromY(event.clientY - box.top)];
      const inside = x >= this.xRange[0] && x <= this.xRange[1] && y >= this.yRange[0] && y <= this.yRange[1];
      if (!inside) return;
      pressed(x, y);
      this.stage.changed();
    });
  }

  redraw() {
    const { context, area } = this;
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    this.draw(this);
    context.restore();
    this.axes();
    for (const place of this.handles) place();
  }

  axes() {
    const { context, area, stage } = this;
    context.lineWidth = 1;
    context.strokeStyle = stage.color("axis");
    context.fillStyle = stage.color("muted");
    context.font = `12px ${stage.styles.fontFamily}`;
    context.strokeRect(area.left + 0.5, area.top + 0.5, area.width - 1, area.height - 1);
    const write = (value) => String(value).replace("-", "−");
    context.textAlign = "center";
    context.textBaseline = "top";
    const across = Math.max(3, Math.round(area.width / 90));
    for (const value of this.x.log ? powersOfTen(...this.xRange) : ticks(...this.xRange, across)) {
      context.fillRect(this.toX(value) - 0.5, area.top + area.height, 1, 4);
      context.fillText(write(value), this.toX(value), area.top + area.height + 7);
    }
    context.fillText(this.x.label, area.left + area.width / 2, this.height - 15);
    context.textAlign = "right";
    context.textBaseline = "middle";
    const up = Math.max(3, Math.round(area.height / 70));
    for (const value of this.y.log ? powersOfTen(...this.yRange) : ticks(...this.yRange, up)) {
      context.fillRect(area.left - 4, this.toY(value) - 0.5, 4, 1);
      context.fillText(write(value), area.left - 7, this.toY(value));
    }
    context.save();
    context.translate(11, area.top + area.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(this.y.label, 0, 0);
    context.restore();
  }

  linePath(points) {
    const path = new Path2D();
    const box = { left: -this.width, right: 2 * this.width, top: -this.height, bottom: 2 * this.height };
    let joined = false;
    for (let i = 0; i + 3 < points.length; i += 2) {
      const [x0, y0] = [this.toX(points[i]), this.toY(points[i + 1])];
      const [x1, y1] = [this.toX(points[i + 2]), this.toY(points[i + 3])];
      const part = clipSegment(x0, y0, x1, y1, box);
      if (part && !(joined && part[0] === 0)) path.moveTo(x0 + part[0] * (x1 - x0), y0 + part[0] * (y1 - y0));
      if (part) path.lineTo(x0 + part[1] * (x1 - x0), y0 + part[1] * (y1 - y0));
      joined = part !== undefined && part[1] === 1;
    }
    return path;
  }

  // A line through points [x0, y0, x1, y1, …], on a halo of the background so that it reads on any ground.
  line(points, { color, width = 2, dash = "solid", halo = true }) {
    const { context } = this;
    const path = this.linePath(points);
    context.lineJoin = "round";
    if (halo) {
      context.setLineDash([]);
      context.strokeStyle = this.stage.color("halo");
      context.lineWidth = width + 2;
      context.globalAlpha = 0.75;
      context.stroke(path);
      context.globalAlpha = 1;
    }
    context.setLineDash(DASHES[dash]);
    context.strokeStyle = this.stage.color(color);
    context.lineWidth = width;
    context.stroke(path);
    context.setLineDash([]);
  }

  // Markers at points [x0, y0, …].
  markers(points, { color, shape = "circle", radius = 3.5 }) {
    const path = new Path2D();
    for (let i = 0; i + 1 < points.length; i += 2) {
      markerPath(path, shape, this.toX(points[i]), this.toY(points[i + 1]), radius);
    }
    this.context.fillStyle = this.stage.color(color);
    this.context.strokeStyle = this.stage.color("halo");
    this.context.lineWidth = 1;
    this.context.fill(path);
    this.context.stroke(path);
  }

  // The graph of a function over the axis, one point every two pixels.
  curve(f, style) {
    const points = [];
    for (let pixel = 0; pixel <= this.area.width; pixel += 2) {
      const x = this.fromX(this.area.left + pixel);
      points.push(x, f(x));
    }
    this.line(points, style);
  }

  // A vertical or horizontal line across the whole plot, e.g. rule({x: 3, color: "ink"}).
  rule({ x, y, ...style }) {
    const ends = x === undefined ? [this.xRange[0], y, this.xRange[1], y] : [x, this.yRange[0], x, this.yRange[1]];
    this.line(ends, { width: 1.5, halo: false, ...style });
  }
}
