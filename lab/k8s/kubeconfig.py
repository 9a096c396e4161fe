"""The kubeconfig of a cluster: one file, or a list of files as in the environment variable KUBECONFIG.

kubectl and the Python client merge such a list differently: kubectl uses the first current context of the list, the
Python client the last one, and only kubectl accepts an empty file. The functions here follow kubectl.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from lab.errors import LabError

REMEDY = "set KUBECONFIG to the kubeconfig of the cluster, or to a list of files (`kubectl config view` reads it)"
SELECT = "`kubectl config get-contexts` lists the contexts, `kubectl config use-context NAME` selects one"
FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""The fields of a cluster or a user that name a file."""


def find_kubeconfig(environment: Mapping[str, str]) -> str:
    """Return the kubeconfig of an existing cluster, as a value for KUBECONFIG with absolute paths.

    As kubectl does, files of the list that do not exist are ignored, and ~/.kube/config is used if KUBECONFIG is empty.

    Args:
        environment: The environment variables.

    Raises:
        LabError: If none of the files exists, one of them is no kubeconfig, or together they do not name a cluster.
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
    _check_cluster_is_named(contents, environment.get("PATH"))
    # The Python client rejects an empty file, which has no effect.
    return os.pathsep.join(str(file) for file in contents if contents[file])


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


def _check_cluster_is_named(contents: Mapping[Path, dict[str, Any]], path: str | None) -> None:
    """Check that kubeconfig files name a current context, with a cluster and, if it names one, a user that they have.

    Args:
        contents: The contents of the files.
        path: The value of PATH, for programs that print credentials.

    Raises:
        LabError: If they do not, or a file that the cluster or the user needs cannot be read.
    """
    shown = os.pathsep.join(map(str, contents))
    name = next((content["current-context"] for content in contents.values() if content.get("current-context")), None)
    contexts = _merge(contents, "contexts")
    listed = f"its contexts are {', '.join(contexts)}" if contexts else "it has no contexts"
    if not name:
        seen = "an empty file" if not any(contents.values()) else f"no current context; {listed}"
        raise _names_no_cluster(f"{shown}: {seen}", SELECT if contexts else REMEDY)
    if name not in contexts:
        raise _names_no_cluster(f"{shown}: the current context {name} does not exist; {listed}", SELECT)
    context = contexts[name][1].get("context") or {}
    for key in ("cluster", "user"):
        known, referenced = _merge(contents, f"{key}s"), context.get(key) if isinstance(context, dict) else None
        if not referenced and key == "user":
            continue  # as kubectl does, which then sends no credentials
        if referenced not in known:
            seen = f"the {key} {referenced}, which does not exist" if referenced else f"no {key}"
            raise _names_no_cluster(f"{shown}: the context {name} names {seen}", SELECT)
        file, entry = known[referenced]
        values = entry.get(key) or {}
        if not isinstance(values, dict):
            raise _names_no_cluster(
                f"{shown}: the {key} {referenced} is a YAML {type(values).__name__}, and no mapping", REMEDY
            )
        if key == "cluster" and not _is_url(server := str(values.get("server") or "")):
            seen = f"the server {server}, which is no URL with http or https" if server else "no server"
            raise _names_no_cluster(f"{shown}: the cluster {referenced} has {seen}", REMEDY)
        _check_files(values, f"the {key} {referenced}", file)
        _check_credential_program(values, f"the {key} {referenced}", file, path)


def _merge(contents: Mapping[Path, dict[str, Any]], key: str) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Return the entries of a list in all files by name, each with its file; of equal names, the first.

    Raises:
        LabError: If it is no list of entries with names.
    """
    entries: dict[str, tuple[Path, dict[str, Any]]] = {}
    for file, content in contents.items():
        listed = content.get(key) or []
        if not isinstance(listed, list) or not all(isinstance(entry, dict) and entry.get("name") for entry in listed):
            raise _invalid(file, f"its {key} are no list of entries with names")
        for entry in listed:
            entries.setdefault(str(entry["name"]), (file, entry))
    return entries


def _check_files(values: Mapping[str, Any], owner: str, kubeconfig: Path) -> None:
    """Check that the files of a cluster or a user can be read; relative paths begin at the kubeconfig."""
    for field in FILES:
        if not values.get(field) or values.get(f"{field}-data"):
            continue
        file = kubeconfig.parent / str(values[field])
        try:
            file.open("rb").close()
        except OSError as error:
            raise _names_no_cluster(
                f"{kubeconfig}: the {field} of {owner} cannot be read: {file}: {error.strerror}",
                f"restore this file, or fetch the credentials of the cluster again; {REMEDY}",
            ) from None


def _is_url(server: str) -> bool:
    try:
        parts = urlsplit(server)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _check_credential_program(values: Mapping[str, Any], owner: str, kubeconfig: Path, path: str | None) -> None:
    """Check that the program that prints the credentials of a user exists; a relative path begins at the kubeconfig."""
    program = values.get("exec")
    command = program.get("command") if isinstance(program, dict) else None
    located = kubeconfig.parent / str(command) if command and "/" in str(command) else str(command)
    if isinstance(program, dict) and command and shutil.which(located, path=path) is None:
        hint = str(program.get("installHint") or "").strip()
        raise _names_no_cluster(
            f"{owner} gets credentials from the program {command}, which is not on PATH",
            f"install {command}" + (f": {hint}" if hint else ""),
        )


def _names_no_cluster(seen: str, remedy: str) -> LabError:
    return LabError(
        "the kubeconfig does not name a cluster that can be used",
        expected="a current context with a cluster and a user",
        seen=seen,
        remedy=remedy,
    )


def _expand(text: str, home: Path) -> Path:
    """Return the absolute path of a file; `~` is the home directory, as in a shell."""
    path = home / text[2:] if text.startswith("~/") else Path(text)
    return Path(os.path.abspath(path))


def _invalid(file: Path, seen: str) -> LabError:
    return LabError(f"{file} is not a kubeconfig", seen=seen, remedy=REMEDY)
