"""What AMTS answers: to commands, in comments, and in the issue on its settings. Markdown, short and bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.markup import code, escape
from bot.records import Proposal, Record
from bot.review import of_proposal, open_proposals, tally, tally_text
from bot.wording import language_name, names, plural, short

SETTINGS_MARKER = "<!-- amts:settings -->"

_MOST_REASONS = 5
_MOST_LINES = 10
_HELP = """\
What you can ask of AMTS in a comment, with write access to this repository:

| comment | what it does |
| --- | --- |
| `/amts status` | says how things stand |
| `/amts retranslate` | drafts anew what a machine wrote and nobody edited; `/amts retranslate SECTION` does so in \
some sections only |
| `/amts retranslate --engine NAME` | the same with another engine; `--no-act` leaves out Active Custom Translation |
| `/amts score` | says what has become of the draft so far: how much of it was kept, and the work that it saved |
| `/amts skip SECTION` | takes sections out of this pull request, until their English changes |
| `/amts pause` | adds nothing more in this repository |
| `/amts resume` | goes on after a pause |
| `/amts help` | shows this |

A section is the path of its file, or its name (`index.md` or `chapter_intro/index`); a folder such as \
`chapter_intro/` stands for all in it. A command has the first line of a comment, or another line, to itself.

What people edit on the branch of a pull request is theirs: AMTS does nothing to it.
"""


def help_text() -> str:
    """The commands, and what each does."""
    return _HELP


def status_text(record: Record, proposal: Proposal | None, language: str, upstream: str) -> str:
    """How things stand: with the pull request that was asked in (None: it is none of the bot's), and with the rest."""
    looked = f"last looked at {code(short(record.source))}" if record.source else "not looked at yet"
    lines = [
        f"The {language_name(language)} translation follows {code(upstream)}, {looked}.",
        *([_of_proposal(proposal, language)] if proposal else []),
        *_of_others(record, proposal),
        "AMTS is paused: `/amts resume` makes it go on." if record.paused else "AMTS is not paused.",
    ]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def no_access(login: str) -> str:
    """To somebody whose commands AMTS does not follow."""
    return f"Thank you, {escape(login, 60)}; AMTS follows commands only of people with write access here.\n"


def unknown_command(text: str, nearest: str | None) -> str:
    """To a command that does not exist; `nearest` is one that does."""
    hint = f"Did you mean {code(nearest)}? " if nearest else ""
    return f"AMTS does not know {code(text)}. {hint}`/amts help` lists what it knows.\n"


def unknown_sections(missing: Sequence[tuple[str, str | None]]) -> str:
    """To names of sections that are not here, each with the path of the nearest one that is."""
    if len(missing) == 1:
        name, nearest = missing[0]
        return f"There is no section {code(name)} here.{f' Did you mean {code(nearest)}?' if nearest else ''}\n"
    lines = [
        f"- {code(name)}{f': did you mean {code(nearest)}?' if nearest else ''}"
        for name, nearest in missing[:_MOST_LINES]
    ]
    if len(missing) > _MOST_LINES:
        lines.append(f"- … and {len(missing) - _MOST_LINES:,} more")
    return "\n".join(["There are no such sections here:", "", *lines]) + "\n"


def nothing_left(source: str) -> str:
    """Why a pull request is closed that has nothing to merge any more. `source` is the revision that was looked at."""
    return (
        f"Nothing is left to do here: what this pull request was for has been merged already, or is not needed any "
        f"more with the source at {code(short(source))}. So AMTS closes it. The next change upstream opens another.\n"
    )


def all_skipped() -> str:
    """Why a pull request is closed whose sections were all skipped."""
    return "Every section of this pull request was skipped, so AMTS closes it.\n"


def not_open() -> str:
    """To a command in a pull request that was merged or closed."""
    return "This pull request is not open any more, so there is nothing to do in it.\n"


def engine_failed(error: str) -> str:
    """To `/amts retranslate` where the engine could not do it."""
    return f"Nothing was drafted anew, because the engine could not do it:\n\n- {escape(error, 2_000)}\n"


def config_problem(error: str, path: str) -> tuple[str, str]:
    """Title and body of the issue on settings that cannot be used; `error` names line and key."""
    body = (
        f"{SETTINGS_MARKER}\n\nAMTS cannot use the settings in {code(path)}, and drafts "
        f"nothing until they are corrected:\n\n- {escape(error, 2_000)}\n\nCorrect the file on the default branch. "
        "AMTS then looks again, and says here whether all is well.\n"
    )
    return "AMTS: the settings need to be corrected", body


def config_mended() -> str:
    """To the issue on settings, once they can be used."""
    return "The settings can be used again, and AMTS goes on. Thank you!\n"


def job_failed(what: str, error: str, job: str) -> str:
    """What AMTS could not do, in words that end a sentence ("the update to 1a2b3c4d"), why, and under which job id."""
    return (
        f"AMTS could not finish {escape(what, 200)}:\n\n- {escape(error, 2_000)}\n\nWhat was there is as it was. "
        f"Whoever runs AMTS finds this as job {code(job)}, and can start it again.\n"
    )


def paused() -> str:
    """To `/amts pause`."""
    return "AMTS is paused in this repository: it adds nothing until `/amts resume`. What is open stays as it is.\n"


def resumed() -> str:
    """To `/amts resume`."""
    return "AMTS goes on: what changed upstream in the meantime is looked at now.\n"


def skipped(paths: Sequence[str]) -> str:
    """To `/amts skip`: the sections that were taken out."""
    if not paths:
        return "No section was skipped.\n"
    verb = "is" if len(paths) == 1 else "are"
    back = "It comes back when its" if len(paths) == 1 else "Each comes back when its"
    return f"{names(paths)} {verb} out of this pull request. {back} English changes.\n"


def not_skipped(paths: Sequence[str]) -> str:
    """To `/amts skip`: the sections that stay, because people edited them on the branch."""
    if not paths:
        return ""
    them = "it" if len(paths) == 1 else "them"
    return f"Not skipped: {names(paths)}. People edited {them} on this branch, so AMTS leaves {them} alone.\n"


def retranslated(count: int, left: int, reasons: Sequence[str]) -> str:
    """To `/amts retranslate`: how many segments were drafted anew, how many were left as they were, and why.

    `reasons` has one for each that was left, or fewer; those that are the same are said once.
    """
    if not count and not left:
        return "There is nothing to draft anew: no segment here is a machine's, or people have edited them all.\n"
    said = f"{plural(count, 'segment')} drafted anew." if count else "No segment was drafted anew."
    if not left:
        return f"{said}\n"
    counted = Counter(reasons)
    lines = [
        f"- {escape(reason, 300)}{f' ({number:,} times)' if number > 1 else ''}"
        for reason, number in counted.most_common(_MOST_REASONS)
    ]
    if len(counted) > _MOST_REASONS:
        lines.append(f"- … and {plural(len(counted) - _MOST_REASONS, 'other reason')}")
    stayed = f"{said} {left:,} left as {'it was' if left == 1 else 'they were'}"
    return "\n".join([f"{stayed}:", "", *lines]) + "\n" if lines else f"{stayed}.\n"


def _of_proposal(proposal: Proposal, language: str) -> str:
    review = of_proposal(proposal, language)
    parts = [
        plural(len(review.sections), "section"),
        tally_text(tally(review.sections)),
        *([f"{plural(review.failed, 'section')} left alone because of an error"] if review.failed else []),
    ]
    return f"This pull request: {', '.join(parts)}. The source is that at {code(short(proposal.source))}."


def _of_others(record: Record, proposal: Proposal | None) -> Iterator[str]:
    others = [found for found in open_proposals(record) if proposal is None or found.branch != proposal.branch]
    if others:
        yield f"{plural(len(others), 'other pull request') if proposal else plural(len(others), 'pull request')} open."
    if record.waiting:
        segments = sum(chapter.segments for chapter in record.waiting)
        verb = "waits" if len(record.waiting) == 1 else "wait"
        yield f"{plural(len(record.waiting), 'chapter')} with {plural(segments, 'segment')} to review {verb}."
    if record.declined:
        verb = "is" if len(record.declined) == 1 else "are"
        yield f"{plural(len(record.declined), 'section')} {verb} declined, and left out until the English changes."
