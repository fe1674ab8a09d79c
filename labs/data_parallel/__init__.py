"""Two processes that share one gradient: ``python -m labs.data_parallel`` starts them, compares, and reports.

Each process holds a copy of θ and a shard of the examples, computes the gradient of its shard, and ``all_reduce`` adds
the gradients up in all processes. The report says how far that is from the gradient of one process that has all the
examples: the largest difference over the parameters, in units of the largest entry of that gradient.

The processes find each other through a file and talk over gloo, so neither a GPU nor a free port is needed. They cannot
outlive their time limit: the starter ends them when it is over or when one of them fails, and each of them has an alarm
of its own, should the starter be killed.
"""

from labs.data_parallel.starter import TIME_LIMIT_SECONDS, launch

__all__ = ["TIME_LIMIT_SECONDS", "launch"]
