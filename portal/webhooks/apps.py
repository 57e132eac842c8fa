from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "portal.webhooks"
    verbose_name = "webhooks"
    label = "webhooks"

    def ready(self) -> None:
        from portal import due, journal
        from portal.api import router
        from portal.webhooks import api, sending, telling

        due.register(sending.SEND, sending.send, lease=sending.LEASE, pool="work")
        journal.listeners.put("webhooks", telling.tell)
        router.register("webhooks", api.WebhookViewSet, basename="webhook")
        router.register("webhook-deliveries", api.DeliveryViewSet, basename="webhook-delivery")
