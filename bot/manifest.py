"""The manifest of the GitHub App (docs.github.com, "Registering a GitHub App from a manifest")."""

from __future__ import annotations

import re

from sync.model import AmtsError

# Of each no more than is used: drafts are pushed, pull requests and issues written, check runs shown.
PERMISSIONS = {"contents": "write", "pull_requests": "write", "issues": "write", "checks": "write", "metadata": "read"}
# Those of installations and `ping` are sent unasked.
EVENTS = ("push", "pull_request", "issue_comment", "issues")


class ManifestError(AmtsError):
    """No manifest can be made of this."""


def manifest(url: str, name: str) -> dict[str, object]:
    """The manifest of an App with this name, whose server is at an https address. Raises ManifestError."""
    address = url.rstrip("/")
    # Not quoted back: an address may hold a password.
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[\w./~-]*)?", address) or address.endswith("/webhook"):
        raise ManifestError("--url must be the https address of `amts serve`, without user, query and /webhook")
    if not 0 < len(name) <= 34:
        raise ManifestError("the name of a GitHub App has 1 to 34 characters")
    return {
        "name": name,
        "url": address,
        "description": "Keeps the translations of a Markdown book in step with its English source.",
        "public": False,
        "hook_attributes": {"url": f"{address}/webhook", "active": True},
        "redirect_url": f"{address}/healthz",
        "default_permissions": PERMISSIONS,
        "default_events": list(EVENTS),
    }
