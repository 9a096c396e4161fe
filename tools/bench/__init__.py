"""The benchmark, `make bench`: the suite compared with the tutorial by hand, and its readiness check with kubectl's."""
