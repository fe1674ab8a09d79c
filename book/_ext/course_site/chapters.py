"""The twelve chapters of the course: what the cover, the map and the page of measurements call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

__all__ = ["CHAPTERS", "PARTS", "Chapter", "OfChapters", "written"]


@dataclass(frozen=True)
class Chapter:
    """One chapter: its number, the stem of its notebook in book/, its title and the question that it answers."""

    number: int
    stem: str
    title: str
    question: str

    @property
    def docname(self) -> str:
        """The name of the chapter's page, whether or not it has been written."""
        return f"book/{self.number:02d}_{self.stem}"


CHAPTERS = (
    Chapter(
        1,
        "learning_vs_optimization",
        "Learning and pure optimization",
        "If the loss is still falling, why should I stop?",
    ),
    Chapter(
        2,
        "empirical_risk_minimization",
        "Empirical risk minimization",
        "Why not simply minimize the error on my data?",
    ),
    Chapter(
        3,
        "surrogate_losses",
        "Surrogate losses and early stopping",
        "Why does everyone train with cross-entropy when they report accuracy?",
    ),
    Chapter(4, "batch_and_minibatch", "Batch and minibatch algorithms", "How large should my batch be?"),
    Chapter(5, "ill_conditioning", "Ill-conditioning", "Why does the gradient get larger while the loss goes down?"),
    Chapter(6, "local_minima", "Local minima", "Am I stuck in a bad local minimum?"),
    Chapter(
        7, "saddle_points", "Saddles and plateaus", "Training has stalled at a high loss: minimum, saddle or plateau?"
    ),
    Chapter(
        8,
        "cliffs_and_exploding_gradients",
        "Cliffs and exploding gradients",
        "My loss was fine, then it was NaN.",
    ),
    Chapter(
        9,
        "long_term_dependencies",
        "Long-term dependencies",
        "Why can't my network remember the beginning of the sentence?",
    ),
    Chapter(10, "inexact_gradients", "Inexact gradients", "Is a wrong gradient good enough?"),
    Chapter(
        11, "local_and_global_structure", "Local and global structure", "Every step goes downhill. Why do I not arrive?"
    ),
    Chapter(12, "theoretical_limits", "Theoretical limits", "Is there an optimizer that always works?"),
)

PARTS = (
    ("I", "How learning differs from pure optimization", CHAPTERS[:4]),
    ("II", "Challenges in neural network optimization", CHAPTERS[4:]),
)


def written(found: set[str]) -> list[Chapter]:
    """The chapters among the pages of the book, in order."""
    return [chapter for chapter in CHAPTERS if chapter.docname in found]


class OfChapters(SphinxDirective):
    """A directive for what is collected from the chapters of the table of contents, once all of them are known."""

    placeholder: ClassVar[type[nodes.Element]]

    def run(self) -> list[nodes.Node]:
        """A placeholder; the page is made again when a chapter changes."""
        for chapter in written(self.env.found_docs):
            self.env.note_dependency(self.env.doc2path(chapter.docname))
        return [self.placeholder()]
