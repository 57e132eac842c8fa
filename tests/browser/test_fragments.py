"""What a person sees when a fragment is saved, refused, broken or lost: nothing typed is ever gone."""

from __future__ import annotations

import pytest

from tests.browser.looks import accessibility, photograph

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sent(open_page, settings, ana):
    """sent("refused") -> the page after a note was typed and sent to /refused/."""
    settings.ROOT_URLCONF = "tests.browser.fragments"

    def send(target, before=lambda page: None):
        page = open_page(ana)
        page.goto(f"/page/{target}/")
        page.get_by_label("Note").fill("typed at night")
        before(page)
        page.get_by_role("button", name="Send").click()
        return page

    return send


def test_what_was_saved_replaces_its_target_and_is_said(sent):
    page = sent("saved")

    page.get_by_text("saved by Ana").wait_for()
    assert page.get_by_text("Note saved").is_visible()
    assert page.complaints == []


def test_a_refusal_stands_above_the_form_that_keeps_its_text(sent):
    page = sent("refused")

    page.get_by_text("A note needs ten characters.").wait_for()
    assert page.get_by_label("Note").input_value() == "typed at night"
    assert page.locator("#result").inner_text() == "nothing yet"


def test_an_invalid_form_comes_back_in_its_place(sent):
    page = sent("invalid")

    page.get_by_text("the form again, with its errors").wait_for()
    assert page.locator("#result").inner_text() == "the form again, with its errors"


def test_a_broken_answer_is_said_and_the_text_is_kept(sent):
    page = sent("broken")

    page.get_by_text("That did not work (answer 500)").wait_for()
    assert page.get_by_label("Note").input_value() == "typed at night"


def test_a_person_who_was_signed_out_keeps_the_text(sent):
    page = sent("saved", before=lambda page: page.context.clear_cookies())

    page.get_by_text("You are signed out, so this was not sent").wait_for()
    assert page.get_by_label("Note").input_value() == "typed at night"


def test_a_lost_connection_is_said_until_it_is_back(sent):
    page = sent("saved", before=lambda page: page.context.set_offline(True))

    page.get_by_text("Not live since").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="Send").click()
    page.get_by_text("saved by Ana").wait_for()
    assert not page.get_by_text("Not live since").is_visible()


@pytest.mark.parametrize(
    ("place", "sentence"), [("forbidden", "Only leads may do this."), ("broken", "name the request"), ("no/such", "There is nothing here")]
)
def test_a_page_that_fails_is_still_a_page(open_page, settings, ana, place, sentence):
    settings.ROOT_URLCONF = "tests.browser.fragments"
    page = open_page(ana)

    page.goto(f"/{place}/")
    photograph(page, f"failed-{place.replace('/', '-')}-1440-light")

    assert page.get_by_text(sentence).is_visible()
    assert accessibility(page) == []
    assert [line for line in page.complaints if "the server responded with a status" not in line] == []
