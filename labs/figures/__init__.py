"""The course's one figure style and its few shared plots; nothing else in labs imports matplotlib.

Example:
    >>> from labs import figures
    >>> figures.lines([1, 2, 3], {"train": [3.0, 2.0, 1.0]}, xlabel="step", ylabel="loss", title="The loss falls")
"""

from labs.figures.plots import bars, contour, heatmap, lines, spectrum
from labs.figures.style import COLORS, LINE_STYLES, PALETTE, WIDTH_INCHES, figure, label_lines, sweep_colors, use

__all__ = [
    "COLORS",
    "LINE_STYLES",
    "PALETTE",
    "WIDTH_INCHES",
    "bars",
    "contour",
    "figure",
    "heatmap",
    "label_lines",
    "lines",
    "spectrum",
    "sweep_colors",
    "use",
]
