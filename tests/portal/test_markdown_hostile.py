"""A text made to hurt: it is answered in time, formatted or plain, and nothing in it runs."""

import json
import re
import time
from html.parser import HTMLParser

import pytest

from portal.markdown import precheck, render, sanitise
from portal.markdown.pipeline import TooComplex, deepest, formatted

TOKENS = ["[", "![", "[[]", "<![CDATA[", "[^1]", "[a](", "1. ", "> ", "- ", "*[aN]: x\n", "<ul><li>", "<div>", "<b>", "<!--", "***a_", "&", "`` ` "]
SLOW = ["[", "<a ", "# a\n", "term\n: def\n"]  # these pass the pre-check in blocks, and only the kill ends them


def answer(source):
    started = time.monotonic()
    result = render.to_html(source)
    return result, time.monotonic() - started


@pytest.mark.parametrize("size", [10_000, 65_536])
def test_a_token_repeated_is_answered_at_once_or_in_time(size):
    for token in TOKENS:
        result, seconds = answer((token * size)[:size])

        assert seconds <= 2.5, f"{token!r} took {seconds:.2f} s"
        assert result.html and not result.busy, token


@pytest.mark.parametrize("token", SLOW)
def test_what_passes_the_pre_check_is_ended_by_the_kill(token):
    block = token * 450 + "\n\n"
    source = (block * 200)[:65_536]
    assert not precheck.too_complex(source)

    result, seconds = answer(source)

    assert seconds <= 2.5
    assert result.plain or seconds < 2
    assert render.to_html("*fine* again").html == "<p><em>fine</em> again</p>"


def test_a_text_too_complex_is_shown_whole_and_escaped():
    source = "Restart <b>nothing</b>.\n" + "[" * 3000

    result = render.to_html(source)

    assert result.plain and not result.busy
    assert "shown as plain text: too complex to format" in result.html
    assert "Restart &lt;b&gt;nothing&lt;/b&gt;." in result.html and "[" * 3000 in result.html


def test_one_long_line_of_code_is_not_highlighted():
    result, seconds = answer("```make\n" + "a: b $(c) " * 1600 + "\n```")

    assert seconds < 1 and not result.plain
    assert 'class="language-make"' in result.html and "<span" not in result.html


@pytest.mark.parametrize("html", ["<div>" * 101, "<p>x</p><ul><li>" * 101, "<b><i>" * 51])
def test_tags_open_too_deep_never_reach_the_sanitiser(html):
    assert deepest(html) > 100

    with pytest.raises(TooComplex):
        formatted(html, short=False, prefix="md-", own_images=False)


def test_a_hundred_paragraphs_side_by_side_are_not_deep():
    assert deepest("<div><p>a</p><br><b>c</b></div>" * 100) == 2


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def assert_harmless(html):
    for tag, attributes in Tags(html).seen:
        assert tag in sanitise._TAGS, tag
        for name, value in attributes.items():
            assert name in {"rel", "type", "aria-label"} or name in sanitise._ATTRIBUTES[tag], (tag, name)
            if name in {"href", "src"}:
                scheme = re.match(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):", re.sub(r"[\t\r\n]", "", value or ""), re.IGNORECASE)
                assert not scheme or scheme[1].lower() in sanitise._SCHEMES, value
            if name == "id":
                assert value.startswith(("md-", "fn-", "fnref", "fn:")), value


def test_no_known_attack_leaves_a_tag_an_event_or_a_scheme(shared_data):
    hostile = shared_data / "hostile"
    attacks = json.loads((hostile / "blns/blns.json").read_text())
    for path in sorted((hostile / "payloads-all-the-things/xss").glob("*.txt")):
        attacks += path.read_text(errors="replace").split("\n")
    assert len(attacks) > 1300

    for attack in attacks:
        assert_harmless(sanitise.sanitise(attack))
        assert_harmless(formatted(render.clean(attack), short=False, prefix="md-", own_images=False))
        assert_harmless(formatted(f"[a]({attack})\n\n![b]({attack} '{attack}')\n\n# {attack}", short=True, prefix="md-", own_images=False))


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("<p hx-get='/x' x-data='y' @click='z' style='a' onclick='b' data-c='d'>t</p>", "<p>t</p>"),
        ("<script>alert(1)</script><p>t</p><svg onload=x><a>y</a></svg>", "<p>t</p>"),
        ("<form action=/x><button>t</button></form>", "t"),
        ("<h1 id='cookie'>t</h1><h1 id='md-t'>t</h1>", '<h1>t</h1><h1 id="md-t">t</h1>'),
        ("<span class='btn btn--primary highlight language-c++'>t</span>", '<span class="highlight language-c++">t</span>'),
        ("<img src=//evil.example/x><img src='data:image/png;base64,x'><img src='/\t/evil.example'>", "<img><img><img>"),
        ("<img src=https://a.example/x width=99999 height=10>", '<img src="https://a.example/x" height="10">'),
        ("<!-- a --><td>", ""),
    ],
)
def test_only_what_is_listed_remains(hostile, harmless):
    assert sanitise.sanitise(hostile) == harmless


def test_any_input_is_a_dead_checkbox_with_a_name():
    html = sanitise.sanitise("<input type=password name=p value=v checked>")

    assert set(html.removeprefix("<input ").removesuffix(">").replace("to tick", "to-tick").split()) == {
        'checked=""',
        'type="checkbox"',
        'disabled=""',
        'aria-label="to-tick"',
    }


def test_links_tell_nobody_and_lead_nowhere_odd():
    html = render.to_html("[a](https://a.example) [b](javascript:alert(1)) [c](vbscript:x) <mailto:d@e.example>").html

    assert '<a href="https://a.example" rel="noopener noreferrer nofollow ugc">a</a>' in html
    assert "script:" not in html and html.count("href=") == 2


def test_pages_for_strangers_load_images_of_our_own_only():
    source = "![a](https://a.example/a.png) ![b](/media/b.png) ![c](media/c.png)"

    assert render.to_html(source).html.count("src=") == 3
    assert render.to_html(source, own_images=True).html.count("src=") == 2


def test_extensions_that_read_files_or_set_attributes_are_off(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")

    html = render.to_html(f'--8<-- "{secret}"\n\n![x]({secret})\n\n# Head {{: onclick="x" id="cookie" }}\n\nTitle: x').html

    assert "canary" not in html and "base64" not in html
    assert '<h1 id="md-head' in html
