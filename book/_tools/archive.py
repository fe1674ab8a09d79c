"""Packs the built book into one zip file, to be unpacked anywhere and read without a network.

`python book/_tools/archive.py _build/html _build/downhill.zip`: the same pages give the same file, byte for byte.
"""

import sys
import zipfile
from pathlib import Path

FOLDER = "downhill"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can name
READABLE = 0o100644 << 16
LEFT_OUT = {".buildinfo", ".buildinfo.bak", "objects.inv", "downhill.zip", "downhill.pdf"}  # not for reading pages


def pack(html: Path, target: Path) -> int:
    """Writes the files of a built book, sorted and without their times; returns how many there are."""
    files = sorted(path for path in html.rglob("*") if path.is_file() and path.name not in LEFT_OUT)
    partial = target.with_suffix(".part")
    with zipfile.ZipFile(partial, "w") as archive:
        for path in files:
            entry = zipfile.ZipInfo(f"{FOLDER}/{path.relative_to(html).as_posix()}", LONG_AGO)
            entry.external_attr, entry.compress_type, entry.create_system = READABLE, zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, path.read_bytes())
    partial.replace(target)
    return len(files)


def main(html: str, target: str) -> None:
    """Packs the built book and says where it is, or in one sentence why not."""
    if not (Path(html) / "book" / "index.html").is_file():
        raise SystemExit("The book is not built: book/index.html is missing; run `make book` first.")
    try:
        count = pack(Path(html), Path(target))
    except OSError as error:
        raise SystemExit(f"{target} cannot be written: {error.strerror}.") from None
    print(f"The book is packed: {target} ({count} files, {Path(target).stat().st_size / 1e6:.1f} MB).")
    print(f"Unpacked anywhere, it opens at {FOLDER}/index.html.")


if __name__ == "__main__":
    main(*sys.argv[1:])
