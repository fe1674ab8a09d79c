"""What a published copy has besides: cards for links to its pages, a sitemap, and the book to download.

All need the address at which the book is read. They are there once `html.baseurl` in `_config.yml` says it.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

__all__ = ["DOWNLOADS", "PLACE", "setup"]

PLACE = '<div class="downloads"></div>'  # where a page offers the downloads; without an address it stays empty
DOWNLOADS = {"downhill.zip": "these pages in one file", "downhill.pdf": "the whole book for paper"}  # beside the pages

# The card that a link shows: paper, a line in the colour of the path, and the icon.
ICON = Path(__file__).parents[2] / "_theme" / "icon.png"
CARD = {"image_mini": str(ICON), "background_color": "#fbf9f4", "line_color": "#c24f00"}


def setup(app: Sphinx) -> None:
    """Registers the choice, when the configuration is known."""
    app.connect("config-inited", publish)
    app.connect("doctree-read", offer)


def publish(app: Sphinx, config: Config) -> None:
    """Loads both extensions where there is an address; without one nothing changes."""
    address = config.html_baseurl
    if not address:
        return
    config.html_baseurl = address.rstrip("/") + "/"
    for extension in ("sphinxext.opengraph", "sphinx_sitemap"):
        app.setup_extension(extension)
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title
    config.ogp_social_cards = CARD
    config.sitemap_url_scheme = "{link}"
    config.sitemap_excludes = ["search.html", "genindex.html", "py-modindex.html"]


def offer(app: Sphinx, doctree: nodes.document) -> None:
    """Puts the links in their place: whole addresses, since the page may be read in a copy on a disk."""
    address = app.config.html_baseurl
    for place in [node for node in doctree.findall(nodes.raw) if node.astext().strip() == PLACE and address]:
        zipped, printed = (
            nodes.reference("", words, refuri=address + name, internal=False) for name, words in DOWNLOADS.items()
        )
        between = nodes.Text(", which open from any folder once unpacked, or ")
        place.replace_self(nodes.paragraph("", "To download: ", zipped, between, printed, nodes.Text(".")))
