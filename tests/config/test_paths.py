"""lab/config/paths.py: the directories of labs."""

from __future__ import annotations

from pathlib import Path

from lab.config.paths import Paths


def test_default_cache_is_in_the_home_directory() -> None:
    assert Paths.from_environment({"HOME": "/home/user"}).cache == Path("/home/user/.cache/kubeflow-lab")


def test_xdg_cache_home_is_used() -> None:
    environment = {"HOME": "/home/user", "XDG_CACHE_HOME": "/var/cache"}
    assert Paths.from_environment(environment).cache == Path("/var/cache/kubeflow-lab")


def test_labs_of_two_caches_do_not_collide(tmp_path: Path) -> None:
    first, second = Paths(tmp_path / "first"), Paths(tmp_path / "second")
    assert first.lab != second.lab
    assert first.socket_dir("lab") != second.socket_dir("lab")
    assert first.unique_name("lab") != second.unique_name("lab") != first.unique_name("kit")


def test_labs_of_two_names_share_the_kit_only(tmp_path: Path) -> None:
    plain, named = Paths(tmp_path), Paths(tmp_path, "other")
    assert (plain.lab_id, named.lab_id) == ("lab", "lab-other")
    assert plain.lab != named.lab
    assert plain.kit == named.kit


def test_socket_paths_are_short(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "a" / ("b" * 100))
    assert len(str(paths.socket_dir("workshop") / "containerd/containerd.sock.ttrpc")) <= 107
