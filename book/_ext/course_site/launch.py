"""Launch buttons on the notebooks' pages, drawn only where they lead somewhere.

Colab opens notebooks from GitHub, Binder repositories from GitHub and GitLab. While the course has no address, or one
that neither can reach, there is no button.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

__all__ = ["setup"]

REACHABLE_FROM = {"github.com": {"binderhub_url", "colab_url"}, "gitlab.com": {"binderhub_url"}}


def setup(app: Sphinx) -> None:
    """Registers the choice, before the theme reads its options."""
    app.connect("config-inited", choose)


def choose(app: Sphinx, config: Config) -> None:
    """Keeps of the configured buttons those that work with the address; without any, the theme hears of no address."""
    options = config.html_theme_options
    works = REACHABLE_FROM.get(urlsplit(options.get("repository_url") or "").hostname or "", set())
    buttons = {name: value for name, value in options.get("launch_buttons", {}).items() if works >= _service(name)}
    options["launch_buttons"] = buttons if works else {}
    if not works:
        options["repository_url"] = ""


def _service(option: str) -> set[str]:
    """The service that an option of the buttons configures, if it does."""
    return {option} if option.endswith("_url") else set()
