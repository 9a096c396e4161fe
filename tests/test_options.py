"""fixtures/options.py: the options of a run, as a person gives them to pytest."""

from __future__ import annotations

import pytest

from lab.settings import Settings
from tests.conftest import REPOSITORY


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite that prints its settings."""
    pytester.makepyfile("def test_settings(settings, release): print('given:', repr(settings), release.kubeflow)")
    pytester.syspathinsert(REPOSITORY)
    return pytester


def run(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    return suite.runpytest_inprocess("-s", "-p", "fixtures.options", *options)


def test_every_setting_is_an_option_with_a_help_text(suite: pytest.Pytester) -> None:
    shown = run(suite, "--help").stdout.str()
    for name in Settings.model_fields:
        assert f"  --{name.replace('_', '-')}" in shown


def test_without_options_the_defaults_hold(suite: pytest.Pytester) -> None:
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*given: *lab='embedded'*verify_only=False, keep_lab=False* 1.7.0"])


def test_options_make_the_settings(suite: pytest.Pytester) -> None:
    result = run(suite, "--lab=k3d", "--ingress-address=172.20.0.15", "--keep-lab")
    result.stdout.fnmatch_lines(["*given: *lab='k3d'*ingress_address=*172.20.0.15*keep_lab=True*"])


def test_an_option_wins_over_the_environment(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_INGRESS_ADDRESS", "172.20.0.14")
    monkeypatch.setenv("KUBEFLOW_LAB_KEEP_LAB", "true")
    result = run(suite, "--ingress-address=172.20.0.15")
    result.stdout.fnmatch_lines(["*given: *ingress_address=*172.20.0.15*keep_lab=True*"])


@pytest.mark.parametrize(
    ("option", "finding"),
    [
        ("--subnet=172.20.0", "--subnet 172.20.0: "),
        ("--ingress-address=172.20.0.16", "the ingress address 172.20.0.16 is outside of the pool"),
        ("--release=0.1", "Kubeflow 0.1 is not known to this suite"),
    ],
)
def test_a_wrong_value_ends_the_run_before_anything_with_one_message(
    suite: pytest.Pytester, option: str, finding: str
) -> None:
    result = run(suite, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = result.stderr.str()
    assert finding in said
    assert "what to do:" in said
    assert "Traceback" not in said + result.stdout.str()
    assert "given:" not in result.stdout.str()


def test_the_name_of_the_lab_is_known_to_what_is_started_in_it(suite: pytest.Pytester) -> None:
    suite.makepyfile("import os\ndef test_name(): print('name:', os.environ['KUBEFLOW_LAB_NAME'])")
    run(suite, "--name=other").stdout.fnmatch_lines(["*name: other*"])
