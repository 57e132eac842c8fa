"""The verbs of the incident page. Each parses a form, calls a story, and answers with what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django import forms as django_forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from incidents import (
    asking,
    chat,
    checking,
    communications,
    forms,
    impact,
    lifecycle,
    meeting,
    merging,
    milestones,
    mitigating,
    policies,
    pulling,
    recording,
    restricting,
    roles,
    timeline,
)
from incidents.communications import Words
from incidents.models import Check, Copy, Incident, Mitigation, MitigationOption, Update
from incidents.models.incident import Cancelled, Status
from incidents.views import live_parts, visible
from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require

Form = TypeVar("Form", bound=django_forms.Form)
ONLY_RESPONDERS = "Responders may do that; your role only reads and declares."


def responding(request: HttpRequest, pk: int) -> Incident:
    incident = visible(request, pk)
    require(policies.can_respond(acting(request), incident), ONLY_RESPONDERS)
    return incident


def read(form: Form) -> Form:
    """Raises: Invalid, with the first thing that is wrong."""
    if not form.is_valid():
        field, found = next(iter(form.errors.items()))
        raise Invalid(str(found[0]) if len(str(found[0])) > 40 else f"{field.replace('_', ' ').capitalize()}: {found[0]}")
    return form


def done(request: HttpRequest, pk: int, *, to: str = "", toast: str = "") -> HttpResponse:
    """The parts that changed for htmx, the page without script."""
    if getattr(request, "htmx", False):
        response = live_parts(request, pk, seen=request.POST.get("seen", ""))
        if toast:
            response["HX-Trigger"] = f'{{"toast": "{toast}"}}'
        return response
    return redirect(reverse("incident-detail", args=[pk]) + to)


def utc(moment: datetime) -> datetime:
    """What a person typed without a zone is UTC, as the page says."""
    naive = timezone.make_naive(moment, timezone.get_current_timezone())
    return naive.replace(tzinfo=UTC)


@require_POST
def incident_ack(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    lifecycle.acknowledge(incident.pk, by=acting(request), at=clock.now())
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_status(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    form = read(forms.Move(request.POST))
    if form.cleaned_data["override"]:
        require(policies.can_override(acting(request), incident), "Only a lead of the team may close it although something is missing.")
    lifecycle.move(
        incident.pk,
        Status(form.cleaned_data["to"]),
        by=acting(request),
        at=clock.now(),
        expected=form.cleaned_data["expected"] or None,
        reason=form.cleaned_data["reason"],
        override=form.cleaned_data["override"],
    )
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_severity(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    form = read(forms.NewSeverity(request.POST))
    lifecycle.set_severity(incident.pk, form.cleaned_data["severity"], by=acting(request), at=clock.now(), reason=form.cleaned_data["reason"])
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    form = read(forms.Cancel(request.POST))
    cause = form.cleaned_data["cause"] or Cancelled.FALSE_ALARM
    lifecycle.cancel(incident.pk, by=acting(request), at=clock.now(), reason=form.cleaned_data["reason"], cause=cause)
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_merge(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    form = read(forms.Merge(request.POST))
    into = visible(request, form.cleaned_data["into"])
    merging.merge(incident.pk, into.pk, by=acting(request), at=clock.now(), reason=form.cleaned_data["reason"])
    return redirect("incident-detail", pk=into.pk)


@require_POST
def incident_split(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    merging.split(incident.pk, by=acting(request), at=clock.now(), reason=read(forms.Reason(request.POST)).cleaned_data["reason"])
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_restrict(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    restricting.restrict(incident.pk, named=read(forms.Restrict(request.POST)).cleaned_data["named"], by=acting(request), at=clock.now())
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_unrestrict(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    restricting.lift(incident.pk, by=acting(request), at=clock.now(), reason=read(forms.Reason(request.POST)).cleaned_data["reason"])
    return redirect("incident-detail", pk=pk)


@require_POST
def incident_roles(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    given = read(forms.RoleForm(request.POST)).cleaned_data
    if given["leave"]:
        roles.leave(incident.pk, given["role"], person=given["person"], by=acting(request), at=clock.now())
    else:
        roles.take(incident.pk, given["role"], person=given["person"], by=acting(request), at=clock.now(), state=given["state"])
    return done(request, pk)


@require_POST
def incident_impact(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    given = read(forms.ImpactForm(request.POST)).cleaned_data
    impact.set_impact(incident.pk, impact.Impact(**{**given, "currency": given["currency"] or incident.currency}), by=acting(request), at=clock.now())
    return done(request, pk)


@require_POST
def incident_milestone(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    given = read(forms.MilestoneForm(request.POST)).cleaned_data
    milestones.edit(incident.pk, given["name"], at_moment=utc(given["moment"]), by=acting(request), at=clock.now())
    return done(request, pk)


@require_POST
def incident_note(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    text = read(forms.Note(request.POST)).cleaned_data["text"]
    uploads = [(found.name or "file", found.file) for found in request.FILES.getlist("files") if found.file is not None]
    recording.note(incident.pk, text, by=acting(request), at=clock.now(), uploads=uploads)
    return done(request, pk, to="#timeline")


@require_http_methods(["GET", "HEAD", "POST"])
def incident_correct(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    incident = responding(request, pk)
    if request.method != "POST":
        found = get_object_or_404(timeline.story(incident), pk=entry)
        return render(request, "incidents/correct.html", {"incident": incident, "line": recording.lines([found])[0]})
    given = read(forms.Correction(request.POST)).cleaned_data
    happened_at = utc(given["happened_at"]) if given["happened_at"] else None
    recording.correct(incident.pk, entry, given["text"], by=acting(request), at=clock.now(), happened_at=happened_at)
    return redirect(reverse("incident-detail", args=[pk]) + f"#e{entry}")


@require_POST
def incident_pin(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    incident = responding(request, pk)
    if request.POST.get("off"):
        recording.unpin(incident.pk, entry)
    else:
        recording.pin(incident.pk, entry, by=acting(request), at=clock.now())
    return redirect(reverse("incident-detail", args=[pk]) + "#timeline")


@require_POST
def incident_check(request: HttpRequest, pk: int, check: int) -> HttpResponse:
    """`state`: ticked, open or skipped (with a reason)."""
    incident = responding(request, pk)
    found = get_object_or_404(Check, pk=check, incident=incident)
    state, by, at = request.POST.get("state", "ticked"), acting(request), clock.now()
    if state == Check.State.OPEN:
        checking.untick(found.pk, by=by, at=at)
    elif state == Check.State.SKIPPED:
        checking.skip(found.pk, request.POST.get("reason", ""), by=by, at=at)
    else:
        checking.tick(found.pk, by=by, at=at)
    return done(request, pk, to="#checklist")


@require_POST
def incident_update(request: HttpRequest, pk: int) -> HttpResponse:
    incident, now = responding(request, pk), clock.now()
    given = read(forms.UpdateForm(request.POST)).cleaned_data
    words = Words(
        kind=given["kind"],
        internal=given["internal"],
        public=given["public"],
        executive=given["executive"],
        next_at=now + timedelta(minutes=given["wait"]) if given["wait"] else None,
        lists=tuple(int(value) for value in request.POST.getlist("lists") if value.isdecimal() and len(value) < 19),
        on_status_page=given["on_status_page"],
        external=given["external"],
    )
    communications.post(incident.pk, words, key=given["key"], by=acting(request), at=now)
    return redirect(reverse("incident-detail", args=[pk]) + "#updates")


@require_POST
def incident_approve(request: HttpRequest, pk: int, update: int) -> HttpResponse:
    """`text`: another public text, which then has to be approved; else the approval of the one that was `seen`."""
    incident = responding(request, pk)
    found = get_object_or_404(Update, pk=update, incident=incident)
    if "text" in request.POST and request.POST["text"].strip().replace("\r\n", "\n") != found.public:
        communications.rewrite_public(found.pk, request.POST["text"], by=acting(request), at=clock.now())
    else:
        communications.approve(found.pk, seen=request.POST.get("seen_text", ""), by=acting(request), at=clock.now())
    return redirect(reverse("incident-detail", args=[pk]) + "#updates")


@require_POST
def incident_retry(request: HttpRequest, pk: int, copy: int) -> HttpResponse:
    incident = responding(request, pk)
    found = get_object_or_404(Copy, pk=copy, update_of__incident=incident)
    communications.retry(found.pk, by=acting(request), at=clock.now())
    return redirect(reverse("incident-detail", args=[pk]) + "#updates")


@require_POST
def incident_lever(request: HttpRequest, pk: int) -> HttpResponse:
    """By hand, or with a `token` by the portal."""
    incident, by, at = responding(request, pk), acting(request), clock.now()
    if token := request.POST.get("token", ""):
        require(policies.can_change_things(by), "You need the right to run what changes something.")
        pulling.confirm(token, by=by, at=at, reason=request.POST.get("reason", ""), alone="alone" in request.POST)
    else:
        given = read(forms.Lever(request.POST)).cleaned_data
        option = MitigationOption.objects.filter(pk=given["option"] or 0).first()
        mitigating.tried(incident.pk, name=given["name"], command=given["command"], by=by, at=at, option=option)
    return redirect(reverse("incident-detail", args=[pk]) + "#levers")


@require_POST
def incident_lever_agree(request: HttpRequest, pk: int, mitigation: int) -> HttpResponse:
    """A second person agrees to what waits for one."""
    incident, by = responding(request, pk), acting(request)
    found = get_object_or_404(Mitigation, pk=mitigation, incident=incident)
    require(policies.can_change_things(by), "You need the right to run what changes something.")
    pulling.agree(found.pk, by=by, at=clock.now())
    return redirect(reverse("incident-detail", args=[pk]) + "#levers")


@require_POST
def incident_lever_outcome(request: HttpRequest, pk: int, mitigation: int) -> HttpResponse:
    incident = responding(request, pk)
    found = get_object_or_404(Mitigation, pk=mitigation, incident=incident)
    mitigating.judge(found.pk, request.POST.get("outcome", ""), by=acting(request), at=clock.now())
    return redirect(reverse("incident-detail", args=[pk]) + "#levers")


@require_POST
def incident_channel(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    chat.create(incident.pk, by=acting(request), at=clock.now())
    return done(request, pk)


@require_POST
def incident_meeting(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    given = read(forms.MeetingForm(request.POST)).cleaned_data
    by, at = acting(request), clock.now()
    meeting.schedule(incident.pk, starts_at=utc(given["starts_at"]), minutes=given["minutes"], place=given["place"], by=by, at=at)
    return done(request, pk)


@require_POST
def incident_runbook_answer(request: HttpRequest, pk: int) -> HttpResponse:
    incident = responding(request, pk)
    given = read(forms.RunbookQuestion(request.POST)).cleaned_data
    asking.answer(incident.pk, given["answer"], runbook=given["runbook"], note=given["note"], by=acting(request), at=clock.now())
    return done(request, pk)
