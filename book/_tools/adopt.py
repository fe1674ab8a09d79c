"""Tells the course its own address: `make adopt REPO=https://github.com/you/fork`.

The address stands in one place, `repository.url` in _config.yml, from which the book draws its launch buttons. This
command writes it there and into what is read without the book: the set-up cells of the notebooks, whose outputs stay
sealed since no output depends on it, and the badges of the README. Where GitHub Pages serves the book follows from it
and is `html.baseurl`, unless somebody has set another address there. Called again, it changes nothing.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import yaml
from notebooks import ROOT, place_address, read, replace

URL = re.compile(r'(?m)^(repository:.*\n(?:  .*\n)*?  url: *)(?:"[^"]*"|[^\s#]*)')
PAGES = re.compile(r'(?m)^(html:.*\n(?:  .*\n)*?  baseurl: *)(?:"[^"]*"|[^\s#]*)')
BADGES = re.compile(r"(<!-- badges[^>]*-->\n).*?(<!-- end of badges -->)", re.DOTALL)
GITHUB = re.compile(r"https://github\.com/(([\w.-]+)/([\w.-]+))")
EXAMPLE = "https://github.com/you/fork"
ELSEWHERE = "If you publish its pages, set html.baseurl in _config.yml to the address where they are read."


def checked(address: str) -> str:
    """The address as git takes it and links can be made of it.

    Raises:
        ValueError: if it is not an http, https or file address of a repository.

    Example:
        >>> checked("https://github.com/you/fork.git/")
        'https://github.com/you/fork'
    """
    plain = re.fullmatch(r"[\w.~:/%+@-]+", address, re.ASCII) is not None
    try:
        parts = urlsplit(address if plain else "")
        local, remote = parts.scheme == "file", parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        local = remote = False
    if not ((local and not parts.netloc) or remote) or not parts.path.strip("/"):
        raise ValueError(f"{address!r} is not the http, https or file address of a git repository, such as {EXAMPLE}.")
    if parts.username is not None:
        raise ValueError("The address would be published with the name or password in it: leave out what is before @.")
    return address.rstrip("/") if local else address.rstrip("/").removesuffix(".git")


def badges(address: str, branch: str, notebook: str) -> str:
    """The README's links to the tests, to `notebook` on Colab and to Binder; none where these do not look."""
    if not (found := GITHUB.fullmatch(address)):
        return ""
    tests = f"{address}/actions/workflows/book.yml"
    colab, binder = "https://colab.research.google.com", "https://mybinder.org"
    on_binder = f"{binder}/v2/gh/{found[1]}/{branch}?urlpath=lab/tree/book/progress.ipynb"
    return (
        f"[![Tests]({tests}/badge.svg?branch={branch})]({tests})\n"
        f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({colab}/github/{found[1]}/blob/{branch}/{notebook})\n"
        f"[![Open on Binder]({binder}/badge_logo.svg)]({on_binder})\n"
    )


def pages(address: str) -> str:
    """Where GitHub Pages serves the book of a repository, empty where that does not follow from its address.

    Example:
        >>> pages("https://github.com/You/fork")
        'https://you.github.io/fork/'
    """
    if not (found := GITHUB.fullmatch(address)):
        return ""
    host, name = f"{found[2].lower()}.github.io", found[3]
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _settings(config: Path) -> tuple[str, str, str]:
    """The branch, the address and the place of the pages, as the configuration has them now."""
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        repository = settings["repository"]
        return repository["branch"], repository["url"] or "", settings["html"]["baseurl"] or ""
    except (yaml.YAMLError, KeyError, TypeError):
        raise ValueError(f"{config.name} has lost its settings: take it back from the repository.") from None


def _substituted(pattern: re.Pattern[str], text: str, between: str, name: str) -> str:
    """`text` with what stands after the first group, and before the second, replaced."""
    new, count = pattern.subn(lambda found: found[1] + between + (found[2] if pattern.groups > 1 else ""), text)
    if count != 1:
        raise ValueError(f"{name} has no longer its one place for the address: take it back from the repository.")
    return new


def changes(address: str, root: Path) -> dict[Path, str]:
    """The new text of each file that the address changes."""
    config, readme = (root / name for name in ("_config.yml", "README.md"))
    branch, before, read_at = _settings(config)
    if read_at in ("", pages(before)):  # nobody has set another one
        read_at = pages(address)
    found = sorted((root / "book").glob("*.ipynb"))
    lines = badges(address, branch, f"book/{found[0].name}")
    settings = _substituted(PAGES, config.read_text(encoding="utf-8"), f'"{read_at}"', config.name)
    texts = {
        config: _substituted(URL, settings, f'"{address}"', config.name),
        readme: _substituted(BADGES, readme.read_text(encoding="utf-8"), lines, readme.name),
    }
    for path in found:
        notebook = read(path)
        place_address(notebook, address)
        texts[path] = nbformat.writes(notebook) + "\n"
    return {path: text for path, text in texts.items() if text != path.read_text(encoding="utf-8")}


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """The command; returns its exit status."""
    if not any(arguments):
        print(f"Say which repository is yours: make adopt REPO={EXAMPLE}", file=sys.stderr)
        return 2
    try:
        address = checked(arguments[0])
        texts = changes(address, root)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for path, text in texts.items():
        replace(path, text)
    count = f"{len(texts)} file{'s' * (len(texts) != 1)} changed" if texts else "nothing had to be changed"
    print(f"The course's address is {address}: {count}.")
    read_at = _settings(root / "_config.yml")[2]
    print(f"Its pages are read at {read_at} (html.baseurl in _config.yml)." if read_at else ELSEWHERE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
