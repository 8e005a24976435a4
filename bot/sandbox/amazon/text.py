"""TranslateText, and the list of languages."""

from __future__ import annotations

from bot.sandbox.amazon.account import Account, Answer, Parameters, page, without_none
from bot.sandbox.amazon.documents import has_markup, translate_fragment, translate_plain
from bot.sandbox.amazon.errors import ServiceError
from bot.sandbox.amazon.languages import CODES, check_pair
from bot.sandbox.amazon.terminology import TerminologyOperations
from bot.sandbox.amazon.translation import SegmentTranslator
from sync.languages import language

MAX_TEXT = 10_000  # bytes of a TranslateText


class TextOperations:
    """TranslateText and ListLanguages. `translated` counts the characters of all texts that were translated."""

    def __init__(self, account: Account, terminologies: TerminologyOperations) -> None:
        self._account = account
        self._terminologies = terminologies
        self.translated = 0

    def translate_text(self, parameters: Parameters) -> Answer:
        """Translate a text, as HTML if it holds tags."""
        source, target = parameters["SourceLanguageCode"], parameters["TargetLanguageCode"]
        check_pair(source, target)
        names = parameters.get("TerminologyNames", [])
        if len(names) > 1:
            raise ServiceError("InvalidRequestException", "Only one terminology can be used.")
        terms = self._terminologies.terms(names[0], source, target) if names else None
        translator = SegmentTranslator(target, "TranslateText", self._account.faults, terms=terms)
        text = parameters["Text"]
        translate = translate_fragment if has_markup(text) else translate_plain
        translated = translate(text, translator)
        with self._account.lock:
            self.translated += len(text)
        return without_none(
            {
                "TranslatedText": translated,
                "SourceLanguageCode": source,
                "TargetLanguageCode": target,
                "AppliedTerminologies": applied_terminologies(names, translator) or None,
                "AppliedSettings": parameters.get("Settings"),
            }
        )

    def list_languages(self, parameters: Parameters) -> Answer:
        """A page of the languages, their names in English."""
        display = parameters.get("DisplayLanguageCode", "en")
        if display != "en":
            raise ServiceError(
                "UnsupportedDisplayLanguageCodeException", f"The sandbox names languages in en only, not {display}."
            )
        entries = [{"LanguageName": language(code).name, "LanguageCode": code} for code in sorted(CODES)]
        answer = page("Languages", entries, parameters, bad_token="InvalidParameterValueException")  # noqa: S106 - an error code
        return {**answer, "DisplayLanguageCode": display}


def applied_terminologies(names: list[str], translator: SegmentTranslator) -> list[Answer]:
    """The terms that were used, as the service lists them."""
    terms = [{"SourceText": source, "TargetText": target} for source, target in sorted(translator.applied.items())]
    return [{"Name": names[0], "Terms": terms}] if terms else []
