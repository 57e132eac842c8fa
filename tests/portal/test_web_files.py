"""What the frame ships: every vendored file with its origin and licence, nothing inline, colours with contrast, small styles."""

from __future__ import annotations

import gzip
import hashlib
import json
import re

import pytest

from portal.web import icons
from tests.conftest import REPOSITORY_ROOT

STATIC = REPOSITORY_ROOT / "portal/web/static"
MANIFESTS = [STATIC / "vendor/manifest.json", REPOSITORY_ROOT / "tests/browser/vendor/manifest.json"]
PACKAGES = ("portal", "oncall", "runbooks", "incidents", "postmortems")
TEMPLATES = sorted(path for package in PACKAGES for path in (REPOSITORY_ROOT / package).rglob("templates/**/*.html"))
STYLES = (STATIC / "app.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.parent.name)
def test_every_vendored_file_is_the_one_that_was_taken(manifest):
    listed = {name: digest for package in json.loads(manifest.read_text()) for name, digest in package["files"].items()}
    present = {
        str(path.relative_to(manifest.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in manifest.parent.rglob("*")
        if path.is_file() and path != manifest
    }

    assert present == listed


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.parent.name)
def test_every_vendored_package_comes_with_its_licence(manifest):
    for package in json.loads(manifest.read_text()):
        assert package["name"] and package["version"] and package["licence"]
        assert (manifest.parent / package["licence_file"]).stat().st_size > 500


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(REPOSITORY_ROOT)))
def test_no_template_has_script_or_style_inside(template):
    text = template.read_text(encoding="utf-8")

    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) == []
    assert [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag and "application/json" not in tag] == []


def test_every_icon_that_a_template_names_is_there():
    named = {name for template in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', template.read_text(encoding="utf-8"))}
    tagged = {name for template in TEMPLATES for name in re.findall(r'{% tag "[^"]*" "([^"]+)"', template.read_text(encoding="utf-8"))}

    assert sorted(name for name in named | tagged if not (icons.FOLDER / f"{name}.svg").is_file()) == []


def test_the_stylesheet_and_the_script_stay_small():
    assert len(gzip.compress(STYLES.encode())) < 13 * 1024
    assert len(gzip.compress((STATIC / "app.js").read_bytes())) < 4 * 1024


def colours() -> dict[str, tuple[str, str]]:
    """Each token's colour by day and by night."""
    found = {}
    for name, value in re.findall(r"--([\w-]+):(light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\)|#[0-9a-f]{6})", STYLES):
        both = re.findall(r"#[0-9a-f]{6}", value)
        found.setdefault(name, (both[0], both[-1]))
    return found


def contrast(one: str, other: str) -> float:
    """WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


TEXT = {
    "text": ["bg", "surface"],
    "muted": ["bg", "surface", "raised"],
    "link": ["surface", "accent-tint"],
    "on-accent": ["accent", "accent-hover", "bad-solid"],
    "ok": ["surface", "ok-tint"],
    "warn": ["surface", "warn-tint"],
    "bad": ["surface", "bad-tint"],
    "on-sev1": ["sev1"],
    "on-sev2": ["sev2"],
    "on-sev3": ["sev3"],
    "on-sev4": ["sev4"],
}
SHAPES = {"line-strong": ["surface", "bg"], "focus": ["surface", "bg"], "accent": ["surface"]}
PAIRS = [(front, back, least) for pairs, least in ((TEXT, 4.5), (SHAPES, 3.0)) for front, backs in pairs.items() for back in backs]


@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_colours_have_contrast_by_day_and_by_night(front, back, least):
    (day, night), (day_behind, night_behind) = colours()[front], colours()[back]

    assert min(contrast(day, day_behind), contrast(night, night_behind)) >= least
