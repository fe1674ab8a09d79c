"""``python -m benchmarks``: labs beside its peers, called in turn, their answers checked against float64."""
