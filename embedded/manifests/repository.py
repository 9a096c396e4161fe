"""The Git repository of the manifests: one branch, one commit, the same commit for the same tree on every machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lab.terminal import Terminal

BRANCH = "v1.7-branch"
IDENTITY = {
    **{f"GIT_{role}_NAME": "kubeflow-lab" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "kit@kubeflow-lab.test" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_DATE": "2023-03-29T00:00:00+0000" for role in ("AUTHOR", "COMMITTER")},
    # Nothing of the person's own configuration decides what the commit is.
    **{"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
}
MESSAGE = "Manifests of Kubeflow 1.7 for an embedded lab, with stand-ins"


def make(tree: Path, bare: Path) -> str:
    """Makes a bare repository of a tree, fit to be served by any web server; returns the commit's id.

    Arguments:
        tree: the folder of what to commit.
        bare: the repository's folder, which is not there yet.
    """
    with tempfile.TemporaryDirectory() as work:
        git = Terminal({**IDENTITY, "GIT_DIR": work, "GIT_WORK_TREE": str(tree)})
        git.run("git", "init", "--quiet", f"--initial-branch={BRANCH}")
        git.run("git", "add", "--all", "--force")
        git.run("git", "commit", "--quiet", f"--message={MESSAGE}", "--no-verify", "--no-gpg-sign")
        commit = git.run("git", "rev-parse", "HEAD").output.strip()
        Terminal(IDENTITY).run("git", "clone", "--quiet", "--bare", "--no-local", work, bare)
    # A commit needs no packing to be served, but one pack is one request where every file would be one.
    repository = Terminal({**IDENTITY, "GIT_DIR": str(bare)})
    repository.run("git", "remote", "remove", "origin")
    repository.run("git", "repack", "-a", "-d", "--quiet")
    repository.run("git", "update-server-info")
    shutil.rmtree(bare / "hooks", ignore_errors=True)
    return commit
