"""The App's key, the JSON Web Tokens that are signed with it, and every token that was handed out."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.sandbox.github.accounts import App, Kind, now
from bot.sandbox.github.errors import ApiError, bad_credentials
from bot.sandbox.github.records import Actor, Installation

_LONGEST_JWT = 600  # seconds from now to its end, GitHub's limit
_DRIFT = 60  # seconds that clocks may differ


class AppKey:
    """A private key, made when the sandbox starts; `pem` is what GitHub lets one download."""

    def __init__(self) -> None:
        self._key: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    def check(self, token: str, app: App) -> None:
        """Raises ApiError (401) unless the App signed the token, and it is valid now."""
        claims = self._claims(token)
        end, issued = claims.get("exp"), claims.get("iat")
        if str(claims.get("iss")) != str(app.id):
            raise ApiError(401, "'Issuer' claim ('iss') must be an Integer")
        if not isinstance(issued, int) or issued > time.time() + _DRIFT:
            raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing the time of issue")
        if not isinstance(end, int) or end <= time.time():
            future = "must be a numeric value representing the future time at which the assertion expires"
            raise ApiError(401, f"'Expiration time' claim ('exp') {future}")
        if end - time.time() > _LONGEST_JWT:
            raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token claims, which this key signed. Raises ApiError (401)."""
        signed, _, signature = token.rpartition(".")
        try:
            self._key.public_key().verify(_decode(signature), signed.encode(), PKCS1v15(), SHA256())
            header, claims = (json.loads(_decode(part)) for part in signed.split("."))
        except (InvalidSignature, ValueError):
            header = claims = None
        if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "RS256":
            raise ApiError(401, "A JSON web token could not be decoded")
        return claims


def _decode(part: str) -> bytes:
    """The bytes of a part of a token. Raises ValueError."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


@dataclass(slots=True)
class Tokens:
    """Every token that was handed out; used under the world's lock.

    `lifetime` is that of new tokens for installations, in seconds.
    """

    lifetime: float = 3600
    _actors: dict[str, tuple[Actor, datetime | None]] = field(default_factory=dict)

    def issue(self, actor: Actor) -> tuple[str, datetime | None]:
        """A new token that acts as `actor`, and until when."""
        prefix = "ghp" if actor.kind is Kind.PERSON else "ghs"
        token = f"{prefix}_{secrets.token_hex(20)}"
        expires = now() + timedelta(seconds=self.lifetime) if actor.kind is Kind.INSTALLATION else None
        self._actors[token] = actor, expires
        return token, expires

    def actor(self, token: str) -> Actor:
        """Whoever a token acts as. Raises ApiError (401) where it is none, or no longer."""
        actor, expires = self._actors.get(token, (None, None))
        if actor is None or (expires is not None and expires <= now()):
            raise bad_credentials()
        return actor

    def revoke(self, installation: Installation) -> None:
        """End the tokens of an installation."""
        self._actors = {
            token: (actor, expires)
            for token, (actor, expires) in self._actors.items()
            if actor.installation is not installation
        }


def bearer(header: str) -> str | None:
    """The token of an Authorization header, None where there is none."""
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "token") and token else None
