"""The one way out: what it reaches, what it refuses, and that nothing but the checked address is ever connected to."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal import outbound
from portal.outbound import Unreachable, fetch


class Peer:
    """A real HTTP server on loopback that answers as its `answers` say (path → status, headers, body) and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers, self.asked, peer = {}, [], self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                peer.asked.append((self.command, self.path, dict(self.headers), body))
                status, headers, body = peer.answers.get(self.path, (404, {}, b"none"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_HEAD = answer

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


@contextmanager
def listening(talk):
    """A bare TCP server whose `talk(connection)` runs once for each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def test_an_answer_has_its_status_headers_in_any_case_body_and_time(peer):
    peer.answers["/x?y=1"] = (201, {"X-Kind": "good"}, b'{"a": [1]}')

    answer = fetch("POST", peer.url("/x?y=1"), kind="named", json={"b": 2}, headers={"Authorization": "Bearer t"})

    assert (answer.status, answer.headers["x-kind"], answer.json(), answer.text()) == (201, "good", {"a": [1]}, '{"a": [1]}')
    assert 0 < answer.seconds < 5
    [(method, path, headers, body)] = peer.asked
    assert (method, path, body, headers["Content-Type"], headers["Authorization"]) == ("POST", "/x?y=1", b'{"b":2}', "application/json", "Bearer t")


def test_the_original_host_is_asked_for_at_the_checked_address(peer, monkeypatch):
    peer.answers["/"] = (200, {}, b"ok")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: [(2, 1, 6, "", ("127.0.0.1", peer.port))])

    assert fetch("GET", peer.url(host="metrics.house.example"), kind="named").status == 200

    assert peer.asked[0][2]["Host"] == f"metrics.house.example:{peer.port}"


@pytest.mark.parametrize(
    "url",
    ["", "/x", "ftp://h/", "file:///etc/passwd", "gopher://h/", "http://", "http://u:p@h/", "http://u@h/", "http://h:0/", "http://h:99999/"]
    + ["http://[::1", "http://h\n/", "javascript:alert(1)", "unix:///x", "http://①②⑦.⓪.⓪.①/", None],
)
def test_what_is_no_usable_address_is_refused_before_anything_is_asked(url, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: pytest.fail("a name was looked up"))

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", url, kind="named")

    assert refusal.value.reason == "bad_url"


def test_a_redirect_is_an_answer_unless_it_may_be_followed(peer):
    peer.answers["/old"] = (302, {"Location": "/new"}, b"")
    peer.answers["/new"] = (200, {}, b"here")

    assert fetch("GET", peer.url("/old"), kind="named").status == 302
    assert fetch("GET", peer.url("/old"), kind="named", redirects=1).body == b"here"


def test_redirects_in_a_circle_end(peer):
    peer.answers["/a"] = (302, {"Location": "/a"}, b"")

    with pytest.raises(Unreachable, match="too often"):
        fetch("GET", peer.url("/a"), kind="named", redirects=50)

    assert len(peer.asked) == 1 + outbound.MOST_REDIRECTS


def test_another_host_does_not_get_the_credentials(peer):
    other = Peer()
    other.answers["/"] = (200, {}, b"")
    peer.answers["/"] = (307, {"Location": other.url()}, b"")

    fetch("POST", peer.url(), kind="named", redirects=1, headers={"Authorization": "Bearer t"}, json={"a": 1})

    [(method, _, headers, body)] = other.asked
    assert (method, body, "Authorization" in headers) == ("POST", b'{"a":1}', False)
    other.close()


def test_after_a_302_a_post_goes_on_as_a_get_without_its_body(peer):
    peer.answers["/form"] = (302, {"Location": "/done"}, b"")
    peer.answers["/done"] = (200, {}, b"")

    fetch("POST", peer.url("/form"), kind="named", redirects=1, json={"a": 1})

    assert (peer.asked[1][0], peer.asked[1][3]) == ("GET", b"")


def test_a_closed_port_is_refused():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", f"http://127.0.0.1:{port}/", kind="named")

    assert (refusal.value.reason, refusal.value.http_status) == ("refused", 502)


def test_a_name_without_an_address_says_so():
    with pytest.raises(Unreachable) as refusal:
        fetch("GET", "http://nobody.invalid/", kind="free")

    assert (refusal.value.reason, str(refusal.value)) == ("dns", "The name nobody.invalid has no address.")


def test_a_resolver_that_hangs_does_not_hold_the_caller(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: released.wait(10) and [])
    started = time.monotonic()

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", "http://slow.example/", kind="named", connect_timeout=0.1)

    released.set()
    assert refusal.value.reason == "timed_out"
    assert time.monotonic() - started < 2


def test_a_peer_that_drips_byte_by_byte_is_left_at_the_deadline():
    def drip(connection):
        connection.recv(65536)
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.02)
            except OSError:
                return

    with listening(drip) as port:
        started = time.monotonic()
        with pytest.raises(Unreachable) as refusal:
            fetch("GET", f"http://127.0.0.1:{port}/", kind="named", timeout=0.3)

    assert refusal.value.reason == "timed_out"
    assert time.monotonic() - started < 2


def test_more_than_is_taken_is_refused(peer):
    peer.answers["/"] = (200, {}, b"x" * 2000)
    peer.answers["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 10_000_000))
    peer.answers["/small"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"y" * 900))

    for path in ("/", "/bomb"):
        with pytest.raises(Unreachable) as refusal:
            fetch("GET", peer.url(path), kind="named", max_bytes=1000 if path == "/" else 100_000)
        assert refusal.value.reason == "too_large"
    assert fetch("GET", peer.url("/small"), kind="named", max_bytes=1000).body == b"y" * 900


@pytest.mark.parametrize("said", [b"", b"220 mail ready\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", b"HTTP/1.1 999999 \r\n\r\n"])
def test_what_is_no_http_is_broken_and_its_text_is_not_shown(said):
    def talk(connection):
        connection.recv(65536)
        connection.sendall(said)
        connection.close()

    with listening(talk) as port, pytest.raises(Unreachable) as refusal:
        fetch("GET", f"http://127.0.0.1:{port}/", kind="named", timeout=2)

    assert refusal.value.reason == "broken"
    assert "mail" not in str(refusal.value)


def test_headers_that_smuggle_a_line_are_refused(peer):
    with pytest.raises(Unreachable) as refusal:
        fetch("GET", peer.url(), kind="named", headers={"X-Note": "a\r\nHost: evil"})

    assert (refusal.value.reason, peer.asked) == ("bad_url", [])


def test_json_that_is_none_or_endlessly_nested_is_broken(peer):
    peer.answers["/html"] = (200, {}, b"<html>")
    peer.answers["/deep"] = (200, {}, b"[" * 200_000)

    for path in ("/html", "/deep"):
        with pytest.raises(Unreachable) as refusal:
            fetch("GET", peer.url(path), kind="named").json()
        assert refusal.value.reason == "broken"


def test_the_environments_proxy_is_not_asked(peer, monkeypatch):
    peer.answers["/"] = (200, {}, b"")
    proxy = Peer()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url())

    fetch("GET", peer.url(), kind="named")

    assert (len(peer.asked), proxy.asked) == (1, [])
    proxy.close()


def self_signed(folder, name: str) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(issuer_name=who, subject_name=who, public_key=key.public_key(), serial_number=1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def test_a_certificate_nobody_vouches_for_is_refused_unless_the_administrator_says_so(tmp_path):
    peer = Peer(self_signed(tmp_path, "localhost"))
    peer.answers["/"] = (200, {}, b"secret")

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", peer.url(scheme="https"), kind="named")

    assert refusal.value.reason == "tls"
    assert fetch("GET", peer.url(scheme="https"), kind="named", verify=False).body == b"secret"
    peer.close()


def test_https_to_a_server_that_speaks_plain_http_is_trouble_with_tls(peer):
    with pytest.raises(Unreachable) as refusal:
        fetch("GET", peer.url(scheme="https"), kind="named")

    assert refusal.value.reason == "tls"


def test_connect_gives_a_socket_to_a_checked_address():
    def greet(connection):
        connection.sendall(b"+PONG\r\n")

    with listening(greet) as port, outbound.connect("127.0.0.1", port, kind="named") as connected:
        assert connected.recv(100) == b"+PONG\r\n"

    with pytest.raises(Unreachable) as refusal:
        outbound.connect("127.0.0.1", port, kind="free")
    assert refusal.value.reason == "blocked"


def test_the_second_address_is_tried_when_the_first_is_dead(peer, monkeypatch):
    dead = socket.socket()
    dead.bind(("127.0.0.2", 0))  # bound, not listening: refuses
    both = [(2, 1, 6, "", ("127.0.0.2", dead.getsockname()[1])), (2, 1, 6, "", ("127.0.0.1", peer.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: both)
    peer.answers["/"] = (200, {}, b"")

    assert fetch("GET", peer.url(host="two.example"), kind="named").status == 200
    dead.close()


def test_free_addresses_use_listed_ports_only(settings):
    with pytest.raises(Unreachable, match="Port 22 is not among"):
        outbound.resolve("8.8.8.8", 22, kind="free")

    settings.OUTBOUND_PORTS = {80, 443, 8443}
    assert outbound.resolve("8.8.8.8", 8443, kind="free") == [("8.8.8.8", 8443)]


# The SSRF table: each forbidden address × each way to reach it. A listener on every local address counts what arrives.

SPELLINGS = ["2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", "127.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.0.0.1."]
SPELLINGS += ["①②⑦.⓪.⓪.①", "127。0。0。1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::]", "0", "0.0.0.0"]
FORBIDDEN = ["127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "fc00::1", "0.0.0.0", "::", "::ffff:169.254.169.254", "198.18.0.1"]
FORBIDDEN += ["169.254.169.254", "fd00:ec2::254", "100.64.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1", "224.0.0.1", "fec0::1"]
FORBIDDEN += ["168.63.129.16", "::ffff:127.0.0.1"]
PUBLIC = "93.184.216.34"


@pytest.fixture
def listener(settings):
    """Counts connections to any address of this machine, on one port that free addresses may use."""
    seen = []
    try:
        server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    except (OSError, ValueError):
        server = socket.create_server(("0.0.0.0", 0))
    port = server.getsockname()[1]
    settings.OUTBOUND_PORTS = {80, 443, port}
    done = threading.Event()

    def accept() -> None:
        while True:
            connection, address = server.accept()
            if not done.is_set():
                seen.append(address)
            connection.close()
            if done.is_set():
                return

    counting = threading.Thread(target=accept, daemon=True)
    counting.start()
    yield port, seen
    done.set()
    with socket.socket() as last:  # the resolver may be a test's
        last.connect(("127.0.0.1", port))
    counting.join(5)
    server.close()


@pytest.fixture
def attempts(monkeypatch):
    """Addresses that a socket was opened to; the public one is answered by a stand-in, so that nothing leaves this machine."""
    tried, opening = [], outbound._open

    def note(address, timeout):
        tried.append(address[0])
        if address[0] == PUBLIC:
            raise ConnectionRefusedError
        return opening(address, timeout)

    monkeypatch.setattr(outbound, "_open", note)
    return tried


def answering(*turns):
    """A resolver that gives each list of addresses once, the last one from then on."""
    left = list(turns)

    def look_up(host, port, *args, **more):
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(10 if ":" in a else 2, 1, 6, "", (a, port, 0, 0) if ":" in a else (a, port)) for a in found]

    return look_up


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_this_machine_is_reached(host, listener, attempts):
    port, seen = listener

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", f"http://{host}:{port}/", kind="free", connect_timeout=1)

    assert refusal.value.reason in {"blocked", "bad_url", "dns"}
    assert (attempts, seen) == ([], [])


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_forbidden_address_is_reached_by_itself_by_a_name_or_among_public_ones(address, listener, attempts, monkeypatch):
    port, seen = listener
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(Unreachable):
        fetch("GET", f"http://{literal}:{port}/", kind="free")

    for turns in ([address], [PUBLIC, address], [address, PUBLIC]):
        monkeypatch.setattr(socket, "getaddrinfo", answering(turns))
        with pytest.raises(Unreachable) as refusal:
            fetch("GET", f"http://pretty.example:{port}/", kind="free")
        assert refusal.value.reason == "blocked"

    assert (attempts, seen) == ([], [])


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_changes_its_mind_after_the_check_finds_nobody(address, listener, attempts, monkeypatch):
    port, seen = listener
    monkeypatch.setattr(socket, "getaddrinfo", answering([PUBLIC], [address]))

    with pytest.raises(Unreachable):
        fetch("GET", f"http://rebinding.example:{port}/", kind="free")

    assert (attempts, seen) == ([PUBLIC], [])


@pytest.mark.parametrize("target", [*SPELLINGS, *(f"[{a}]" if ":" in a else a for a in FORBIDDEN)])
def test_no_redirect_leads_to_a_forbidden_address(target, listener, monkeypatch):
    port, seen = listener
    hop = Peer()
    hop.answers["/"] = (302, {"Location": f"http://{target}:{port}/".encode().decode("latin-1")}, b"")
    opening, looking, tried = outbound._open, socket.getaddrinfo, []
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: answering([PUBLIC])(host, *a) if host == "public.example" else looking(host, *a, **k)
    )

    def to_the_hop(address, timeout):  # what the public address stands for
        tried.append(address[0])
        return opening(("127.0.0.1", hop.port) if address[0] == PUBLIC else address, timeout)

    monkeypatch.setattr(outbound, "_open", to_the_hop)

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", "http://public.example/", kind="free", redirects=3, connect_timeout=1)

    assert refusal.value.reason in {"blocked", "bad_url", "dns"}
    assert (len(hop.asked), tried, seen) == (1, [PUBLIC], [])
    hop.close()


NEVER = [a for a in FORBIDDEN if a not in {"127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "fc00::1", "100.64.0.1", "::ffff:127.0.0.1"}]


@pytest.mark.parametrize("address", NEVER)
def test_even_an_administrators_target_never_leads_to_metadata_or_into_a_tunnel(address, listener, attempts, monkeypatch):
    port, seen = listener
    monkeypatch.setattr(socket, "getaddrinfo", answering([address]))

    with pytest.raises(Unreachable) as refusal:
        fetch("GET", f"http://target.example:{port}/", kind="named")

    assert refusal.value.reason == "blocked"
    assert (attempts, seen) == ([], [])


def test_the_listener_does_see_a_connection(listener):
    """The control: the same listener, reached as an administrator's target, counts one."""
    port, seen = listener

    with pytest.raises(Unreachable):
        fetch("GET", f"http://127.0.0.1:{port}/", kind="named", connect_timeout=1)

    assert len(seen) == 1
