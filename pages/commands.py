"""The commands of a run as a reader of the tutorial types them.

A run also types commands that only a program needs: it inspects a layer before it installs it, continues an interrupted
run, and uses the mirrors of its lab. The reader needs none of these, and uses the release's public sources.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lab.releases import Release

INSPECTIONS = (
    "docker container ls",
    "docker network inspect",
    "docker network ls",
    "git branch",
    "git ls-remote",
    "git remote",
    "git rev-parse",
    "git status",
    "helm get",
    "helm list",
    "helm status",
    "k3d cluster get",
    "k3d cluster list",
    "k3d node list",
    "kubectl config",
    "kubectl describe",
    "kubectl get",
    "kubectl logs",
    "kubectl version",
    "kubectl wait",
)
"""The prefixes of commands that change nothing."""
MAINTENANCE = (
    "docker exec",
    "git clean",
    "git fetch",
    "helm uninstall",
    "k3d cluster delete",
    "kubectl delete",
    "kubectl rollout restart",
)
"""The prefixes of commands that repeat, continue or accelerate an installation."""
OPTIONS = {
    "--disable-openapi-validation": 0,
    "--force": 0,
    "--force-update": 0,
    "--quiet": 0,
    "--registry-config": 1,
}
"""The options that only a program or a mirror needs, with the number of their values."""
MANIFESTS = "manifests"
"""The reader's clone of the manifests."""
DEFAULT_REGISTRY = "docker.io/"
APPLY_STDIN = re.compile(r"kubectl apply .*-f -$")
NOT_LITERAL = re.compile(r"[$`\\]")
"""Characters that a shell replaces in a here-document."""


def list_reader_commands(
    commands: Iterable[str], objects: str, files: Mapping[str, str], release: Release
) -> list[str]:
    """Return the commands with which a reader installs a layer.

    Args:
        commands: The commands that a run has typed to install it, in their order.
        objects: The objects that the run has applied through the Kubernetes API, as YAML; empty if there are none.
        files: The content of the files that the run has written, by name; the reader writes those that commands read.
        release: The release, whose public sources replace those of the lab.
    """
    kept = [command for command in commands if not command.startswith((*INSPECTIONS, *MAINTENANCE))]
    typed = [shlex.join(_use_public_sources(_drop_options(shlex.split(command)), release)) for command in kept]
    needed = [name for name in files if any(name in shlex.split(command) for command in typed)]
    return [
        *(f"cat > {name} {_format_here_document(files[name])}" for name in needed),
        *_pipe_builds(typed),
        *([f"kubectl apply -f - {_format_here_document(objects)}"] if objects else []),
    ]


def _format_here_document(text: str) -> str:
    """Return a here-document of the shell that contains a text unchanged."""
    delimiter = "'EOF'" if NOT_LITERAL.search(text) else "EOF"
    return f"<<{delimiter}\n{text.strip()}\nEOF"


def _drop_options(words: Iterable[str]) -> list[str]:
    """Return the words of a command without the options that only a program or a mirror needs."""
    remaining, kept = iter(words), []
    for word in remaining:
        if word in OPTIONS:
            for _ in range(OPTIONS[word]):
                next(remaining)
        else:
            kept.append(word)
    return kept


def _use_public_sources(words: list[str], release: Release) -> list[str]:
    match words:
        case ["git", "clone", _, _]:
            return ["git", "clone", release.manifests.repository, MANIFESTS]
        case ["git", "checkout", _]:
            return ["git", "checkout", release.manifests.branch]
        case ["git", "reset", "--hard", _]:
            return ["git", "reset", "--hard", release.manifests.commit]
        case ["helm", "repo", "add", chart, _]:
            return ["helm", "repo", "add", chart, release.charts[chart].repository]
        case ["helm", "upgrade", *_]:
            [chart] = [name for name in release.charts if f"{name}/{name}" in words]
            return _set_option(words, "--version", release.charts[chart].version)
        case ["k3d", "cluster", "create", *_]:
            return _set_option(words, "--image", release.kubernetes.k3s_image.removeprefix(DEFAULT_REGISTRY))
    return words


def _set_option(words: Sequence[str], option: str, value: str) -> list[str]:
    position = words.index(option)
    return [*words[: position + 1], value, *words[position + 2 :]]


def _pipe_builds(commands: Sequence[str]) -> Iterator[str]:
    """Yield the commands, with each build of manifests piped into kubectl, repeated until all objects are accepted.

    A run pipes its builds itself, so a separate `kubectl apply -f -` is not shown. The reader builds in the clone.
    """
    apply = next((command for command in commands if APPLY_STDIN.match(command)), "kubectl apply -f -")
    for command in commands:
        if command.startswith("kustomize build "):
            yield f"until {command} | {apply}; do sleep 10; done"
        elif not APPLY_STDIN.match(command):
            yield command
        if command.startswith("git clone "):
            yield f"cd {MANIFESTS}"
