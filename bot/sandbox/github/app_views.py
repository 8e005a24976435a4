"""How the App, its installations and its webhooks look in answers and webhooks."""

from __future__ import annotations

from bot.sandbox.github.accounts import App
from bot.sandbox.github.records import Installation
from bot.sandbox.github.views import Addresses, View, node, time, user
from bot.sandbox.github.webhooks import Delivery


def app(record: App, at: Addresses) -> View:
    """An App."""
    return {
        "id": record.id,
        "slug": record.slug,
        "client_id": f"Iv1.{record.id:016x}",
        "node_id": node("A", record.id),
        "owner": user(record.owner, at),
        "name": record.name,
        "description": None,
        "external_url": at.web,
        "html_url": f"{at.web}/apps/{record.slug}",
        "created_at": time(record.created),
        "updated_at": time(record.created),
        "permissions": dict(record.permissions),
        "events": list(record.events),
    }


def installation(record: Installation, at: Addresses) -> View:
    """An installation of the App."""
    api = f"{at.api}/app/installations/{record.id}"
    return {
        "id": record.id,
        "node_id": node("INS", record.id),
        "client_id": f"Iv1.{record.app.id:016x}",
        "account": user(record.account, at),
        "repository_selection": "selected",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{at.api}/installation/repositories",
        "html_url": f"{at.web}/settings/installations/{record.id}",
        "app_id": record.app.id,
        "app_slug": record.app.slug,
        "target_id": record.account.id,
        "target_type": record.account.type,
        "permissions": dict(record.app.permissions),
        "events": list(record.app.events),
        "created_at": time(record.created),
        "updated_at": time(record.created),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if record.suspended_by is None else user(record.suspended_by, at),
        "suspended_at": time(record.suspended),
    }


def delivery(record: Delivery) -> View:
    """A delivery of a webhook, in lists."""
    payload = record.payload
    return {
        "id": record.id,
        "guid": record.guid,
        "delivered_at": time(record.delivered),
        "redelivery": record.redelivery,
        "duration": record.duration,
        "status": "OK" if record.status is not None and record.status < 400 else "Invalid HTTP Response",
        "status_code": record.status or 0,
        "event": record.event,
        "action": record.action,
        "installation_id": payload.get("installation", {}).get("id"),
        "repository_id": payload.get("repository", {}).get("id"),
    }


def full_delivery(record: Delivery, url: str | None) -> View:
    """A delivery that is asked for by itself."""
    return {
        **delivery(record),
        "url": url or "",
        "request": {"headers": dict(record.headers), "payload": record.payload},
        "response": {"headers": {}, "payload": record.answer},
    }


def hook(record: App, url: str | None, at: Addresses) -> View:
    """The webhook of an App, in the event `ping`."""
    return {
        "type": "App",
        "id": record.id,
        "name": "web",
        "active": True,
        "app_id": record.id,
        "events": list(record.events),
        "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": url or ""},
        "created_at": time(record.created),
        "updated_at": time(record.created),
        "deliveries_url": f"{at.api}/app/hook/deliveries",
    }
