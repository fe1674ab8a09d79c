// Filled contours of f with lines at levels that crowd towards the minimum; drawn once and kept until f, the view or
// the theme changes.

const NUM_BANDS = 14;
const CELL = 3; // pixels of the page between two samples: fine enough for straight-looking lines, cheap enough to drag

// A map from values to 0…1 that is linear near the lowest value and logarithmic above.
function logarithmic(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const unit = (high - low || 1) * 2e-3;
  const top = Math.log1p((high - low) / unit) || 1;
  return (value) => Math.log1p((value - low) / unit) / top;
}

function sample(plot, f) {
  const { left, top, width, height } = plot.area;
  const columns = Math.ceil(width / CELL) + 1;
  const rows = Math.ceil(height / CELL) + 1;
  const values = new Float64Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    const y = plot.fromY(top + row * CELL);
    for (let column = 0; column < columns; column += 1) {
      values[row * columns + column] = f(plot.fromX(left + column * CELL), y);
    }
  }
  return { values: values.map(logarithmic(values)), columns, rows };
}

// Marching squares: calls segment(x0, y0, x1, y1) in units of cells for each piece of each level's line.
function trace({ values, columns, rows }, levels, segment) {
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const at = row * columns + column;
      const [a, b, c, d] = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]];
      const low = Math.min(a, b, c, d);
      const high = Math.max(a, b, c, d);
      for (let k = Math.max(1, Math.ceil(low * levels)); k < levels && k / levels < high; k += 1) {
        const level = k / levels;
        const ends = [];
        if (a < level !== b < level) ends.push(column + (level - a) / (b - a), row);
        if (b < level !== c < level) ends.push(column + 1, row + (level - b) / (c - b));
        if (d < level !== c < level) ends.push(column + (level - d) / (c - d), row + 1);
        if (a < level !== d < level) ends.push(column, row + (level - a) / (d - a));
        for (let i = 0; i + 3 < ends.length; i += 4) segment(ends[i], ends[i + 1], ends[i + 2], ends[i + 3]);
      }
    }
  }
}

function fill({ values, columns, rows }, low, high) {
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  const context = small.getContext("2d");
  const channels = (color) => {
    context.fillStyle = color; // read back, any CSS colour is #rrggbb
    return [1, 3, 5].map((start) => parseInt(context.fillStyle.slice(start, start + 2), 16));
  };
  const [from, to] = [channels(low), channels(high)];
  const image = new ImageData(columns, rows);
  values.forEach((value, index) => {
    const share = Math.min(NUM_BANDS - 1, Math.floor(value * NUM_BANDS)) / (NUM_BANDS - 1);
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * index + channel] = from[channel] + share * (to[channel] - from[channel]);
    }
    image.data[4 * index + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return small;
}

function paint(plot, f) {
  const { stage, area, density } = plot;
  const layer = document.createElement("canvas");
  layer.width = Math.round(area.width * density);
  layer.height = Math.round(area.height * density);
  const context = layer.getContext("2d");
  context.scale(density, density);
  const grid = sample(plot, f);
  const ground = fill(grid, stage.color("low"), stage.color("high"));
  // Samples sit on the corners of cells, pixels have area: half a cell of shift puts them on each other.
  context.drawImage(ground, -CELL / 2, -CELL / 2, grid.columns * CELL, grid.rows * CELL);
  const path = new Path2D();
  trace(grid, NUM_BANDS, (x0, y0, x1, y1) => {
    path.moveTo(x0 * CELL, y0 * CELL);
    path.lineTo(x1 * CELL, y1 * CELL);
  });
  context.strokeStyle = stage.color("contour");
  context.lineWidth = 1;
  context.stroke(path);
  return layer;
}

// A function that draws the contours of f into a plot; `key` names f, so that it is computed again only when it changes.
export function contours() {
  let layer;
  let drawn;
  return (plot, f, key) => {
    const { stage, width, height, density } = plot;
    const colors = ["low", "high", "contour"].map((name) => stage.color(name));
    const wanted = [key, plot.xRange, plot.yRange, width, height, density, ...colors].join("|");
    if (wanted !== drawn) layer = paint(plot, f);
    drawn = wanted;
    plot.context.drawImage(layer, plot.area.left, plot.area.top, plot.area.width, plot.area.height);
  };
}
