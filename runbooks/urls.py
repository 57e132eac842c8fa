from django.urls import URLPattern, URLResolver, path

from runbooks import editing_views, following_views, library_views, views

NUMBER = "following/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.runbook_list, name="runbook-list"),
    path("files/<slug:source>/<path:path>", views.runbook_file, name="runbook-file"),
    path("import/", library_views.import_archive, name="runbook-import"),
    path("new/", editing_views.runbook_new, name="runbook-new"),
    path("suggestions/<int:pk>/", editing_views.suggestion, name="runbook-suggestion"),
    path("rules/", library_views.rules, name="runbook-rules"),
    path(f"{NUMBER}/step/", following_views.mark_step, name="runbook-step"),
    path(f"{NUMBER}/blanks/", following_views.fill_blanks, name="runbook-blanks"),
    path("<slug:slug>/edit/", editing_views.runbook_edit, name="runbook-edit"),
    path("<slug:slug>/suggest/", editing_views.runbook_suggest, name="runbook-suggest"),
    path("<slug:slug>/follow/", following_views.follow, name="runbook-follow"),
    path("<slug:slug>/review/", following_views.review, name="runbook-review"),
    path("<slug:slug>/conflict/", library_views.conflict, name="runbook-conflict"),
    path("<slug:slug>/", views.runbook_detail, name="runbook-detail"),
]
