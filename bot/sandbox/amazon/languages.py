"""The languages that the service translates."""

from __future__ import annotations

from bot.sandbox.amazon.errors import ServiceError

# Developer guide, "Supported languages and language codes".
_LISTED = (
    "af am ar az bg bn bs ca cs cy da de el en es es-MX et fa fa-AF fi fr fr-CA ga gu ha he hi hr ht hu hy id is it ja "
    "ka kk kn ko lt lv mk ml mn mr ms mt nl no pa pl ps pt pt-PT ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz "
    "vi zh zh-TW"
)
CODES = frozenset(_LISTED.split())


def check_pair(source: str, target: str) -> None:
    """Raises ServiceError where the service does not translate from `source` to `target`.

    "auto" is refused too: the stand-in detects no languages.
    """
    for code in (source, target):
        if code not in CODES:
            raise ServiceError(
                "UnsupportedLanguagePairException", f"Unsupported language pair: {source} to {target} ({code})"
            )
    if source == target:
        raise ServiceError("InvalidRequestException", f"The source and the target language are the same: {source}")
