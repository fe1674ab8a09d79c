"""One module a group of tasks; a new one needs ``TASKS = {"T9": make}`` where ``make(dtype) -> Task``."""
