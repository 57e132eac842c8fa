from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from incidents import (
            alert_api,
            api,
            around,
            attention,
            auditing,
            auto_runs,
            closing,
            handing_over,
            measures,
            paging,
            panels,
            patterns,
            policies,
            searching,
        )
        from incidents.alerts import api as alerts
        from incidents.alerts.starting import put_on_shelves as put_alerts
        from incidents.first_steps import put_on_shelf as put_first_steps
        from incidents.fittings import put_on_shelves as put_command_centre
        from incidents.followed import put_on_shelf as put_followed
        from incidents.kept import put_on_shelf as put_kept
        from oncall import handoffs
        from portal import due
        from portal.api import router
        from portal.home.needs import needs
        from portal.home.panels import panels as home
        from portal.metrics import MEASURES
        from portal.notify import outbox
        from portal.probe import AUDITS
        from portal.search.documents import hidden_keys, sources
        from portal.seeding import chapters
        from portal.web.counts import counts, outside
        from portal.web.panels import Panel
        from runbooks.diagnostics import guard, runs

        due.register(paging.ESCALATE, paging.escalate, lease=paging.LEASE)
        due.register(paging.PASS_ON, paging.pass_on, lease=paging.LEASE)
        due.register(paging.ATTENTION, attention.watch, lease=paging.LEASE)
        handoffs.SECTIONS.put("open incidents", handing_over.OPEN)
        handoffs.SECTIONS.put("still firing", handing_over.FIRING)
        handoffs.SECTIONS.put("silences", handing_over.SILENCES)
        handoffs.SECTIONS.put("noisiest alerts", handing_over.NOISE)
        AUDITS.put("escalations", auditing.audit)
        outbox.gave_up.put("page", paging.page_given_up)
        sources.put("incidents", searching.everything)
        hidden_keys.put("incidents", policies.hidden_subjects)
        alert_api.put_on(router)
        router.register("incidents", api.IncidentViewSet, basename="incident")
        outside.put("open incidents", panels.open_outside)
        router.register("alerts", alerts.AlertViewSet, basename="alert")
        router.register("deliveries", alerts.DeliveryViewSet, basename="delivery")
        router.register("sources", alerts.SourceViewSet, basename="source")
        router.register("severity-rules", alerts.SeverityRuleViewSet, basename="severity-rule")
        counts.put("open incidents", panels.open_count)
        needs.put("pages", panels.needs_of_pages)
        home.put("open-incidents", Panel("incidents/_open_panel.html", panels.open_incidents, order=10))
        runs.hidden_subjects.put("incidents", policies.hidden_subjects)
        guard.practice_subjects.put("drills", policies.is_drill)
        due.register(auto_runs.RUN, auto_runs.ask, lease=auto_runs.LEASE, pool="work")
        panels.after.put("patterns", panels.IncidentPanel("incidents/_patterns.html", patterns.panel))
        panels.after.put("recent changes", panels.IncidentPanel("incidents/_around.html", around.panel))
        chapters.put("rules for diagnostics", auto_runs.lay_out)
        closing.gates.put("milestones", closing.missing_milestones)
        MEASURES.put("incidents", measures.incidents)
        MEASURES.put("alerts", measures.alerts)
        put_first_steps()
        put_kept()
        put_alerts()
        put_command_centre()
        put_followed()
