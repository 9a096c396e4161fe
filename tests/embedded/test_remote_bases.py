"""embedded/remote_bases.py: copies of remote bases from real Go modules, built by the real kustomize."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded.lab import check_kit
from embedded.remote_bases import Copier, check_remote_bases, load
from lab.context import RunContext
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.images import list_images
from lab.layers.remote_base_urls import parse_url
from lab.layers.remote_bases import find_remote_bases, replace_remote_bases
from tests.conftest import MakeContext
from tests.kit_programs import require_program
from tests.remote_bases import build, write

JOBSET = "https://github.com/kubernetes-sigs/jobset/releases/download/v0.10.1/manifests.yaml"
UNKNOWN = "https://github.com/owner/unknown//config?ref=v1.0.0"


def write_tree(directory: Path, *urls: str) -> Path:
    """Write manifests that refer to URLs, and return their directory."""
    return write(directory, {"example/kustomization.yaml": f"resources: {json.dumps(urls)}"})


def test_the_file_of_a_release_is_built_from_a_go_module(context: RunContext, tmp_path: Path) -> None:
    tree, copies = write_tree(tmp_path / "tree", JOBSET), tmp_path / "copies"
    copier = Copier(context, Path(require_program("kustomize")), copies)
    copier.copy(list(find_remote_bases(tree)), tree)
    assert (tree / "example/kustomization.yaml").read_text() == f'resources: ["{JOBSET}"]'
    assert context.progress.notes == [
        "copies of github.com/kubernetes-sigs/jobset v0.10.1 are from the Go module sigs.k8s.io/jobset"
    ]
    assert {url: str(location) for url, location in replace_remote_bases(tree, copies).items()} == {
        JOBSET: "jobset-v0.10.1/manifests.yaml"
    }
    objects = parse_documents(build(tree))
    assert len(objects) == 18
    assert list_images(objects) == ["registry.k8s.io/jobset/jobset:v0.10.1"]


def test_a_version_that_the_module_proxy_lacks_is_named(context: RunContext, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", JOBSET.replace("v0.10.1", "v0.999.0"))
    copier = Copier(context, Path(require_program("kustomize")), tmp_path / "copies")
    with pytest.raises(LabError, match=r"the Go module sigs.k8s.io/jobset v0.999.0 cannot be downloaded"):
        copier.copy(list(find_remote_bases(tree)), tree)


def test_the_error_names_what_is_in_no_go_module(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", JOBSET, UNKNOWN)
    with pytest.raises(LabError) as caught:
        check_remote_bases(tree, ["example"])
    assert caught.value.seen == f"{UNKNOWN} in example/kustomization.yaml: no unknown-v1.0.0/config"
    assert (
        "`git clone https://github.com/owner/unknown remote-bases/unknown-v1.0.0 && git -C "
        "remote-bases/unknown-v1.0.0 checkout v1.0.0`; then use --remote-bases=remote-bases" in caught.value.remedy
    )


def test_preflight_reports_what_is_in_no_go_module(make_context: MakeContext, tmp_path: Path) -> None:
    tree = str(write_tree(tmp_path / "tree", UNKNOWN))
    headline = "the manifests refer to remote bases of which there is no copy; nothing was applied"
    assert headline in [finding.problem.headline for finding in check_kit(make_context(manifests=tree))]
    context = make_context(manifests=tree, remote_bases=str(tmp_path))
    assert headline not in [finding.problem.headline for finding in check_kit(context)]


@pytest.mark.parametrize(
    ("url", "module"),
    [
        (JOBSET, "sigs.k8s.io/jobset"),
        (JOBSET.replace("manifests.yaml", "prometheus.yaml"), ""),
        (
            "https://github.com/argoproj/argo-workflows/manifests/base?ref=v3.7.3",
            "github.com/argoproj/argo-workflows/v3",
        ),
        ("github.com/argoproj/argo-workflows//manifests/base?ref=v4.0.0", "github.com/argoproj/argo-workflows/v4"),
        ("https://github.com/argoproj/argo-workflows/manifests/base?ref=main", ""),
        ("https://github.com/argoproj/argo-workflows/examples?ref=v3.7.3", ""),
        ("https://github.com/kubernetes-sigs/lws//config/default", ""),
    ],
)
def test_the_module_follows_from_repository_and_version(url: str, module: str) -> None:
    origin = parse_url(url)
    assert [row.format_path(origin.ref) for row in load() if row.has(origin)] == ([module] if module else [])
