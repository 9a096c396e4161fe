"""`python -m embedded.manifests OUT --helm … --istio … --cert-manager …`: writes tree and repository into OUT."""

from __future__ import annotations

import argparse
from pathlib import Path

from embedded.manifests import modules, repository, tree


def main() -> None:
    """Writes OUT/tree and OUT/manifests.git, and prints the commit."""
    parser = argparse.ArgumentParser(prog="python -m embedded.manifests", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--helm", type=Path, required=True, help="the program")
    parser.add_argument("--istio", type=Path, required=True, help="the folder of the Go module istio.io/istio")
    parser.add_argument("--cert-manager", type=Path, required=True, help="the folder of its Go module")
    given = parser.parse_args()
    tree.write(given.out / "tree", modules.carried(given.helm, given.istio, given.cert_manager))
    print(repository.make(given.out / "tree", given.out / "manifests.git"))


if __name__ == "__main__":
    main()
