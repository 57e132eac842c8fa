"""What a person who writes Markdown sees."""

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
    assert '<input disabled="" checked="" type="checkbox"> the <strong>database</strong>' in result.html
    assert result.html.count("<ol>") == 1 and 'class="language-bash"' in result.html and "<code>p99</code>" in result.html
    assert '<td align="right">200</td>' in result.html
    assert '<pre><code class="language-diagnostic">queue-length\n</code></pre>' in result.html


def test_a_text_above_the_limit_is_refused_with_its_count():
    render.refuse_too_long("x" * 65_536)

    with pytest.raises(Invalid, match="65,537 characters"):
        render.refuse_too_long("x" * 65_537)


def test_line_ends_and_nul_and_half_characters_are_cleaned():
    assert render.clean("a\r\nb\x00\ud800") == "a\nb\ufffd"
