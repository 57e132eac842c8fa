from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "portal.notify"
    verbose_name = "messages"
    label = "notify"

    def ready(self) -> None:
        from portal import due
        from portal.accounts.profile import SECTIONS
        from portal.api import router
        from portal.notify import api, outbox, views
        from portal.web.panels import Panel

        due.register(outbox.SEND, outbox.send, lease=outbox.LEASE, pool="paging")
        SECTIONS.put(views.METHODS, Panel("notify/_methods.html", views.methods_section, order=10))
        SECTIONS.put(views.TIMES, Panel("notify/_times.html", views.times_section, order=20))
        router.register("messages", api.MessageViewSet, basename="message")
