"""What `amts bench webhook` measures beside the bot: a Flask route that does one SQLite insert, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from flask import Flask, request

DATABASE = "AMTS_BENCH_DATABASE"  # the variable that names its file


def web() -> Flask:
    """The WSGI application: POST /webhook stores the body under the id of the delivery.

    It is as quick as such a route can be without losing data: each thread keeps its connection, the journal is
    written ahead, and every insert is on the disk before it is answered, as the bot's own are.
    """
    app = Flask("bare", static_folder=None)
    kept = threading.local()
    with connect(Path(os.environ[DATABASE])) as first:
        first.execute("PRAGMA journal_mode=WAL")
        first.execute("CREATE TABLE IF NOT EXISTS deliveries (id TEXT PRIMARY KEY, body TEXT NOT NULL)")

    @app.post("/webhook")
    def webhook() -> tuple[dict[str, str], int]:
        if not hasattr(kept, "connection"):
            kept.connection = connect(Path(os.environ[DATABASE]))
        delivery = request.headers["X-GitHub-Delivery"]
        with kept.connection as database:
            database.execute("INSERT INTO deliveries VALUES (?, ?)", (delivery, request.get_data(as_text=True)))
        return {"job": delivery}, 202

    return app


def connect(place: Path) -> sqlite3.Connection:
    """A connection to its database; used by one thread only."""
    return sqlite3.connect(place, timeout=30)
