"""The command ``python -m labs.data_parallel``."""

import sys

from labs.data_parallel.starter import main

sys.exit(main())
