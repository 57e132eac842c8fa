"""The one guarded way out: every connection to an address that somebody configured goes through here.

    fetch()    one HTTP request, bounded in time and size
    connect()  a TCP connection to a checked address, for what speaks another protocol
    resolve()  the checked addresses of a host

A name is resolved once, every answer is checked (`portal.addresses`), and the connection goes to the checked address with the original
host in Host and SNI: a name that changes its mind in between finds nobody. No proxy from the environment, no password in an address, no
redirect unless asked for, and each of those is checked anew. Errors are sentences of ours, never the peer's text.
"""

from __future__ import annotations

import contextlib
import json as jsonlib
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

import certifi
import httpcore
import httpx
from django.conf import settings

from portal.addresses import Kind, may_reach, parse
from portal.errors import DomainError

Reason = Literal["blocked", "refused", "timed_out", "dns", "tls", "too_large", "bad_url", "broken"]
SocketAddress: TypeAlias = "tuple[Any, ...]"  # (address, port), for IPv6 with flow and scope

MOST_REDIRECTS = 3
SENTENCES: dict[Reason, str] = {
    "blocked": "{host} may not be reached from here: its address is not public, or is never spoken to.",
    "refused": "{host} refused the connection.",
    "timed_out": "{host} did not answer in time.",
    "dns": "The name {host} has no address.",
    "tls": "{host} did not prove who it is: its certificate or TLS is not accepted.",
    "too_large": "{host} answered with more than is taken.",
    "bad_url": "This is no address that can be used: http or https, a host, no user and no password.",
    "broken": "{host} answered with something that cannot be used.",
}


class Unreachable(DomainError):
    """No answer came. `reason` says which kind of no; the sentence is ours and may be shown."""

    code = "unreachable"
    http_status = 502

    def __init__(self, reason: Reason, host: str = "", *, message: str = "") -> None:
        super().__init__(message or SENTENCES[reason].format(host=host or "The target"))
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: names in any case. body: inflated, at most `max_bytes`. seconds: from asking to the last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def text(self) -> str:
        """UTF-8; what is not becomes U+FFFD."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises: Unreachable("broken"), it is no JSON, or nested beyond reason."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            raise Unreachable("broken", message="The answer is no JSON.") from None


def fetch(
    method: str,
    url: str,
    *,
    kind: Kind,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    json: Any = None,
    timeout: float = 10.0,
    connect_timeout: float = 3.0,
    max_bytes: int = 1_000_000,
    redirects: int = 0,
    verify: bool = True,
) -> Answer:
    """One request; any status is an answer, a redirect too unless `redirects` (at most 3) are to be followed.

    timeout, connect_timeout: seconds, the first for everything together. kind: `named` for what an administrator entered, `free` for anybody's.
    A redirect to another host loses Authorization and Cookie. Raises: Unreachable.
    """
    started = time.monotonic()
    deadline = started + timeout
    request = _request(method, url, dict(headers or {}), content, json)
    left = min(redirects, MOST_REDIRECTS)
    while True:
        status, answered, body = _ask(request, kind, deadline, connect_timeout, max_bytes, verify)
        target = answered.get("Location", "") if redirects and status in {301, 302, 303, 307, 308} else ""
        if not target:
            return Answer(status, answered, body, time.monotonic() - started)
        if not left:
            raise Unreachable("broken", message=f"{request.url.host} sends us on too often.")
        left, request = left - 1, _redirected(request, status, target)


def resolve(host: str, port: int, *, kind: Kind, timeout: float = 3.0) -> list[SocketAddress]:
    """The socket addresses of `host`, each one allowed. Raises: Unreachable("blocked") when a single one is not, "dns", "timed_out"."""
    if kind == "free" and port not in settings.OUTBOUND_PORTS:
        raise Unreachable("blocked", message=f"Port {port} is not among those that may be used; an administrator can add it.")
    found = list(dict.fromkeys(_look_up(host.strip("[]"), port, timeout)))
    if not found:
        raise Unreachable("dns", host)
    if not all(may_reach(address[0], kind) for address in found):
        raise Unreachable("blocked", host)
    return [(str(parse(a[0])), a[1]) if parse(a[0]).version == 4 else a for a in found]


def connect(host: str, port: int, *, kind: Kind, timeout: float = 3.0) -> socket.socket:
    """A connected TCP socket to the first checked address that answers; its timeout is `timeout` (seconds). Raises: Unreachable."""
    deadline = time.monotonic() + timeout
    addresses = resolve(host, port, kind=kind, timeout=timeout)
    trouble: Unreachable | None = None
    for position, address in enumerate(addresses):
        share = max(deadline - time.monotonic(), 0.05) / (len(addresses) - position)  # one dead address leaves time for the next
        try:
            connected = _open(address, share)
        except TimeoutError:
            trouble = Unreachable("timed_out", host)
        except OSError:
            trouble = trouble or Unreachable("refused", host)
        else:
            connected.settimeout(timeout)
            return connected
    raise trouble or Unreachable("refused", host)


def _open(address: SocketAddress, timeout: float) -> socket.socket:
    fresh = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        fresh.settimeout(timeout)
        fresh.connect(address)
        fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        fresh.close()
        raise
    return fresh


def _look_up(host: str, port: int, timeout: float) -> list[SocketAddress]:
    """In a thread of its own: the system's resolver takes no timeout, and a hung one must not hold the caller."""
    answer: list[SocketAddress | Exception] = []

    def ask() -> None:
        try:
            answer.extend(found[4] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP))
        except (OSError, UnicodeError, OverflowError, ValueError) as trouble:
            answer.append(trouble)

    asking = threading.Thread(target=ask, daemon=True, name="outbound-resolver")
    asking.start()
    asking.join(timeout)
    if asking.is_alive():
        raise Unreachable("timed_out", host)
    return [found for found in answer if not isinstance(found, Exception)]


def _request(method: str, url: str, headers: dict[str, str], content: bytes | None, json: Any) -> httpx.Request:
    """Raises: Unreachable("bad_url")."""
    try:
        request = httpx.Request(method, url, headers=headers, content=content, json=json)
    except (httpx.InvalidURL, UnicodeError, TypeError, ValueError):
        raise Unreachable("bad_url") from None
    if request.url.scheme not in {"http", "https"} or not request.url.host or request.url.userinfo or request.url.port == 0:
        raise Unreachable("bad_url")
    if (request.url.port or 1) > 65535:
        raise Unreachable("bad_url")
    request.headers.setdefault("Accept-Encoding", "identity")
    request.headers.setdefault("User-Agent", "Standby")
    return request


def _redirected(request: httpx.Request, status: int, target: str) -> httpx.Request:
    """The request that a redirect asks for: a GET after 301-303, and no credentials on another host."""
    try:
        url = request.url.join(target)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise Unreachable("bad_url") from None
    headers = {name: value for name, value in request.headers.items() if name not in {"host", "content-length", "transfer-encoding"}}
    if (url.scheme, url.host, url.port) != (request.url.scheme, request.url.host, request.url.port):
        headers = {name: value for name, value in headers.items() if name not in {"authorization", "cookie", "proxy-authorization"}}
    if status in {307, 308} or request.method in {"GET", "HEAD"}:
        return _request(request.method, str(url), headers, request.content or None, None)
    return _request("GET", str(url), {name: value for name, value in headers.items() if name != "content-type"}, None, None)


def _ask(
    request: httpx.Request, kind: Kind, deadline: float, connect_timeout: float, max_bytes: int, verify: bool
) -> tuple[int, Mapping[str, str], bytes]:
    host = request.url.host
    target = httpcore.URL(scheme=request.url.scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path)
    guarded = _Guarded(kind, deadline, connect_timeout)
    context = _trust(verify) if request.url.scheme == "https" else None
    try:
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=guarded) as pool,
            pool.stream(request.method, target, headers=request.headers.raw, content=request.content) as response,
        ):
            headers = httpx.Headers(response.headers)
            return response.status, headers, _body(response, headers, max_bytes, host)
    except httpcore.TimeoutException:
        raise Unreachable("timed_out", host) from None
    except ssl.SSLError:
        raise Unreachable("tls", host) from None
    except httpcore.LocalProtocolError:
        raise Unreachable("bad_url", message="The request holds characters that HTTP does not allow.") from None
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol, OSError):
        raise Unreachable("tls" if guarded.is_shaking_hands else "broken", host) from None


def _body(response: httpcore.Response, headers: Mapping[str, str], max_bytes: int, host: str) -> bytes:
    """Raises: Unreachable("too_large"), before or after inflating."""
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise Unreachable("too_large", host)
    coding = headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"", "identity"} or not body:
        return bytes(body)
    if coding not in {"gzip", "deflate"}:
        raise Unreachable("broken", host)
    inflating = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header
    try:
        inflated = inflating.decompress(bytes(body), max_bytes + 1)
    except zlib.error:
        raise Unreachable("broken", host) from None
    if len(inflated) > max_bytes:
        raise Unreachable("too_large", host)
    return inflated


@cache
def _trust(verify: bool) -> ssl.SSLContext:
    """The system's certificates (SSL_CERT_FILE adds a house's own) and certifi's."""
    context = ssl.create_default_context()
    with contextlib.suppress(OSError):
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class _Guarded(httpcore.NetworkBackend):
    """Opens connections for httpcore: only to checked addresses, and nothing after the deadline."""

    def __init__(self, kind: Kind, deadline: float, connect_timeout: float) -> None:
        self.kind, self.deadline, self.connect_timeout = kind, deadline, connect_timeout
        self.is_shaking_hands = False

    def left(self) -> float:
        """Seconds until the deadline. Raises: httpcore.ReadTimeout, there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return left

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        return _Stream(connect(host, port, kind=self.kind, timeout=min(self.connect_timeout, self.left())), self)

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> httpcore.NetworkStream:
        raise Unreachable("bad_url")

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, self.left()))


class _Stream(httpcore.NetworkStream):
    """A socket whose every operation ends at the deadline of the whole request."""

    def __init__(self, connected: socket.socket, guarded: _Guarded) -> None:
        self.socket, self.guarded = connected, guarded

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.socket.settimeout(self.guarded.left())
        try:
            return self.socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("no answer") from None
        except OSError as trouble:
            raise httpcore.ReadError("hung up") from trouble

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        try:
            while view:
                self.socket.settimeout(self.guarded.left())
                view = view[self.socket.send(view) :]
        except TimeoutError:
            raise httpcore.WriteTimeout("takes nothing") from None
        except OSError as trouble:
            raise httpcore.WriteError("hung up") from trouble

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> httpcore.NetworkStream:
        self.socket.settimeout(min(self.guarded.left(), self.guarded.connect_timeout))
        self.guarded.is_shaking_hands = True
        try:
            wrapped = ssl_context.wrap_socket(self.socket, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("no handshake") from None
        except BaseException:
            self.close()
            raise
        self.guarded.is_shaking_hands = False
        return _Stream(wrapped, self.guarded)

    def close(self) -> None:
        self.socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self.socket if info == "socket" else None
