"""embedded/golang.py: building programs with the real Go, from folders and from a module proxy on the loopback."""

from __future__ import annotations

import base64
import hashlib
import io
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
from lab.terminal import Terminal

MODULE, VERSION = "example.com/bulb", "v1.2.3"
FILES = {"go.mod": f"module {MODULE}\n\ngo 1.21\n", "bulb.go": 'package bulb\n\nconst Light = "dim"\n'}
# Neither imports anything of Go's library, so that there is next to nothing to compile.
PLAIN = 'package main\n\nvar version = "unknown"\n\nfunc main() { println("lamp", version) }\n'
WITH_MODULE = f'package main\n\nimport "{MODULE}"\n\nfunc main() {{ println(bulb.Light) }}\n'


@pytest.fixture(scope="session")
def build_cache() -> str:
    """What Go has compiled before on this machine, asked for before a test has a cache folder of its own."""
    return Terminal().run("go", "env", "GOCACHE").output.strip()


@pytest.fixture(autouse=True)
def _go(build_cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Go that knows no module yet, has no proxy to ask, and asks no checksum database."""
    monkeypatch.setenv("GOCACHE", build_cache)
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOSUMDB", "off")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder of a program without requirements."""
    folder = tmp_path / "lamp"
    folder.mkdir()
    (folder / "go.mod").write_text("module kit.test/lamp\n\ngo 1.21\n")
    (folder / "main.go").write_text(PLAIN)
    return folder


@pytest.fixture
def source_with_module(source: Path) -> Path:
    """The folder of a program that requires a module, with its checksums."""
    with (source / "go.mod").open("a") as requirements:
        requirements.write(f"\nrequire {MODULE} {VERSION}\n")
    (source / "main.go").write_text(WITH_MODULE)
    of_zip = _h1({f"{MODULE}@{VERSION}/{name}": text for name, text in FILES.items()})
    of_mod = _h1({"go.mod": FILES["go.mod"]})
    (source / "go.sum").write_text(f"{MODULE} {VERSION} {of_zip}\n{MODULE} {VERSION}/go.mod {of_mod}\n")
    return source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the program goes."""
    folder = tmp_path / "built"
    folder.mkdir()
    return folder


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Where Go's output goes."""
    return tmp_path / "lamp.log"


@pytest.fixture
def proxy(http_server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """A module proxy that has the module's version, but no file of it yet."""
    monkeypatch.setenv("GOPROXY", http_server.url_for("/"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return http_server


def lamp(source: Path, **more: object) -> Program:
    """The program, as a pin."""
    return Program.model_validate({"name": "lamp", "folder": str(source), "package": ".", **more})


def with_module(source: Path, **more: object) -> Program:
    """The program with a module, as a pin."""
    return lamp(source, module=MODULE, **more)


def test_a_program_is_built_under_its_name(source: Path, target: Path, log_file: Path) -> None:
    facts = golang.build(lamp(source), log_file, target)
    assert _printed(target / "lamp") == "lamp unknown"
    assert facts["go"].startswith("go1.")


def test_the_linker_sets_what_the_pin_says(source: Path, target: Path, log_file: Path) -> None:
    golang.build(lamp(source, variables=("main.version=seven",)), log_file, target)
    assert _printed(target / "lamp") == "lamp seven"


def test_a_program_can_be_called_by_each_name_that_it_provides(source: Path, target: Path, log_file: Path) -> None:
    golang.build(lamp(source, provides=("torch", "lantern")), log_file, target)
    assert _printed(target / "torch") == _printed(target / "lantern") == "lamp unknown"


def test_the_program_says_nothing_of_the_folder_that_it_was_built_in(
    source: Path, target: Path, log_file: Path
) -> None:
    golang.build(lamp(source), log_file, target)
    assert str(source).encode() not in (target / "lamp").read_bytes()


def test_a_mistake_in_the_source_is_shown_with_the_log(source: Path, target: Path, log_file: Path) -> None:
    (source / "main.go").write_text(PLAIN.replace("println", "prnitln"))
    with pytest.raises(LabError) as caught:
        golang.build(lamp(source), log_file, target)
    assert caught.value.what.startswith("lamp ")
    assert "undefined: prnitln" in caught.value.seen
    assert str(log_file) in caught.value.remedy
    assert "undefined: prnitln" in log_file.read_text()


def test_a_module_comes_from_the_proxy_and_is_built_in(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path
) -> None:
    _serve(proxy)
    golang.build(with_module(source_with_module), log_file, target)
    assert _printed(target / "lamp") == "dim"


def test_an_edit_changes_what_is_built_and_neither_the_module_nor_the_program_s_folder(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path, tmp_path: Path
) -> None:
    _serve(proxy)
    before = {file: file.read_bytes() for file in source_with_module.iterdir()}
    edit = Edit(file="bulb.go", old='"dim"', new='"bright"')
    golang.build(with_module(source_with_module, edits=(edit,)), log_file, target)
    assert _printed(target / "lamp") == "bright"
    assert {file: file.read_bytes() for file in source_with_module.iterdir()} == before
    assert (tmp_path / "modules" / f"{MODULE}@{VERSION}" / "bulb.go").read_text() == FILES["bulb.go"]


@pytest.mark.parametrize(("old", "seen"), [("glowing", "0 times"), ("b", "2 times")])
def test_an_edit_that_no_longer_fits_is_named(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path, old: str, seen: str
) -> None:
    _serve(proxy)
    program = with_module(source_with_module, edits=(Edit(file="bulb.go", old=old, new="x"),))
    with pytest.raises(LabError) as caught:
        golang.build(program, log_file, target)
    assert "bulb.go" in caught.value.what
    assert caught.value.seen == seen


def test_the_folder_of_a_module_is_found(proxy: HTTPServer, source_with_module: Path) -> None:
    _serve(proxy)
    assert (golang.module_folder(with_module(source_with_module)) / "bulb.go").read_text() == FILES["bulb.go"]


def failed(source_with_module: Path, target: Path, log_file: Path) -> LabError:
    """The error for a module that could not be had: it names program, module, version and log; nothing was built."""
    with pytest.raises(LabError) as caught:
        golang.build(with_module(source_with_module), log_file, target)
    error = caught.value
    assert error.what.startswith("lamp ")
    assert f"{MODULE} {VERSION}" in str(error)
    assert str(log_file) in error.remedy
    assert log_file.stat().st_size
    assert list(target.iterdir()) == []
    return error


def refused(source_with_module: Path, target: Path, log_file: Path) -> LabError:
    """The error for a module of which Go says itself that it could not be had."""
    error = failed(source_with_module, target, log_file)
    assert error.what == f"lamp could not be built: the Go module {MODULE} {VERSION} could not be had"
    assert "GOPROXY" in error.remedy
    return error


def test_a_module_that_no_proxy_serves_is_named(source_with_module: Path, target: Path, log_file: Path) -> None:
    assert "GOPROXY=off" in failed(source_with_module, target, log_file).seen


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("kind", ["mod", "zip"])
def test_a_module_that_the_proxy_refuses_is_named_with_its_answer(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path, status: int, kind: str
) -> None:
    _serve(proxy, {kind: Response("go away", status)})
    assert str(status) in refused(source_with_module, target, log_file).seen


def test_a_module_whose_proxy_cannot_be_reached_is_named(
    source_with_module: Path, target: Path, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    assert "connection refused" in refused(source_with_module, target, log_file).seen


def test_a_download_that_is_cut_off_half_way_is_named(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path
) -> None:
    content = _zip()

    def half(_: Request) -> Response:
        return Response(iter([content[: len(content) // 2]]), headers={"Content-Length": str(len(content))})

    _serve(proxy, without=("zip",))
    proxy.expect_request(f"/{MODULE}/@v/{VERSION}.zip").respond_with_handler(half)
    assert "EOF" in failed(source_with_module, target, log_file).seen


def test_half_a_file_that_calls_itself_whole_is_named(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path
) -> None:
    content = _zip()
    _serve(proxy, {"zip": Response(content[: len(content) // 2])})
    assert "not a valid zip file" in failed(source_with_module, target, log_file).seen


def test_a_download_that_was_changed_on_the_way_is_named(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path
) -> None:
    _serve(proxy, {"zip": Response(_zip({**FILES, "bulb.go": "package bulb\n\nconst Light = `stolen`\n"}))})
    assert "checksum mismatch" in str(refused(source_with_module, target, log_file))


def test_the_next_run_has_it_when_the_proxy_has_it_again(
    proxy: HTTPServer, source_with_module: Path, target: Path, log_file: Path
) -> None:
    _serve(proxy, {"zip": Response("go away", 500)})
    refused(source_with_module, target, log_file)
    proxy.clear()
    _serve(proxy)
    golang.build(with_module(source_with_module), log_file, target)
    assert _printed(target / "lamp") == "dim"


def _printed(program: Path) -> str:
    """What the program prints; Go's println writes to the standard error."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip()


def _serve(
    proxy: HTTPServer, instead: Mapping[str, Response] = MappingProxyType({}), without: tuple[str, ...] = ()
) -> None:
    """Serves the module as https://go.dev/ref/mod#goproxy-protocol says, or other answers for some of its files."""
    answers = {
        "info": Response(f'{{"Version": "{VERSION}"}}'),
        "mod": Response(FILES["go.mod"]),
        "zip": Response(_zip()),
        **instead,
    }
    for kind in answers.keys() - without:
        body, status = answers[kind].get_data(), answers[kind].status_code
        proxy.expect_request(f"/{MODULE}/@v/{VERSION}.{kind}").respond_with_data(body, status)


def _zip(files: dict[str, str] = FILES) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{MODULE}@{VERSION}/{name}", text)
    return content.getvalue()


def _h1(files: dict[str, str]) -> str:
    """Go's checksum of files, as go.sum has it: https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
