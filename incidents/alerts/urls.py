from django.urls import URLPattern, URLResolver, path

from incidents.alerts.views import alertmanager_hook

# Both with and without the slash: a redirect would turn the POST into a GET and lose the alert.
urlpatterns: list[URLPattern | URLResolver] = [
    path("alertmanager/<str:source>/", alertmanager_hook, name="hook-alertmanager"),
    path("alertmanager/<str:source>", alertmanager_hook, name="hook-alertmanager-bare"),
]
