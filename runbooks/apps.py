from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    name = "runbooks"

    def ready(self) -> None:
        from portal import due
        from portal.api import router
        from portal.seeding import chapters
        from runbooks.diagnostics import api, runs, starting
        from runbooks.diagnostics.probes.jobs import STALE_JOBS
        from runbooks.diagnostics.registry import diagnostics

        due.register(runs.RUN, runs.work, lease=runs.LEASE, pool="work", on_expiry="lost", lost=runs.lose)
        diagnostics.put(STALE_JOBS.slug, STALE_JOBS)
        chapters.put("targets", starting.lay_out)
        router.register("diagnostics", api.DiagnosticViewSet, basename="diagnostic")
        router.register("runs", api.RunViewSet, basename="run")
