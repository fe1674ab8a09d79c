"""``python -m benchmarks``, and ``python -m benchmarks sweeps``."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported: its bars would be timed with the rest
    if sys.argv[1:2] == ["sweeps"]:
        from benchmarks import sweeps

        sweeps.main(sys.argv[2:])
    else:
        from benchmarks.command import main

        main()
