"""The lock file: read back as written, and refused where it is not AMTS's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.history import Version
from sync.lock import LockError, dump, load

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@given(st.dictionaries(st.text(), st.text().map(lambda path: Version(COMMIT, path))))
def test_what_is_written_is_read_back(sections: dict[str, Version]) -> None:
    assert load(dump(sections)) == sections


def test_a_section_is_a_line_in_order() -> None:
    text = dump({"b.md": Version(COMMIT, "b.md"), "a.md": Version(COMMIT, "a.md")})
    assert text == (
        '{\n  "sections": {\n'
        f'    "a.md": {{"revision": "{COMMIT}", "source": "a.md"}},\n'
        f'    "b.md": {{"revision": "{COMMIT}", "source": "b.md"}}\n'
        '  },\n  "version": 1\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not a lock file"),
        ("[]", "not a lock file"),
        ("[" * 100_000, "not a lock file"),
        ('{"version": 2, "sections": {}}', "version 2 is unknown"),
        ('{"version": 1, "sections": {"a": 1}}', "not a lock file"),
        ('{"version": 1, "sections": {"a": {"revision": 1, "source": "a"}}}', "not a lock file"),
        ('{"version": 1, "sections": {"a": {"revision": "--all", "source": "a"}}}', "is no commit id"),
    ],
)
def test_anything_else_is_refused(text: str, part: str) -> None:
    with pytest.raises(LockError, match=part):
        load(text)
