"""The command line as a module; `python -m lab` runs it."""

from cli.main import main

if __name__ == "__main__":
    main(prog_name="python -m lab")
