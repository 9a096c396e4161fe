"""Tests of images as data, with images that were written as a registry stores them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from embedded.rehearsal import oci
from embedded.rehearsal.containers import list_containers
from embedded.rehearsal.stand_ins import LABEL, generate
from lab.k8s.documents import parse_documents
from tests.rehearsal.manifests import WEBHOOK

MANAGER = "ghcr.io/kubeflow/webhook@sha256:1234567890123456789012345678901234567890123456789012345678901234"


def store(directory: Path, image: oci.Image, repository: str, tag: str) -> None:
    """Write an image as a registry stores it."""
    for blob in (*image.layers, image.configuration, image.manifest):
        value = blob.digest.removeprefix("sha256:")
        file = directory / oci.STORAGE / "blobs/sha256" / value[:2] / value / "data"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(blob.data)
    link = directory / oci.STORAGE / "repositories" / repository / "_manifests/tags" / tag / "current/link"
    link.parent.mkdir(parents=True)
    link.write_text(image.manifest.digest)


@pytest.fixture
def base(tmp_path: Path) -> oci.Image:
    """An image without layers, as it is read from the kit."""
    empty = oci.Image({"rootfs": {"type": "layers", "diff_ids": []}, "config": {"Entrypoint": ["/webapp"]}}, ())
    written = empty.with_files({"/webapp": b"the program"}, {}, {})
    store(tmp_path, written, "kubeflow-lab/webapp", "1.7.0")
    return oci.read_image(tmp_path, "kubeflow-lab/webapp", "1.7.0")


def read_member(tar: tarfile.TarFile, member: str | tarfile.TarInfo) -> bytes:
    """Return the content of a file of an archive."""
    content = tar.extractfile(member)
    assert content, f"{member} is no file"
    return content.read()


def read_layer(image: oci.Image) -> dict[str, str]:
    """Return the content of each file, and the target of each link, in the last layer of an image."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(image.layers[-1].data))) as tar:
        return {
            entry.name: entry.linkname if entry.issym() else read_member(tar, entry).decode()
            for entry in tar
            if not entry.isdir()
        }


def test_an_image_is_read_as_it_was_stored(base: oci.Image) -> None:
    assert base.settings["config"]["Entrypoint"] == ["/webapp"]
    assert read_layer(base) == {"webapp": "the program"}
    assert base.layers[0].repository == "kubeflow-lab/webapp"


def test_a_stand_in_describes_its_containers_and_has_their_programs(base: oci.Image) -> None:
    images = generate([MANAGER], list_containers(parse_documents(WEBHOOK)), lambda _name: base)
    content = read_layer(images[MANAGER])
    [described] = json.loads(content.pop("stand-in.json"))["containers"]
    assert described["ports"] == [9440, 9441, 9442]
    assert described["pods"] == "webhook-"
    assert described["role"] == []
    assert content == {
        "manager": "/webapp",
        "bin/grpc_health_probe": "/webapp",
        "usr/local/bin/sleep": "/webapp",
    }
    assert images[MANAGER].settings["config"]["Labels"] == {LABEL: MANAGER}
    assert len(images[MANAGER].settings["rootfs"]["diff_ids"]) == 2


def test_the_same_containers_have_the_same_image(base: oci.Image) -> None:
    containers = list_containers(parse_documents(WEBHOOK))
    first, second = (generate([MANAGER], containers, lambda _name: base)[MANAGER] for _ in range(2))
    assert first.manifest.digest == second.manifest.digest


def test_an_archive_has_each_part_once_and_names_with_digests(base: oci.Image, tmp_path: Path) -> None:
    oci.write_archive({MANAGER: base, "docker.io/library/a:1": base}, tmp_path / "images.tar")
    with tarfile.open(tmp_path / "images.tar") as tar:
        names = tar.getnames()
        index = json.loads(read_member(tar, "index.json"))
    assert [entry["annotations"][oci.NAME_ANNOTATION] for entry in index["manifests"]] == [
        MANAGER,
        "docker.io/library/a:1",
    ]
    assert len(names) == len(set(names)) == 5
