// Filled contours of f with lines at levels that crowd towards the minimum; drawn once and kept until f, the view or
// the theme changes.

const NUM_BANDS = 14;
const CELL = 3; // pixels of the page between two samples: fine enough for straight-looking lines, cheap enough to drag

// f on a grid of samples, brought to 0…1: linear near the lowest value, logarithmic above.
function sample(plot, f) {
  const { left, top, width, height } = plot.area;
  const columns = Math.ceil(width / CELL) + 1;
  const rows = Math.ceil(height / CELL) + 1;
  const values = new Float64Array(columns * rows);
  const xs = Float64Array.from({ length: columns }, (_, column) => plot.fromX(left + column * CELL));
  let [low, high] = [Infinity, -Infinity];
  for (let row = 0, at = 0; row < rows; row += 1) {
    const y = plot.fromY(top + row * CELL);
    for (let column = 0; column < columns; column += 1, at += 1) {
      const value = f(xs[column], y);
      values[at] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const unit = (high - low || 1) * 2e-3;
  const scale = 1 / (Math.log(1 + (high - low) / unit) || 1);
  for (let at = 0; at < values.length; at += 1) values[at] = Math.log(1 + (values[at] - low) / unit) * scale;
  return { values, columns, rows };
}

// Marching squares: adds the piece of each level's line in each cell to the path. Most cells are crossed by none, and
// those are left at the first comparison.
function trace(path, { values, columns, rows }, levels) {
  const ends = new Float64Array(8);
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const at = row * columns + column;
      const a = values[at] * levels;
      const b = values[at + 1] * levels;
      const c = values[at + columns + 1] * levels;
      const d = values[at + columns] * levels;
      const highest = Math.floor(Math.max(a, b, c, d));
      for (let level = Math.max(1, Math.ceil(Math.min(a, b, c, d))); level <= highest; level += 1) {
        let num = 0;
        const add = (x, y) => {
          ends[num] = (column + x) * CELL;
          ends[num + 1] = (row + y) * CELL;
          num += 2;
        };
        if (a < level !== b < level) add((level - a) / (b - a), 0);
        if (b < level !== c < level) add(1, (level - b) / (c - b));
        if (d < level !== c < level) add((level - d) / (c - d), 1);
        if (a < level !== d < level) add(0, (level - a) / (d - a));
        for (let i = 0; i + 3 < num; i += 4) {
          path.moveTo(ends[i], ends[i + 1]);
          path.lineTo(ends[i + 2], ends[i + 3]);
        }
      }
    }
  }
}

function fill(small, { values, columns, rows }, low, high) {
  small.width = columns;
  small.height = rows;
  const context = small.getContext("2d");
  const channels = (color) => {
    context.fillStyle = color; // read back, any CSS colour is #rrggbb
    return [1, 3, 5].map((start) => parseInt(context.fillStyle.slice(start, start + 2), 16));
  };
  const [from, to] = [channels(low), channels(high)];
  const image = new ImageData(columns, rows);
  const bands = Array.from({ length: NUM_BANDS }, (_, band) =>
    from.map((channel, i) => channel + (band / (NUM_BANDS - 1)) * (to[i] - channel)),
  );
  for (let at = 0; at < values.length; at += 1) {
    const [red, green, blue] = bands[Math.min(NUM_BANDS - 1, Math.floor(values[at] * NUM_BANDS))] ?? to;
    image.data[4 * at] = red;
    image.data[4 * at + 1] = green;
    image.data[4 * at + 2] = blue;
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function paint(layer, ground, plot, f, density) {
  const { stage, area } = plot;
  layer.width = Math.round(area.width * density);
  layer.height = Math.round(area.height * density);
  const context = layer.getContext("2d");
  context.scale(density, density);
  const grid = sample(plot, f);
  fill(ground, grid, stage.color("low"), stage.color("high"));
  // Samples sit on the corners of cells, pixels have area: half a cell of shift puts them on each other.
  context.drawImage(ground, -CELL / 2, -CELL / 2, grid.columns * CELL, grid.rows * CELL);
  const path = new Path2D();
  trace(path, grid, NUM_BANDS);
  context.strokeStyle = stage.color("contour");
  context.lineWidth = 1;
  context.stroke(path);
}

// A function that draws the contours of f into a plot; `key` names f, so that it is computed again only when it changes.
// While it changes the map is painted with one dot a pixel, to keep up with the hand, and sharpened once the hand rests.
export function contours() {
  const [layer, ground] = [document.createElement("canvas"), document.createElement("canvas")];
  let drawn;
  let sharp = true;
  let timer;
  return (plot, f, key) => {
    const { stage, width, height, density } = plot;
    const colors = ["low", "high", "contour"].map((name) => stage.color(name));
    const wanted = [key, plot.xRange, plot.yRange, width, height, density, ...colors].join("|");
    if (wanted !== drawn || !sharp) {
      sharp = density === 1 || drawn === undefined || wanted === drawn;
      paint(layer, ground, plot, f, sharp ? density : 1);
      clearTimeout(timer);
      if (!sharp) timer = setTimeout(() => stage.invalidate(), 150);
    }
    drawn = wanted;
    plot.context.drawImage(layer, plot.area.left, plot.area.top, plot.area.width, plot.area.height);
  };
}
