"""GitHub made to match the record: pull requests, their text and check runs, the dashboard. Safe to repeat."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace

from bot import dashboard, replies
from bot.annotations import check
from bot.forge import Forge, ForgeError, PullRequest
from bot.grouping import chapter_of
from bot.messages import proposal_body, proposal_title
from bot.records import Proposal, Record
from sync.config import Config

_log = logging.getLogger(__name__)


def publish(forge: Forge, record: Record, config: Config, base: str, upstream: str, created: Mapping[str, bool]) -> str:
    """Open, update and close pull requests, and keep the dashboard; returns what there is now, in one line.

    `base` is the default branch, `created` tells the branches whose pull request may not be dressed up yet.
    Raises ForgeError and Later.
    """
    language = config.language or ""
    numbers = {}
    for branch, proposal in record.proposals.items():
        if proposal.closing is not None:
            _close(forge, proposal)
            continue
        pull = _show(forge, proposal, language, config, base, record.paused)
        numbers[branch] = pull.number
        if created.get(branch):
            _dress(forge, pull.number, config)
        _mark(forge, pull, proposal, language)
    if record.dashboard:
        _keep_dashboard(forge, record, numbers, language, upstream)
    return ", ".join(f"{branch}: #{number}" for branch, number in numbers.items()) or "nothing is open"


def _show(forge: Forge, proposal: Proposal, language: str, config: Config, base: str, paused: bool) -> PullRequest:
    """The open pull request with the text that belongs to it; a text that a person edited since stays."""
    title = proposal_title(proposal, language)
    body = proposal_body(proposal, language, chapter_of(proposal.branch), paused)
    mark = f"<!-- amts:text {hashlib.sha256(f'{title}{body}'.encode()).hexdigest()[:16]} -->\n"
    # Behind the mark of its kind, which must come first.
    first, _, rest = body.partition("\n")
    whole = f"{first}\n{mark}{rest}"
    pull = forge.open(proposal.branch, base, title, whole, config.pull_requests.draft)
    if mark not in pull.body.replace("\r\n", "\n"):
        forge.edit(pull.number, title, whole)
    return pull


def _dress(forge: Forge, number: int, config: Config) -> None:
    """Labels and reviewers, as the settings say. What GitHub refuses of them does not stop the rest."""
    wishes = config.pull_requests
    if wishes.labels:
        forge.label(number, wishes.labels)
    if wishes.reviewers:
        try:
            forge.request_reviews(number, wishes.reviewers)
        except ForgeError as error:
            forge.comment(number, "reviewers", replies.job_failed("asking for reviews", str(error), "settings"))


def _mark(forge: Forge, pull: PullRequest, proposal: Proposal, language: str) -> None:
    """The check run on what is the tip now."""
    shown = check(proposal, language)
    key = hashlib.sha256(f"{pull.head}{shown}".encode()).hexdigest()[:32]
    forge.check(pull.head, key, shown)


def _close(forge: Forge, proposal: Proposal) -> None:
    found = forge.open_pull_request(proposal.branch)
    if found is not None:
        forge.comment(found.number, f"closed-{proposal.commit[:12]}", proposal.closing or "")
        forge.close(found.number)


def _keep_dashboard(forge: Forge, record: Record, numbers: Mapping[str, int], language: str, upstream: str) -> None:
    proposals = {
        branch: replace(found, number=numbers[branch])
        for branch, found in record.proposals.items()
        if branch in numbers
    }
    body = dashboard.body(replace(record, proposals=proposals), language, upstream, record.source)
    issue = forge.open_issue(dashboard.MARKER, dashboard.TITLE, body)
    if issue.open and not record.waiting and not proposals:
        forge.close(issue.number)
