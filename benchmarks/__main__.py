"""``python -m benchmarks``."""

import os

if __name__ == "__main__":
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported: its bars would be timed with the rest
    from benchmarks.command import main

    main()
