"""lab/observation.py and lab/bundle.py: what is seen and kept of a cluster, also where parts of it do not answer."""

from __future__ import annotations

import base64
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab import bundle, observation, releases, settings, source
from lab.doors import port_forward_log
from lab.known_failures import recognised
from lab.kube import Object
from lab.masking import MASK, SECRETS
from lab.observation import Observation, Word, observe
from lab.record import Record
from lab.site import Site
from tests.conftest import WriteProgram
from tests.fake_cluster import FakeCluster, claim, pod

RELEASE = releases.load("1.7")
LOOPBACK = {  # so that nobody but this machine is asked
    "subnet": "127.20.0.0/24",
    "gateway": "127.20.0.1",
    "pool": "127.20.0.10-127.20.0.15",
    "ingress_address": "127.20.0.13",
}
TOKEN = "a-token-of-the-cluster"


@pytest.fixture
def site(cluster: FakeCluster, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site at the fake cluster, and time enough to look at it also where the machine is busy."""
    for module in (observation, bundle):
        monkeypatch.setattr(module, "SECONDS", 60.0)
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    environment = {"KUBECONFIG": str(kubeconfig), "PATH": f"{programs}:{os.environ['PATH']}"}
    record = Record(kind="existing", environment=environment)
    one = Site(settings.load({"lab": "existing", **LOOPBACK}), source.of_the_internet(RELEASE), record)
    one.home.mkdir(parents=True)
    return one


@pytest.fixture
def logs(http_server: HTTPServer) -> None:
    """Each container says what it is, and so did the one before it; one has no log any more."""

    def answer(request: Request) -> Response:
        if "gone" in request.path:
            return Response("container not found", 404)
        which = "before" if request.args.get("previous") == "true" else "now"
        return Response(f"{request.path.split('/')[-2]}, {request.args['container']}, {which}: {TOKEN}")

    http_server.expect_request(re.compile("/api/v1/namespaces/[^/]+/pods/[^/]+/log")).respond_with_handler(answer)


def warning(of: Object, text: str, age: float, kind: str = "Pod") -> Object:
    """What was said of an object so many seconds ago."""
    metadata = of["metadata"]
    then = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "type": "Warning",
        "metadata": {"name": f"e-{len(text)}", "namespace": metadata["namespace"], "uid": text},
        "involvedObject": {"kind": kind, **{key: metadata[key] for key in ("name", "namespace", "uid")}},
        "reason": "Failed",
        "message": text,
        "lastTimestamp": then,
    }


def crashing(name: str, restarts: int = 3) -> Object:
    """A pod whose container has crashed, and runs again."""
    one = pod(name)
    one["status"]["containerStatuses"][0]["restartCount"] = restarts
    return one


def words(seen: Observation, place: str) -> list[tuple[str, str]]:
    """Of what something was said at a place, and what."""
    return [(word.of, word.text) for word in seen.words if word.place == place]


@pytest.mark.usefixtures("logs")
def test_of_a_pod_that_is_not_ready_the_obstacle_the_logs_and_the_warnings_are_seen(
    cluster: FakeCluster, site: Site
) -> None:
    bad, held, good = crashing("bad"), pod("held", waiting="ImagePullBackOff"), pod("good", ready=True)
    cluster.objects = {
        "Pod": [bad, held, good],
        "Event": [warning(bad, "of now", 5), warning(good, "it has passed", 5)],
    }
    seen = observe(site, RELEASE)
    assert words(seen, "pod") == [("pod default/held", "ImagePullBackOff: said of held")]
    assert words(seen, "event") == [("Pod default/bad", "Failed: of now")]
    log = "the log of default/bad, container main"
    assert words(seen, "log") == [(log, f"bad, main, before: {TOKEN}"), (log, f"bad, main, now: {TOKEN}")]
    assert len(seen.pods) == 3
    assert [one.pod for one in seen.obstacles] == ["default/held"]


def test_a_warning_of_long_ago_says_nothing_of_now(cluster: FakeCluster, site: Site) -> None:
    cluster.objects = {"Event": [warning(claim("a"), "once", 3600, "PersistentVolumeClaim")]}
    assert words(observe(site, RELEASE), "event") == []


def test_the_values_of_secrets_are_masked_from_then_on_and_user_names_are_not(cluster: FakeCluster, site: Site) -> None:
    data = {"token": base64.b64encode(TOKEN.encode()).decode(), "user": base64.b64encode(b"somebody").decode()}
    cluster.objects = {"Secret": [{"metadata": {"name": "a", "namespace": "default", "uid": "1"}, "data": data}]}
    observe(site, RELEASE)
    assert SECRETS.masked(f"{TOKEN} {data['token']} of somebody") == f"{MASK} {MASK} of somebody"


def test_a_cluster_without_a_default_storage_class_and_with_servicelb_is_recognised(
    cluster: FakeCluster, site: Site
) -> None:
    balancer = pod("svclb-a", ready=True, namespace="kube-system")
    cluster.objects = {"Pod": [balancer]}
    names = [one.name for one in recognised(observe(site, RELEASE))]
    assert names == ["there is no default StorageClass", "servicelb was not disabled"]


def test_what_the_port_forward_has_said_is_seen(site: Site) -> None:
    port_forward_log(site).write_text("error: lost connection to pod\n")
    assert ("the port-forward", "error: lost connection to pod\n") in words(observe(site, RELEASE), "port-forward")


def test_a_cluster_that_does_not_answer_is_recognised(site: Site) -> None:
    kubeconfig = Path(site.record.environment["KUBECONFIG"])
    kubeconfig.write_text(re.sub(r"http://\S+", "http://127.0.0.1:9", kubeconfig.read_text()))  # where nobody listens
    names = [one.name for one in recognised(observe(site, RELEASE))]
    assert names == ["the API server does not answer"]


@pytest.mark.usefixtures("logs")
def test_a_bundle_has_what_could_be_had_and_names_the_rest_and_shows_no_secret(
    site: Site, write_program: WriteProgram, tmp_path: Path
) -> None:
    SECRETS.add(TOKEN)
    script = f'case "$*" in *exec*) echo "no such pod {TOKEN}" >&2; exit 1;; *) echo "$*: {TOKEN}";; esac'
    write_program("kubectl", script)
    bundle.collect(tmp_path / "lab", site, (crashing("bad"), pod("gone"), pod("good", ready=True)))
    files = {str(file.relative_to(tmp_path / "lab")): file.read_text() for file in (tmp_path / "lab").rglob("*.*")}
    assert set(files) == {
        "objects.txt",
        "not-ready.txt",
        "machine.json",
        "not-collected.txt",
        "logs/default_bad_main.log",
        "logs/default_bad_main.previous.log",
        "logs/default_good_main.log",
    }
    assert files["not-ready.txt"] == f"describe --namespace default pods bad gone: {MASK}\n"
    assert files["logs/default_bad_main.previous.log"] == f"bad, main, before: {MASK}"
    assert {line.partition(":")[0] for line in files["not-collected.txt"].splitlines() if not line.startswith(" ")} >= {
        "envoy-configuration.json",
        "logs/default_gone_main.log",
    }
    assert json.loads(files["machine.json"])["memory"]["total"] > 0
    assert not [name for name, text in files.items() if TOKEN in text]


def test_a_large_file_of_a_bundle_is_cut_and_its_end_is_kept(
    site: Site, write_program: WriteProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "LARGEST", 100)
    write_program("kubectl", "seq 1000")
    bundle.collect(tmp_path / "lab", site, ())
    assert (tmp_path / "lab/objects.txt").read_text().endswith("999\n1000\n")
    assert (tmp_path / "lab/objects.txt").stat().st_size == 100


def test_two_observations_together_have_what_both_have() -> None:
    one, other = (Observation((Word("error", "", text),)) for text in "ab")
    assert [word.text for word in (one + other).words] == ["a", "b"]
