"""The process that formats: one, clean, replaceable."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from portal.markdown import limits, render, worker


@pytest.fixture
def own(monkeypatch):
    """A worker of this test's own."""
    new = worker.Worker()
    monkeypatch.setattr(worker, "_worker", new)
    yield new
    new.close()


def test_it_starts_when_first_needed_and_then_stays(own):
    assert own.child is None

    render.to_html("a")
    first = own.child.process.pid
    render.to_html("b")

    assert own.child.process.pid == first


def test_one_killed_while_idle_is_replaced(own):
    render.to_html("a")
    own.child.process.kill()
    own.child.process.wait()

    assert render.to_html("*b*").html == "<p><em>b</em></p>"


def test_one_killed_at_work_gives_a_plain_text_that_is_to_be_rendered_again(own, monkeypatch):
    render.to_html("a")
    os.kill(own.child.process.pid, signal.SIGSTOP)
    threading.Timer(0.1, own.child.process.kill).start()

    result = render.to_html("*b*")

    assert result.plain and result.busy and result.key != render.key_of("*b*")
    assert render.may_show(result.key) and "*b*" in result.html
    assert not render.to_html("*b*").plain


def test_who_waits_too_long_for_another_text_gets_it_plain_for_now(own):
    with own.lock:
        started = time.monotonic()
        result = render.to_html("*b*")

    assert 0.3 < time.monotonic() - started < 1
    assert result.busy and "not formatted yet" in result.html


def test_it_is_recycled(own, monkeypatch):
    monkeypatch.setattr(limits, "RENDERS", 2)
    render.to_html("a")
    first = own.child.process.pid

    render.to_html("b")
    assert own.child.process.pid == first
    render.to_html("c")

    assert own.child.process.pid != first


def test_it_holds_no_secret_and_is_limited(own, monkeypatch):
    monkeypatch.setenv("PORTAL_SECRET_KEY", "canary")
    render.to_html("a")
    proc = Path(f"/proc/{own.child.process.pid}")

    names = {line.split("=")[0] for line in proc.joinpath("environ").read_text().split("\0") if line}
    bounds = {line.split("  ")[0]: line.split()[3] for line in proc.joinpath("limits").read_text().splitlines()[1:] if line.startswith("Max address")}

    assert names == {"PATH", "LANG"}
    assert bounds["Max address space"] == str(limits.MEMORY)


def test_its_modules_import_no_django():
    code = "import sys, portal.markdown.child; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], cwd=worker._ROOT).returncode == 0


def test_it_ends_when_its_parent_is_killed():
    start = "from portal.markdown import worker; child = worker.Child(); child.await_ready(9); print(child.process.pid, flush=True)"
    code = f"import os, signal; {start}; os.kill(os.getpid(), signal.SIGKILL)"

    parent = subprocess.run([sys.executable, "-c", code], cwd=worker._ROOT, capture_output=True, text=True)

    assert parent.returncode == -signal.SIGKILL
    assert gone_within(5, int(parent.stdout))


def test_a_forked_process_has_one_of_its_own(own):
    render.to_html("a")
    read, write = os.pipe()

    pid = os.fork()
    if pid == 0:
        try:
            html = render.to_html("*forked*").html
            os.write(write, f"{worker._worker.child.process.pid} {html}".encode())
            worker._worker.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    child, html = os.read(read, 1000).decode().split(" ", 1)

    assert html == "<p><em>forked</em></p>" and int(child) != own.child.process.pid
    assert render.to_html("*here*").html == "<p><em>here</em></p>"


def gone_within(seconds, pid):
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False
