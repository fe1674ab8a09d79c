"""Explorables: small instruments in the page that answer to the hand, with no kernel behind them.

``explore.descent(...)`` returns one; as the last expression of a cell it shows itself: live in JupyterLab and Colab
(it is an anywidget), live in the book (``labs.explore.book`` hosts the same code there), a picture on paper and GitHub.

A new kind is added in four steps:

1. ``labs/explore/<kind>.js`` exports ``render({ model, el })``, which builds a ``Stage`` (``kit.js``: sliders, handles,
   bars, read-outs, theme, one update a frame) with one or more ``Plot``s (``plot.js``: axes, lines, markers, curves,
   rules) and, for maps, ``contours()`` (``contour.js``). Its mathematics is pure exported functions, in ``numerics.js``
   or in a module beside it, imported with ``import { name } from "./module.js";`` on one statement, never renamed.
2. ``KINDS`` in ``sources.py`` names it. Its style, if it needs any, goes into ``explorable.css``.
3. ``labs/explore/<kind>.py`` has the Python function: it builds ``config`` (plain JSON; the state of the reader's
   controls is part of it), a check that raises ``ValueError``, a picture drawn with ``labs.figures`` and one sentence
   (the picture ends with ``closed_png(fig)`` of ``pictures.py``).
   ``Explorable(kind, config, check=…, picture=…, describe=…)`` does the rest.
4. The tests compare the functions of step 1 with Python's (fixture ``in_node``) and try the panel in a browser (fixture
   ``explorable_page``); both fixtures stand in ``tests/conftest.py``.
"""

from labs.explore.ball import ball
from labs.explore.basins import basins
from labs.explore.capacity import capacity
from labs.explore.cliff import cliff
from labs.explore.descent import descent
from labs.explore.eigenvalues import eigenvalues
from labs.explore.margins import margins
from labs.explore.methods import METHODS
from labs.explore.minibatch import minibatch
from labs.explore.saddles import saddles
from labs.explore.sides import sides
from labs.explore.sources import KINDS, MIME_TYPE
from labs.explore.stopping import stopping
from labs.explore.widget import Explorable
from labs.explore.worst import worst

__all__ = [  # noqa: RUF022 - grouped by use
    # Explorables
    "ball",
    "basins",
    "capacity",
    "cliff",
    "descent",
    "eigenvalues",
    "margins",
    "minibatch",
    "saddles",
    "sides",
    "stopping",
    "worst",
    # What they are made of
    "Explorable",
    "KINDS",
    "METHODS",
    "MIME_TYPE",
]
