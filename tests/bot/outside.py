"""Text from outside that tries to have an effect on GitHub, and what GitHub would make of a text."""

from __future__ import annotations

import re

import mistune

SHA = "0123456789abcdef0123456789abcdef01234567"

EVIL = [
    "@octocat please",
    "@everyone closes #1",
    "fixes #12 and closes owner/name#1",
    "resolves GH-123 gh-7",
    "closes https://github.com/o/r/issues/1",
    "https://github.com/o/r/issues/1 www.example.org ftp://x.y mail@example.org",
    f"{SHA} o/r@{SHA} deadbee {SHA[:7]}中 0123456{SHA}",
    "/amts pause",
    "text\n/amts skip a.md\n\n/lgtm",
    "/amts",
    "[skip ci] [ci skip] [no ci] [skip actions] [actions skip]",
    "- [x] <!-- amts:open=x --> x",
    "<!-- amts:open=x -->",
    "--> <!-- amts:pull-request -->",
    "</details></td></code><script>alert(1)</script><img src=x>",
    "` `` ``` code",
    "a | b || c \\\\| d \\\\",
    "![x](http://e.v/il.png) [x](javascript:1) [x][y]",
    "**bold** _em_ ~~del~~ $x$ $$y$$ # heading",
    "<!-- comment --> &lt;b&gt; &amp; &#64;octocat",
    "line\nbreak\r\n\n# heading\n\n---\n\n</details>",
    "\u202eright to left\u202c \x1b[31mred\x00",
    ":label: :smile:",
    "- item",
    "1. item",
    "1234567) item",
    "+ item",
    "===",
    "> quote",
    "    indented",
    "Signed-off-by: x\nCo-authored-by: Somebody <a@example.org>",
]

# https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
_LINKED = (
    r"@[a-z0-9]",
    r"#\d",
    r"\bgh-\d",
    r"[a-z]://\w",
    r"\bwww\.\w",
    r":[a-z0-9_+-]+:(?!\w)",
    r"(?<![0-9a-z_])[0-9a-f]{7,}(?![0-9a-z_])",
)
# What has an effect in the message of a commit, and what bots take for a command in a description.
_HEEDED = (
    r"@[a-z0-9]",
    r"#\d",
    r"\bgh-\d",
    r"[a-z]://\w",
    r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]",
    r"^\s*/[a-z]",
    r"^\s*(co-authored-by|signed-off-by|skip-checks):",
)


def rendered(body: str) -> str:
    """A text as HTML, as GitHub would make it."""
    return str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(body))


def visible(body: str) -> str:
    """What GitHub looks for references in: text outside code, the rest gone in a way that joins nothing."""
    html = re.sub(r"<code>.*?</code>", "\0", rendered(body), flags=re.S)
    return re.sub(r"<[^>]*>", "\0", html)


def effects(body: str) -> list[str]:
    """What in a text has an effect on GitHub: rendered, or as it is once a squash merge makes a commit message of it."""
    shown = [found[0] for sign in _LINKED for found in re.finditer(sign, visible(body), re.I)]
    raw = [found[0] for sign in _HEEDED for found in re.finditer(sign, body, re.I | re.M)]
    hidden = re.findall(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", body)
    return shown + raw + hidden


def structure(body: str) -> list[str]:
    """The tags of a text as GitHub would render it, in order; where words differ depends on the words."""
    tags = re.findall(r"</?[a-z][^>]*>", rendered(body))
    return [tag for tag in tags if tag.strip("</>") not in ("del", "ins")]
