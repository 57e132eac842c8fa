from django.urls import path

from postmortems import insights_views as views

urlpatterns = [
    path("analytics/", views.analytics, name="analytics"),
    path("analytics.csv", views.analytics_csv, name="analytics-csv"),
    path("analytics.json", views.analytics_json, name="analytics-json"),
]
