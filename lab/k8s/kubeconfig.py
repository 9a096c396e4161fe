"""The kubeconfig of a cluster: one file, or a list of files as in the environment variable KUBECONFIG.

kubectl and the Python client merge such a list differently: kubectl uses the first current context of the list, the
Python client the last one, and only kubectl accepts an empty file. The functions here follow kubectl.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

REMEDY = "set KUBECONFIG to the kubeconfig of the cluster, or to a list of files (`kubectl config view` reads it)"


def find_kubeconfig(environment: Mapping[str, str]) -> str:
    """Return the kubeconfig of an existing cluster, as a value for KUBECONFIG with absolute paths.

    As kubectl does, files of the list that do not exist are ignored, and ~/.kube/config is used if KUBECONFIG is empty.

    Args:
        environment: The environment variables.

    Raises:
        LabError: If none of the files exists, or one of them is no kubeconfig.
    """
    home = Path(environment.get("HOME") or Path.home())
    listed = environment.get("KUBECONFIG") or str(home / ".kube/config")
    files = [_expand(part, home) for part in listed.split(os.pathsep) if part]
    contents = {file: content for file in files if (content := read_kubeconfig(file)) is not None}
    if not contents:
        raise LabError(
            "there is no cluster to verify",
            expected="a kubeconfig at KUBECONFIG, or at ~/.kube/config",
            seen=", ".join(f"no file {file}" for file in files) or f"KUBECONFIG is {listed!r}",
            remedy=REMEDY,
        )
    # The Python client rejects an empty file, which has no effect. If all of them are empty, kubectl reports it.
    return os.pathsep.join(str(file) for file in contents if contents[file]) or str(next(iter(contents)))


def read_kubeconfig(file: Path) -> dict[str, Any] | None:
    """Return the content of a kubeconfig file; None if it does not exist.

    Raises:
        LabError: If it cannot be read, or is not a YAML mapping.
    """
    try:
        content = yaml.load(file.read_bytes(), yaml.CSafeLoader)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _invalid(file, f"it cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        # The error's own text may contain a line of the file, which has secrets.
        mark = getattr(error, "problem_mark", None)
        raise _invalid(file, "it is not YAML" + (f": an error in line {mark.line + 1}" if mark else "")) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _invalid(file, f"its content is a YAML {type(content).__name__}, and not a mapping with the kind Config")
    return content


def find_current_context(kubeconfig: str) -> str | None:
    """Return the current context of a kubeconfig: that of the first file that names one, as kubectl chooses it."""
    contents = [read_kubeconfig(Path(part)) or {} for part in kubeconfig.split(os.pathsep) if part]
    return next((str(content["current-context"]) for content in contents if content.get("current-context")), None)


def _expand(text: str, home: Path) -> Path:
    """Return the absolute path of a file; `~` is the home directory, as in a shell."""
    path = home / text[2:] if text.startswith("~/") else Path(text)
    return Path(os.path.abspath(path))


def _invalid(file: Path, seen: str) -> LabError:
    return LabError(f"{file} is not a kubeconfig", seen=seen, remedy=REMEDY)
