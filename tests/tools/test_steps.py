"""tools/steps: changes to a lab are reverted, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.context import Lab
from lab.errors import LabError, ProgramError
from lab.k8s.objects import Object
from tests.conftest import MakeLab, WriteProgram
from tools.kept_lab import interrupt_once
from tools.steps import build_merge_patch, create, delete, edit, run_command

# A kubectl that knows one object, in a file: `get` prints it, `patch` changes its image, others write it.
KUBECTL = """
case "$1 $3" in
"get --output=name") test -e {file} && echo deployment.apps/nginx || true ;;
"get "*) cat {file} ;;
"delete "*) rm {file} ;;
"patch "*) sed -i 's/"image": "[^"]*"/'"$(tr -d '{{}}')"'/' {file} ;;
*) cat > {file} ;;
esac
"""


class TestSteps:
    """Steps revert their changes, whatever happens meanwhile."""

    @pytest.fixture
    def deployment(self, tmp_path: Path, write_program: WriteProgram) -> Path:
        """The file of the only object in the cluster."""
        file = tmp_path / "deployment.json"
        file.write_text(
            '{"kind": "Deployment", "metadata": {"name": "nginx", "uid": "1"}, "image": "v1", "status": {}}'
        )
        write_program("kubectl", KUBECTL.format(file=file))
        return file

    @pytest.fixture
    def lab(self, make_lab: MakeLab) -> Lab:
        """A lab with the programs of the test."""
        return make_lab()

    def test_an_edit_is_reverted(self, deployment: Path, lab: Lab) -> None:
        before = deployment.read_text()
        with edit("default/Deployment/nginx", '"v1"', '"v2"')(lab):
            assert deployment.read_text() == before.replace("v1", "v2")
        assert deployment.read_text() == before

    @pytest.mark.parametrize(
        ("before", "after", "patch"),
        [
            ({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 4, "d": 3}}, {"b": {"c": 4}}),
            ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
            ({"a": [1, 2]}, {"a": [1], "c": {"d": 1}}, {"a": [1], "c": {"d": 1}}),
            ({"a": {"b": 1}}, {"a": {"b": 1}}, {}),
        ],
    )
    def test_a_patch_has_the_changed_fields_only(self, before: Object, after: Object, patch: Object) -> None:
        assert build_merge_patch(before, after) == patch

    def test_an_edit_without_effect_is_rejected(self, deployment: Path, lab: Lab) -> None:
        step = edit("default/Deployment/nginx", "v3", "v2")
        with pytest.raises(LabError, match="Deployment nginx in default does not contain 'v3'"), step(lab):
            pass

    def test_a_deletion_is_reverted_after_an_interrupt(self, deployment: Path, lab: Lab) -> None:
        def delete_and_interrupt() -> None:
            with delete("default/Deployment/nginx")(lab):
                assert not deployment.exists()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            delete_and_interrupt()
        assert '"image": "v1"' in deployment.read_text()

    def test_a_command_is_reverted_if_it_fails_halfway(self, tmp_path: Path, lab: Lab) -> None:
        file = tmp_path / "created"
        step = run_command(f"sh -c 'touch {file}; exit 1'", f"rm {file}")
        with pytest.raises(ProgramError, match="sh failed"), step(lab):
            pass
        assert not file.exists()

    def test_created_objects_are_deleted(self, tmp_path: Path, write_program: WriteProgram, lab: Lab) -> None:
        write_program("kubectl", f'echo "$1 $(cat)" >> {tmp_path / "commands"}')
        with create({"kind": "Deployment"})(lab):
            pass
        assert (tmp_path / "commands").read_text() == "apply kind: Deployment\ndelete kind: Deployment\n"

    def test_the_status_of_a_created_object_is_set(self, tmp_path: Path, write_program: WriteProgram, lab: Lab) -> None:
        file = tmp_path / "commands"
        write_program("kubectl", f'test "$1" = patch && echo "$@" >> {file} || echo "$1 $(cat)" >> {file}')
        pod = {"kind": "Pod", "metadata": {"name": "web", "namespace": "default"}, "status": {"phase": "Failed"}}
        with create(pod)(lab):
            pass
        applied, patched, deleted = file.read_text().replace("\n  ", " ").replace("\nmeta", " meta").splitlines()
        assert applied == "apply kind: Pod metadata: name: web namespace: default"
        assert patched == (
            "patch Pod/web --namespace default --subresource=status --type=merge "
            '--patch={"status": {"phase": "Failed"}}'
        )
        assert deleted.startswith("delete kind: Pod")


class TestInterrupt:
    """Ctrl-C reverts the change, and a second one does not prevent that."""

    @pytest.fixture(autouse=True)
    def handlers(self) -> Iterator[None]:
        """Handle signals as the tools do during the test."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, interrupt_once) for number in numbers]
        yield
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_later_signals_do_not_stop_the_revert(self, number: int, tmp_path: Path, make_lab: MakeLab) -> None:
        file, pid = tmp_path / "reverted", os.getpid()
        step = run_command("true", f"sh -c 'kill -INT {pid}; kill -TERM {pid}; sleep 0.2; touch {file}'")
        with pytest.raises(KeyboardInterrupt), step(make_lab()):
            os.kill(pid, number)
        assert file.exists()
