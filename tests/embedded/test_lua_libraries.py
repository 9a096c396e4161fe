"""The Lua libraries of the image ingress-nginx that Debian lacks, run by Debian's nginx.

`make test` unpacks the packages of the image into the kit first. nginx runs in this root file system and serves a Unix
socket, so that the libraries have the real interface of its Lua module.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from embedded import pins
from lab.context import RunContext
from lab.run.waiting import poll, wait_until
from tests.kit_programs import require_item

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change the root directory of a process")

IMAGE = pins.IMAGES / "ingress-nginx"
SOCKET = "nginx.sock"
CONFIGURATION = """
user root;
daemon off;
worker_processes 1;
pid /nginx.pid;
error_log stderr;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events {}
http {
    access_log off;
    lua_package_path "/lua/?.lua;;";
    lua_shared_dict locks 1m;
    server {
        listen unix:/nginx.sock;
        location / {
            content_by_lua_block {
                ngx.req.read_body()
                local results = { assert(loadstring(ngx.req.get_body_data()))() }
                ngx.print(require("cjson").encode(results))
            }
        }
    }
}
"""
A, CNAME, AAAA = 1, 5, 28


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a Unix socket."""

    def __init__(self, file: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._file = str(file)

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._file)


@dataclass(frozen=True)
class Nginx:
    """An nginx that runs Lua code.

    Args:
        socket: The socket that it serves.
    """

    socket: Path

    def send(self, code: str, headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        """Return the response to a request that runs code."""
        connection = UnixConnection(self.socket)
        connection.request("POST", "/", code, dict(headers or {}))
        return connection.getresponse()

    def run(self, code: str, headers: Mapping[str, str] | None = None) -> Any:
        """Return the values that code returns."""
        response = self.send(code, headers)
        text = response.read().decode()
        assert response.status == http.client.OK, text
        return json.loads(text) or []


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the root file system, which all tests share."""
    return tmp_path_factory.mktemp("root")


@pytest.fixture
def nginx(root: Path, context: RunContext) -> Iterator[Nginx]:
    """An nginx with the libraries."""
    if not (root / "usr").is_dir():
        archive = require_item(context, "roots", "ingress-nginx") / "root.tar"
        subprocess.run(["tar", "--extract", f"--file={archive}", f"--directory={root}"], check=True)
        shutil.copytree(IMAGE / "lua", root / "lua")
        for name in ("passwd", "group"):
            shutil.copy(IMAGE / name, root / "etc" / name)
        (root / "var/lib/nginx").mkdir(parents=True, exist_ok=True)
        (root / "nginx.conf").write_text(CONFIGURATION)
    command = ["chroot", str(root), "/usr/sbin/nginx", "-e", "stderr", "-c", "/nginx.conf"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(
                poll((root / SOCKET).exists, every=0.02),
                satisfied=bool,
                describe=lambda _: f"exit status {process.poll()}",
                timeout=30,
                waiting_for="nginx to listen",
                journal=context.journal,
            )
            yield Nginx(root / SOCKET)
        finally:
            process.terminate()
            process.communicate()
            (root / SOCKET).unlink(missing_ok=True)


class TestRoundRobin:
    """resty.roundrobin."""

    def test_nodes_are_picked_in_proportion_to_their_weights_and_evenly(self, nginx: Nginx) -> None:
        [picks] = nginx.run("""
            local picker, picks = require("resty.roundrobin"):new({ web = 3, api = 1 }), {}
            for index = 1, 40 do picks[index] = picker:find() end
            return picks
        """)
        assert (picks.count("web"), picks.count("api")) == (30, 10)
        assert all("api" in picks[start : start + 4] for start in range(37))

    def test_new_nodes_replace_the_old_ones(self, nginx: Nginx) -> None:
        nodes, picks = nginx.run("""
            local picker, picks = require("resty.roundrobin"):new({ web = 1 }), {}
            picker:reinit({ api = 1, db = 1 })
            for index = 1, 10 do picks[index] = picker:find() end
            return picker.nodes, picks
        """)
        assert nodes == {"api": 1, "db": 1}
        assert (picks.count("api"), picks.count("db")) == (5, 5)

    def test_without_nodes_nothing_is_picked(self, nginx: Nginx) -> None:
        assert nginx.run('return require("resty.roundrobin"):new({}):find() == nil') == [True]


class TestConsistentHash:
    """resty.chash."""

    def test_only_keys_of_a_removed_node_move(self, nginx: Nginx) -> None:
        before, again, after = nginx.run("""
            local picker = require("resty.chash"):new({ web = 1, api = 1, db = 1 })
            local function find_all()
              local found = {}
              for key = 1, 300 do found[key] = picker:find("key-" .. key) end
              return found
            end
            local before, again = find_all(), find_all()
            picker:reinit({ web = 1, api = 1 })
            return before, again, find_all()
        """)
        assert before == again
        assert all(before.count(node) > 60 for node in ("web", "api", "db"))
        assert all(new == old for old, new in zip(before, after, strict=True) if old != "db")
        assert set(after) == {"web", "api"}

    def test_its_nodes_can_be_compared_with_new_ones(self, nginx: Nginx) -> None:
        assert nginx.run('return require("resty.chash"):new({ web = 1 }).nodes') == [{"web": 1}]


class TestLock:
    """resty.lock."""

    def test_a_key_is_locked_once_until_it_is_unlocked(self, nginx: Nginx) -> None:
        results = nginx.run("""
            local Lock = require("resty.lock")
            local first, second = Lock:new("locks", { timeout = 0 }), Lock:new("locks", { timeout = 0 })
            local locked = first:lock("web")
            local refused, reason = second:lock("web")
            return locked, refused == nil, reason, second:lock("api"), first:unlock(), Lock:new("locks"):lock("web")
        """)
        assert results == [0, True, "timeout", 0, 1, 0]

    def test_a_lock_expires(self, nginx: Nginx) -> None:
        code = """
            local Lock = require("resty.lock")
            local first, second = Lock:new("locks", { exptime = 0.05 }), Lock:new("locks", { exptime = 0.05 })
            first:lock("expiring")
            ngx.sleep(0.2)
            return second:lock("expiring")
        """
        assert nginx.run(code) == [0]

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ('return require("resty.lock"):new("no-such-dictionary")', "dictionary not found"),
            ('return require("resty.lock"):new("locks"):unlock()', "unlocked"),
            ('local lock = require("resty.lock"):new("locks"); lock:lock("a1"); return lock:lock("a2")', "locked"),
        ],
    )
    def test_misuse_returns_a_reason(self, nginx: Nginx, code: str, reason: str) -> None:
        assert nginx.run(code) == [None, reason]


class TestCookie:
    """resty.cookie."""

    def test_cookies_of_the_request_are_read(self, nginx: Nginx) -> None:
        code = 'local cookie = require("resty.cookie"):new(); return cookie:get("route"), cookie:get("other")'
        value, missing, reason = nginx.run(code, {"Cookie": "lang=en; route=1700000000.1|web"})
        assert (value, missing, reason) == ("1700000000.1|web", None, "no cookie of this name")

    def test_a_cookie_is_added_to_those_of_the_response(self, nginx: Nginx) -> None:
        response = nginx.send("""
            local cookie = require("resty.cookie"):new()
            ngx.header["Set-Cookie"] = "lang=en"
            cookie:set({ key = "route", value = "web", path = "/", httponly = true, secure = true, samesite = "Lax" })
            return cookie:set({ key = "plain", value = "1", domain = "example.it", max_age = 60, expires = "Thu" })
        """)
        assert json.loads(response.read()) == [True]
        assert response.headers.get_all("Set-Cookie") == [
            "lang=en",
            "route=web; Path=/; SameSite=Lax; Secure; HttpOnly",
            "plain=1; Expires=Thu; Max-Age=60; Domain=example.it",
        ]

    def test_a_cookie_without_a_value_is_rejected(self, nginx: Nginx) -> None:
        code = 'return require("resty.cookie"):new():set({ key = "route" })'
        assert nginx.run(code) == [None, "a cookie needs a key and a value"]


@dataclass
class NameServer:
    """A DNS server for one response.

    Args:
        port: Its UDP port.
        queries: The names and types that were asked for.
    """

    port: int
    queries: list[tuple[str, int]] = field(default_factory=list)


def encode_address(address: str) -> bytes:
    """Return an address as the data of a record."""
    return ip_address(address).packed


def build_response(query: bytes, records: list[tuple[int, int, bytes]], code: int = 0) -> bytes:
    """Return a response with records of a type, a TTL and data. Their names are compressed."""
    header = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
    answers = (struct.pack(">HHHIH", 0xC00C, kind, 1, ttl, len(data)) + data for kind, ttl, data in records)
    return header + query[12:] + b"".join(answers)


@contextmanager
def serve_names(respond: Callable[[bytes], bytes | None]) -> Iterator[NameServer]:
    """Run a DNS server on loopback that answers each query by a function; None is no response."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        found = NameServer(server.getsockname()[1])

        def serve() -> None:
            while (received := server.recvfrom(4096))[0]:
                query, client = received
                labels, position = [], 12
                while length := query[position]:
                    labels.append(query[position + 1 : position + 1 + length].decode())
                    position += 1 + length
                found.queries.append((".".join(labels), struct.unpack_from(">H", query, position + 1)[0]))
                if response := respond(query):
                    server.sendto(response, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield found
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", found.port))
            thread.join()


def query(nginx: Nginx, server: NameServer, name: str, record_type: int) -> Any:
    """Return the results of a query."""
    return nginx.run(f"""
        local Resolver = require("resty.dns.resolver")
        local resolver = Resolver:new({{ nameservers = {{ {{ "127.0.0.1", {server.port} }} }}, timeout = 300 }})
        return resolver:query("{name}", {{ qtype = {record_type} }}, {{}})
    """)


class TestResolver:
    """resty.dns.resolver."""

    def test_addresses_are_found_behind_an_alias(self, nginx: Nginx) -> None:
        alias = b"\x03www\xc0\x0c"
        records = [(CNAME, 60, alias), (A, 30, encode_address("192.0.2.7")), (A, 20, encode_address("192.0.2.8"))]
        with serve_names(lambda query: build_response(query, records)) as server:
            [answers] = query(nginx, server, "site.example.com.", A)
        assert server.queries == [("site.example.com", A)]
        assert [(each["type"], each["ttl"], each.get("address")) for each in answers] == [
            (CNAME, 60, None),
            (A, 30, "192.0.2.7"),
            (A, 20, "192.0.2.8"),
        ]

    def test_ipv6_addresses_are_found(self, nginx: Nginx) -> None:
        records = [(AAAA, 5, encode_address("2001:db8::7"))]
        with serve_names(lambda query: build_response(query, records)) as server:
            [[answer]] = query(nginx, server, "site.example.com", AAAA)
        assert ip_address(answer["address"]) == ip_address("2001:db8::7")

    def test_error_of_the_server_is_returned(self, nginx: Nginx) -> None:
        with serve_names(lambda query: build_response(query, [], code=3)) as server:
            [answers] = query(nginx, server, "missing.example.com", A)
        assert answers == {"errcode": 3, "errstr": "the name server reports an error"}

    def test_lost_response_is_asked_for_again(self, nginx: Nginx) -> None:
        records, responses = [(A, 30, encode_address("192.0.2.7"))], iter([False, True])
        with serve_names(lambda query: build_response(query, records) if next(responses) else None) as server:
            [[answer]] = query(nginx, server, "site.example.com", A)
        assert (answer["address"], len(server.queries)) == ("192.0.2.7", 2)

    def test_response_to_another_query_is_not_taken(self, nginx: Nginx) -> None:
        records = [(A, 30, encode_address("192.0.2.7"))]
        with serve_names(lambda query: build_response(bytes([query[0] ^ 1]) + query[1:], records)) as server:
            answers, reason = query(nginx, server, "site.example.com", A)
        assert (answers, reason) == (None, "the response does not fit the query")

    def test_server_without_an_answer_is_reported(self, nginx: Nginx) -> None:
        with serve_names(lambda _: None) as server:
            assert query(nginx, server, "site.example.com", A) == [None, "timeout"]

    def test_types_are_known_when_the_library_is_loaded(self, nginx: Nginx) -> None:
        assert nginx.run('local R = require("resty.dns.resolver"); return R.TYPE_A, R.TYPE_AAAA') == [A, AAAA]

    def test_resolver_without_a_server_is_rejected(self, nginx: Nginx) -> None:
        code = 'return require("resty.dns.resolver"):new({ nameservers = {} })'
        assert nginx.run(code) == [None, "no name server"]


@pytest.mark.parametrize("name", ["global_throttle", "ipmatcher"])
def test_missing_features_return_a_reason(name: str, nginx: Nginx) -> None:
    assert nginx.run(f'return require("resty.{name}").new()') == [None, "this image has no global rate limits"]


def test_missing_http_client_is_an_error_only_when_it_is_used(nginx: Nginx) -> None:
    succeeded, reason = nginx.run('return pcall(require("resty.http").new)')
    assert not succeeded
    assert "OCSP stapling is not available" in reason
