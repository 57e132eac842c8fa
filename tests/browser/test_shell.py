"""The shell in a real browser: signing in, keys, theme, clocks, and the admin under its own policy."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.browser.looks import accessibility, photograph
from tests.browser.pages_incidents import alerted

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_people_sign_in_and_land_where_they_wanted_to_go(open_page, ana, script):
    page = open_page(script=script)

    page.goto("/components/")
    page.get_by_label("Email").fill(ana.email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/components/")

    assert page.get_by_role("heading", level=1).inner_text() == "Components and states"
    assert page.complaints == []


def test_a_wrong_password_is_said_and_the_address_is_kept(open_page, ana):
    page = open_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(ana.email)
    page.get_by_label("Password").fill("wrong")

    page.get_by_role("button", name="Sign in", exact=True).click()

    assert "This needs fixing" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.get_by_label("Email").input_value() == ana.email


def test_people_sign_out_from_their_menu(open_page, ana):
    page = open_page(ana)
    page.goto("/")

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")

    page.goto("/")
    assert "/accounts/login/" in page.url


def test_the_theme_button_switches_and_the_choice_stays(open_page, ana):
    page = open_page(ana)
    page.goto("/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Switch light or dark theme").click()
    switched = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()

    assert switched != before
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == switched


def test_keys_lead_through_the_portal(open_page, ana):
    page = open_page(ana)
    page.goto("/components/")

    page.keyboard.press("?")
    assert page.get_by_role("heading", name="Keyboard shortcuts").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")

    page.wait_for_url(lambda url: url.endswith("/"))


def test_the_list_of_keys_names_those_of_the_page(open_page, ana):
    page = open_page(ana)
    page.goto(reverse("incident-detail", args=[alerted(ana).pk]))

    page.keyboard.press("?")

    assert "Acknowledge" in page.locator("[data-page-keys]").inner_text()
    assert accessibility(page) == []


@pytest.mark.parametrize(("phone", "name"), [(False, "keys"), (True, "keys"), (True, "more")])
def test_dialogs_of_the_shell_are_accessible_and_fit(open_page, ana, phone, name):
    page = open_page(ana, phone=phone)
    page.goto("/")

    page.evaluate("name => document.getElementById(name).showModal()", name)

    photograph(page, f"dialog-{name}-{'390' if phone else '1440'}-light")
    assert accessibility(page) == []
    assert page.evaluate("name => { const d = document.getElementById(name); return d.scrollWidth <= d.clientWidth + 1 }", name)


def test_single_keys_do_nothing_for_people_who_switched_them_off(open_page, ana):
    ana.keyboard_shortcuts = False
    ana.save()
    page = open_page(ana)
    page.goto("/")

    page.keyboard.press("?")

    assert not page.get_by_role("heading", name="Keyboard shortcuts").is_visible()


def test_a_countdown_runs_on_and_says_when_it_is_late(open_page, ana):
    page = open_page(ana)
    page.goto("/components/")
    late = page.locator("[data-due-at]").filter(has_text="late")
    before = late.inner_text()

    page.wait_for_function("was => document.querySelectorAll('[data-due-at]')[1].textContent !== was", arg=before)

    assert late.inner_text().startswith("late 2:")


def test_copying_a_command_leaves_the_prompt_behind(open_page, ana):
    page = open_page(ana)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/components/")

    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()

    assert page.evaluate("navigator.clipboard.readText()").splitlines() == [
        "python debug_tools.py stale-jobs --age 300",
        "kubectl rollout undo deployment/agent-worker",
    ]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_phone_finds_every_page_behind_more(open_page, ana, script):
    page = open_page(ana, phone=True, script=script)
    page.goto("/")

    page.get_by_role("link", name="More").click()
    page.get_by_role("dialog").get_by_role("link", name="Admin").click()

    page.wait_for_url("**/admin/")


def test_the_admin_works_under_its_policy(open_page, admin_user):
    page = open_page(admin_user)
    names = [f"admin:{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]

    for url in ["/admin/", *(reverse(f"{name}_{view}") for name in names for view in ("changelist", "add"))]:
        response = page.goto(url)
        if response.status == 403 and url.endswith("/add/"):
            page.complaints.clear()  # nobody adds these by hand
            continue
        assert response.status == 200, url
        assert "'unsafe-inline'" not in response.headers["content-security-policy"].split("script-src")[1].split(";")[0]

    assert page.complaints == []


def test_the_admin_of_people_who_may_not_enter_is_a_refusal(open_page, ana):
    ana.role = "viewer"
    ana.save()
    page = open_page(ana)

    page.goto("/admin/")

    assert page.get_by_role("alert").last.inner_text() == "The admin is for responders and above. An administrator can change your role."
