"""The settings file, and the values of several origins that contradict one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.config import loading
from lab.config.origins import Origin
from tests.config.settings_errors import load_error, write_file


class TestSettingsFile:
    """kubeflow-lab.toml in the working directory is the last origin of a setting before the defaults."""

    def test_sets_what_is_not_given_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write_file('subnet = "10.7.0.0/24"\nkeep-lab = true\ninstall = "multi"\nrelease = "1.8"\n')
        monkeypatch.setenv("KUBEFLOW_LAB_RELEASE", "1.9")
        given = loading.load({"install": "single"})
        assert (str(given.subnet), given.keep_lab, given.install, given.release) == (
            "10.7.0.0/24",
            True,
            "single",
            "1.9",
        )
        origins = [given.get_origin(name) for name in ("subnet", "install", "release", "pool")]
        assert origins == [Origin.FILE, Origin.OPTION, Origin.ENVIRONMENT, Origin.DEFAULT]

    def test_of_another_directory_has_no_effect(self, tmp_path: Path) -> None:
        (tmp_path / "kubeflow-lab.toml").write_text("invalid")
        assert loading.load({}).release == "1.7"

    def test_keys_have_hyphens_or_underscores(self) -> None:
        write_file('ingress_address = "172.20.0.14"\nverify-only = true\n')
        given = loading.load({})
        assert (str(given.ingress_address), given.verify_only) == ("172.20.0.14", True)

    def test_lists_are_lists_or_texts(self) -> None:
        for text in ('without = ["katib", "KServe"]', 'without = "katib, KServe"'):
            write_file(f'lab = "existing"\n{text}')
            assert loading.load({}).without == ("katib", "KServe")

    def test_paths_are_relative_to_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "kubeflow-lab.toml").write_text('source = "mirrors.toml"\nmanifests = "tree"\n')
        (tmp_path / "mirrors.toml").touch()
        (tmp_path / "tree").mkdir()
        given = loading.load({}, tmp_path)
        assert (given.source, given.manifests) == (tmp_path / "mirrors.toml", str(tmp_path / "tree"))

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("subnet = ", "{file} is not valid TOML: Invalid value (at end of document)"),
            (
                'lab = "k3d"\nlab = "existing"',
                "{file} is not valid TOML: Cannot overwrite a value (at",
            ),
            ('subnets = "10.7.0.0/24"', "{file}: subnets: there is no such setting; the settings are lab, name, rel"),
            ("keep-lab = true\nkeep_lab = true", "{file}: keep_lab: the setting is given twice, with - and with _"),
            ("release = 1.7", "{file}: release: 1.7 is a number: write it in quotes"),
            ('[lab]\nkind = "k3d"', "{file}: lab: this is a table, and a setting is one value"),
            ('subnet = "10.7.0"', "--subnet 10.7.0: Input is not a valid IPv4 network (subnet in kubeflow-lab.toml)"),
            ('verify-only = "perhaps"', "--verify-only perhaps: Input should be a valid boolean, unable to"),
            ("user = true", "--user True: Input should be a valid string (user in kubeflow-lab.toml)"),
            (
                'gateway = "172.20.0.12"',
                "the gateway 172.20.0.12 is inside the pool 172.20.0.10-172.20.0.15, MetalLB would assign it (gat",
            ),
            ('password = "correct horse"', "{file}: password: a password must not be in this file, which others may"),
        ],
    )
    def test_errors_name_the_file(self, text: str, finding: str) -> None:
        file = write_file(text)
        seen = load_error()
        assert seen.startswith(finding.format(file=file))
        assert "correct horse" not in seen

    def test_that_cannot_be_read_is_named(self) -> None:
        Path("kubeflow-lab.toml").mkdir()
        assert load_error() == f"{Path('kubeflow-lab.toml').absolute()} cannot be read: Is a directory"

    def test_that_is_no_text_is_named(self) -> None:
        Path("kubeflow-lab.toml").write_bytes(b'user = "\xff"')
        assert load_error().endswith("kubeflow-lab.toml is not valid TOML: it is not UTF-8 at byte 9")

    def test_errors_of_all_origins_are_named_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write_file('subnets = "a"\nlab = "minikube"')
        monkeypatch.setenv("KUBEFLOW_LAB_KEEP_LAB", "maybe")
        lines = load_error(release="0.1").splitlines()
        assert [line.split(":")[0].rpartition("/")[2].split()[0] for line in lines] == [
            "kubeflow-lab.toml",
            "--lab",
            "--release",
            "--keep-lab",
        ]


class TestContradictions:
    """Of several values, one has priority, and a text says which one."""

    ORDER = "the command line has priority over the environment, and the environment over kubeflow-lab.toml"

    def test_are_described(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write_file('release = "1.9"\nuser = "ada@corp.example"')
        monkeypatch.setenv("KUBEFLOW_LAB_RELEASE", "1.8")
        given = loading.load({"release": "1.7"})
        assert given.release == "1.7"
        assert given.overridden == [
            "--release 1.7 has priority over KUBEFLOW_LAB_RELEASE=1.8 and release = 1.9 in kubeflow-lab.toml: "
            + self.ORDER
        ]

    def test_equal_values_in_other_forms_are_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mirrors.toml").touch()
        write_file(f'keep-lab = true\nsource = "{tmp_path}/mirrors.toml"\npool = "172.20.0.10-172.20.0.15"')
        monkeypatch.setenv("KUBEFLOW_LAB_KEEP_LAB", "1")
        monkeypatch.setenv("KUBEFLOW_LAB_SOURCE", "mirrors.toml")
        assert (
            loading.load({"source": str(tmp_path / "mirrors.toml"), "pool": "172.20.0.10-172.20.0.15"}).overridden == []
        )

    def test_do_not_show_tokens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_MANIFESTS", "https://ci:token-1@git.corp.example/a.git")
        [text] = loading.load({"manifests": "https://ci:token-2@git.corp.example/b.git"}).overridden
        assert "token" not in text
        assert "git.corp.example/a.git" in text
        assert "token" not in load_error(manifests="https://ci:token-3@git.corp.example/b.git?ref=")
