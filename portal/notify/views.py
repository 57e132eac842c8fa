"""Contact methods on the profile, the page behind a test page's link, and what was sent to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import clock
from portal.accounts import profile
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.errors import Invalid
from portal.notify import forms, methods
from portal.notify.contact import ContactMethod, OwnRule, QuietHours
from portal.notify.models import Message
from portal.secrets import readable
from portal.web.throttle import refuse_too_often

METHODS, TIMES = "contact-methods", "when-paged"
LOG = 50  # messages a page
TESTS = 10  # test pages a minute


def methods_section(user: User, now: datetime) -> dict[str, Any]:
    """1 query."""
    mine = list(ContactMethod.objects.filter(owner=user))
    return {"methods": mine, "form": forms.AddMethod(user), "proven_since": now - methods.PROVEN_FOR}


def times_section(user: User, now: datetime) -> dict[str, Any]:
    """3 queries."""
    quiet = QuietHours.objects.filter(owner=user).first()
    rules = OwnRule.objects.filter(owner=user).select_related("method")
    return {"rules": rules, "quiet": quiet, "quiet_form": forms.Quiet(instance=quiet), "rule_form": forms.AddRule(user)}


@require_POST
def method_add(request: HttpRequest) -> HttpResponse:
    user = acting(request)
    form = forms.AddMethod(user, request.POST)
    if form.is_valid():
        refuse_too_often("test-page", user, a_minute=TESTS)
        try:
            method = methods.add(user, **form.cleaned_data, at=clock.now())
        except Invalid as refusal:
            form.add_error("address", str(refusal))
        else:
            methods.send_test(user, method, at=clock.now())
            messages.success(request, "A test page is on its way. Tap it, and this method is used for pages.")
            if method.kind == ContactMethod.Kind.WEBHOOK and not form.cleaned_data["secret"]:
                shown: dict[str, Any] = {"made": readable(method.secret), "methods": list(ContactMethod.objects.filter(owner=user))}
                return profile.show(request, status=200, **{METHODS: shown})
            return redirect("profile")
    return profile.show(request, status=422, **{METHODS: {"form": form}})


def _mine(request: HttpRequest, pk: int) -> ContactMethod:
    return get_object_or_404(ContactMethod, owner=acting(request), pk=pk)


@require_POST
def method_test(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` 0: the account's own e-mail."""
    refuse_too_often("test-page", acting(request), a_minute=TESTS)
    methods.send_test(acting(request), _mine(request, pk) if pk else None, at=clock.now())
    messages.success(request, "A test page is on its way. Open it and press its button.")
    return redirect(request.POST.get("next") if request.POST.get("next") in {"/paging/", "/oncall/"} else "profile")  # type: ignore[arg-type]


@require_POST
def method_remove(request: HttpRequest, pk: int) -> HttpResponse:
    methods.remove(acting(request), _mine(request, pk).pk)
    messages.success(request, "Removed.")
    return redirect("profile")


@require_POST
def method_first(request: HttpRequest, pk: int) -> HttpResponse:
    methods.put_first(acting(request), _mine(request, pk).pk)
    return redirect("profile")


@require_POST
def rule_add(request: HttpRequest) -> HttpResponse:
    form = forms.AddRule(acting(request), request.POST)
    if not form.is_valid():
        return profile.show(request, status=422, **{TIMES: {"rule_form": form}})
    form.save()
    return redirect("profile")


@require_POST
def rule_remove(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(OwnRule, owner=acting(request), pk=pk).delete()
    return redirect("profile")


@require_POST
def quiet_hours(request: HttpRequest) -> HttpResponse:
    """Set, or with `off` given up."""
    user = acting(request)
    existing = QuietHours.objects.filter(owner=user).first()
    if "off" in request.POST:
        QuietHours.objects.filter(owner=user).delete()
        return redirect("profile")
    form = forms.Quiet(request.POST, instance=existing or QuietHours(owner=user))
    if not form.is_valid():
        return profile.show(request, status=422, **{TIMES: {"quiet_form": form}})
    with transaction.atomic():
        form.save()
    return redirect("profile")


@require_http_methods(["GET", "HEAD", "POST"])
def test_page(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link proves nothing: mail scanners open links. Pressing the button does. No sign-in needed."""
    owner, method = methods.tested(token)
    if request.method == "POST":
        methods.prove(owner, method, at=clock.now())
    return render(request, "notify/test_page.html", {"owner": owner, "method": method, "proven": request.method == "POST"})


@require_safe
def message_log(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """What was sent to a person, newest first, with every attempt, or why nothing was sent. One's own; administrators see everybody's."""
    reader = acting(request)
    person = get_object_or_404(User, pk=pk) if pk and pk != reader.pk else reader
    if person != reader and not reader.at_least(Role.ADMIN):
        raise Http404
    found = Message.objects.filter(recipient=person).select_related("method").prefetch_related("attempts")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        found = found.filter(pk__lt=int(before[:18]))
    sent = list(found[: LOG + 1])
    context = {"person": person, "sent": sent[:LOG], "older": sent[LOG - 1].pk if len(sent) > LOG else None, "now": clock.now()}
    return render(request, "notify/messages.html", context)
