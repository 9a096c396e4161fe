"""lab/kubectl.py: applying manifests, with a program in kubectl's place that answers as the API server does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from lab.kubectl import apply
from lab.terminal import Terminal
from tests.conftest import WriteProgram

POOL = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "ip-pool"}}
PODS = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pods"}}
NOT_YET = (
    'Error from server (InternalError): failed calling webhook "ipaddresspool.metallb.io": connection refused',
    'Error from server (InternalError): no endpoints available for service "metallb-webhook-service"',
)
REFUSED = 'admission webhook "ipaddresspool.metallb.io" denied the request: range is wrong'


def test_all_objects_are_applied_at_once(terminal: Terminal, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("kubectl", f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/applied')
    apply(terminal, [POOL, PODS])
    assert (tmp_path / "arguments").read_text() == "apply -f -\n"
    assert list(yaml.safe_load_all((tmp_path / "applied").read_text())) == [POOL, PODS]


@pytest.mark.parametrize("refusal", NOT_YET)
def test_a_webhook_that_does_not_answer_yet_is_asked_again(
    terminal: Terminal, write_program: WriteProgram, tmp_path: Path, refusal: str
) -> None:
    asked = tmp_path / "asked"
    write_program("kubectl", f"[ -e {asked} ] && exit 0; touch {asked}; echo '{refusal}' >&2; exit 1")
    apply(terminal, [POOL])


def test_a_refusal_for_good_ends_it_at_once_with_the_server_s_words(
    terminal: Terminal, write_program: WriteProgram
) -> None:
    write_program("kubectl", f"echo '{REFUSED}' >&2; exit 1")
    begin = time.monotonic()
    with pytest.raises(LabError) as caught:
        apply(terminal, [POOL], timeout=60)
    assert time.monotonic() - begin < 5
    assert caught.value.what == "the API server accepts IPAddressPool ip-pool: this cannot come true"
    assert REFUSED in caught.value.seen


def test_a_webhook_that_never_answers_is_named_when_time_is_up(terminal: Terminal, write_program: WriteProgram) -> None:
    write_program("kubectl", f"echo '{NOT_YET[0]}' >&2; exit 1")
    with pytest.raises(LabError) as caught:
        apply(terminal, [POOL, PODS], timeout=0.1)
    assert "IPAddressPool ip-pool, Namespace pods" in caught.value.what
    assert caught.value.seen == NOT_YET[0]
