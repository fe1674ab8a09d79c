"""Grids of runs, cut into ensembles and spread over any ``concurrent.futures.Executor``, here or on other machines.

The result depends on the grid alone: not on the executor, the number of workers, the order in which they finish, or on
how often the sweep was broken off and started again.
"""

from labs.sweeps.execution import sweep
from labs.sweeps.grid import Grid, Part
from labs.sweeps.pool import processes
from labs.sweeps.results import Results

__all__ = ["Grid", "Part", "Results", "processes", "sweep"]
