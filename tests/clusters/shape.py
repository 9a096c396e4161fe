"""A shape: how a cluster differs from the tutorial's, the settings with which it must pass, and its sabotages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.context import Lab
from tools.sabotage.sabotage import Sabotage
from tools.sabotage.table import SABOTAGES

Change = Callable[[Lab], None]
"""A change of a cluster, which is not reverted: the lab is removed at the end."""
Settings = Callable[[Lab, Path], Mapping[str, str]]
"""A function that returns the values of settings by field name, from the lab and a directory for files."""
EXAMPLE = "example/kustomization.yaml"


def no_settings(_lab: Lab, _directory: Path) -> Mapping[str, str]:
    """Return no settings."""
    return {}


@contextmanager
def open_own_kubeconfig(lab: Lab, _directory: Path) -> Iterator[Path]:
    """Yield the kubeconfig of a lab, which is that of an administrator."""
    yield Path(lab.state.environment["KUBECONFIG"])


@dataclass(frozen=True)
class Shape:
    """One shape of a cluster.

    Args:
        name: The name, by which it can be selected.
        description: How the cluster differs from the tutorial's.
        sabotages: The faults that the suite must detect in it.
        change_tree: Changes the directory with the kit's manifests before Kubeflow is installed from it.
        owner: The settings `user` and `password`, for the installation, too; empty for the tutorial's.
        agents: The number of nodes in addition to the server.
        changes: Changes of the cluster after Kubeflow is installed.
        settings: The settings of the runs that verify it, in addition to those of the owner.
        open_kubeconfig: Yields a kubeconfig for these runs, in a directory; by default the lab's own.
    """

    name: str
    description: str
    sabotages: Sequence[Sabotage]
    change_tree: Callable[[Path], None] = lambda _tree: None
    owner: Mapping[str, str] = field(default_factory=dict)
    agents: int = 0
    changes: Sequence[Change] = ()
    settings: Settings = no_settings
    open_kubeconfig: Callable[[Lab, Path], AbstractContextManager[Path]] = open_own_kubeconfig


def find_sabotage(name: str) -> Sabotage:
    """Return a sabotage of the table.

    Raises:
        StopIteration: If the table has no such sabotage.
    """
    return next(sabotage for sabotage in SABOTAGES if sabotage.name == name)


def replace_text(tree: Path, file: str, *replacements: tuple[str, str]) -> None:
    """Replace texts in a file of a tree of manifests.

    Args:
        tree: The directory of the tree.
        file: The path of the file in the tree.
        replacements: The regular expressions, and their replacements as for re.sub.

    Raises:
        ValueError: If the file does not contain a text, since the shape would be another one than it says.
    """
    text = (tree / file).read_text()
    for old, new in replacements:
        text, count = re.subn(old, new, text)
        if not count:
            raise ValueError(f"{file} does not contain {old!r}")
    (tree / file).write_text(text)


def omit(tree: Path, *directories: str) -> None:
    """Omit directories of a tree of manifests from `example`.

    Args:
        tree: The directory of the tree.
        directories: The directories, as the kustomization of `example` lists them after `../`.
    """
    replace_text(tree, EXAMPLE, *((f"- \\.\\./{re.escape(directory)}\n", "") for directory in directories))
