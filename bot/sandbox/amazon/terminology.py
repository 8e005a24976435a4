"""Custom terminologies: imported at once, and looked for in a text."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.sandbox.amazon.account import Account, Answer, Parameters, arn, now, page, without_none
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.tables import Table, TableError, read_table

MAX_TERMINOLOGIES = 100  # an account; developer guide, "Guidelines and quotas"


class Terms:
    """Terms of one pair of languages, found in a text where they stand as whole words, the longest first."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._by_start: dict[str, list[str]] = defaultdict(list)
        for term in sorted(terms, key=len, reverse=True):
            self._by_start[term[:2]].append(term)
        self._targets = terms

    def split(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The text in order: (what is not a term, None) and (a term, its translation). Upper and lower case differ."""
        position = start = 0
        while position < len(text):
            term = self._at(text, position)
            if term is None:
                position += 1
                continue
            yield text[start:position], None
            yield term, self._targets[term]
            start = position = position + len(term)
        yield text[start:], None

    def _at(self, text: str, position: int) -> str | None:
        starts = {text[position : position + 2], text[position]}
        for term in (term for start in starts for term in self._by_start.get(start, ())):
            if text.startswith(term, position) and _stands_alone(text, position, position + len(term)):
                return term
        return None


def _stands_alone(text: str, start: int, end: int) -> bool:
    def is_latin(character: str) -> bool:
        return character.isalnum() and ord(character) < 0x2E80

    before = start > 0 and is_latin(text[start - 1]) and is_latin(text[start])
    after = end < len(text) and is_latin(text[end]) and is_latin(text[end - 1])
    return not (before or after)


@dataclass(frozen=True, slots=True)
class TerminologyFigures:
    """What a test may ask of a terminology: how often it was imported, and how many terms it has."""

    versions: int
    terms: int


@dataclass(frozen=True, slots=True)
class _Terminology:
    name: str
    form: str
    directionality: str
    description: str | None
    encryption_key: dict[str, str] | None
    size: int
    table: Table
    created: float
    updated: float
    versions: int

    def count(self) -> tuple[int, int]:
        """How many rows are terms, and how many are skipped."""
        terms = sum(_is_term(row) for row in self.table.rows)
        return terms, len(self.table.rows) - terms

    def codes(self) -> tuple[list[str], list[str]]:
        """From which languages, and into which."""
        first, *rest = self.table.codes
        return ([first, *rest], [first, *rest]) if self.directionality == "MULTI" else ([first], rest)


def _is_term(row: tuple[str, ...]) -> bool:
    return sum(bool(field.strip()) for field in row) >= 2 and bool(row[0].strip())


class TerminologyOperations:
    """ImportTerminology, GetTerminology, ListTerminologies, DeleteTerminology."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._terminologies: dict[str, _Terminology] = {}

    def figures(self) -> dict[str, TerminologyFigures]:
        """Every terminology, by name."""
        with self._account.lock:
            return {name: TerminologyFigures(t.versions, t.count()[0]) for name, t in self._terminologies.items()}

    def terms(self, name: str, source: str, target: str) -> Terms:
        """The terms of a terminology for a pair of languages. Raises ServiceError where it does not cover them."""
        table = self.check(name, source, [target]).table
        one, other = table.codes.index(source), table.codes.index(target)
        rows = [row for row in table.rows if _is_term(row) and len(row) > max(one, other)]
        return Terms({row[one].strip(): row[other].strip() for row in rows if row[one].strip() and row[other].strip()})

    def check(self, name: str, source: str, targets: Iterable[str]) -> _Terminology:
        """The terminology of a name. Raises ServiceError where there is none, or it does not cover the languages."""
        with self._account.lock:
            found = self._get(name)
        sources, covered = found.codes()
        if source not in sources:
            raise ServiceError("InvalidRequestException", f"Terminology {name} is not from {source}.")
        if missing := [target for target in targets if target not in covered]:
            raise ServiceError("InvalidRequestException", f"Terminology {name} has no {missing[0]}.")
        return found

    def import_terminology(self, parameters: Parameters) -> Answer:
        """Make a terminology, or replace it as a whole."""
        name, content = parameters["Name"], parameters["TerminologyData"]
        data = base64.b64decode(content["File"])
        try:
            table = read_table(data, content["Format"])
        except TableError as error:
            raise ServiceError("InvalidParameterValueException", str(error)) from None
        with self._account.lock:
            before = self._terminologies.get(name)
            if before is None and len(self._terminologies) >= MAX_TERMINOLOGIES:
                raise ServiceError("LimitExceededException", f"There are {MAX_TERMINOLOGIES} terminologies already.")
            self._account.storage.keep(_key(name), data)
            time_of_request = now()
            terminology = _Terminology(
                name,
                content["Format"],
                content.get("Directionality", "UNI"),
                parameters.get("Description"),
                parameters.get("EncryptionKey"),
                len(data),
                table,
                before.created if before else time_of_request,
                time_of_request,
                before.versions + 1 if before else 1,
            )
            self._terminologies[name] = terminology
        return {"TerminologyProperties": _properties(terminology)}

    def get_terminology(self, parameters: Parameters) -> Answer:
        """A terminology and where its file is."""
        with self._account.lock:
            found = self._get(parameters["Name"])
        wanted = parameters.get("TerminologyDataFormat", found.form)
        if wanted != found.form:
            raise ServiceError("InvalidParameterValueException", f"Terminology {found.name} is kept as {found.form}.")
        location = self._account.storage.kept(_key(found.name))
        return {"TerminologyProperties": _properties(found), "TerminologyDataLocation": location}

    def list_terminologies(self, parameters: Parameters) -> Answer:
        """A page of the terminologies, by name."""
        with self._account.lock:
            entries = [_properties(terminology) for _, terminology in sorted(self._terminologies.items())]
        return page("TerminologyPropertiesList", entries, parameters, bad_token="InvalidParameterValueException")  # noqa: S106 - an error code

    def delete_terminology(self, parameters: Parameters) -> Answer:
        """Delete a terminology."""
        with self._account.lock:
            self._get(parameters["Name"])
            del self._terminologies[parameters["Name"]]
        return {}

    def _get(self, name: str) -> _Terminology:
        if name not in self._terminologies:
            raise ServiceError("ResourceNotFoundException", f"Terminology {name} does not exist.")
        return self._terminologies[name]


def _key(name: str) -> str:
    return f"terminologies/{name}"


def _properties(terminology: _Terminology) -> Answer:
    terms, skipped = terminology.count()
    return without_none(
        {
            "Name": terminology.name,
            "Arn": arn("terminology", f"{terminology.name}/LATEST"),
            "Description": terminology.description,
            "SourceLanguageCode": terminology.table.codes[0],
            "TargetLanguageCodes": list(terminology.table.codes[1:]),
            "EncryptionKey": terminology.encryption_key,
            "SizeBytes": terminology.size,
            "TermCount": terms,
            "SkippedTermCount": skipped,
            "CreatedAt": terminology.created,
            "LastUpdatedAt": terminology.updated,
            "Directionality": terminology.directionality,
            "Format": terminology.form,
        }
    )
