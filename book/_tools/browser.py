"""Finds the browsers that the book is checked in, and installs Debian's where there are none.

`python book/_tools/browser.py` prints the path of the Chromium that the checks drive, or says in one sentence what to
install. They go on without a Firefox, and use the one that is found.
The environment variables CHROMIUM and FIREFOX name other ones.
"""

import os
import shutil
import subprocess
import sys

NAMES = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
PACKAGES = {"chromium": "chromium", "firefox": "firefox-esr"}
MAC_APPLICATIONS = {
    "chromium": (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ),
    "firefox": ("/Applications/Firefox.app/Contents/MacOS/firefox",),
}


def find(family: str = "chromium") -> str | None:
    """The path of a browser of this family, None where there is none."""
    candidates = (os.environ.get(family.upper()) or None, *NAMES[family], *MAC_APPLICATIONS[family])
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def apt() -> list[str] | None:
    """How to call apt-get without being asked for a password, None where that cannot be."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    may_sudo = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    return ["sudo", "-n", "apt-get"] if may_sudo else None


def install(families: list[str]) -> None:
    """Installs Debian's packages of these through apt where that is allowed; does nothing where it is not."""
    if (command := apt()) is None:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    installing = [["install", "-y", "-qq", "--no-install-recommends", PACKAGES[family]] for family in families]
    for step in (["update", "-qq"], *installing):
        print(f"No {' and no '.join(families)} found: apt-get {step[0]} …", file=sys.stderr)
        subprocess.run([*command, *step], env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)


def main() -> None:
    """Prints the path of the Chromium; what is missing is installed first, if that may be."""
    if missing := [family for family in NAMES if find(family) is None]:
        install(missing)
    if (path := find()) is None:
        raise SystemExit(
            "The book is checked in a browser, and none is here: install the package chromium (or Google Chrome)."
        )
    print(path)


if __name__ == "__main__":
    main()
