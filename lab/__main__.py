"""`python -m lab`: the same command line as `kubeflow-lab`."""

from cli.main import main

if __name__ == "__main__":
    main()
