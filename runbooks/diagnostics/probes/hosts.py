"""A host from outside: does it answer HTTP, for how long is its certificate good, what does its name say, does its port open."""

from __future__ import annotations

import math
import ssl
import time
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from portal import outbound
from runbooks.diagnostics import troubles
from runbooks.diagnostics.parameters import Whole
from runbooks.diagnostics.places import Place, Trouble
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result, Rows, Severity

WAIT = 5.0  # seconds
SLOW = Whole("slow", "Slow from", default=1000, minimum=1, maximum=60_000, unit="milliseconds")


def http(place: Place, parameters: dict[str, Any]) -> Result:
    """One GET, no redirect followed: status, time, and the words that the answer should hold."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    url = f"{'https' if place.uses_tls else 'http'}://{host}:{place.port}/{place.path.lstrip('/')}"
    headers = {"Authorization": f"Bearer {place.secret}"} if place.secret else {}
    answer = outbound.fetch("GET", url, kind="named", headers=headers, timeout=WAIT, verify=place.options.get("verify") is not False)
    took, wanted, words = answer.seconds * 1000, int(place.option("status", "200")), place.option("text", "")
    wrong = answer.status != wanted
    lacks = bool(words) and words not in answer.text()
    slow = took >= parameters["slow"]
    finding = f"Answers {answer.status} in {took:.0f} ms"
    if wrong:
        finding += f", {wanted} is expected"
    if lacks:
        finding += ", without the expected words"
    severity: Severity = "bad" if wrong or lacks else "warn" if slow else "ok"
    if slow and severity == "warn":
        finding += f", slow from {parameters['slow']} ms"
    rows: Rows = [
        ["status", answer.status],
        ["milliseconds", round(took)],
        ["bytes", len(answer.body)],
        ["type", answer.headers.get("Content-Type", "")[:80]],
    ]
    return Result(
        finding=finding,
        severity=severity,
        text="\n".join([finding, *(f"  {name}: {value}" for name, value in rows)]),
        columns=["what", "value"],
        rows=rows,
        numbers={"status": answer.status, "milliseconds": round(took, 1)},
        figure="milliseconds",
        next_step="Look at the service's own log and at what changed last (recent-deploys)." if severity == "bad" else "",
    )


def tls(place: Place, parameters: dict[str, Any]) -> Result:
    """Days that the certificate is still good for, and whether a browser would take it."""
    trusted, why = _handshake(place, ssl.create_default_context())
    if trusted is None:
        open_to_all = ssl.create_default_context()
        open_to_all.check_hostname, open_to_all.verify_mode = False, ssl.CERT_NONE
        raw, _ = _handshake(place, open_to_all)
        if raw is None:
            raise troubles.unreachable(place, "tls")
    else:
        raw = trusted
    certificate = x509.load_der_x509_certificate(raw)
    left = (certificate.not_valid_after_utc - datetime.now(UTC)).total_seconds() / 86_400
    days = math.floor(left)
    expired, soon = left < 0, left < parameters["days"]
    state = f"expired {-days} days ago" if expired else f"is good for {days} days"
    finding = f"The certificate {state}" + (f", but is not trusted: {why}" if trusted is None and not expired else "")
    names = ", ".join(_names(certificate))[:300]
    rows = [["until", f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"], ["names", names], ["from", certificate.issuer.rfc4514_string()[:200]]]
    return Result(
        finding=finding,
        severity="bad" if expired or trusted is None else "warn" if soon else "ok",
        text="\n".join([finding, *(f"  {name}: {value}" for name, value in rows)]),
        columns=["what", "value"],
        rows=rows,
        numbers={"days_left": days},
        figure="days_left",
        next_step="Renew the certificate, and see why it was not renewed by itself."
        if expired or soon
        else ""
        if trusted
        else "Install the right certificate with its chain.",
    )


def _renewal(ends: bool, is_trusted: bool) -> str:
    if ends:
        return "Renew the certificate, and see why it was not renewed by itself."
    return "" if is_trusted else "Install the right certificate with its chain."


def _handshake(place: Place, context: ssl.SSLContext) -> tuple[bytes | None, str]:
    """The peer's certificate (DER), or None and why it is not accepted. Raises: Trouble, Unreachable."""
    connected = outbound.connect(place.host, place.port, kind="named", timeout=WAIT)
    try:
        connected.settimeout(WAIT)
        with context.wrap_socket(connected, server_hostname=place.host) as secured:
            return secured.getpeercert(binary_form=True), ""
    except ssl.SSLCertVerificationError as trouble:
        return None, CODES.get(trouble.verify_code, "its chain cannot be verified")
    except TimeoutError:
        raise troubles.unreachable(place, "timed_out", seconds=WAIT) from None
    except (ssl.SSLError, OSError):
        raise Trouble(
            f"{troubles.name_of(place)} does not speak TLS on its port", "See whether the port is right and whether TLS is set up there."
        ) from None
    finally:
        connected.close()


CODES = {10: "it has expired", 18: "it is signed by itself", 19: "its root is not known", 20: "its issuer is not known", 62: "it is for another name"}


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in found]


def dns(place: Place, parameters: dict[str, Any]) -> Result:
    """The addresses of the name; compared with those in the target's options, if any are named there."""
    began = time.monotonic()
    found = sorted({str(address[0]) for address in outbound.resolve(place.host, place.port, kind="named", timeout=WAIT)})
    took = (time.monotonic() - began) * 1000
    wanted = sorted(map(str, place.options.get("addresses", [])))
    other = bool(wanted) and wanted != found
    missing = [[address, "missing"] for address in wanted if address not in found]
    finding = f"{len(found)} addresses in {took:.0f} ms" + (", others than expected" if other else "")
    return Result(
        finding=finding,
        severity="bad" if other else "warn" if took >= parameters["slow"] else "ok",
        text="\n".join([finding, *(f"  - {address}" for address in found)]),
        columns=["address", "expected"],
        rows=[[address, "yes" if address in wanted else "no" if wanted else ""] for address in found] + missing,
        numbers={"addresses": len(found), "milliseconds": round(took, 1)},
        figure="milliseconds",
        next_step="See who changed the record, and whether caches still hold the old one." if other else "",
    )


def tcp(place: Place, parameters: dict[str, Any]) -> Result:
    began = time.monotonic()
    connected = outbound.connect(place.host, place.port, kind="named", timeout=WAIT)
    took = (time.monotonic() - began) * 1000
    connected.close()
    slow = took >= parameters["slow"]
    finding = f"The port opens in {took:.0f} ms" + (f", slow from {parameters['slow']} ms" if slow else "")
    return Result(
        finding=finding,
        severity="warn" if slow else "ok",
        text=finding,
        numbers={"milliseconds": round(took, 1)},
        figure="milliseconds",
        next_step="The way there is long or crowded: compare with another host." if slow else "",
    )


def _diagnostic(slug: str, title: str, about: str, icon: str, probe: Any, parameter: Whole, *, on_incident: bool = False) -> Diagnostic:
    return Diagnostic(slug, title, about, icon, "reads", ("http",), 12, probe, (parameter,), on_incident=on_incident)


HTTP_CHECK = _diagnostic("http-check", "HTTP check", "Does it answer, with the right status, and how fast.", "globe", http, SLOW, on_incident=True)
TLS_EXPIRY = _diagnostic(
    "tls-expiry",
    "Certificate",
    "For how long the certificate is good, and whether it is trusted.",
    "shield-check",
    tls,
    Whole("days", "Look at it below", default=21, minimum=1, maximum=365, unit="days"),
)
DNS_LOOKUP = _diagnostic("dns-lookup", "DNS", "Which addresses a name has, and whether they are the expected ones.", "map-pin", dns, SLOW)
TCP_CONNECT = _diagnostic("tcp-connect", "TCP port", "Does the port open, and how fast.", "plug", tcp, SLOW)
