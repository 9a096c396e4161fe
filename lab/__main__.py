"""`python -m lab`: the same command line as `kubeflow-lab`.

It is run by name and not imported, because the command line depends on lab and not the other way around.
"""

import runpy

if __name__ == "__main__":
    runpy.run_module("cli", run_name="__main__")
