from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import celery, due, house, measures  # noqa: F401  (shared tasks find their application)
        from portal.markdown import rerender

        due.register(rerender.DUE, rerender.handle, lease=rerender.LEASE, pool="work")
        house.put_on_shelf()
        measures.put_on_shelf()
