"""A stand-in for Amazon Translate on loopback, with moto's S3, IAM and STS at the same address.

For tests, for benchmarks, and for trying the engine `amazon` without an account. It translates nothing: what no
example of the parallel data covers becomes words that look foreign, and the same ones every time.
"""

from __future__ import annotations

from bot.sandbox.amazon.account import Pace
from bot.sandbox.amazon.faults import (
    AccessDenied,
    Conflict,
    Conflict2,
    ConnectionDropped,
    DntResidue,
    DocumentsFail,
    EntitiesTwice,
    Fault,
    JobFails,
    JobNeverEnds,
    JobStops,
    ParallelDataFails,
    SegmentMissing,
    ServerError,
    SlowSlot,
    SpacesAdded,
    SpanAltered,
    SpanDuplicated,
    SpanLost,
    SpanMoved,
    Throttling,
)
from bot.sandbox.amazon.parallel_data import ParallelDataFigures
from bot.sandbox.amazon.server import AmazonSandbox, JobFigures, When
from bot.sandbox.amazon.terminology import TerminologyFigures

__all__ = [
    "AccessDenied",
    "AmazonSandbox",
    "Conflict",
    "Conflict2",
    "ConnectionDropped",
    "DntResidue",
    "DocumentsFail",
    "EntitiesTwice",
    "Fault",
    "JobFails",
    "JobFigures",
    "JobNeverEnds",
    "JobStops",
    "Pace",
    "ParallelDataFails",
    "ParallelDataFigures",
    "SegmentMissing",
    "ServerError",
    "SlowSlot",
    "SpacesAdded",
    "SpanAltered",
    "SpanDuplicated",
    "SpanLost",
    "SpanMoved",
    "TerminologyFigures",
    "Throttling",
    "When",
]
