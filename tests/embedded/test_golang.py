"""embedded/golang.py: programs built by the real Go, from directories and from a module proxy on loopback."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from embedded import golang
from embedded.pins import Edit, Program
from lab.errors import LabError
from lab.run.shell import Shell

MODULE, VERSION = "example.com/greeting", "v1.2.3"
FILES = {"go.mod": f"module {MODULE}\n\ngo 1.21\n", "greeting.go": 'package greeting\n\nconst Text = "hello"\n'}
# Neither program imports anything of Go's library, so that there is almost nothing to compile.
PLAIN = 'package main\n\nvar version = "unknown"\n\nfunc main() { println("web", version) }\n'
WITH_MODULE = f'package main\n\nimport "{MODULE}"\n\nfunc main() {{ println(greeting.Text) }}\n'


@pytest.fixture(scope="session")
def build_cache() -> str:
    """The cache of Go on this machine, found before a test has a cache directory of its own."""
    return Shell(os.environ).run("go", "env", "GOCACHE").output.strip()


@pytest.fixture
def go_shell(shell: Shell, build_cache: str, tmp_path: Path) -> Shell:
    """A shell whose Go has no modules, no proxy and no checksum database."""
    modules = str(tmp_path / "modules")
    return shell.with_environment(GOCACHE=build_cache, GOMODCACHE=modules, GOPROXY="off", GOSUMDB="off")


@pytest.fixture
def proxy_shell(go_shell: Shell, http_server: HTTPServer) -> Shell:
    """A shell whose Go uses the HTTP server as its module proxy."""
    return go_shell.with_environment(GOPROXY=http_server.url_for("/"), NO_PROXY="127.0.0.1,localhost")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The directory of a program without requirements."""
    directory = tmp_path / "web"
    directory.mkdir()
    (directory / "go.mod").write_text("module kit.test/web\n\ngo 1.21\n")
    (directory / "main.go").write_text(PLAIN)
    return directory


@pytest.fixture
def source_with_module(source: Path) -> Path:
    """The directory of a program that requires a module, with its checksums."""
    with (source / "go.mod").open("a") as requirements:
        requirements.write(f"\nrequire {MODULE} {VERSION}\n")
    (source / "main.go").write_text(WITH_MODULE)
    zip_checksum = compute_h1({f"{MODULE}@{VERSION}/{name}": text for name, text in FILES.items()})
    mod_checksum = compute_h1({"go.mod": FILES["go.mod"]})
    (source / "go.sum").write_text(f"{MODULE} {VERSION} {zip_checksum}\n{MODULE} {VERSION}/go.mod {mod_checksum}\n")
    return source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The directory for the program."""
    directory = tmp_path / "built"
    directory.mkdir()
    return directory


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """The file for Go's output."""
    return tmp_path / "web.log"


def pin(source: Path, **more: object) -> Program:
    """Return the pin of a program without a module."""
    return Program.model_validate({"name": "web", "folder": str(source), "package": ".", **more})


def pin_with_module(source: Path, **more: object) -> Program:
    """Return the pin of a program with a module."""
    return pin(source, module=MODULE, **more)


def test_program_is_built_with_its_name(source: Path, target: Path, log_file: Path, go_shell: Shell) -> None:
    facts = golang.build(go_shell, pin(source), log_file, target)
    assert run(target / "web") == "web unknown"
    assert facts["go"].startswith("go1.")


def test_linker_sets_variables(source: Path, target: Path, log_file: Path, go_shell: Shell) -> None:
    golang.build(go_shell, pin(source, variables=("main.version=v7",)), log_file, target)
    assert run(target / "web") == "web v7"


def test_tags_select_files(source: Path, target: Path, log_file: Path, go_shell: Shell) -> None:
    tagged = '//go:build tagged\n\npackage main\n\nfunc init() { version = "tagged" }\n'
    (source / "tagged.go").write_text(tagged)
    plain, with_tag = pin(source), pin(source, tags=("tagged",))
    golang.build(go_shell, plain, log_file, target)
    assert run(target / "web") == "web unknown"
    golang.build(go_shell, with_tag, log_file, target)
    assert run(target / "web") == "web tagged"
    assert plain.cache_inputs != with_tag.cache_inputs


def test_program_can_be_run_by_each_provided_name(source: Path, target: Path, log_file: Path, go_shell: Shell) -> None:
    golang.build(go_shell, pin(source, provides=("proxy", "gateway")), log_file, target)
    assert run(target / "proxy") == run(target / "gateway") == "web unknown"


def test_program_does_not_contain_its_build_directory(
    source: Path, target: Path, log_file: Path, go_shell: Shell
) -> None:
    golang.build(go_shell, pin(source), log_file, target)
    assert str(source).encode() not in (target / "web").read_bytes()


def test_compiler_error_is_reported_with_the_log(source: Path, target: Path, log_file: Path, go_shell: Shell) -> None:
    (source / "main.go").write_text(PLAIN.replace("println", "prnitln"))
    with pytest.raises(LabError) as caught:
        golang.build(go_shell, pin(source), log_file, target)
    assert caught.value.headline.startswith("web ")
    assert "undefined: prnitln" in caught.value.seen
    assert str(log_file) in caught.value.remedy
    assert "undefined: prnitln" in log_file.read_text()


def test_module_is_downloaded_from_the_proxy(
    http_server: HTTPServer, source_with_module: Path, target: Path, log_file: Path, proxy_shell: Shell
) -> None:
    serve(http_server)
    golang.build(proxy_shell, pin_with_module(source_with_module), log_file, target)
    assert run(target / "web") == "hello"


def test_edit_changes_neither_the_module_nor_the_source(
    http_server: HTTPServer,
    source_with_module: Path,
    target: Path,
    log_file: Path,
    proxy_shell: Shell,
    tmp_path: Path,
) -> None:
    serve(http_server)
    before = {file: file.read_bytes() for file in source_with_module.iterdir()}
    edit = Edit(file="greeting.go", old='"hello"', new='"goodbye"')
    golang.build(proxy_shell, pin_with_module(source_with_module, edits=(edit,)), log_file, target)
    assert run(target / "web") == "goodbye"
    assert {file: file.read_bytes() for file in source_with_module.iterdir()} == before
    assert (tmp_path / "modules" / f"{MODULE}@{VERSION}" / "greeting.go").read_text() == FILES["greeting.go"]


@pytest.mark.parametrize(("old", "seen"), [("welcome", "0 occurrences"), ("l", "2 occurrences")])
def test_edit_without_a_unique_place_is_an_error(
    http_server: HTTPServer,
    source_with_module: Path,
    target: Path,
    log_file: Path,
    proxy_shell: Shell,
    old: str,
    seen: str,
) -> None:
    serve(http_server)
    program = pin_with_module(source_with_module, edits=(Edit(file="greeting.go", old=old, new="x"),))
    with pytest.raises(LabError) as caught:
        golang.build(proxy_shell, program, log_file, target)
    assert "greeting.go" in caught.value.headline
    assert caught.value.seen == seen


def test_module_directory_has_the_source(http_server: HTTPServer, source_with_module: Path, proxy_shell: Shell) -> None:
    serve(http_server)
    directory = golang.download_module(proxy_shell, pin_with_module(source_with_module))
    assert (directory / "greeting.go").read_text() == FILES["greeting.go"]


def fail_to_build(shell: Shell, source: Path, target: Path, log_file: Path) -> LabError:
    """Return the error for a failed download: it names program, module, version and log; nothing is built."""
    with pytest.raises(LabError) as caught:
        golang.build(shell, pin_with_module(source), log_file, target)
    error = caught.value
    assert error.headline.startswith("web ")
    assert f"{MODULE} {VERSION}" in str(error)
    assert str(log_file) in error.remedy
    assert log_file.stat().st_size
    assert list(target.iterdir()) == []
    return error


def fail_to_download(shell: Shell, source: Path, target: Path, log_file: Path) -> LabError:
    """Return the error for a module that Go itself reports as not downloadable."""
    error = fail_to_build(shell, source, target, log_file)
    assert error.headline == f"web could not be built: the Go module {MODULE} {VERSION} could not be downloaded"
    assert "GOPROXY" in error.remedy
    return error


def test_module_without_a_proxy_is_an_error(
    source_with_module: Path, target: Path, log_file: Path, go_shell: Shell
) -> None:
    assert "GOPROXY=off" in fail_to_build(go_shell, source_with_module, target, log_file).seen


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("kind", ["mod", "zip"])
def test_error_status_of_the_proxy_is_reported(
    http_server: HTTPServer,
    source_with_module: Path,
    target: Path,
    log_file: Path,
    proxy_shell: Shell,
    status: int,
    kind: str,
) -> None:
    serve(http_server, {kind: Response("go away", status)})
    assert str(status) in fail_to_download(proxy_shell, source_with_module, target, log_file).seen


def test_unreachable_proxy_is_reported(source_with_module: Path, target: Path, log_file: Path, go_shell: Shell) -> None:
    shell = go_shell.with_environment(GOPROXY="http://127.0.0.1:9")
    assert "connection refused" in fail_to_download(shell, source_with_module, target, log_file).seen


def test_interrupted_download_is_reported(
    http_server: HTTPServer, source_with_module: Path, target: Path, log_file: Path, proxy_shell: Shell
) -> None:
    content = build_zip()

    def send_half(_: Request) -> Response:
        return Response(iter([content[: len(content) // 2]]), headers={"Content-Length": str(len(content))})

    serve(http_server, without=("zip",))
    http_server.expect_request(f"/{MODULE}/@v/{VERSION}.zip").respond_with_handler(send_half)
    assert "EOF" in fail_to_build(proxy_shell, source_with_module, target, log_file).seen


def test_truncated_file_is_reported(
    http_server: HTTPServer, source_with_module: Path, target: Path, log_file: Path, proxy_shell: Shell
) -> None:
    content = build_zip()
    serve(http_server, {"zip": Response(content[: len(content) // 2])})
    assert "not a valid zip file" in fail_to_build(proxy_shell, source_with_module, target, log_file).seen


def test_modified_module_is_reported(
    http_server: HTTPServer, source_with_module: Path, target: Path, log_file: Path, proxy_shell: Shell
) -> None:
    modified = {**FILES, "greeting.go": "package greeting\n\nconst Text = `modified`\n"}
    serve(http_server, {"zip": Response(build_zip(modified))})
    assert "checksum mismatch" in str(fail_to_download(proxy_shell, source_with_module, target, log_file))


def test_build_succeeds_after_the_proxy_has_recovered(
    http_server: HTTPServer, source_with_module: Path, target: Path, log_file: Path, proxy_shell: Shell
) -> None:
    serve(http_server, {"zip": Response("go away", 500)})
    fail_to_download(proxy_shell, source_with_module, target, log_file)
    http_server.clear()
    serve(http_server)
    golang.build(proxy_shell, pin_with_module(source_with_module), log_file, target)
    assert run(target / "web") == "hello"


def run(program: Path) -> str:
    """Return the output of a program; Go's println writes to standard error."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip()


def serve(
    server: HTTPServer, instead: Mapping[str, Response] = MappingProxyType({}), without: tuple[str, ...] = ()
) -> None:
    """Serve the module as in https://go.dev/ref/mod#goproxy-protocol, or other responses for some of its files.

    Args:
        server: The HTTP server.
        instead: Responses for the files info, mod or zip in place of the correct ones.
        without: The files that are not served.
    """
    responses = {
        "info": Response(f'{{"Version": "{VERSION}"}}'),
        "mod": Response(FILES["go.mod"]),
        "zip": Response(build_zip()),
        **instead,
    }
    for kind in responses.keys() - without:
        body, status = responses[kind].get_data(), responses[kind].status_code
        server.expect_request(f"/{MODULE}/@v/{VERSION}.{kind}").respond_with_data(body, status)


def build_zip(files: dict[str, str] = FILES) -> bytes:
    """Return the ZIP archive of the module."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{MODULE}@{VERSION}/{name}", text)
    return content.getvalue()


def compute_h1(files: dict[str, str]) -> str:
    """Return Go's checksum of files in go.sum: https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
