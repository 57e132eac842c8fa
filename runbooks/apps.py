from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    name = "runbooks"

    def ready(self) -> None:
        from portal import due
        from portal.api import router
        from portal.markdown.rerender import Text, texts
        from portal.search.documents import sources
        from portal.seeding import chapters
        from runbooks import editing, searching, starting
        from runbooks.api import RunbookViewSet
        from runbooks.diagnostics import api, runs
        from runbooks.diagnostics import starting as targets
        from runbooks.diagnostics.probes.jobs import STALE_JOBS
        from runbooks.diagnostics.registry import diagnostics
        from runbooks.first_steps import put_on_shelf as put_first_steps
        from runbooks.models import Runbook, Section

        texts.put(editing.BODY, Text(Runbook, "body"))
        texts.put(editing.SECTION, Text(Section, "body", prefix=lambda section: section.prefix))
        sources.put("runbooks", searching.everything)
        router.register("runbooks", RunbookViewSet)
        due.register(runs.RUN, runs.work, lease=runs.LEASE, pool="work", on_expiry="lost", lost=runs.lose)
        diagnostics.put(STALE_JOBS.slug, STALE_JOBS)
        chapters.put("runbooks", starting.lay_out)
        chapters.put("targets", targets.lay_out)
        router.register("diagnostics", api.DiagnosticViewSet, basename="diagnostic")
        router.register("runs", api.RunViewSet, basename="run")
        put_first_steps()
