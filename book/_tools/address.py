"""Prints where the built book is: an address to open and a path to look at."""

import sys
from pathlib import Path


def main(page: str) -> None:
    """Prints the address of the page; spaces in its path are escaped there."""
    path = Path(page).resolve()
    print(f"The book is built. Open {path.as_uri()}\n({path})")


if __name__ == "__main__":
    main(sys.argv[1])
