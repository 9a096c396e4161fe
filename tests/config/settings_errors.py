"""Helpers of the tests of settings: the errors about invalid ones, and a settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.config import loading
from lab.errors import LabError


def load_error(**options: str) -> str:
    """Return the findings of the error about these options."""
    with pytest.raises(LabError) as caught:
        loading.load(options)
    assert caught.value.headline == "the settings are invalid, nothing was changed"
    assert caught.value.remedy
    return caught.value.seen


def write_file(text: str) -> Path:
    """Write kubeflow-lab.toml in the working directory of the test."""
    file = Path("kubeflow-lab.toml").absolute()
    file.write_text(text)
    return file
