"""`manage.py diagnose stale-jobs --age 300`: run a diagnostic here and now."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from runbooks.diagnostics import guard, registry, working
from runbooks.diagnostics.probes import logs
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result
from runbooks.models import DiagnosticRun, Preview

FROM_STDIN = {"errors": False, "error-templates": True}  # slug: whether messages are mined for templates


class Command(BaseCommand):
    help = (
        "Run a diagnostic and print what it finds. Exit status 0 when it could look, whatever it found. "
        "What changes something is previewed first; --confirm TOKEN --reason TEXT carries it out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        each = parser.add_subparsers(dest="diagnostic", required=True, metavar="DIAGNOSTIC")
        for slug, diagnostic in registry.diagnostics:
            sub = each.add_parser(slug, help=diagnostic.about)
            for parameter in diagnostic.parameters:
                asked = f"{parameter.label.lower()}{f', in {parameter.unit}' if parameter.unit else ''}"
                known = "" if parameter.default is None else f" (default {parameter.default})"
                told = f"{asked}{known}".replace("%", "%%")
                sub.add_argument(f"--{parameter.name}", dest=f"p_{parameter.name}", default=parameter.default, help=told)
            sub.add_argument("--target", default="", help="name of the target, where there are several")
            sub.add_argument("--about", default="", help="what it is about, such as incident:142")
            sub.add_argument("--json", action="store_true", help="an object that fits the schema which --schema prints")
            sub.add_argument("--schema", action="store_true", help="print the JSON schema of the answer, look at nothing")
            if slug in FROM_STDIN:
                sub.add_argument("--stdin", action="store_true", help="read the log from standard input, the whole of it; kept nowhere")
            if diagnostic.kind == "changes":
                sub.add_argument("--confirm", default="", metavar="TOKEN", help="carry out what the preview with this token showed")
                sub.add_argument("--reason", default="", help="why, in at least 10 characters")
                sub.add_argument("--alone", action="store_true", help="nobody else is there; the reason goes to the decision log")
                sub.add_argument("--as", dest="acting", default="", metavar="EMAIL", help="who you are")

    def handle(self, *args: Any, **options: Any) -> None:
        diagnostic = registry.find(options["diagnostic"])
        if options["schema"]:
            self.stdout.write(json.dumps(diagnostic.output_schema, indent=2))
            return
        try:
            self._run(diagnostic, options)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _run(self, diagnostic: Diagnostic, options: dict[str, Any]) -> None:
        given = {parameter.name: options[f"p_{parameter.name}"] for parameter in diagnostic.parameters}
        if options.get("stdin"):
            result = logs.of_stream(sys.stdin.buffer, diagnostic.read(given), templates=FROM_STDIN[diagnostic.slug])
            self._print(diagnostic, "standard input", DiagnosticRun.State.DONE, working.clean(result, ()), options)
            return
        by = self._acting(options.get("acting", ""))
        if options.get("confirm"):
            act = guard.confirm(options["confirm"], reason=options["reason"], alone=options["alone"], by=by, at=clock.now(), here=True)
            run, result = working.work_here(act, clock.now())
        else:
            run, result = working.run_here(diagnostic.slug, given=given, target=options["target"], about=options["about"], by=by, at=clock.now())
        self._print(diagnostic, str(run.target or ""), run.state, result, options)
        preview = Preview.objects.filter(run=run).select_related("run__target__service").first()
        if preview and not options["json"]:
            self.stdout.write(f"Token: {guard.token_of(preview)}")
            second = (
                " Tier 1: another person has to agree on the page of run {run.pk}, or add --alone --as EMAIL." if guard.needs_second(preview) else ""
            )
            self.stdout.write(f"Within two minutes: --confirm TOKEN --reason TEXT.{second.format(run=run)}")

    def _acting(self, email: str) -> User | None:
        if not email:
            return None
        found = User.objects.filter(email__iexact=email, is_active=True).first()
        if found is None:
            raise CommandError(f"There is no account {email}.")
        return found

    def _print(self, diagnostic: Diagnostic, target: str, state: str, result: Result, options: dict[str, Any]) -> None:
        if not options["json"]:
            self.stdout.write(result.text)
            return
        kept = result.as_json()
        shown = {"diagnostic": diagnostic.slug, "target": target, "state": str(state)}
        names = ("severity", "finding", "next_step", "numbers", "columns", "rows", "blocks", "document")
        self.stdout.write(json.dumps(shown | {name: kept[name] for name in names}, indent=2, ensure_ascii=False))
