"""Container images as data: read from the kit, extended by a layer, pushed to a registry, or written as an archive.

The formats are those of the image specifications of Docker (schema 2) and of the Open Container Initiative, which
registries and containerd understand.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dxf import DXF
from dxf.exceptions import DXFMountFailed

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
NAME_ANNOTATION = "io.containerd.image.name"
"""The annotation by which containerd names an image of an archive, also with a digest that is not the image's."""
STORAGE = "docker/registry/v2"
"""The directory of a registry's storage."""


@dataclass(frozen=True)
class Blob:
    """A part of an image: a layer, its configuration, or its manifest.

    Args:
        media_type: Its media type.
        digest: Its digest, as in sha256:….
        content: Its bytes, or the file that has them.
        repository: The repository of the registry that has it already; empty if none has.
    """

    media_type: str
    digest: str
    content: bytes | Path
    repository: str = ""

    @classmethod
    def from_bytes(cls, media_type: str, content: bytes) -> Blob:
        """Return a blob of some bytes."""
        return cls(media_type, f"sha256:{hashlib.sha256(content).hexdigest()}", content)

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content

    @property
    def size(self) -> int:
        """The number of its bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    @property
    def descriptor(self) -> dict[str, Any]:
        """The description by which a manifest refers to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Image:
    """A container image.

    Args:
        settings: Its configuration: environment, entry point, root file system and so on.
        layers: The layers of its root file system.
    """

    settings: Mapping[str, Any]
    layers: tuple[Blob, ...]

    @cached_property
    def configuration(self) -> Blob:
        """Its configuration as a blob."""
        return Blob.from_bytes(CONFIG_TYPE, json.dumps(self.settings).encode())

    @cached_property
    def manifest(self) -> Blob:
        """Its manifest as a blob."""
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.configuration.descriptor,
            "layers": [layer.descriptor for layer in self.layers],
        }
        return Blob.from_bytes(MANIFEST_TYPE, json.dumps(content).encode())

    def with_files(self, files: Mapping[str, bytes], links: Mapping[str, str], labels: Mapping[str, str]) -> Image:
        """Return this image with another layer.

        Args:
            files: The content of each file by its path.
            links: The target of each symbolic link by its path.
            labels: Labels in addition to those of this image.
        """
        layer = _write_layer(files, links)
        diff = f"sha256:{hashlib.sha256(layer).hexdigest()}"
        root = {**self.settings["rootfs"], "diff_ids": [*self.settings["rootfs"]["diff_ids"], diff]}
        runtime = {**self.settings["config"], "Labels": {**(self.settings["config"].get("Labels") or {}), **labels}}
        history = [*self.settings.get("history", []), {"created_by": "kubeflow-lab: a stand-in's description"}]
        settings = {**self.settings, "rootfs": root, "config": runtime, "history": history}
        return replace(
            self,
            settings=settings,
            layers=(*self.layers, Blob.from_bytes(LAYER_TYPE, gzip.compress(layer, mtime=0))),
        )


def read_image(directory: Path, repository: str, tag: str) -> Image:
    """Return an image of a directory with the layout of a registry's storage.

    Args:
        directory: The directory.
        repository: The repository, as in dexidp/dex.
        tag: The tag.
    """
    storage = directory / STORAGE

    def find(digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return storage / "blobs" / algorithm / value[:2] / value / "data"

    link = storage / "repositories" / repository / "_manifests/tags" / tag / "current/link"
    manifest = json.loads(find(link.read_text()).read_text())
    settings = json.loads(find(manifest["config"]["digest"]).read_text())
    layers = (
        Blob(layer["mediaType"], layer["digest"], find(layer["digest"]), repository) for layer in manifest["layers"]
    )
    return Image(settings, tuple(layers))


def push_image(image: Image, registry: str, repository: str, tag: str) -> None:
    """Push an image to a registry that needs no authentication.

    Args:
        image: The image.
        registry: Host and port of the registry, which serves HTTP.
        repository: The repository.
        tag: The tag.

    Raises:
        requests.HTTPError: If the registry rejects a part of it.
    """
    with DXF(registry, repository, insecure=True) as client:
        for blob in (*image.layers, image.configuration):
            if not _mount(client, blob):
                client.push_blob(data=iter([blob.data]), digest=blob.digest)
        client.set_manifest(tag, image.manifest.data.decode())


def write_archive(images: Mapping[str, Image], archive: Path) -> None:
    """Write images as an archive for `ctr images import`.

    Args:
        images: The images by the names under which containerd is to know them.
        archive: The file to write.
    """
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [
            {**image.manifest.descriptor, "annotations": {NAME_ANNOTATION: name}} for name, image in images.items()
        ],
    }
    blobs = {
        blob.digest: blob for image in images.values() for blob in (image.manifest, image.configuration, *image.layers)
    }
    with tarfile.open(archive, "w") as tar:
        _add_file(tar, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        _add_file(tar, "index.json", json.dumps(index).encode())
        for digest, blob in blobs.items():
            _add_file(tar, f"blobs/{digest.replace(':', '/')}", blob.data)


def _mount(client: DXF, blob: Blob) -> bool:
    """Return whether the registry has taken a blob from another repository of its own."""
    if not blob.repository:
        return False
    try:
        client.mount_blob(blob.repository, blob.digest)
    except DXFMountFailed:
        return False
    return True


def _write_layer(files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    """Return a tar file, which is the same for the same content."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for directory in _list_directories([*files, *links]):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, content in sorted(files.items()):
            _add_file(tar, name.lstrip("/"), content)
        for name, target in sorted(links.items()):
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
            tar.addfile(entry)
    return output.getvalue()


def _list_directories(names: Iterable[str]) -> list[str]:
    directories = {str(parent) for name in names for parent in Path(name.lstrip("/")).parents}
    return sorted(directories - {"."})


def _add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))
