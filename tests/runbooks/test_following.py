"""Following a runbook: one frozen version, steps ticked by several people, blanks filled once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.urls import reverse

from incidents import lifecycle
from portal import journal
from portal.accounts.roles import Role
from portal.errors import DomainError, Invalid, NotAllowed
from runbooks import editing, following, steps
from runbooks.models import FollowedStep, Following
from tests.conftest import person

BODY = """## Diagnosis

Look first.

1. Find the pod

   ```sh
   $ kubectl get pod <pod> -n $NAMESPACE  # stays
   ```

2. **Restart** it:
   - only once

That was it.

## Mitigation

- [ ] Tell the others
- [ ] Wait

### Step 1: Check again

Look.
"""


@pytest.fixture
def incident(service, noon):
    return lifecycle.declare(title="Pods restart", summary="", severity=3, service=service, by=person("Dana"), at=noon)


@pytest.fixture
def followed(write, incident, ana, noon):
    return following.begin(write(body=BODY), incident.subject, by=ana, at=noon)


def keys(found):
    return [step["key"] for step in steps.steps_of(found.sections)]


def test_steps_are_numbered_items_ticked_items_and_numbered_headings():
    found = [(block.kind, block.title) for block in steps.blocks(BODY.split("## Mitigation")[0].split("## Diagnosis")[1])]

    assert found == [("prose", ""), ("step", "Find the pod"), ("step", "Restart it"), ("prose", "")]
    assert [block.title for block in steps.blocks("- [ ] a\n- [x] b\n\n### 2. Third\n\ntext\n\n### Other")] == ["a", "b", "Third", ""]


@pytest.mark.parametrize(
    "text", ["", "Just prose.\n\nMore.", "- a\n- b", "```\n1. in code\n```", "2024. was a year\n", "1. a\n```\nnever closed\n2. x"]
)
def test_no_line_of_a_section_is_lost(text):
    joined = "\n".join(block.text for block in steps.blocks(text))

    assert all(line.strip().lstrip("1. ") in joined for line in text.split("\n"))


def test_blanks_are_angle_brackets_shell_variables_and_labels():
    code = "kubectl logs <pod> -n $NAMESPACE --to {{ $labels.instance }} && X=1 echo $X ${HOME} $PATH <br> ${REGION}"

    assert steps.blanks([code]) == ["pod", "NAMESPACE", "instance", "REGION"]


def test_what_is_filled_is_quoted_and_prompts_are_left_out():
    shown = steps.filled("$ rm <file> # note", {"file": "a b; reboot"})

    assert "".join(piece.text for piece in shown) == "rm 'a b; reboot' # note"
    assert [piece.kind for piece in shown] == ["text", "filled", "text"]


def test_a_line_break_in_a_blank_is_refused(followed, ana):
    with pytest.raises(Invalid, match="one line only"):
        following.fill(followed.pk, {"pod": "a\nreboot"}, by=ana)


def test_the_version_is_frozen_for_everybody(followed, ana, ben, noon):
    runbook = followed.runbook
    runbook.body = "## Diagnosis\n\n1. Something else"
    editing.save(runbook, seen=1, by=ana, at=noon)

    again = following.begin(runbook, followed.about, by=ben, at=noon)

    assert (again.pk, again.version) == (followed.pk, 1)
    assert steps.steps_of(again.sections)[0]["title"] == "Find the pod"


def test_each_tick_stands_on_the_timeline_once(followed, ana, ben, noon):
    first = keys(followed)[0]

    following.tick(followed.pk, first, note="pod-7", by=ana, at=noon)
    following.tick(followed.pk, first, by=ben, at=noon)
    following.skip(followed.pk, keys(followed)[1], "no need", by=ben, at=noon)

    told = [entry.text for entry in journal.entries(followed.about) if entry.kind == "step"]
    assert told[1:] == ["Did step 1 of “High error rate”: Find the pod (pod-7)", "Skipped step 2 of “High error rate”: Restart it (no need)"]
    progress = following.progress(followed)
    assert (progress.done, progress.total, progress.next_number) == (2, 5, 3)


def test_a_skipped_step_says_why_and_a_tick_can_be_taken_back(followed, ana, noon):
    with pytest.raises(Invalid, match="why"):
        following.skip(followed.pk, keys(followed)[0], " ", by=ana, at=noon)
    following.tick(followed.pk, keys(followed)[0], by=ana, at=noon)

    following.take_back(followed.pk, keys(followed)[0], by=ana, at=noon)

    assert following.progress(Following.objects.get()).done == 0


def test_a_step_that_is_not_there_is_refused(followed, ana, noon):
    with pytest.raises(Invalid, match="no such step"):
        following.tick(followed.pk, "x:9", by=ana, at=noon)


def test_viewers_do_not_follow_and_hidden_incidents_do_not_exist(write, incident, noon):
    runbook = write(body=BODY)
    with pytest.raises(NotAllowed):
        following.begin(runbook, incident.subject, by=person("Vera", Role.VIEWER), at=noon)
    with pytest.raises(DomainError, match="nothing of that name"):
        following.begin(runbook, "incident:999", by=person("Rita"), at=noon)


@pytest.mark.django_db(transaction=True)
def test_two_who_tick_at_once_leave_one_tick(followed, ana, ben, noon):
    key, barrier = keys(followed)[0], threading.Barrier(2)

    def tick(by):
        barrier.wait()
        following.tick(followed.pk, key, by=by, at=noon)
        connection.close()

    threads = [threading.Thread(target=tick, args=[by]) for by in (ana, ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert FollowedStep.objects.count() == 1
    assert sum("Did step 1" in entry.text for entry in journal.entries(followed.about)) == 1


def test_the_page_follows_from_begin_to_the_last_step(client, ana, write, incident):
    client.force_login(ana)
    runbook = write(body=BODY)
    url = f"{runbook.get_absolute_url()}?incident={incident.pk}"
    assert "Follow</button>" in client.get(url).content.decode()

    client.post(reverse("runbook-follow", args=[runbook.slug]), {"incident": incident.pk})
    found = Following.objects.get()
    client.post(reverse("runbook-blanks", args=[found.pk]), {"blank:pod": "web-1", "blank:unknown": "x"})
    page = client.get(url).content.decode()

    assert "0 of 5 steps" in page and '<span class="fill">web-1</span>' in page and '<mark class="fill">$NAMESPACE</mark>' in page
    for key in keys(found):
        client.post(reverse("runbook-step", args=[found.pk]), {"key": key, "do": "done"})
    page = client.get(url).content.decode()
    assert "5 of 5 steps" in page and "actionbar" not in page
    assert "All steps are done or skipped" in client.get(reverse("incident-detail", args=[incident.pk])).content.decode()


def test_the_next_step_stands_on_the_incidents_page(client, ana, followed, incident, noon):
    client.force_login(ana)
    following.tick(followed.pk, keys(followed)[0], by=ana, at=noon)

    page = client.get(reverse("incident-detail", args=[incident.pk])).content.decode()

    assert "Next: step 2 of 5" in page and "<h3>Restart it</h3>" in page
    answer = client.post(reverse("runbook-step", args=[followed.pk]), {"key": keys(followed)[1], "do": "done", "back": "incident"})
    assert answer["Location"] == f"/incidents/{incident.pk}/#inc-step"
    assert "Next: step 3 of 5" in client.get(answer["Location"]).content.decode()
