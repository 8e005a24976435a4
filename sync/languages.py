"""The languages that AMTS knows, and what its code needs to know of each."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import process

from sync.model import AmtsError


class UnknownLanguage(AmtsError):
    """A language code that AMTS does not know."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its code (as Amazon Translate writes it), its English name, and its script's habits.

    `spaceless`: written without spaces between words, so that a line break in its text is not a space.
    """

    code: str
    name: str
    spaceless: bool = False


_SPACELESS = {"zh": "Chinese", "zh-TW": "Chinese (Traditional)", "ja": "Japanese", "th": "Thai"}
_SPACED = {
    "af": "Afrikaans", "sq": "Albanian", "am": "Amharic", "ar": "Arabic", "hy": "Armenian",
    "az": "Azerbaijani", "bn": "Bengali", "bs": "Bosnian", "bg": "Bulgarian", "ca": "Catalan",
    "hr": "Croatian", "cs": "Czech", "da": "Danish", "fa-AF": "Dari", "nl": "Dutch", "en": "English",
    "et": "Estonian", "fa": "Farsi (Persian)", "tl": "Filipino", "fi": "Finnish", "fr": "French",
    "fr-CA": "French (Canada)", "ka": "Georgian", "de": "German", "el": "Greek", "gu": "Gujarati",
    "ht": "Haitian Creole", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "is": "Icelandic", "id": "Indonesian", "ga": "Irish", "it": "Italian", "kn": "Kannada",
    "kk": "Kazakh", "ko": "Korean", "lv": "Latvian", "lt": "Lithuanian", "mk": "Macedonian",
    "ms": "Malay", "ml": "Malayalam", "mt": "Maltese", "mr": "Marathi", "mn": "Mongolian",
    "no": "Norwegian", "ps": "Pashto", "pl": "Polish", "pt": "Portuguese", "pt-PT": "Portuguese (Portugal)",
    "pa": "Punjabi", "ro": "Romanian", "ru": "Russian", "sr": "Serbian", "si": "Sinhala",
    "sk": "Slovak", "sl": "Slovenian", "so": "Somali", "es": "Spanish", "es-MX": "Spanish (Mexico)",
    "sw": "Swahili", "sv": "Swedish", "ta": "Tamil", "te": "Telugu", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "cy": "Welsh",
}  # fmt: skip

# Source: the languages of the Amazon Translate developer guide, "Supported languages and language codes".
LANGUAGES = {
    **{code: Language(code, name, spaceless=True) for code, name in _SPACELESS.items()},
    **{code: Language(code, name) for code, name in _SPACED.items()},
}


def is_spaceless(code: str) -> bool:
    """Whether a language is written without spaces; False of one that is not known."""
    found = LANGUAGES.get(code)
    return found is not None and found.spaceless


def language(code: str) -> Language:
    """The language of a code, upper or lower case, `_` or `-`. Raises UnknownLanguage."""
    wanted = code.strip().replace("_", "-").lower()
    for known, found in LANGUAGES.items():
        if known.lower() == wanted:
            return found
    names = {known: f"{known} {found.name}" for known, found in LANGUAGES.items()}
    nearest = process.extractOne(code[:40], names)
    hint = f"; did you mean {nearest[2]} ({LANGUAGES[nearest[2]].name})?" if nearest else ""
    raise UnknownLanguage(f"unknown language {code[:40]!r}{hint} Use a code such as zh, ko, tr or es.")
