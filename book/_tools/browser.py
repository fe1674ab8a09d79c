"""Finds the Chromium that the browser checks drive, and installs Debian's where there is none.

`python book/_tools/browser.py` prints its path, or says in one sentence what to install.
The environment variable CHROMIUM names another one.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find() -> str | None:
    """The path of a browser of the Chromium family, None where there is none."""
    candidates = (os.environ.get("CHROMIUM") or None, *NAMES, *MAC_APPLICATIONS)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def apt() -> list[str] | None:
    """How to call apt-get without being asked for a password, None where that cannot be."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    may_sudo = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    return ["sudo", "-n", "apt-get"] if may_sudo else None


def install() -> None:
    """Installs Debian's chromium through apt where that is allowed; does nothing where it is not."""
    if (command := apt()) is None:
        return
    print("No Chromium found: installing Debian's …", file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run([*command, *step], env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)


def main() -> None:
    """Prints the path of the browser, installed first if need be."""
    if find() is None:
        install()
    if (path := find()) is None:
        raise SystemExit(
            "The book is checked in a browser, and none is here: install the package chromium (or Google Chrome)."
        )
    print(path)


if __name__ == "__main__":
    main()
