from django.apps import AppConfig


class OnCallConfig(AppConfig):
    name = "oncall"
    verbose_name = "On call"

    def ready(self) -> None:
        from oncall import (
            api,
            calendar_views,
            checklists,
            covering_api,
            escalation_api,
            handing_over,
            handoffs,
            joining,
            leaving,
            panels,
            readiness,
            searching,
            starting,
            tokens_api,
        )
        from oncall.first_steps import put_on_shelf as put_first_steps
        from portal.accounts.joining import teams
        from portal.accounts.leaving import duties
        from portal.accounts.profile import SECTIONS
        from portal.api import router
        from portal.doctor import CHECKS, Check
        from portal.home.needs import needs
        from portal.home.panels import panels as home
        from portal.notify.methods import proved
        from portal.search.documents import sources
        from portal.seeding import chapters
        from portal.web.panels import Panel, rail

        teams.put("teams", joining.WAY)
        duties.put("on call", leaving.DUTY)
        chapters.put("on call", starting.lay_out)
        sources.put("services", searching.everything)
        needs.put("checklists", panels.needs_of_checklists)
        needs.put("hand-offs", panels.needs_of_handoffs)
        needs.put("swaps", panels.needs_of_swaps)
        proved.put("checklists", checklists.proved_by_tap)
        handoffs.SECTIONS.put("unticked checks", handing_over.UNTICKED)
        SECTIONS.put(calendar_views.ABSENCES, Panel("oncall/_absences.html", calendar_views.absences_section, order=30))
        SECTIONS.put(calendar_views.CALENDARS, Panel("oncall/_calendars.html", calendar_views.calendars_section, column="side", order=40))
        CHECKS.put("people are reachable", Check(readiness.people_are_reachable, "paging"))
        CHECKS.put("rotations without a hole", Check(readiness.no_holes_ahead, "paging"))
        CHECKS.put("channels hand over", Check(readiness.messages_arrive, "paging"))
        rail.put("on call", Panel("oncall/_rail.html", panels.who_is_on_call))
        home.put("on-call", Panel("oncall/_home.html", panels.who_is_on_call, column="side"))
        router.register("teams", api.TeamViewSet)
        router.register("tokens", tokens_api.TokenViewSet, basename="token")
        router.register("memberships", escalation_api.MembershipViewSet, basename="membership")
        router.register("escalation-policies", escalation_api.EscalationPolicyViewSet, basename="escalation-policy")
        router.register("checklist-templates", escalation_api.ChecklistTemplateViewSet, basename="checklist-template")
        router.register("services", api.ServiceViewSet)
        router.register("rotations", api.RotationViewSet)
        router.register("layers", covering_api.LayerViewSet)
        router.register("overrides", covering_api.OverrideViewSet)
        router.register("swaps", covering_api.SwapViewSet)
        router.register("absences", covering_api.AbsenceViewSet, basename="absence")
        router.register("handoffs", covering_api.HandoffViewSet)
        router.register("checklists", api.ChecklistViewSet, basename="checklist")
        put_first_steps()
