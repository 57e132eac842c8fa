from django.urls import path

from portal.notify import views

urlpatterns = [
    path("methods/add/", views.method_add, name="method-add"),
    path("methods/<int:pk>/test/", views.method_test, name="method-test"),
    path("methods/<int:pk>/remove/", views.method_remove, name="method-remove"),
    path("methods/<int:pk>/first/", views.method_first, name="method-first"),
    path("rules/add/", views.rule_add, name="own-rule-add"),
    path("rules/<int:pk>/remove/", views.rule_remove, name="own-rule-remove"),
    path("quiet-hours/", views.quiet_hours, name="quiet-hours"),
    path("messages/", views.message_log, name="message-log"),
    path("messages/<int:pk>/", views.message_log, name="message-log-of"),
]
