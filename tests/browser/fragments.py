"""A URL configuration with pages that refuse, break and answer fragments, for `test_fragments.py`."""

from __future__ import annotations

from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from portal.errors import Invalid, NotAllowed
from portal.urls import handler400, handler403, handler404, handler500  # noqa: F401  (Django looks for them here)

PAGE = """{% extends "base.html" %}
{% block title %}Try{% endblock %}
{% block main %}<h1>Try</h1>
<form hx-post="{{ target }}" hx-target="#result">{% csrf_token %}
<label class="f" for="note">Note</label><input class="inp" id="note" name="note">
<button class="btn">Send</button></form>
<div id="result">nothing yet</div>{% endblock %}"""


def page(request, target):
    return HttpResponse(engines["django"].from_string(PAGE).render({"target": f"/{target}/"}, request))


def saved(request):
    return HttpResponse(f"saved by {request.user}", headers={"HX-Trigger": '{"toast": "Note saved"}'})


def refused(request):
    raise Invalid("A note needs ten characters.")


def invalid_form(request):
    return HttpResponse("the form again, with its errors", status=422)


def forbidden(request):
    raise NotAllowed("Only leads may do this.")


def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [
    path("page/<str:target>/", page),
    path("saved/", saved),
    path("refused/", refused),
    path("invalid/", invalid_form),
    path("forbidden/", forbidden),
    path("broken/", broken),
    path("", include("portal.urls")),
]
