"""lab/evidence/bundle.py: the files of a bundle, without secrets, and the list of those that could not be collected."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.context import Lab
from lab.evidence import bundle
from lab.run.redaction import MASK
from tests.conftest import WriteProgram
from tests.evidence.conftest import TIMEOUT, TOKEN, as_k3d, crashing_pod
from tests.fake_cluster import pod


def read_files(directory: Path) -> dict[str, str]:
    """Return the content of all files below a directory, by their relative paths."""
    return {str(file.relative_to(directory)): file.read_text() for file in directory.rglob("*.*")}


@pytest.mark.usefixtures("logs")
def test_a_bundle_lists_what_is_missing_and_has_no_secrets(
    lab: Lab, write_program: WriteProgram, tmp_path: Path
) -> None:
    lab.secrets.add(TOKEN)
    script = f'case "$*" in *exec*) echo "no such pod {TOKEN}" >&2; exit 1;; *) echo "$*: {TOKEN}";; esac'
    write_program("kubectl", script)
    pods = (crashing_pod("web"), pod("gone"), pod("nginx", ready=True))
    bundle.collect(tmp_path / "lab", lab, pods, timeout=TIMEOUT)
    files = read_files(tmp_path / "lab")
    assert set(files) == {
        "objects.txt",
        "not-ready.txt",
        "machine.json",
        "not-collected.txt",
        "logs/default_web_main.log",
        "logs/default_web_main.previous.log",
        "logs/default_nginx_main.log",
    }
    assert files["not-ready.txt"] == f"describe --namespace default pods web gone: {MASK}\n"
    assert files["logs/default_web_main.previous.log"] == f"web, main, previous: {MASK}"
    missing = {line.partition(":")[0] for line in files["not-collected.txt"].splitlines() if not line.startswith(" ")}
    assert missing >= {"envoy-configuration.json", "logs/default_gone_main.log"}
    assert json.loads(files["machine.json"])["memory"]["total"] > 0
    assert not [name for name, text in files.items() if TOKEN in text]


def test_of_a_large_file_the_end_is_kept(lab: Lab, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("kubectl", "seq 1000")
    bundle.collect(tmp_path / "lab", lab, (), timeout=TIMEOUT, max_characters=100)
    objects = (tmp_path / "lab/objects.txt").read_text()
    assert objects.endswith("999\n1000\n")
    assert len(objects) == 100


def test_configuration_of_envoy_is_json_without_logged_lines(
    lab: Lab, write_program: WriteProgram, tmp_path: Path
) -> None:
    log = "2026/11/27 16:28:17 INFO GOMEMLIMIT is updated package=github.com/KimMachineGun/automemlimit/memlimit"
    write_program("kubectl", f"echo '{log}'; echo '{{'; echo ' \"configs\": []'; echo '}}'")
    bundle.collect(tmp_path / "lab", lab, (), timeout=TIMEOUT)
    assert json.loads((tmp_path / "lab/envoy-configuration.json").read_text()) == {"configs": []}
    bundle.collect(tmp_path / "short", lab, (), timeout=TIMEOUT, max_characters=10)
    assert not (tmp_path / "short/envoy-configuration.json").exists()
    assert (tmp_path / "short/envoy-configuration.txt").read_text() == 'gs": []\n}\n'


def test_containers_are_kept_without_environment_and_labels(
    lab: Lab, write_program: WriteProgram, tmp_path: Path
) -> None:
    write_program("kubectl", "true")
    k3d_lab = as_k3d(lab)
    container = {**dict.fromkeys(bundle.CONTAINER_FIELDS, "shown"), "Labels": {"k3d.cluster.token": TOKEN}}
    network = SimpleNamespace(attrs={"Name": "lab-network"})
    vars(k3d_lab)["docker"] = SimpleNamespace(
        networks=SimpleNamespace(list=lambda greedy: [network]),
        api=SimpleNamespace(containers=lambda all: [container]),
    )
    bundle.collect(tmp_path / "lab", k3d_lab, (), timeout=TIMEOUT)
    files = read_files(tmp_path / "lab")
    assert json.loads(files["docker-networks.json"]) == [{"Name": "lab-network"}]
    assert json.loads(files["docker-containers.json"]) == [dict.fromkeys(bundle.CONTAINER_FIELDS, "shown")]
