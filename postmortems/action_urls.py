from django.urls import path

from postmortems import action_views as views
from postmortems import reading_views

urlpatterns = [
    path("", views.action_list, name="action-list"),
    path("actions.csv", views.action_csv, name="action-csv"),
    path("feed/", reading_views.feed, name="action-feed"),
    path("feed/revoke/", reading_views.feed_revoke, name="action-feed-revoke"),
    path("feed/<str:secret>.ics", reading_views.feed_ics, name="action-feed-ics"),
    path("<int:pk>/", views.action_detail, name="action-detail"),
    path("<int:pk>/begin/", views.action_begin, name="action-begin"),
    path("<int:pk>/done/", views.action_done, name="action-done"),
    path("<int:pk>/postpone/", views.action_postpone, name="action-postpone"),
    path("<int:pk>/decline/", views.action_decline, name="action-decline"),
    path("<int:pk>/verify/", views.action_verify, name="action-verify"),
    path("<int:pk>/reopen/", views.action_reopen, name="action-reopen"),
]
