"""Prove the shipped rules and routes with promtool and amtool: `python deploy/check.py`, or `make rules`.

Exits 1 at the first thing that is wrong. Where the two programs are missing it says so and exits 0; in CI that is 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}


def run(*command: str, cwd: Path) -> None:
    """Raises: SystemExit, with what the program printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603  (fixed programs)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(command)}\n{done.stdout}{done.stderr}")


def check(folder: Path) -> str:
    """The rules, their tests, the routing and its tests in a copy of `deploy/`; what was proven."""
    prometheus, alertmanager = folder / "prometheus", folder / "alertmanager"
    run("promtool", "check", "rules", "agent.rules.yml", cwd=prometheus)
    run("promtool", "test", "rules", "agent.rules.test.yml", cwd=prometheus)
    run("amtool", "check-config", "alertmanager.yml", cwd=alertmanager)
    run("amtool", "template", "render", "--template.glob=standby.tmpl", '--template.text={{ template "standby.text" . }}', cwd=alertmanager)
    routes = yaml.safe_load((alertmanager / "routes.yml").read_text())
    for route in routes:
        labels = [f"{name}={value}" for name, value in route["labels"].items()]
        asked = ["config", "routes", "test", "--config.file=alertmanager.yml", f"--verify.receivers={route['receivers']}"]
        run("amtool", *asked, *labels, cwd=alertmanager)
    rules = sum(len(group["rules"]) for group in yaml.safe_load((prometheus / "agent.rules.yml").read_text())["groups"])
    tests = len(yaml.safe_load((prometheus / "agent.rules.test.yml").read_text())["tests"])
    return f"{rules} rules with {tests} tests, {len(routes)} routes"


def main(arguments: list[str]) -> None:
    missing = [f"{program} (Debian: apt install {package})" for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        print(f"SKIPPED the shipped alert rules: not installed: {', '.join(missing)}")  # noqa: T201
        sys.exit(1 if os.environ.get("CI") else 0)
    print("shipped rules and routes:", check(Path(arguments[0]).resolve() if arguments else HERE), "proven")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
