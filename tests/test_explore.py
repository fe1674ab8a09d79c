"""Explorables: their JavaScript computes what Python computes, and both sides refuse the same settings."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch

from labs import explore, objectives, training
from labs.explore import sources
from labs.explore.descent import check_config, describe, taylor_terms
from labs.explore.methods import METHODS, descend

InNode = Callable[..., Any]
NUM_POINTS = 2000

# The parameters from which random members of each family are drawn.
FAMILIES: dict[str, dict[str, tuple[float, float]]] = {
    "quadratic": {"kappa": (1, 1000), "angle": (-1.6, 1.6)},
    "rosenbrock": {"steepness": (1, 200)},
    "himmelblau": {},
    "rastrigin": {"amplitude": (0, 2)},
    "saddle": {"curvature": (0.1, 4)},
    "two_valleys": {"tilt": (-0.38, 0.38)},
    "four_valleys": {"coupling": (0, 0.49)},
    "wells": {},
    "one_neuron": {},
    "hill": {},
    "plateau": {"width": (0.3, 2)},
    "cliff": {"target": (-1, 1)},
}

EVALUATE = """
return given.map(({ name, parameters, points }) => {
  const surface = makeSurface(name, parameters);
  return points.map(([x, y]) => [surface.value(x, y), ...surface.gradient(x, y), ...surface.hessian(x, y)]);
});
"""


def _member(name: str, random: np.random.Generator) -> objectives.Surface:
    return objectives.surface(name, **{key: random.uniform(*ends) for key, ends in FAMILIES[name].items()})


def _points(surface: objectives.Surface, num: int, random: np.random.Generator) -> torch.Tensor:
    low, high = np.array(surface.domain).T
    return torch.from_numpy(random.uniform(low, high, (num, 2)))


def _config(**changes: Any) -> dict[str, Any]:
    return explore.descent("quadratic", ["gradient_descent", "newton"], kappa=20.0).config | changes


def test_every_surface_is_in_both_languages_with_the_same_defaults(in_node: InNode) -> None:
    defaults = {name: make().parameters for name, make in objectives.SURFACES.items()}
    assert in_node("descent", "return SURFACES") == defaults
    assert set(FAMILIES) == set(objectives.SURFACES)


@pytest.mark.parametrize("name", FAMILIES)
def test_values_gradients_and_hessians_agree_on_thousands_of_points(name: str, in_node: InNode) -> None:
    random = np.random.default_rng(5)
    members = [_member(name, random) for _ in range(4)]
    points = [_points(surface, NUM_POINTS // 4, random) for surface in members]
    given = [
        {"name": name, "parameters": surface.parameters, "points": where.tolist()}
        for surface, where in zip(members, points, strict=True)
    ]
    found = np.array(in_node("descent", EVALUATE, given))
    for surface, where, js in zip(members, points, found, strict=True):
        hessian = surface.hessian(where).flatten(1)[:, [0, 1, 3]]
        python = torch.cat([surface(where)[:, None], surface.gradient(where), hessian], 1).numpy()
        np.testing.assert_allclose(js, python, rtol=1e-9, atol=1e-9)


DESCEND = """
return given.map(({ surface, parameters, method, start, learningRate, momentum, numSteps }) =>
  descend(makeSurface(surface, parameters), method, start, { learningRate, momentum, numSteps }));
"""


@pytest.mark.parametrize("method", METHODS)
def test_paths_agree_step_for_step(method: str, in_node: InNode) -> None:
    random, runs, given = np.random.default_rng(6), [], []
    for name, rate in {"quadratic": 1e-3, "two_valleys": 0.1, "four_valleys": 0.1, "rosenbrock": 1e-4}.items():
        for _ in range(25):
            surface = _member(name, random)
            start = _points(surface, 1, random)[0].tolist()
            settings = {"learning_rate": rate, "momentum": random.uniform(0, 0.95), "num_steps": 12}
            path = descend(surface, method, start, **settings)
            js_names = ("learningRate", "momentum", "numSteps")
            given.append(
                {"surface": name, "parameters": surface.parameters, "method": method, "start": start}
                | dict(zip(js_names, settings.values(), strict=True))
            )
            runs.append(path)
    for js, python in zip(in_node("descent", DESCEND, given), runs, strict=True):
        # A Newton step through an almost singular Hessian magnifies the last digit; the factor is the step's size.
        scale = np.abs(python).max()
        np.testing.assert_allclose(np.reshape(js, (-1, 2)), python, rtol=1e-9, atol=1e-9 * scale)


def test_a_path_that_diverges_ends_in_both_languages_at_the_same_step(in_node: InNode) -> None:
    surface = objectives.quadratic(kappa=100.0)
    settings = {"learning_rate": 0.1, "momentum": 0.0, "num_steps": 60}
    python = descend(surface, "gradient_descent", (1.0, 1.0), **settings)
    given = {"surface": "quadratic", "parameters": {"kappa": 100}, "method": "gradient_descent", "start": [1, 1]}
    (js,) = in_node("descent", DESCEND, [given | {"learningRate": 0.1, "momentum": 0, "numSteps": 60}])
    # |1 − ηκ| = 9 a step, and 9⁹ < 10⁹ < 9¹⁰: ten points with the start.
    assert len(python) == len(js) // 2 == 10


def test_gradient_descent_and_momentum_are_those_of_the_training_loop() -> None:
    surface, start = objectives.two_valleys(), torch.tensor([1.6, 1.4], dtype=torch.float64)
    for method, momentum in (("gradient_descent", 0.0), ("momentum", 0.8)):
        path = descend(surface, method, start.tolist(), learning_rate=0.1, momentum=momentum, num_steps=40)
        oracle = training.descend(surface, start, 0.1, 40, momentum=momentum)
        np.testing.assert_allclose(path, oracle.numpy(), rtol=1e-12, atol=1e-14)


def test_nesterov_is_torchs_seen_from_the_point_before_it_looks_ahead() -> None:
    surface, momentum = objectives.rosenbrock(steepness=5.0), 0.7
    path = descend(surface, "nesterov", (-1.2, 1.0), learning_rate=0.01, momentum=momentum, num_steps=20)
    ahead = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([ahead], lr=0.01, momentum=momentum, nesterov=True)
    for step in range(1, 21):
        optimizer.zero_grad()
        surface(ahead).backward()
        optimizer.step()
        velocity = path[step] - path[step - 1]
        np.testing.assert_allclose(ahead.detach().numpy(), path[step] + momentum * velocity, rtol=1e-12)


def test_newton_finds_a_quadratics_minimum_in_one_step_and_a_saddle_where_the_saddle_free_step_leaves_it() -> None:
    settings = {"learning_rate": 1.0, "momentum": 0.0, "num_steps": 1}
    for method in ("newton", "saddle_free_newton"):
        end = descend(objectives.quadratic(kappa=300.0, angle=0.7), method, (1.3, -0.4), **settings)[-1]
        np.testing.assert_allclose(end, 0, atol=1e-12)
    saddle = objectives.saddle(curvature=2.0)
    np.testing.assert_allclose(descend(saddle, "newton", (1.0, 0.5), **settings)[-1], [0, 0], atol=1e-12)
    np.testing.assert_allclose(descend(saddle, "saddle_free_newton", (1.0, 0.5), **settings)[-1], [0, 1.0], atol=1e-12)


def test_a_flat_direction_gives_a_finite_newton_step() -> None:
    flat = objectives.quadratic_form(torch.diag(torch.tensor([1.0, 0.0], dtype=torch.float64)))
    end = descend(flat, "newton", (1.0, 2.0), learning_rate=1.0, momentum=0.0, num_steps=1)[-1]
    np.testing.assert_allclose(end, [0.0, 2.0], atol=1e-12)


def test_sign_descent_moves_each_coordinate_by_the_learning_rate() -> None:
    end = descend(objectives.saddle(), "sign_descent", (1.0, 0.5), learning_rate=0.25, momentum=0.0, num_steps=1)[-1]
    np.testing.assert_allclose(end, [0.75, 0.75])


def test_taylor_terms_agree_and_are_exact_on_a_quadratic(in_node: InNode) -> None:
    body = "return given.map(([n, p, s, eta]) => Object.values(taylorTerms(makeSurface(n, p), s, eta)))"
    random, given, expected = np.random.default_rng(7), [], []
    for name in ("quadratic", "rosenbrock", "hill"):
        for _ in range(200):
            surface = _member(name, random)
            start, rate = _points(surface, 1, random)[0].tolist(), 10 ** random.uniform(-4, -1)
            given.append([name, surface.parameters, start, rate])
            expected.append(taylor_terms(surface, start, rate))
    expected = np.array(expected)
    np.testing.assert_allclose(in_node("descent", body, given), expected, rtol=1e-9, atol=1e-9)
    first, second, change = expected[:200].T
    np.testing.assert_allclose(first + second, change, rtol=1e-9, atol=1e-9)


def test_eigenvalues_and_vectors_of_small_matrices(in_node: InNode) -> None:
    triples = np.random.default_rng(8).normal(size=(1000, 3)) * [[3, 1, 0.1]]
    triples = np.concatenate([triples, [[1, 0, 1], [0, 0, 0], [2, 0, -1], [-1, 0, 2]]])
    found = in_node("descent", "return given.map(eigen2)", triples.tolist())
    for (a, b, c), pair in zip(triples, found, strict=True):
        matrix, values, vectors = np.array([[a, b], [b, c]]), np.array(pair["values"]), np.array(pair["vectors"])
        np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix), atol=1e-12)
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(2), atol=1e-12)
        np.testing.assert_allclose(matrix @ vectors.T, vectors.T * values, atol=1e-12)


def test_random_numbers_are_those_of_the_published_generator(in_node: InNode) -> None:
    def mulberry32(state: int, num: int) -> list[float]:
        mask, numbers = 0xFFFFFFFF, []
        for _ in range(num):
            state = (state + 0x6D2B79F5) & mask
            bits = ((state ^ state >> 15) * (state | 1)) & mask
            bits ^= (bits + (bits ^ bits >> 7) * (bits | 61)) & mask
            numbers.append(((bits ^ bits >> 14) & mask) / 2**32)
        return numbers

    body = "return given.map((seed) => { const draw = uniform(seed); return Array.from({ length: 500 }, draw); })"
    seeds = [0, 1, 20240501, 2**32 - 1]
    assert in_node("descent", body, seeds) == [mulberry32(seed, 500) for seed in seeds]


def test_normal_numbers_have_the_moments_of_the_normal_distribution(in_node: InNode) -> None:
    body = "const draw = normal(11); return Array.from({ length: given }, draw)"
    draws = np.array(in_node("descent", body, num := 20000))
    moments = {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}  # power: mean and variance of zᵖ
    for power, (mean, variance) in moments.items():
        assert abs((draws**power).mean() - mean) < 4 * (variance / num) ** 0.5


WRONG = [
    ({"surface": "quadratik"}, "quadratic, rosenbrock"),
    ({"parameters": {"kapa": 3.0}}, "kappa"),
    ({"methods": []}, "gradient_descent, momentum"),
    ({"methods": ["gradient_descent", "adam"]}, "saddle_free_newton"),
    ({"start": [1.0]}, "two numbers"),
    ({"start": [1.0, None]}, ""),
    ({"learning_rate": 0.0}, "above 0"),
    ({"learning_rate": -1.0}, "-1"),
    ({"momentum": 1.5}, "1.5"),
    ({"num_steps": 0}, "whole number"),
    ({"num_steps": 501}, "501"),
    ({"num_steps": 2.5}, "2.5"),
    ({"domain": [[0.0, 1.0]]}, "domain"),
    ({"domain": [[1.0, 0.0], [0.0, 1.0]]}, "domain"),
    ({"learning_rate_range": [1.0, 0.1]}, "range"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    said = in_node("descent", "return complaint(given)", _config(**change))
    assert said
    with pytest.raises(ValueError, match=f"(?i){re.escape(says)}"):
        check_config(_config(**change))
    assert says.lower() in said.lower().replace("learning rate", "learning_rate")


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    configs = [explore.descent(name, list(METHODS)).config for name in objectives.SURFACES]
    shown = in_node("descent", "return given.map((config) => complaint(config) ?? null)", configs)
    assert shown == [None] * len(configs)


def test_descent_rejects_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"unknown surface 'bowl'; choose one of quadratic, rosenbrock"):
        explore.descent("bowl")
    with pytest.raises(ValueError, match=r"unknown method 'adam'; choose one of gradient_descent"):
        explore.descent(methods=["adam"])
    with pytest.raises(ValueError, match=r"start must be two numbers, got \(1.0, 2.0, 3.0\)"):
        explore.descent(start=(1.0, 2.0, 3.0))
    with pytest.raises(ValueError, match="quadratic has no parameter kapa"):
        explore.descent(kapa=3.0)
    with pytest.raises(ValueError, match="learning_rate must be a finite number above 0, got 0"):
        explore.descent(learning_rate=0)


def test_a_live_explorable_refuses_a_wrong_setting_and_keeps_the_last() -> None:
    explorable = explore.descent()
    with pytest.raises(ValueError, match="num_steps must be"):
        explorable.config = explorable.config | {"num_steps": -1}
    assert explorable.config["num_steps"] == 30


def test_what_stands_for_an_explorable_serves_every_reader() -> None:
    explorable = explore.descent("quadratic", ["gradient_descent"], kappa=4.0, taylor=True, title="A small valley")
    data, _ = explorable._repr_mimebundle_()
    shown = data[explore.MIME_TYPE]
    assert json.loads(json.dumps(shown)) == shown
    assert shown["kind"] == "descent"
    assert shown["title"] == "A small valley"
    assert shown["config"]["taylor"] is True
    assert shown["alt"] == data["text/plain"] == describe(explorable.config)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_the_picture_is_drawn_without_leaving_a_figure_open() -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    first, second = (explore.descent("hill", list(METHODS))._repr_mimebundle_()[0]["image/png"] for _ in range(2))
    assert first == second
    assert plt.get_fignums() == before


def test_the_sentence_says_where_each_path_ends() -> None:
    text = describe(explore.descent("quadratic", ["gradient_descent", "newton"], learning_rate=3.0, kappa=2.0).config)
    assert "Newton ends at (0, 0) with loss 0" in text
    text = describe(explore.descent(learning_rate=1.0, kappa=100.0).config)
    assert "gradient descent leaves the map for good" in text


# ---- the text of a kind


def test_both_forms_hold_the_same_program_without_imports_and_exports() -> None:
    module, script = (sources.assemble("descent", form) for form in ("module", "script"))
    assert module.rstrip().endswith("};")
    assert "export default {" in module
    assert "window.labsExplorables" in script
    assert "import {" not in module + script
    assert script.count("export") == 0
    for forbidden in ("innerHTML", "eval(", "new Function", "Blob", "http://", "https://"):
        assert forbidden not in script.replace("http://www.w3.org/2000/svg", ""), forbidden


def test_a_name_declared_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "a.js": 'import { one } from "./b.js";\nexport function two() {}\nconst one = 1;\n',
        "b.js": "export const one = 1;\n",
    }
    monkeypatch.setattr(sources, "read", files.__getitem__)
    with pytest.raises(ValueError, match=r"one is declared in b\.js and in a\.js"):
        sources.joined("a")


def test_an_unknown_kind_or_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown explorable 'ascent'; choose one of .*descent"):
        sources.assemble("ascent", "module")
    with pytest.raises(ValueError, match="form must be"):
        sources.assemble("descent", "bundle")


def test_numbers_are_written_as_a_reader_writes_them(in_node: InNode) -> None:
    numbers = [0, 1, -1.5, 0.012345, 123.456, 99999.4, 123456, -2.5e-7, 1000]
    texts = ["0", "1.00", "−1.50", "0.0123", "123", "99999", "1.23·10⁵", "−2.50·10⁻⁷", "1000"]
    assert in_node("descent", "return given.map((value) => format(value))", numbers) == texts
    assert in_node("descent", "return [NaN, Infinity, -Infinity].map((value) => format(value))") == ["–", "∞", "−∞"]


def test_ticks_are_round_and_inside(in_node: InNode) -> None:
    assert in_node("descent", "return ticks(-2, 2, 4)") == [-2, -1, 0, 1, 2]
    assert in_node("descent", "return ticks(0.13, 0.52, 4)") == [0.2, 0.3, 0.4, 0.5]


def test_segments_are_cut_at_the_box(in_node: InNode) -> None:
    body = "return given.map((ends) => clipSegment(...ends, { left: 0, right: 10, top: 0, bottom: 10 }) ?? null)"
    segments = [[2, 3, 4, 5], [-5, 5, 15, 5], [5, 5, 1e9, 5], [-1, -1, -2, 8], [-4, 4, 4, -4.1], [5, -10, 5, 10]]
    found = in_node("descent", body, segments)
    assert found[0] == [0, 1]
    assert found[1] == [0.25, 0.75]
    assert found[2] == pytest.approx([0, 5e-9], rel=1e-6)
    assert found[3:5] == [None, None]
    assert found[5] == [0.5, 1]


# ---- the book


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages, one with an explorable, built with warnings as errors; the folder of its HTML."""
    folder = tmp_path_factory.mktemp("book")
    data, metadata = explore.descent("quadratic", ["gradient_descent"])._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data, metadata=metadata, execution_count=1)
    cell = nbformat.v4.new_code_cell("explore.descent()", outputs=[output], execution_count=1)
    text = nbformat.v4.new_markdown_cell("# With\n\n[on](without.md)")
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[text, cell], metadata=language), folder / "index.ipynb")
    (folder / "without.md").write_text("---\norphan: true\n---\n# Without\n", encoding="utf-8")
    extensions = 'extensions = ["myst_nb", "labs.explore.book"]\nnb_execution_mode = "off"\n'
    (folder / "conf.py").write_text(extensions, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", folder, folder / "html"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_the_page_has_the_place_its_picture_and_its_scripts(book: Path) -> None:
    page = (book / "index.html").read_text(encoding="utf-8")
    assert page.count('class="labs-explorable"') == 1
    assert 'data-kind="descent"' in page
    assert page.count('alt="Explorable: contour map of the surface quadratic') == 1
    assert "widget-view" not in page
    named = [name for name in explore_files(book) if f"explore/{name}" in page]
    assert sorted(named) == sorted(explore_files(book))
    assert page.index("explore/descent.") < page.index("explore/host.")


def test_a_page_without_explorables_loads_none_of_it(book: Path) -> None:
    assert "explore/" not in (book / "without.html").read_text(encoding="utf-8")


def test_the_scripts_of_a_page_are_small(book: Path) -> None:
    sizes = [path.stat().st_size for path in (book / "_static" / "explore").glob("*.js")]
    assert len(sizes) == 1 + len(explore.KINDS)
    assert max(sizes) < 50_000


def explore_files(book: Path) -> list[str]:
    """The files that the extension wrote, those of other kinds than the page's left out."""
    names = [path.name for path in (book / "_static" / "explore").iterdir()]
    return [name for name in names if name.split(".")[0] in {"descent", "host", "explorable"}]
