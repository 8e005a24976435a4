"""The App's key, the JSON Web Tokens that are signed with it, and every token that was handed out."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.sandbox.github.errors import ApiError, bad_credentials
from bot.sandbox.github.records import Actor, App, Installation, Kind, now

_LONGEST_JWT = 600  # seconds from its issue to its end, GitHub's limit
_DRIFT = 60  # seconds that clocks may differ


class AppKey:
    """A private key, made when the sandbox starts; `pem` is what GitHub lets one download."""

    def __init__(self) -> None:
        self._key: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    def check(self, token: str, app: App) -> None:
        """Raises ApiError (401) unless the App signed the token, and it is valid now."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                leeway=_DRIFT,
                options={"require": ["exp", "iat", "iss"], "verify_iss": False},
            )
        except jwt.ExpiredSignatureError:
            message = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
            raise ApiError(401, message + "the assertion expires") from None
        except jwt.PyJWTError:
            raise ApiError(401, "A JSON web token could not be decoded") from None
        if str(claims["iss"]) != str(app.id):
            raise ApiError(401, "'Issuer' claim ('iss') must be an Integer")
        if claims["exp"] - time.time() > _LONGEST_JWT + _DRIFT:
            raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")


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
