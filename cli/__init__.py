"""The command line: `kubeflow-lab`, or `python -m lab`."""
