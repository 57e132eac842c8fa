from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    name = "runbooks"

    def ready(self) -> None:
        from oncall import handoffs, proofs
        from portal import doctor, due
        from portal.api import router
        from portal.decisions import kinds as decisions
        from portal.home.needs import needs
        from portal.retention import kinds
        from portal.search.documents import sources
        from portal.seeding import chapters
        from runbooks import change_api, freshness, handing_over, kept, library_shelves, proving, searching, starting, suggesting
        from runbooks.api import RunbookViewSet
        from runbooks.diagnostics import api, checks, facts, guard_api, registry, runs, schedules, working
        from runbooks.diagnostics import searching as run_searching
        from runbooks.diagnostics import starting as targets
        from runbooks.first_steps import put_on_shelf as put_first_steps

        proofs.kinds.put(proofs.DIAGNOSTIC, proving.PROOF)
        handoffs.SECTIONS.put("stale runbooks", handing_over.STALE)
        kinds.put("diagnostic-output", kept.OUTPUT)
        library_shelves.put_on_shelf()
        needs.put("suggested edits", suggesting.needs)
        sources.put("runbooks", searching.everything)
        router.register("runbooks", RunbookViewSet)
        due.register(runs.RUN, working.work, lease=working.LEASE, pool="work", on_expiry="lost", lost=working.lose)
        due.register(schedules.ASK, schedules.ask, lease=schedules.LEASE, pool="work")
        runs.finished.put("freshness", freshness.prove_by_run)
        runs.finished.put("checklists", proving.by_run)
        registry.load()
        facts.facts.put("queue-depth", facts.last_look)
        facts.facts.put("redis-health", facts.last_look)
        facts.facts.put("recent-deploys", facts.recorded_changes)
        sources.put("runs", run_searching.everything)
        decisions.put("changed_alone", "Changed something without a second person")
        doctor.CHECKS.put("targets of diagnostics", doctor.Check(checks.all_targets))
        doctor.CHECKS.put("diagnostics", doctor.Check(checks.plugins))
        chapters.put("runbooks", starting.lay_out)
        chapters.put("targets", targets.lay_out)
        router.register("diagnostics", api.DiagnosticViewSet, basename="diagnostic")
        router.register("runs", api.RunViewSet, basename="run")
        router.register("targets", api.TargetViewSet, basename="target")
        router.register("schedules", api.ScheduleViewSet, basename="schedule")
        router.register("changes", change_api.ChangeViewSet, basename="change")
        router.register("previews", guard_api.PreviewViewSet, basename="preview")
        put_first_steps()
