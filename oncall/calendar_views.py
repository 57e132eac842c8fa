"""Calendars: the feed behind a secret address, and on the profile absences, country and addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from oncall import feeds, forms, ics, importing
from oncall.models import Absence, Calendar, Feed, Rotation
from portal import clock
from portal.accounts import profile
from portal.accounts.acting import acting
from portal.accounts.models import User

ABSENCES, CALENDARS = "absences", "calendars"


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar as text/calendar. A wrong, revoked or ownerless address is 404."""
    now = clock.now()
    found = feeds.find(secret, now)
    if found is None:
        raise Http404
    headers = {"Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store", "Content-Disposition": 'inline; filename="on-call.ics"'}
    return HttpResponse(feeds.write(found, now), content_type="text/calendar; charset=utf-8", headers=headers)


def absences_section(user: User, now: datetime) -> dict[str, Any]:
    """2 queries."""
    calendar = Calendar.objects.filter(person=user).first() or Calendar(person=user)
    mine = Absence.objects.filter(person=user, ends_at__gt=now)
    return {"absences": mine, "calendar": calendar, "form": forms.AbsenceForm(), "calendar_form": forms.CalendarForm(instance=calendar)}


def calendars_section(user: User, now: datetime) -> dict[str, Any]:
    """1 query."""
    return {"feeds": Feed.objects.filter(owner=user, revoked_at=None).select_related("rotation"), "rotations": Rotation.objects.all()}


@require_POST
def absence_add(request: HttpRequest) -> HttpResponse:
    user, form = acting(request), forms.AbsenceForm(request.POST)
    if not form.is_valid():
        return profile.show(request, status=422, **{ABSENCES: {"form": form}})
    starts_at, ends_at = form.span(user.zone)
    Absence.objects.create(person=user, starts_at=starts_at, ends_at=ends_at, note=form.cleaned_data["note"])
    messages.success(request, "Noted. Rotations show it before they are saved; cover your shifts in it.")
    return redirect("profile")


@require_POST
def absence_remove(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Absence, pk=pk, person=acting(request)).delete()
    return redirect("profile")


@require_POST
def absence_import(request: HttpRequest) -> HttpResponse:
    """Absences of a calendar file."""
    form, user = forms.FileForm(request.POST, request.FILES), acting(request)
    said = "Choose a calendar file (.ics)."
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            count = importing.absences(user, upload.read(ics.LARGEST + 1), upload.name[:100], at=clock.now())
        except ics.Unreadable as refusal:
            said = str(refusal)
        else:
            messages.success(request, f"{count} absences imported.")
            return redirect("profile")
    return profile.show(request, status=422, absences={"file_said": said})


@require_POST
def calendar_save(request: HttpRequest) -> HttpResponse:
    """The country, and the address from which absences are read."""
    user = acting(request)
    form = forms.CalendarForm(request.POST, instance=Calendar.objects.filter(person=user).first() or Calendar(person=user))
    if not form.is_valid():
        return profile.show(request, status=422, **{ABSENCES: {"calendar_form": form}})
    calendar = form.save(commit=False)
    calendar.read_at = None  # read at once
    calendar.save()
    return redirect("profile")


@require_POST
def feed_make(request: HttpRequest) -> HttpResponse:
    """A new secret address, shown once; `rotation` empty: my own shifts."""
    wanted = request.POST.get("rotation", "")
    rotation = get_object_or_404(Rotation, pk=int(wanted[:18])) if wanted.isascii() and wanted.isdigit() else None
    _, secret = feeds.make(acting(request), rotation, at=clock.now())
    return profile.show(request, calendars={"address": f"{settings.BASE_URL}/oncall/feeds/{secret}.ics"})


@require_POST
def feed_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    mine = get_object_or_404(Feed, pk=pk, owner=acting(request), revoked_at=None)
    feeds.revoke(mine.owner, mine.rotation, at=clock.now())
    return redirect("profile")
