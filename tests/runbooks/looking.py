"""Servers that diagnostics look at in tests, healthy and sick, and one way to look."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from portal import clock
from runbooks.diagnostics import working
from runbooks.models import DiagnosticRun, Target
from tests import servers


def look(slug: str, target: Target | None = None, *, at_most: float = 15, **given) -> DiagnosticRun:
    """The finished run. Fails when it took longer than `at_most` seconds."""
    began = time.monotonic()
    run, _ = working.run_here(
        slug, given={name.replace("_", "-"): value for name, value in given.items()}, target=target.slug if target else "", at=clock.now()
    )
    took = time.monotonic() - began
    assert took < at_most, f"{slug} took {took:.1f} s"
    assert run.is_finished
    return run


def is_a_finding(run: DiagnosticRun) -> bool:
    """Sick, said in one line, with a next step, and no text of Python's or the server's."""
    assert run.state == "done", (run.state, run.finding, run.result.get("next_step"))
    assert run.severity == "bad", run.finding
    assert run.finding and run.result["next_step"], run.finding
    assert not any(word in run.finding + run.output for word in ("Traceback", "Errno", "Exception", "127.0.0.1")), run.output
    return True


@contextlib.contextmanager
def frozen(*pids: int):
    """Stopped in the middle of whatever they do; they go on afterwards."""
    _send(signal.SIGSTOP, pids)
    try:
        yield
    finally:
        _send(signal.SIGCONT, pids)


def _send(sign: signal.Signals, pids: tuple[int, ...]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # a child of PostgreSQL that ended by itself
            os.kill(pid, sign)


class Prometheus:
    """A real Prometheus that watches itself and a port where nobody listens."""

    def __init__(self) -> None:
        program = servers.find("prometheus", "prometheus")
        self.port, self.dead = servers.free_port(), servers.free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="standby-prometheus-"))
        config = {"itself": self.port, "gone": self.dead}
        jobs = "".join(f"  - job_name: {name}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n" for name, port in config.items())
        (self.folder / "config.yml").write_text(f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}")
        command = [
            program,
            f"--config.file={self.folder}/config.yml",
            f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self.process = subprocess.Popen([*command, "--log.level=error"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        servers.wait_for_port(self.port)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


WEB = """
import http.server, ssl, sys, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(1.5)
        if self.path.startswith("/never"):
            time.sleep(60)
        body = b"all is well" if not self.path.startswith("/broken") else b"password=hunter2hunter2"
        self.send_response(500 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


class Web:
    """A real HTTP server in a process of its own, with TLS when a certificate is given."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.port = servers.free_port()
        arguments = [str(self.port), *([str(certificate)] if certificate else [])]
        self.process = subprocess.Popen([sys.executable, "-c", WEB, *arguments])
        servers.wait_for_port(self.port)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def certificate(folder: Path, *, days: int, name: str = "localhost") -> Path:
    """A key and a certificate signed by itself, valid for that many days from now; negative: it has ended."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(
            who, who, key.public_key(), x509.random_serial_number(), now - dt.timedelta(days=90), now + dt.timedelta(days=days, hours=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}-{days}.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    return path
