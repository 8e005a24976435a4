"""The engine asked in stages, each of which can be done again: jobs submitted, polled, finished. Values are JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.tasks import Prepared
from sync.drafts import Asked, finish
from sync.engines import Answers, EngineError, JobError
from sync.model import Cost, Translation

Value = Any  # what JSON can hold


def submit(prepared: Prepared) -> Value:
    """The handle of each job, or why it could not be begun. Raises EngineError where all are refused."""
    handles: dict[str, Any] = {}
    refusals: list[EngineError] = []
    spent = 0.0
    for name, (translator, job) in prepared.asked.items():
        try:
            cost = translator.estimate(job) if prepared.limit is not None else None
            dollars = cost.dollars if cost else 0.0
            if handles and prepared.limit is not None and spent + dollars > prepared.limit:
                raise EngineError(f"an update may cost ${prepared.limit:g}, and the rest of it has used that up")
            handles[name] = {"handle": translator.submit(job)}
            spent += dollars
        except JobError as error:
            handles[name] = {"failure": str(error)}
        except EngineError as error:
            handles[name] = {"failure": str(error)}
            refusals.append(error)
    if refusals and len(refusals) == len(handles):
        raise refusals[0]
    return handles


def poll(prepared: Prepared, handles: Mapping[str, Any], names: list[str]) -> Value:
    """The answers that are there now, by job, and after how long it is worth while to look again."""
    found: dict[str, Any] = {}
    engines = {name: translator for name, (translator, _) in prepared.asked.items()}
    for name in names:
        if "failure" in handles[name]:
            found[name] = handles[name]
            continue
        try:
            answers = engines[name].poll(handles[name]["handle"])
        except JobError as error:
            found[name] = {"failure": str(error)}
        else:
            if answers is not None:
                found[name] = {"handle": handles[name]["handle"], "answers": _dump(answers)}
    return {"answers": found, "pause": max((engines[name].pause for name in names), default=1.0)}


def finish_jobs(prepared: Prepared, handles: Mapping[str, Any], answers: Mapping[str, Any]) -> Value:
    """What the engine keeps for the jobs can go, as the drafts are pushed."""
    notes: list[str] = []
    for name, (translator, _) in prepared.asked.items():
        if "answers" in answers.get(name, {}):
            notes += finish(translator, handles[name]["handle"])
    return notes


def _dump(answers: Answers) -> Value:
    return {
        "translations": {id: asdict(found) for id, found in answers.translations.items()},
        "notes": list(answers.notes),
        "cost": asdict(answers.cost) if answers.cost else None,
    }


def as_asked(found: Mapping[str, Any]) -> Asked:
    """What became of a job, from the value that `poll` gave for it."""
    if "failure" in found:
        return Asked(failure=found["failure"])
    fields = found["answers"]
    cost = fields["cost"]
    return Asked(
        Answers(
            {id: Translation(**translation) for id, translation in fields["translations"].items()},
            tuple(fields["notes"]),
            Cost(**{**cost, "remarks": tuple(cost["remarks"])}) if cost else None,
        ),
        found["handle"],
    )
