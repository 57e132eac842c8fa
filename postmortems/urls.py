from django.urls import path

from postmortems import desk_views, feedback_views, reading_views, views

urlpatterns = [
    path("", views.postmortem_list, name="postmortem-list"),
    path("start/<int:incident>/", views.postmortem_start, name="postmortem-start"),
    path("feedback/<slug:slug>/", feedback_views.say, name="runbook-feedback"),
    path("missing/<int:pk>/", feedback_views.missing, name="runbook-missing"),
    path("five/<slug:slug>/", reading_views.five, name="postmortem-five"),
    path("<int:pk>/read/", reading_views.read, name="postmortem-read"),
    path("<int:pk>/", views.postmortem_detail, name="postmortem-detail"),
    path("<int:pk>/review/", views.postmortem_review, name="postmortem-review"),
    path("<int:pk>/export.md", views.postmortem_export, name="postmortem-export"),
    path("<int:pk>/page/", views.postmortem_page, name="postmortem-page"),
    path("<int:pk>/leave-out/", desk_views.leave_out, name="postmortem-leave-out"),
    path("<int:pk>/answer/", desk_views.answer, name="postmortem-answer"),
    path("<int:pk>/comments/", desk_views.comment, name="postmortem-comment"),
    path("<int:pk>/comments/<int:comment>/settle/", desk_views.comment_settle, name="postmortem-comment-settle"),
    path("<int:pk>/waive/", desk_views.waive, name="postmortem-waive"),
    path("<int:pk>/pictures/", desk_views.picture_add, name="postmortem-picture-add"),
    path("<int:pk>/pictures/<int:picture>/", desk_views.picture, name="postmortem-picture"),
]
