"""The password: its origins, their priority, and that it is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.config import loading
from lab.config.origins import Origin
from tests.config.settings_errors import load_error, write_file


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """A file with a password, which only its owner can read."""
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text("of the file")
    return file


class TestPassword:
    """The password is a setting that is never shown."""

    def test_comes_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", "of the environment")
        given = loading.load({})
        assert (given.password.get_secret_value(), given.get_origin("password")) == (
            "of the environment",
            Origin.ENVIRONMENT,
        )

    def test_has_no_option(self) -> None:
        assert "password" not in loading.list_options()
        assert "password_file" in loading.list_options()

    def test_comes_from_a_file(self, password_file: Path) -> None:
        given = loading.load({"password_file": str(password_file)})
        assert given.password.get_secret_value() == "of the file"
        assert (given.get_origin("password"), given.overridden) == (Origin.SEPARATE_FILE, [])

    @pytest.mark.parametrize("value", ["of the environment\n", "two\nlines"])
    def test_has_one_line(self, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", value)
        assert load_error() == (
            "--password: the password contains a line break, which no user can type into a form "
            "(in the environment variable KUBEFLOW_LAB_PASSWORD)"
        )

    def test_file_as_an_option_has_priority_over_the_environment(
        self, password_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", "of the environment")
        given = loading.load({"password_file": str(password_file)})
        assert given.password.get_secret_value() == "of the file"
        assert given.overridden == [
            f"--password-file {password_file} has priority over KUBEFLOW_LAB_PASSWORD: the command line has priority "
            "over the environment, and the environment over kubeflow-lab.toml"
        ]

    @pytest.mark.parametrize("is_in_file", [True, False], ids=["kubeflow-lab.toml", "environment"])
    def test_environment_has_priority_over_another_file(
        self, is_in_file: bool, password_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", "of the environment")
        if is_in_file:
            write_file(f'password-file = "{password_file}"')
        else:
            monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD_FILE", str(password_file))
        given = loading.load({})
        assert given.password.get_secret_value() == "of the environment"
        assert given.overridden[0].startswith("KUBEFLOW_LAB_PASSWORD has priority over ")

    def test_the_same_twice_is_no_contradiction(self, password_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", "of the file")
        assert loading.load({"password_file": str(password_file)}).overridden == []

    def test_of_the_prompt_replaces_the_default(self) -> None:
        given = loading.load({}).with_password("typed")
        assert (given.password.get_secret_value(), given.get_origin("password")) == ("typed", Origin.PROMPT)

    def test_is_not_shown(self) -> None:
        given = loading.load({}).with_password("correct horse")
        assert "correct horse" not in f"{given} {given!r} {given.password} {given.model_dump_json()}"

    def test_is_not_in_the_error_about_other_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", "correct horse")
        assert "correct horse" not in load_error(lab="minikube")
