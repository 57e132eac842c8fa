from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from incidents import paging, searching
        from portal import due
        from portal.notify import outbox
        from portal.search.documents import access_keys, sources

        due.register(paging.ESCALATE, paging.escalate, lease=paging.LEASE)
        due.register(paging.PASS_ON, paging.pass_on, lease=paging.LEASE)
        outbox.gave_up.put("page", paging.page_given_up)
        sources.put("incidents", searching.everything)
        access_keys.put("incidents", searching.access_keys)
