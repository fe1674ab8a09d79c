"""Figures: colours that everyone can tell apart, letters that a phone can show, few bytes, the same each time."""

import ast
import io
from itertools import combinations, pairwise
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

import labs
from labs import figures
from labs.figures import style
from labs.objectives import SURFACES

X = np.arange(1, 101)


@pytest.fixture(autouse=True)
def style_in_use():
    with mpl.rc_context():
        figures.use()
        yield
    plt.close("all")


def valley(points):
    return (1 - points[..., 0]) ** 2 + 100 * (points[..., 1] - points[..., 0] ** 2) ** 2


def path(end):
    return np.linspace((-1.5, 2.0), end, 40)


RUNS = np.exp(-X / 50)[:, None] * (1 + 0.1 * np.sin(X[:, None] + np.arange(8)))

PLOTS = {
    "lines": lambda: figures.lines(
        X, {"train": RUNS, "theory": np.exp(-X / 50)}, yscale="log", title="It falls", xlabel="step", ylabel="loss"
    ),
    "contour": lambda: figures.contour(
        valley, {"gradient descent": path((1, 1)), "momentum": path((0, 0))}, domain=((-2, 2), (-1, 3)), title="Paths"
    ),
    "bars": lambda: figures.bars({"first": -0.3, "second": 0.5}, roles={"first": "train"}, title="Two terms"),
    "spectrum": lambda: figures.spectrum(X, np.exp(-X / 10.0), [120, 140], title="Two outliers"),
    "heatmap": lambda: figures.heatmap(np.outer(X[:20] - 10, X[:30]), signed=True, title="Signed", label="λ"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
class TestEachPlot:
    def test_returns_nothing(self, name):
        assert PLOTS[name]() is None

    def test_is_light_sharp_and_the_same_each_time(self, name):
        pictures = []
        for _ in range(2):
            PLOTS[name]()
            pictures.append(style.png(plt.gcf()))
        (data, size), again = pictures
        assert (data, size) == again
        assert len(data) <= 60_000
        image = Image.open(io.BytesIO(data))
        assert size["width"] == 540
        assert image.size == (2 * size["width"], 2 * size["height"])
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)

    def test_every_letter_is_legible_on_a_phone(self, name):
        PLOTS[name]()
        figure = plt.gcf()
        shrunk = 358 / (figure.get_figwidth() * figure.dpi)  # a page 390 pixels wide, with its margins
        sizes = [text.get_fontsize() * figure.dpi / 72 for text in figure.findobj(mpl.text.Text) if text.get_text()]
        assert min(sizes) * shrunk >= 10

    def test_nothing_sticks_out(self, name):
        PLOTS[name]()
        figure = plt.gcf()
        figure.draw_without_rendering()
        frame = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert -0.01 <= frame.x0 < frame.x1 <= width + 0.01
        assert -0.01 <= frame.y0 < frame.y1 <= height + 0.01


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast_on_white(color):
    return 1.05 / (luminance(color) + 0.05)


@pytest.mark.parametrize("name", figures.PALETTE)
def test_colors_stand_out_from_white_and_when_inverted_from_black(name):
    color = np.array(mpl.colors.to_rgb(figures.PALETTE[name]))
    assert contrast_on_white(color) >= 3
    # What the dark theme's filter, invert(1) hue-rotate(180deg), makes of it, by the matrix in W3C Filter Effects.
    turn = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
    assert (luminance(np.clip(turn @ (1 - color), 0, 1)) + 0.05) / 0.05 >= 3


def test_sweep_colors_stand_out_and_differ():
    colors = figures.sweep_colors(5)
    assert len({tuple(color) for color in colors}) == 5
    assert all(contrast_on_white(color) >= 2 for color in colors)
    assert len(figures.sweep_colors(1)) == 1


def test_roles_of_one_figure_differ_in_color_and_in_line():
    together = [
        ("train", "validation", "test", "theory"),
        ("gradient_descent", "momentum", "newton", "nesterov", "theory"),
        ("gradient_descent", "newton", "saddle_free_newton"),
        ("gradient_descent", "minibatch", "sgd"),
        ("gradient_term", "curvature_term", "change", "theory"),
    ]
    for roles in together:
        for one, other in combinations(roles, 2):
            assert figures.COLORS[one] != figures.COLORS[other], (one, other)
    lines = {role: figures.LINE_STYLES.get(role, "-") for role in together[0]}
    assert len(set(map(str, lines.values()))) == len(lines)


def test_lines_draw_the_median_and_the_band_of_an_ensemble():
    runs = np.arange(100 * 11, dtype=float).reshape(100, 11)
    figures.lines(X, {"train": torch.tensor(runs, requires_grad=True)}, band=(0.1, 0.9))
    ax = plt.gca()
    assert np.array_equal(ax.get_lines()[0].get_ydata(), np.median(runs, axis=1))
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == runs[0, 1]
    assert band[:, 1].max() == runs[-1, 9]


def test_lines_leave_out_what_is_not_finite():
    figures.lines([1, 2, 3, 4], {"diverged": [1.0, 2.0, np.inf, np.nan], "fine": [1.0, 1.0, 1.0, 1.0]})
    diverged = plt.gca().texts[0]
    assert diverged.get_text() == "diverged"
    assert diverged.xy[0] == pytest.approx(2)


def test_a_role_or_the_name_decides_the_color():
    figures.lines(X, {"validation": X, "my method": -X}, roles={"my method": "newton"})
    assert [line.get_color() for line in plt.gca().get_lines()] == [figures.COLORS[r] for r in ("validation", "newton")]
    figures.lines(X, {"a": X, "b": -X}, roles=["#111111", "#222222"])
    assert [line.get_color() for line in plt.gca().get_lines()] == ["#111111", "#222222"]


def test_names_at_the_ends_do_not_overlap():
    figures.lines(X, {f"curve {n}": X * (1 + 0.001 * n) for n in range(5)})
    figure = plt.gcf()
    figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in plt.gca().texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))


def test_spreading_moves_no_more_than_needed():
    assert style._spread(np.array([0.0, 5.0, 10.0]), 2).tolist() == [0, 5, 10]
    assert style._spread(np.array([1.0, 1.0]), 2).tolist() == [0, 2]
    assert style._spread(np.array([5.0, 1.0, 1.0]), 2).tolist() == [5, 0, 2]
    assert style._spread(np.array([]), 2).tolist() == []


@pytest.mark.parametrize("name", SURFACES)
def test_contour_draws_every_surface_in_few_bytes(name):
    surface = SURFACES[name]()
    figures.contour(surface, {"gradient descent": np.linspace(surface.start, (0, 0), 40)}, title=name)
    assert len(style.png(plt.gcf())[0]) <= 62_000
    stars = [line for line in plt.gca().get_lines() if line.get_marker() == "*"]
    assert len(stars) == len(surface.minima)


def test_contour_of_a_constant_draws_no_levels():
    figures.contour(lambda points: points[..., 0] * 0 + 1, domain=((0, 1), (0, 1)))
    assert not plt.gca().collections


def test_bars_show_their_figures():
    figures.bars({"a": -0.123456, "b": 2})
    assert [text.get_text() for text in plt.gca().texts] == ["−0.1235", "2"]


def test_plots_draw_where_they_are_told():
    figure, (one, other) = figures.figure(2)
    figures.lines(X, {"train": X}, ax=one)
    figures.bars({"a": 1}, ax=other)
    assert plt.get_fignums() == [figure.number]
    assert figure.get_size_inches().tolist() == [figures.WIDTH_INCHES, 6.0]


def test_an_empty_figure_has_no_picture():
    assert style.png(plt.figure()) is None


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: figures.figure(0), "at least one row"),
        (lambda: figures.sweep_colors(0), "at least 1"),
        (lambda: figures.lines(X, {"a": X[:5]}), r"'a' has \(5,\) values and x has \(100,\)"),
        (lambda: figures.lines(X, {"a": X}, roles={"a": "nonsense"}), "unknown role 'nonsense'"),
        (lambda: figures.contour(valley), "give domain"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(call, remedy):
    with pytest.raises(ValueError, match=remedy):
        call()


def test_nothing_else_in_labs_imports_matplotlib():
    root = Path(labs.__file__).parent
    importers = {
        file.relative_to(root).parts[0]
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.split(".")[0] == "matplotlib"
    }
    assert importers == {"figures"}
