"""What a published copy has besides: cards for links to its pages, and a sitemap.

Both need the address at which the book is read. They are there once `html.baseurl` in `_config.yml` says it.
"""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.config import Config

__all__ = ["setup"]


def setup(app: Sphinx) -> None:
    """Registers the choice, when the configuration is known."""
    app.connect("config-inited", publish)


def publish(app: Sphinx, config: Config) -> None:
    """Loads both extensions where there is an address; without one nothing changes."""
    address = config.html_baseurl
    if not address:
        return
    config.html_baseurl = address.rstrip("/") + "/"
    for extension in ("sphinxext.opengraph", "sphinx_sitemap"):
        app.setup_extension(extension)
    config.ogp_site_url = config.html_baseurl
    config.sitemap_url_scheme = "{link}"
    config.sitemap_excludes = ["search.html", "genindex.html", "py-modindex.html"]
