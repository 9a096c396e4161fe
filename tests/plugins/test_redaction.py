"""plugins/redaction.py: every file of a failed run is free of secrets, well-formed, and keeps its keys and names.

The same suite runs twice against a fake cluster: once the texts that it prints are secrets, once they are not.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import shlex
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, quote_plus
from xml.parsers import expat

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from lab.run.redaction import MASK
from tests import small_suite
from tests.fake_cluster import FakeCluster, pod

WORDS = {  # Katib's, MinIO's and other default passwords; some are keys, tags or values of the reports, too
    "MYSQL_ROOT_PASSWORD": "test",
    "secretkey": "minio123",
    "tag-token": "latest",
    "xml-secret": "testsuite",
    "json-secret": "name",
    "state-secret": "failed",
    "admin-password": "admin",
    "site-password": "site",
}
PRIVATE_KEY = "\n".join(
    (
        "-----BEGIN PRIVATE KEY-----",
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVcB/UNPxalR9zDYA",
        "jQIfjojUDiQuGnSJrFEEzZPT/92hRANCAASc7UJtgnF/abqWM60T3XNJEzBv5ez9",
        "-----END PRIVATE KEY-----",
    )
)
OBSERVED = ("pUBnBOY80SnXgjibTYM9ZWNzY2xre", "q\"7<Xk&29>'fj\\8", "Ж7ю9-ключ-€5", PRIVATE_KEY)
OWN = ("hunter2000", 'pä"ss & wörd/+<%>', "MTcwMDAw|c2Vj==", "s3c7")
SECRET = {"name": "katib-mysql-secrets", "namespace": "kubeflow", "uid": "1"}
SECRETS = (*OBSERVED, *OWN)
NAMES = ("test", "name", "id", "file", "uri", "keyword", "status", "classname", "tags", "files")
CONFTEST = (
    small_suite.CONFTEST.replace("'plugins.failures',", "'plugins.failures', 'plugins.evidence',")
    + """
import os
from dataclasses import replace
from ipaddress import IPv4Address
from lab.context import Lab
from lab.run.state import LabState
from plugins.run_state import run_state

def pytest_sessionstart(session):
    state = run_state(session.config)
    settings = state.context.settings.model_copy(update={"ingress_address": IPv4Address("127.20.0.13")})
    environment = {"KUBECONFIG": os.environ["FAKE_KUBECONFIG"]}
    context = replace(state.context, settings=settings)
    state.lab = Lab.from_context(context, LabState(kind="existing", environment=environment))
    state.lab.home.mkdir(parents=True)
"""
)
FEATURE = """
@network
Feature: The test site
  The latest page of nginx:latest.

  Scenario: The latest test of the site has failed
    Given a failed test of the site
  Scenario: The test site is skipped
    Given a skipped test of the site
  @cluster
  Scenario Outline: The <name> of the test site
    Given the pages of <name>
      | name   |
      | <name> |

    Examples:
      | name      |
      | test      |
      | testsuite |
"""
STEPS = """
import json
import os
import zipfile
from lab.errors import LabError
from plugins.run_state import run_state

LEAK, OWN = os.environ["LEAK"], json.loads(os.environ["OWN"])

@pytest.fixture(autouse=True)
def own_secrets(context, record_property):
    context.secrets.add(*OWN)
    record_property("name of the test", LEAK)

@given("a failed test of the site")
def fail(context, request):
    print(*OWN)
    context.create_shell().run("printf", "%s", LEAK)
    directory = run_state(request.config).directory / "failures/the-latest-test-of-the-site-has-failed"
    directory.mkdir(parents=True)
    with zipfile.ZipFile(directory / "trace.zip", "w") as archive:
        message = {"name": "test", "value": LEAK, "inner": json.dumps({"test": LEAK})}
        archive.writestr("trace.network", "".join(json.dumps(message) + "\\n" for _ in range(3)))
        archive.writestr("resources/test.bin", bytes(range(256)))
    (directory / "page.svg").write_bytes(b"<svg><text name='test'>test</text></svg>")
    raise LabError("no page of the test site", seen=LEAK, remedy="pull nginx:latest, see test_10_login.py")

@given("a skipped test of the site")
def skip():
    pytest.skip(f"not run because the test site has {LEAK}")

@given(parsers.parse("the pages of {name}"))
def check_pages(name, datatable):
    assert name == "test", LEAK
"""
KUBECTL = """case "$1" in
exec) printf '%s' "$CONFIG_DUMP" ;;
*) printf 'test-db nginx:latest test\\n%s\\n' "$LEAK" ;;
esac"""


def encode(secret: str) -> Iterator[str]:
    """Yield a secret as programs write it."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (html.escape(secret), html.escape(secret, quote=False), shlex.quote(secret).strip("'"))
    if len(secret) > 6:
        yield from (base64.b64encode(secret.encode()).decode(), base64.b64encode(f"user:{secret}".encode()).decode())


LEAK = "\n".join(f"the test site has {form}, nginx:latest" for secret in SECRETS for form in encode(secret))


@dataclass(frozen=True)
class Runs:
    """A run whose texts are secrets, and one whose texts are not."""

    secret: small_suite.Result
    public: small_suite.Result

    @property
    def files(self) -> dict[str, bytes]:
        """The content of all files that the first run has written, and of the members of archives."""
        return read_files(self.secret)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The results of both runs."""
    programs = tmp_path_factory.mktemp("programs")
    (programs / "kubectl").write_text(f"#!/bin/sh\n{KUBECTL}\n")
    (programs / "kubectl").chmod(0o755)
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        log = re.compile("/api/v1/namespaces/[^/]+/pods/[^/]+/log")
        lines = f"{json.dumps({'test': 'latest', 'name': 'site', 'message': LEAK})}\n{LEAK}\n"
        server.expect_request(log).respond_with_handler(lambda _: respond(lines))
        cluster = FakeCluster(server)
        values = {**WORDS, **{f"secret-{number}": value for number, value in enumerate(OBSERVED)}}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        results = []
        for name, own, secrets in (("secret", OWN, data), ("public", (), {})):
            cluster.objects = {
                "Pod": [pod("test", ready=False), pod("web")],
                "Secret": [{"kind": "Secret", "metadata": SECRET, "data": secrets}],
            }
            environment = {
                "PATH": f"{programs}:{os.environ['PATH']}",
                "FAKE_KUBECONFIG": str(cluster.write_kubeconfig(programs / "kubeconfig")),
                "LEAK": LEAK,
                "OWN": json.dumps(own),
                "CONFIG_DUMP": json.dumps({"test": {"name": "testsuite", "latest": LEAK}}),
            }
            options = ("--lab=existing", "--junitxml=elsewhere.xml", "--log-file=pytest.log")
            directory = tmp_path_factory.mktemp(name) / "suite"  # the same name, since features are named by it
            directory.mkdir()
            results.append(
                small_suite.run(directory, FEATURE, STEPS, *options, conftest=CONFTEST, environment=environment)
            )
        yield Runs(*results)


def respond(text: str) -> Response:
    """Return a log."""
    return Response(text, content_type="text/plain; charset=utf-8")


def read_files(result: small_suite.Result) -> dict[str, bytes]:
    """Return the files of a run, by their paths, and the members of archives; the suite itself is none."""
    directory = result.directory
    files: dict[str, bytes] = {}
    for file in directory.rglob("*"):
        is_source = file.parent == directory and (file.suffix in (".py", ".ini", ".feature"))
        if not file.is_file() or is_source or file.is_symlink() or "__pycache__" in file.parts:
            continue
        name = re.sub(r"reports/[\d_-]+/", "", file.relative_to(directory).as_posix())
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                files |= {f"{name}:{member}": archive.read(member) for member in archive.namelist()}
        else:
            files[name] = file.read_bytes()
    return files


def read_values(name: str, content: bytes) -> list[str]:
    """Return the texts in a file, decoded; a file that should be JSON or XML and is not fails the test."""
    text = content.decode(errors="replace")
    if name.endswith(".json"):
        return list(list_strings(json.loads(text)))
    if name.endswith(".network"):
        return [value for line in text.splitlines() for value in list_strings(json.loads(line))]
    if name.endswith((".xml", ".svg")):
        tags, texts = parse_xml(content)
        return [*texts, *(value for _, attributes in tags for value in attributes.values())]
    return [html.unescape(text)] if name.endswith(".html") else [text]


def list_strings(value: Any) -> Iterator[str]:
    """Yield all strings of a JSON document, also its keys."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from list_strings(item)
    elif isinstance(value, str):
        yield value


def parse_xml(content: bytes) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """Return the tags with their attributes, and the texts of a document."""
    tags: list[tuple[str, dict[str, str]]] = []
    texts: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: tags.append((name, attributes))
    parser.CharacterDataHandler = texts.append
    parser.Parse(content, True)
    return tags, texts


def describe_json(value: Any, key: str = "") -> Any:
    """Return a document with its keys and names, without its other values."""
    if isinstance(value, dict):
        return {key: describe_json(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [describe_json(item, key) for item in value]
    return value if key in NAMES else type(value).__name__


def describe_xml(content: bytes) -> list[object]:
    """Return the tags, attributes and names of a document."""
    return [
        (tag, sorted(attributes), [attributes.get(name) for name in NAMES if name != "status"])
        for tag, attributes in parse_xml(content)[0]
    ]


class TagParser(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[object] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Record a tag; the numbers of seconds in the page differ, so only names of attributes are compared."""
        self.tags.append((tag, [name for name, _ in attributes], dict(attributes).get("id")))


def describe_html(content: bytes) -> list[object]:
    """Return the tags, the attributes and the ids of a page."""
    parser = TagParser()
    parser.feed(content.decode())
    return parser.tags


def test_both_runs_fail_alike(runs: Runs) -> None:
    for result in (runs.secret, runs.public):
        assert "2 failed, 1 passed, 1 skipped" in result.output, result.output
    assert set(runs.files) == set(read_files(runs.public))


def test_files_of_each_kind_are_written(runs: Runs) -> None:
    names = {name.rpartition("/")[2] for name in runs.files}
    assert names >= {"elsewhere.xml", "cucumber.json", "run.json", "commands.json", "report.html", "pytest.log"}
    assert names >= {"objects.txt", "envoy-configuration.json", "not-ready.txt", "default_test_main.log"}
    assert names >= {"test.bin", "page.svg"}
    assert any(name.endswith(":trace.network") for name in names)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_file_contains_a_secret(runs: Runs, secret: str) -> None:
    forms = {form for form in encode(secret) if len(form) >= 4}
    texts = {
        f"{name} {part}": text
        for name, content in runs.files.items()
        for part, text in enumerate((content.decode(errors="replace"), *read_values(name, content)))
    }
    texts["the terminal"] = runs.secret.output
    assert [name for name, text in texts.items() if any(form in text for form in forms)] == []


def test_other_run_contains_the_texts(runs: Runs) -> None:
    """The texts are in each kind of file, so the other test does search them."""
    files = read_files(runs.public)
    for name in ("elsewhere.xml", "run.json", "commands.json", "cucumber.json", "report.html"):
        values = read_values(name, files[name])
        assert any(OBSERVED[0] in value for value in values), name
        assert any(OWN[0] in value for value in values), name


def test_lines_of_a_private_key_are_redacted(runs: Runs) -> None:
    line = PRIVATE_KEY.splitlines()[1].encode()
    assert [name for name, content in runs.files.items() if line in content] == []


def test_keys_tags_and_names_are_kept(runs: Runs) -> None:
    public = read_files(runs.public)
    compared = []
    for name, content in runs.files.items():
        if name.endswith((".xml", ".svg")):
            assert describe_xml(content) == describe_xml(public[name]), name
        elif name.endswith(".json"):
            assert describe_json(json.loads(content)) == describe_json(json.loads(public[name])), name
        elif name.endswith(".html"):
            assert describe_html(content) == describe_html(public[name]), name
        else:
            continue
        compared.append(name)
    assert len(compared) >= 6


def test_default_passwords_stay_in_texts(runs: Runs) -> None:
    failure = runs.secret.facts.failed[0].failure
    assert failure
    assert failure.headline == "no page of the test site"
    assert failure.remedy == "pull nginx:latest, see test_10_login.py"
    assert f"the test site has {MASK}, nginx:latest" in failure.seen
    assert "no page of the test site" in runs.secret.output
    [objects] = [content for name, content in runs.files.items() if name.endswith("objects.txt")]
    assert objects.startswith(b"test-db nginx:latest test\n")
    assert [row["name"] for row in (scenario.example for scenario in runs.secret.facts.scenarios[2:])] == [
        "test",
        "testsuite",
    ]


def test_reason_of_skipped_scenario_is_redacted(runs: Runs) -> None:
    skipped = next(scenario for scenario in runs.secret.facts.scenarios if scenario.status == "skipped")
    assert skipped.reason.startswith(f"not run because the test site has the test site has {MASK}, nginx:latest")
