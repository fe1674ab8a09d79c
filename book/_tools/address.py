"""Prints where the built book is: a path to look at and an address to open."""

import sys
from pathlib import Path

page = Path(sys.argv[1]).resolve()
print(f"The book is built. Open {page.as_uri()}\n({page})")
