from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import celery, decision_api, due, first_steps, house, kept, measures, probe, retention  # noqa: F401  (shared tasks find their application)
        from portal.api import router
        from portal.doctor import CHECKS, Check
        from portal.markdown import rerender
        from portal.seeding import chapters

        due.register(rerender.DUE, rerender.handle, lease=rerender.LEASE, pool="work")
        due.register(retention.PURGE, retention.handle, lease=retention.LEASE, pool="work")
        due.register(probe.PROBE, probe.travel, lease=probe.LEASE)
        CHECKS.put("probe", Check(probe.travels, "paging"))
        CHECKS.put("audit", Check(probe.audits_pass, "paging"))
        CHECKS.put("heartbeat", Check(probe.somebody_elsewhere_hears, "paging"))
        house.put_on_shelf()
        kept.put_on_shelf()
        measures.put_on_shelf()
        chapters.put("retention", retention.lay_out)
        chapters.put("resources", first_steps.lay_out_resources)
        router.register("decisions", decision_api.DecisionViewSet, basename="decision")
