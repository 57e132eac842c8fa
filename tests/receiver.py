"""A real HTTPS receiver on loopback with a certificate of its own, that can refuse, be slow, break and lose its answers."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import ssl
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=400))
        .not_valid_after(now + datetime.timedelta(days=400))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths


class Receiver:
    """`mood`: "well", "slow" (8 s), "broken" (500), "loses" (takes it and cuts the line) or a status. `once`: moods for the next requests."""

    def __init__(self) -> None:
        self.mood: str | int = "well"
        self.once: list[str | int] = []
        self.taken: list[dict] = []  # {path, headers, body}, whatever was answered
        self.folder = Path(tempfile.mkdtemp(prefix="standby-receiver-"))
        self.certificate, key = certificate(self.folder)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.taken.append({"path": self.path, "headers": dict(self.headers), "body": body, "at": time.monotonic()})
                mood = receiver.once.pop(0) if receiver.once else receiver.mood
                if mood == "slow":
                    time.sleep(8)
                if mood == "loses":
                    self.connection.close()
                    return
                answer = b'{"id": "ref-1", "status": "success"}'
                self.send_response({"well": 202, "slow": 202, "broken": 500}.get(mood, mood))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().handle()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, path: str = "/hook") -> str:
        return f"https://localhost:{self.port}{path}"

    def bodies(self) -> list[dict]:
        return [json.loads(request["body"]) for request in list(self.taken)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
