"""What a server answers to git is told apart: what is over by itself, and what is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sync.mirrors import Access, LoginWanted, Mirrors, Unreachable, remote_head
from sync.repos import RepositoryError

Ask = Callable[[Access, Path], object]


@contextmanager
def answering(status: int) -> Iterator[str]:
    """The address of a repository on a server that answers everything like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="books"')
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/tea/en.git"
        server.shutdown()
        thread.join()


def look(access: Access, folder: Path) -> object:
    return remote_head(access, None)


def follow(access: Access, folder: Path) -> object:
    with Mirrors(folder, 10**9).follow(access) as mirror:
        return mirror.name


@pytest.mark.parametrize("ask", [look, follow])
def test_a_server_that_wants_to_know_who_asks_will_not_change_its_mind(ask: Ask, tmp_path: Path) -> None:
    with answering(401) as address, pytest.raises(LoginWanted) as caught:
        ask(Access(address), tmp_path)
    wanted = f"{address} asks for a login, or is not there: name an upstream that everybody may read"
    assert str(caught.value) == wanted


@pytest.mark.parametrize("ask", [look, follow])
def test_a_token_that_is_not_taken_may_be_too_new(ask: Ask, tmp_path: Path) -> None:
    with answering(401) as address, pytest.raises(Unreachable, match="tried again later") as caught:
        ask(Access(address, lambda: "ghs_of_nobody"), tmp_path)
    assert "ghs_of_nobody" not in str(caught.value)


@pytest.mark.parametrize("ask", [look, follow])
def test_a_server_that_is_unwell_is_asked_again(ask: Ask, tmp_path: Path) -> None:
    with answering(503) as address, pytest.raises(Unreachable):
        ask(Access(address), tmp_path)
    with pytest.raises(Unreachable):  # now it is gone
        ask(Access(address), tmp_path)


@pytest.mark.parametrize("ask", [look, follow])
def test_what_is_not_there_is_not_asked_for_again(ask: Ask, tmp_path: Path) -> None:
    with answering(404) as address, pytest.raises(RepositoryError) as caught:
        ask(Access(address), tmp_path)
    assert type(caught.value) is RepositoryError
