from django.apps import AppConfig


class OnCallConfig(AppConfig):
    name = "oncall"
    verbose_name = "on call"

    def ready(self) -> None:
        from oncall import starting
        from portal.seeding import chapters

        chapters.put("on call", starting.lay_out)
