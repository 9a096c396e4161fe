"""The Git repository of the manifests: one branch, one commit, and the same commit for the same tree everywhere."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lab.run.shell import Shell

BRANCH = "v1.7-branch"
IDENTITY = {
    **{f"GIT_{role}_NAME": "kubeflow-lab" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "kit@kubeflow-lab.test" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_DATE": "2023-03-29T00:00:00+0000" for role in ("AUTHOR", "COMMITTER")},
    # The user's own configuration must not change the commit.
    **{"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
}
MESSAGE = "Manifests of Kubeflow 1.7 for an embedded lab, with stand-ins"


def create(shell: Shell, tree: Path, bare: Path) -> str:
    """Create a bare repository of a tree for any web server, and return the ID of its commit.

    Args:
        shell: The shell that runs Git.
        tree: The directory with the files to commit.
        bare: The directory of the repository, which must not exist.
    """
    shell = shell.with_environment(**IDENTITY)
    with tempfile.TemporaryDirectory() as git_directory:
        work = shell.with_environment(GIT_DIR=git_directory, GIT_WORK_TREE=str(tree))
        work.run("git", "init", "--quiet", f"--initial-branch={BRANCH}")
        work.run("git", "add", "--all", "--force")
        work.run("git", "commit", "--quiet", f"--message={MESSAGE}", "--no-verify", "--no-gpg-sign")
        commit = work.run("git", "rev-parse", "HEAD").output.strip()
        shell.run("git", "clone", "--quiet", "--bare", "--no-local", git_directory, bare)
    # Serving works without packing, but then each object is a request of its own; a pack is one request.
    repository = shell.with_environment(GIT_DIR=str(bare))
    repository.run("git", "remote", "remove", "origin")
    repository.run("git", "repack", "-a", "-d", "--quiet")
    repository.run("git", "update-server-info")
    shutil.rmtree(bare / "hooks", ignore_errors=True)
    return commit
