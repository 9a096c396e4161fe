"""plugins/options.py: the options of a run, as a user passes them to pytest."""

from __future__ import annotations

import pytest

from lab.config.settings import Settings
from tests.conftest import REPOSITORY


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite that prints its settings."""
    pytester.makeconftest('pytest_plugins = ["plugins.options", "fixtures.run"]')
    pytester.makepyfile("def test_settings(settings, release): print('settings:', repr(settings), release.kubeflow)")
    pytester.syspathinsert(REPOSITORY)
    return pytester


def run(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the suite with options of pytest."""
    return suite.runpytest_inprocess("-s", *options)


def test_every_setting_is_an_option_with_help(suite: pytest.Pytester) -> None:
    output = run(suite, "--help").stdout.str()
    for name in Settings.model_fields:
        assert f"  --{name.replace('_', '-')}" in output


def test_defaults_apply_without_options(suite: pytest.Pytester) -> None:
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*settings: *lab='embedded'*verify_only=False, keep_lab=False* 1.7.0"])


def test_options_set_settings(suite: pytest.Pytester) -> None:
    result = run(suite, "--lab=k3d", "--ingress-address=172.20.0.15", "--keep-lab")
    result.stdout.fnmatch_lines(["*settings: *lab='k3d'*ingress_address=*172.20.0.15*keep_lab=True*"])


def test_options_override_environment(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_INGRESS_ADDRESS", "172.20.0.14")
    monkeypatch.setenv("KUBEFLOW_LAB_KEEP_LAB", "true")
    result = run(suite, "--ingress-address=172.20.0.15")
    result.stdout.fnmatch_lines(["*settings: *ingress_address=*172.20.0.15*keep_lab=True*"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--subnet=172.20.0", "--subnet 172.20.0: "),
        ("--ingress-address=172.20.0.16", "the ingress address 172.20.0.16 is outside the pool"),
        ("--release=0.1", "0.1"),
    ],
)
def test_invalid_option_ends_run_with_one_message(suite: pytest.Pytester, option: str, message: str) -> None:
    result = run(suite, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    errors = result.stderr.str()
    assert message in errors
    assert "what to do:" in errors
    assert "Traceback" not in errors + result.stdout.str()
    assert "settings:" not in result.stdout.str()


def test_programs_of_run_select_the_same_lab(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test(context): print('name:', context.create_shell().run('printenv', 'KUBEFLOW_LAB_NAME'))")
    run(suite, "--name=other").stdout.fnmatch_lines(["*name: *output='other*"])
