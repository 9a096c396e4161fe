"""embedded/edits.py: changes to copies of files of Go modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.edits import apply_edits
from embedded.pins import Edit
from lab.errors import LabError

VALUES = "image:\n  tag: v1\n  digest: sha256:0123\nreplicas: 1\n"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A directory with a file that is read-only, as all files of a Go module are."""
    file = tmp_path / "templates/values.yaml"
    file.parent.mkdir()
    file.write_text(VALUES)
    file.chmod(0o444)
    return tmp_path


def test_edits_of_a_file_are_applied_in_their_order(chart: Path) -> None:
    edits = [
        Edit(file="templates/values.yaml", old="  digest: sha256:0123\n", new=""),
        Edit(file="templates/values.yaml", old="v1\nreplicas", new="v2\nreplicas"),
    ]
    apply_edits(edits, chart)
    assert (chart / "templates/values.yaml").read_text() == "image:\n  tag: v2\nreplicas: 1\n"


@pytest.mark.parametrize(("old", "seen"), [("digest: sha256:4567", "0 occurrences"), (": ", "3 occurrences")])
def test_edit_without_a_unique_place_is_an_error_that_names_the_file(chart: Path, old: str, seen: str) -> None:
    with pytest.raises(LabError) as caught:
        apply_edits([Edit(file="templates/values.yaml", old=old, new="")], chart)
    assert caught.value.headline == "templates/values.yaml cannot be edited as pins.toml specifies"
    assert caught.value.seen == seen
    assert (chart / "templates/values.yaml").read_text() == VALUES
