from django.urls import URLPattern, URLResolver, path

from runbooks import offline

urlpatterns: list[URLPattern | URLResolver] = [
    path("", offline.page, name="offline"),
    path("<path:name>", offline.page, name="offline-page"),
]
