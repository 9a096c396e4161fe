"""lab/site.py and lab/folders.py: where a lab stands, and that it is removed, kept and taken over."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from lab import folders, record, releases, settings, site, source
from lab.errors import LabError
from lab.progress import Progress
from lab.record import Record
from lab.settings import Settings

INTERNET = source.of_the_internet(releases.load("1.7"))


@pytest.fixture
def printed() -> io.StringIO:
    """What a person is told."""
    return io.StringIO()


@pytest.fixture
def progress(printed: io.StringIO) -> Progress:
    """Tells it."""
    return Progress(Console(file=printed, soft_wrap=True))


def given(**options: object) -> Settings:
    return settings.load({"lab": "k3d", **options})


def test_a_lab_is_removed_at_the_end_with_what_it_made(progress: Progress, tmp_path: Path) -> None:
    lamp = tmp_path / "lamp"
    with site.on_own_docker(given(), INTERNET, progress) as there:
        there.will_make("rm", str(lamp))
        lamp.touch()
        assert record.load() == there.record
    assert not lamp.exists()
    assert record.load() is None


def test_a_lab_is_removed_also_when_the_run_fails(progress: Progress) -> None:
    with pytest.raises(KeyboardInterrupt), site.on_own_docker(given(), INTERNET, progress):
        raise KeyboardInterrupt
    assert record.load() is None


def test_a_kept_lab_stays_is_taken_over_by_the_next_run_and_the_person_is_told(
    progress: Progress, printed: io.StringIO
) -> None:
    with site.on_own_docker(given(keep_lab=True), INTERNET, progress) as first:
        first.will_make("false")
    with site.on_own_docker(given(), INTERNET, progress) as second:
        assert second.has_made("false")
        assert "taken over" in printed.getvalue()
    assert record.load() == second.record


def test_with_verify_only_there_must_be_a_lab_and_it_stays(progress: Progress) -> None:
    with pytest.raises(LabError, match="there is no lab to verify"):
        site.on_own_docker(given(verify_only=True), INTERNET, progress).__enter__()
    Record(kind="k3d").save()
    with site.on_own_docker(given(verify_only=True), INTERNET, progress):
        pass
    assert record.load()


def test_tools_keep_away_from_the_person_s_own_configuration(progress: Progress) -> None:
    with site.on_own_docker(given(), INTERNET, progress) as there:
        environment = there.record.environment
        assert {"KUBECONFIG", "KUBECACHEDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} <= set(
            environment
        )
        assert all(Path(place).is_relative_to(folders.lab()) for place in environment.values())


def test_what_a_disposable_lab_makes_need_not_be_removed_by_itself() -> None:
    there = site.Site(given(), INTERNET, Record(kind="embedded"), disposable=True)
    there.will_make("false")
    assert there.record.undo == []
    assert there.has_made("false")


def test_what_another_made_is_not_this_lab_s() -> None:
    assert not site.Site(given(), INTERNET, Record(kind="k3d")).has_made("k3d", "cluster", "delete")


def test_an_existing_cluster_is_the_one_that_kubeconfig_names_and_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").touch()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with site.of_existing_cluster(given(lab="existing"), INTERNET) as there:
        assert there.record.environment["KUBECONFIG"] == str(tmp_path / "config")
    assert record.load() is None


def test_without_a_kubeconfig_there_is_no_cluster_to_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(LabError) as caught:
        site.of_existing_cluster(given(lab="existing"), INTERNET).__enter__()
    assert caught.value.what == "there is no cluster to verify"
    assert str(tmp_path / "nowhere") in caught.value.seen


def test_labs_of_two_caches_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = folders.lab(), folders.sockets("lab"), folders.unique("lab")
    assert first == (folders.lab(), folders.sockets("lab"), folders.unique("lab"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert not {*first} & {folders.lab(), folders.sockets("lab"), folders.unique("lab")}


def test_a_socket_s_name_is_short_enough_however_long_the_cache_s_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "long" / ("er" * 100)))
    assert len(str(folders.sockets("workshop") / "containerd/containerd.sock.ttrpc")) <= 107


def test_without_xdg_cache_home_the_cache_is_in_the_person_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert folders.cache() == Path("/home/somebody/.cache/kubeflow-lab")


def test_labs_of_two_names_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    first = folders.lab(), folders.lab_id()
    monkeypatch.setenv(folders.NAME_VARIABLE, "other")
    assert not {*first} & {folders.lab(), folders.lab_id()}
    assert folders.lab().parent == first[0].parent  # so that they share the kit


@pytest.mark.parametrize("name", ["../kit", "Lab", "1st", "a-", "a" * 21])
def test_what_cannot_be_a_name_names_no_folder(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(folders.NAME_VARIABLE, name)
    with pytest.raises(LabError, match="cannot be the name of a lab"):
        folders.lab()
