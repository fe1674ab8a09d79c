// A map of regions over a plot: which one each cell of a grid belongs to, and names written on the map.

// A tint for each region and a line where two meet, so that colour alone carries nothing. `cells` holds size × size
// numbers, row by row from below; tint(number) is a colour, and cells below 0 stay without one.
export function drawRegions(plot, cells, size, tint) {
  const { context, stage } = plot;
  const along = ([low, high], k) => low + (k / size) * (high - low);
  const at = (column, row) => cells[row * size + column];
  const borders = new Path2D();
  context.globalAlpha = 0.28;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const region = at(column, row);
      const [x0, x1] = [column, column + 1].map((k) => Math.round(plot.toX(along(plot.xRange, k))));
      const [y0, y1] = [row + 1, row].map((k) => Math.round(plot.toY(along(plot.yRange, k))));
      if (region >= 0) {
        context.fillStyle = stage.color(tint(region));
        context.fillRect(x0, y0, x1 - x0, y1 - y0); // whole pixels, or the seams would show
      }
      if (column + 1 < size && at(column + 1, row) !== region) {
        borders.moveTo(x1, y0);
        borders.lineTo(x1, y1);
      }
      if (row + 1 < size && at(column, row + 1) !== region) {
        borders.moveTo(x0, y0);
        borders.lineTo(x1, y0);
      }
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = stage.color("ink");
  context.lineWidth = 1.2;
  context.stroke(borders);
}

// A text at a point, legible on every tint.
export function drawName(plot, text, x, y, pixels = 13) {
  const { context, stage } = plot;
  context.font = `700 ${pixels}px ${stage.styles.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.strokeStyle = stage.color("halo");
  context.strokeText(text, plot.toX(x), plot.toY(y));
  context.fillStyle = stage.color("ink");
  context.fillText(text, plot.toX(x), plot.toY(y));
}
