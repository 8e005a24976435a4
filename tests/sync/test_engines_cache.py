"""The answers that are kept: safe with several processes, whatever happens to one."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sync.engines import EngineError
from sync.engines.adaptive.cache import Cache, cache_path
from sync.engines.adaptive.model import End, Reply

REPLY = Reply("“一” \u2028 ok", End.CUT_OFF, 12, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "answers.sqlite"


def test_what_was_answered_is_kept(path: Path) -> None:
    cache = Cache(path)
    assert cache.get("k") is None
    cache.put("k", "local", "m", REPLY)
    assert cache.get("k") == REPLY
    cache.close()
    assert Cache(path).get("k") == REPLY


def test_it_is_for_its_owner_alone(path: Path) -> None:
    Cache(path).put("k", "local", "m", REPLY)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent)] == [0o600, 0o700]


def test_one_asks_and_the_others_wait(path: Path) -> None:
    one, other = Cache(path), Cache(path)
    assert one.claim("k", 60)
    assert not other.claim("k", 60)
    one.release("k")
    assert other.claim("k", 60)
    other.put("k", "local", "m", REPLY)
    assert not one.claim("k", 60)  # it is known
    assert one.get("k") == REPLY


def test_a_claim_ends(path: Path) -> None:
    cache = Cache(path)
    assert cache.claim("k", -1)
    assert cache.claim("k", 60)


def test_what_a_dead_process_claimed_is_free(path: Path) -> None:
    program = f"from pathlib import Path; from sync.engines.adaptive.cache import Cache; Cache(Path({str(path)!r})).claim('k', 900)"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert Cache(path).claim("k", 60)


def test_another_machine_may_still_be_at_work(path: Path) -> None:
    cache = Cache(path)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO claims VALUES ('k', '1@elsewhere', 1e12)")
    assert not cache.claim("k", 60)


def test_threads_and_processes_write_at_once_and_nothing_is_lost(path: Path) -> None:
    """Opening the file again, in the same process or in another, takes nothing from those who have it open."""
    program = (
        "import sys; from pathlib import Path\n"
        "from sync.engines.adaptive.cache import Cache; from sync.engines.adaptive.model import Reply\n"
        f"for n in range(40): Cache(Path({str(path)!r})).put(f'{{sys.argv[1]}}-{{n}}', 'local', 'm', Reply(str(n)))\n"
    )

    def write(name: str) -> None:
        for n in range(40):
            Cache(path).put(f"{name}-{n}", "local", "m", Reply(str(n)))

    processes = [subprocess.Popen([sys.executable, "-c", program, f"p{n}"]) for n in range(2)]
    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    found = [Cache(path).get(f"{name}-{n}") for name in ("t0", "t1", "t2", "p0", "p1") for n in range(40)]
    assert [reply and reply.text for reply in found] == [str(n) for n in range(40)] * 5


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 20, None])
def test_a_file_that_cannot_be_used_is_told_in_one_line(path: Path, content: bytes | None) -> None:
    path.parent.mkdir()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(EngineError, match="set AMTS_CACHE to another file") as caught:
        Cache(path)
    assert "\n" not in str(caught.value)


def test_where_it_is() -> None:
    home = Path("~").expanduser()
    assert cache_path({}) == home / ".cache/amts/answers.sqlite"
    assert cache_path({"XDG_CACHE_HOME": "/x"}) == Path("/x/amts/answers.sqlite")
    assert cache_path({"AMTS_CACHE": "~/a.sqlite", "XDG_CACHE_HOME": "/x"}) == home / "a.sqlite"
