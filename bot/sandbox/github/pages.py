"""Small pages for a browser: repositories, their pull requests and issues. No script, all text escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from bot.sandbox.github.errors import ApiError
from bot.sandbox.github.git import BareRepository
from bot.sandbox.github.records import CheckRun, Comment, Pull, Repository, Thread
from bot.sandbox.github.transport import Request, Response
from bot.sandbox.github.world import World

_ADDRESS = re.compile(r"/([\w.-]+/[\w.-]+?)(?:/(pull|issues)(?:/([0-9]{1,18}))?)?/?")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
a { color: #0b57d0; } h1 small { color: #666; font-weight: normal; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .75rem; border-radius: 6px; }
article { border-top: 1px solid #ddd; padding-top: .5rem; }
.label { background: #e8e8e8; border-radius: 1rem; padding: .1rem .6rem; margin-right: .3rem; }
ins { background: #dafbe1; text-decoration: none; } del { background: #ffebe9; text-decoration: none; }
""".strip()
_FACES = {
    "+1": "👍", "-1": "👎", "laugh": "😄", "confused": "😕", "heart": "❤️", "hooray": "🎉", "rocket": "🚀", "eyes": "👀",
}  # fmt: skip
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_MAX_DIFF = 200_000  # characters that are shown


class Pages:
    """Answers browsers. They see private repositories too: the sandbox listens on loopback only."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Response:
        """The page of an address."""
        if request.method != "GET":
            return _page(405, "Method not allowed", "")
        if request.path == "/":
            return self._repositories()
        address = _ADDRESS.fullmatch(request.path)
        try:
            if address is None:
                raise ApiError(404, "Not Found")
            full_name, _, number = address.groups()
            repository = self._world.repository(full_name)
            return self._repository(repository) if number is None else self._thread(repository, int(number))
        except ApiError as error:
            return _page(error.status, str(error), "")

    def _repositories(self) -> Response:
        with self._world.lock:
            items = [
                f'<li><a href="/{escape(one.full_name)}">{escape(one.full_name)}</a> '
                f"({sum(thread.open for thread in one.threads.values())} open)</li>"
                for one in self._world.repositories.values()
            ]
        return _page(200, "Repositories", f"<ul>{''.join(items)}</ul>")

    def _repository(self, repository: Repository) -> Response:
        branches = repository.git.refs("refs/heads/")
        with self._world.lock:
            pulls = [_line(one) for one in reversed(repository.threads.values()) if one.pull is not None]
            issues = [_line(one) for one in reversed(repository.threads.values()) if one.pull is None]
        names = [
            f"<li>{escape(name.removeprefix('refs/heads/'))} <code>{sha[:10]}</code></li>"
            for name, sha in branches.items()
        ]
        lists = (("Pull requests", pulls), ("Issues", issues), ("Branches", names))
        content = "".join(f"<h2>{title}</h2><ul>{''.join(items) or '<li>none</li>'}</ul>" for title, items in lists)
        return _page(200, repository.full_name, content)

    def _thread(self, repository: Repository, number: int) -> Response:
        thread = self._world.thread(repository, number)
        with self._world.lock:
            title = f"{thread.title} #{thread.number}"
            parts = [_state(thread), _labels(thread), f"<pre>{escape(thread.body or '')}</pre>"]
            parts += [_comment(comment) for comment in thread.comments]
            pull = thread.pull
            checks = [run for run in repository.checks.values() if pull is not None and run.head_sha == pull.head_sha]
            parts += [_check(run) for run in checks]
        if pull is not None:
            parts.append(_diff(repository.git, pull))
        return _page(200, title, "".join(parts))


def _page(status: int, title: str, content: str) -> Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<style>{_STYLE}</style><p><a href="/">Repositories</a></p><h1>{escape(title)}</h1>{content}</html>'
    )
    return Response(status, text.encode(errors="replace"), _HEADERS)


def _line(thread: Thread) -> str:
    kind = "issues" if thread.pull is None else "pull"
    address = escape(f"/{thread.repository.full_name}/{kind}/{thread.number}")
    return f'<li><a href="{address}">#{thread.number} {escape(thread.title)}</a> {_word(thread)} {_labels(thread)}</li>'


def _word(thread: Thread) -> str:
    if thread.pull is not None and thread.pull.merged is not None:
        return "merged"
    return "draft" if thread.open and thread.pull is not None and thread.pull.draft else thread.state


def _state(thread: Thread) -> str:
    about = f"{_word(thread)} · by {thread.author.login}"
    if (pull := thread.pull) is not None:
        about += f" · {pull.head} → {pull.base} at {pull.head_sha[:10]}"
        about += "".join(f" · review asked of {one.login}" for one in pull.reviewers)
    home = escape(thread.repository.full_name)
    return f'<p><a href="/{home}">{home}</a> · {escape(about)}</p>'


def _labels(thread: Thread) -> str:
    return "".join(f'<span class="label">{escape(label.name)}</span>' for label in thread.labels)


def _comment(comment: Comment) -> str:
    faces = " ".join(f"{_FACES[one.content]} {one.author.login}" for one in comment.reactions)
    return (
        f'<article id="issuecomment-{comment.id}"><h3>{escape(comment.author.login)}</h3>'
        f"<pre>{escape(comment.body)}</pre><p>{escape(faces)}</p></article>"
    )


def _check(run: CheckRun) -> str:
    remarks = "".join(
        f"<li>{escape(f'{one.path}:{one.start_line} {one.annotation_level}: {one.message}')}</li>"
        for one in run.annotations
    )
    return (
        f"<article><h3>{escape(f'Check {run.name}: {run.conclusion or run.status}')}</h3>"
        f"<p>{escape(run.title or '')}</p><pre>{escape(run.summary or '')}</pre><ul>{remarks}</ul></article>"
    )


def _diff(git: BareRepository, pull: Pull) -> str:
    text = "\n".join(
        f"{file.path} (+{file.additions} −{file.deletions})\n{file.patch or ''}\n"
        for file in git.compare(pull.base_sha, pull.head_sha).files
    )
    return f"<h2>Changes</h2><pre>{''.join(_diff_lines(text[:_MAX_DIFF].splitlines()))}</pre>"


def _diff_lines(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        tag = {"+": "ins", "-": "del"}.get(line[:1])
        yield f"<{tag}>{escape(line)}</{tag}>\n" if tag else f"{escape(line)}\n"
