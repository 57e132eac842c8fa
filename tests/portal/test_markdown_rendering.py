"""What a person who writes Markdown sees."""

import re

import pytest

from portal.errors import Invalid
from portal.markdown import render

RUNBOOK = """\
# Checkout is slow

Check these first:
- the queue
  - its length
- [x] the **database**

1. Count the pods:

   ```bash
   kubectl get pods | wc -l
   ```

2. Look at `p99`

| Host | Limit |
|------|------:|
| db-1 | 200 |

```diagnostic
queue-length
```
"""


def test_a_runbook_page_renders_as_its_writer_expects():
    result = render.to_html(RUNBOOK)

    assert not result.plain
    assert '<h1 id="md-checkout-is-slow">Checkout is slow</h1>' in result.html
    assert "<li>the queue<ul>\n<li>its length</li>" in result.html
    assert re.search(r'<input [^>]*checked=""[^>]*> the <strong>database</strong>', result.html)
    assert result.html.count("<ol>") == 1 and 'class="language-bash"' in result.html and "<code>p99</code>" in result.html
    assert '<td align="right">200</td>' in result.html
    assert '<pre><code class="language-diagnostic">queue-length\n</code></pre>' in result.html


def test_a_text_above_the_limit_is_refused_with_its_count():
    render.refuse_too_long("x" * 65_536)

    with pytest.raises(Invalid, match="65,537 characters"):
        render.refuse_too_long("x" * 65_537)


def test_line_ends_and_nul_and_half_characters_are_cleaned():
    assert render.clean("a\r\nb\x00\ud800") == "a\nb\ufffd"


def test_code_is_coloured_by_class_names_that_are_nobody_elses():
    html = render.to_html("```python\nif x:\n\treturn 1\n```").html

    assert '<span class="hl-k">if</span>' in html
    assert "\t" in html, "a tab in code stays a tab"


def test_a_language_that_is_not_ours_stays_plain():
    html = render.to_html("~~~brainfuck\n+<>\n~~~").html

    assert html == '<pre><code class="language-brainfuck">+&lt;&gt;\n</code></pre>'


def test_a_fence_never_closed_runs_to_the_end():
    assert render.to_html("```\n# not a heading").html == "<pre><code># not a heading\n</code></pre>"


@pytest.mark.parametrize("source", ["- a\n  - b\n- c", "- a\n    - b\n- c", "- a\n\t- b\n- c", "1. a\n   - b\n2. c", "1. a\n\n   text\n   - b\n2. c"])
def test_lists_nest_however_they_are_indented(source):
    html = render.to_html(source).html

    assert "<li>b</li>\n</ul>\n</li>" in html and html.count("<ol>") + html.count("<ul>") == 2


def test_a_number_at_the_start_of_a_line_is_not_always_a_list():
    assert render.to_html("It began in\n2024. Then it grew.").html == "<p>It began in\n2024. Then it grew.</p>"
    assert render.to_html("Title\n-").html == '<h2 id="md-title">Title</h2>'
    assert "<li>Look</li>\n<li>Wait</li>" in render.to_html("Then:\n1) Look\n2) Wait").html


def test_steps_keep_their_numbers_around_code():
    html = render.to_html("1. a\n```sh\nls\n```\n2. b\n   more\n3. c").html

    assert '<ol start="2">' in html and html.count("<pre>") == 1


def test_two_texts_on_a_page_share_no_anchor():
    source = "# Impact\n\nSeen[^1].\n\n[^1]: By Ana."

    one, other = (render.to_html(source, prefix=f"md-update{pk}-").html for pk in (1, 2))

    assert 'id="md-update1-impact"' in one and 'id="fn:md-update1-1"' in one and 'href="#fn:md-update1-1"' in one
    assert "update1" not in other


def test_a_prefix_that_could_clobber_is_a_mistake():
    with pytest.raises(ValueError, match="no prefix for ids"):
        render.to_html("a", prefix="")


def test_a_short_text_has_no_contents_no_footnotes_and_no_anchors():
    html = render.to_html("[TOC]\n\n# Note\n\na[^1] and HTML\n\n[^1]: b\n\n*[HTML]: c", short=True).html

    assert "<h1>Note</h1>" in html and "footnote" not in html and "<abbr" not in html and "[TOC]" in html


def test_half_characters_and_control_characters_still_render():
    result = render.to_html("# a\ud83d\x00\x02\x03 b\r\nc")

    assert not result.plain and "\ufffd" in result.html and "\r" not in result.html


def test_every_public_runbook_is_formatted(shared_data):
    pages = [path.read_text(errors="replace") for path in sorted((shared_data / "corpus").rglob("*.md"))]
    assert len(pages) > 300

    assert not [page[:80] for page in pages if render.to_html(page).plain]
