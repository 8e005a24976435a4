"""GitHub made to match the record: pull requests, their text and check runs, issues. Safe to repeat."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import replace

from bot import dashboard, replies
from bot.annotations import check
from bot.forge import Forge, ForgeError, PullRequest
from bot.grouping import chapter_of
from bot.markup import escape
from bot.messages import errors, proposal_body, proposal_title
from bot.records import Proposal, Record
from bot.review import Review, ReviewedSection, open_proposals
from bot.wording import plural
from sync.config import PATH, Config
from sync.model import SectionState

PROBLEM_MARKER = "<!-- amts:problem -->"
_STAMP = re.compile(r"^<!-- amts:text (\w+) (\w+) -->\n", re.M)
_log = logging.getLogger(__name__)


def publish(
    forge: Forge, record: Record, config: Config, base: str, upstream: str, tips: Mapping[str, str],
    created: Mapping[str, bool], seen: dashboard.Ticked,
) -> str:  # fmt: skip
    """Open, update and close pull requests, and keep the dashboard; returns what there is now, in one line.

    `base` is the default branch, `tips` has the commit of each of the bot's branches, `created` tells those whose pull
    request may not be dressed up yet, `seen` the boxes that were ticked when this was planned. Raises ForgeError,
    Later.
    """
    language = config.language or ""
    numbers = {}
    for branch, proposal in record.proposals.items():
        if proposal.closing is not None:
            _close(forge, proposal, base)
            continue
        pull = _show(forge, proposal, language, config, base, record)
        if pull is None:
            continue
        numbers[branch] = pull.number
        if created.get(branch):
            _dress(forge, pull.number, config)
        _mark(forge, tips.get(branch, pull.head), proposal, language)
    if record.dashboard:
        try:
            _keep_dashboard(forge, record, numbers, language, upstream, seen)
        except ForgeError as error:  # where issues are switched off, the pull requests are there all the same
            _log.warning("no dashboard: %s", error)
    return ", ".join(f"{branch}: #{number}" for branch, number in numbers.items()) or "nothing is open"


def tell_problem(forge: Forge, error: str) -> int:
    """Say in an issue why an update failed: its number."""
    body = (
        f"{PROBLEM_MARKER}\n\nAMTS could not finish an update:\n\n- {escape(error, 2_000)}\n\nWhat was there is as it "
        "was. The next change here or in the source makes AMTS try again, and this issue is closed once all is well.\n"
    )
    return forge.open_issue(PROBLEM_MARKER, "AMTS: an update failed", body).number


def tell_errors(forge: Forge, left_alone: Mapping[str, str]) -> int:
    """Say in an issue which sections are left alone, and why, by their paths: its number."""
    title = f"AMTS: {plural(len(left_alone), 'section')} left alone because of an error"
    parts = [
        PROBLEM_MARKER,
        "There is no draft of these sections, and they are in no pull request.",
        *list_errors(left_alone),
        "AMTS looks again whenever something changes here or in the source, and closes this issue once all is well.",
    ]
    return forge.open_issue(PROBLEM_MARKER, title, "\n\n".join(parts) + "\n").number


def list_errors(left_alone: Mapping[str, str]) -> list[str]:
    """A heading and a list (Markdown) of why sections were left alone, by their paths; empty where none was."""
    sections = (ReviewedSection(path, None, SectionState.BEHIND, False, error=why) for path, why in left_alone.items())
    return errors(Review("", "", "", tuple(sections)))


def tell_settings(forge: Forge, error: str) -> int:
    """Say in an issue what is wrong with the settings: its number."""
    title, body = replies.config_problem(error, PATH)
    return forge.open_issue(replies.SETTINGS_MARKER, title, body).number


def mend(forge: Forge, *markers: str) -> list[int]:
    """Close the issues with such a marker, now that all is well: their numbers."""
    closed = []
    for issue in forge.issues():
        if issue.open and issue.body.startswith(markers):
            is_settings = issue.body.startswith(replies.SETTINGS_MARKER)
            said = replies.config_mended() if is_settings else "All is well again.\n"
            forge.comment(issue.number, f"mended-{_digest(issue.body)}", said)
            forge.close(issue.number)
            closed.append(issue.number)
    return closed


def _show(
    forge: Forge, proposal: Proposal, language: str, config: Config, base: str, record: Record
) -> PullRequest | None:
    """The open pull request with the text that belongs to it; None where it was closed just now."""
    title = proposal_title(proposal, language)
    body = proposal_body(proposal, language, chapter_of(proposal.branch), record.paused, record.quality)
    pull = forge.newest_pull_request(proposal.branch, base)
    if pull is None or pull.number <= proposal.after:
        return forge.open(proposal.branch, base, title, _stamped(title, body), config.pull_requests.draft)
    if not pull.open:
        return None  # by a person, whose word counts: the next update takes note
    _retell(forge, pull, title, body)
    return pull


def _stamped(title: str, body: str) -> str:
    """The text with a stamp that tells whether people changed it or its title since."""
    # Behind the mark of its kind, which must come first.
    first, _, rest = body.partition("\n")
    return f"{first}\n<!-- amts:text {_digest(title)} {_digest(body)} -->\n{rest}"


def _retell(forge: Forge, pull: PullRequest, title: str, body: str) -> None:
    """Bring a pull request's title and text up to date; what people made of one of them stays as it is.

    Where they changed the text, what AMTS has to say is in a comment, which is kept up to date instead.
    """
    now = pull.body.replace("\r\n", "\n")
    stamp = _STAMP.search(now)
    is_ours = stamp is not None and stamp[2] == _digest(_STAMP.sub("", now, count=1))
    new_title = title if stamp is not None and stamp[1] == _digest(pull.title) else pull.title
    new_body = _stamped(title, body) if is_ours else now
    if not is_ours:
        forge.comment(pull.number, "text", body)
    if stamp is not None and not is_ours and new_title != pull.title:  # or it would pass for one of theirs next time
        new_body = now.replace(stamp[0], f"<!-- amts:text {_digest(new_title)} {stamp[2]} -->\n")
    if (new_title, new_body.strip()) != (pull.title, now.strip()):
        forge.edit(pull.number, new_title, new_body)


def _dress(forge: Forge, number: int, config: Config) -> None:
    """Labels and reviewers, as the settings say. What GitHub refuses of them does not stop the rest."""
    wishes = config.pull_requests
    refused = []
    if wishes.labels:
        try:
            forge.label(number, wishes.labels)
        except ForgeError as error:
            _log.warning("labels: %s", error)
    if wishes.reviewers:
        try:
            forge.request_reviews(number, wishes.reviewers)
        except ForgeError:  # for one of them GitHub refuses all
            refused = [said for name in wishes.reviewers if (said := _ask(forge, number, name))]
    if refused:
        correct = f"If they should review here, give them access; else correct `pull_requests.reviewers` in `{PATH}`."
        said = "\n".join(f"- {line}" for line in refused)
        forge.comment(number, "reviewers", f"AMTS could not ask for these reviews:\n\n{said}\n\n{correct}\n")


def _ask(forge: Forge, number: int, reviewer: str) -> str | None:
    """Ask one person or team for a review; why that was refused."""
    try:
        forge.request_reviews(number, [reviewer])
    except ForgeError as error:
        return f"{escape(reviewer)}: {escape(str(error))}"
    return None


def _mark(forge: Forge, head: str, proposal: Proposal, language: str) -> None:
    """The check run on what is the tip now."""
    shown = check(proposal, language)
    try:
        forge.check(head, _digest(f"{head}{shown}", 32), shown)
    except ForgeError as error:  # only an App may; whoever runs AMTS by hand finds the same in the text
        _log.warning("no check run: %s", error)


def _close(forge: Forge, proposal: Proposal, base: str) -> None:
    found = forge.open_pull_request(proposal.branch, base)
    if found is not None:
        forge.comment(found.number, f"closed-{proposal.commit[:12]}", proposal.closing or "")
        forge.close(found.number)


def _keep_dashboard(
    forge: Forge, record: Record, numbers: Mapping[str, int], language: str, upstream: str, seen: dashboard.Ticked
) -> None:
    known = replace(
        record,
        proposals={
            name: replace(found, number=numbers[name]) for name, found in record.proposals.items() if name in numbers
        },
    )
    body = dashboard.body(known, language, upstream, record.source)
    there = forge.issue(dashboard.MARKER)
    now = dashboard.ticked(there.body) if there is not None and there.open else dashboard.Ticked()
    if {*now.chapters} - {*seen.chapters} or {*now.sections} - {*seen.sections}:
        return  # ticked since it was looked at: the update that follows takes it, and writes this anew
    if open_proposals(known) or record.waiting:
        forge.open_issue(dashboard.MARKER, dashboard.TITLE, body)
        return
    issue = forge.issue(dashboard.MARKER)
    if issue is not None and issue.open:
        forge.open_issue(dashboard.MARKER, dashboard.TITLE, body)
        forge.close(issue.number)


def _digest(text: str, length: int = 16) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:length]
