"""The stand-in for Amazon Translate, asked over HTTP by real clients."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import unescape
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bot.sandbox.amazon import (
    AccessDenied,
    AmazonSandbox,
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
    Pace,
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
    When,
)
from bot.sandbox.amazon.languages import CODES
from bot.sandbox.amazon.shapes import error_codes, faults_of_answer, faults_of_request, model
from bot.sandbox.amazon.tables import TableError, read_table
from bot.sandbox.amazon.words import rewrite
from sync.languages import LANGUAGES
from sync.spans import SpanFault, decode, encode, encode_pair

FAST = Pace(parallel_data=0.03, queued=0.02, running=0.03)
SENTENCE = "Set `a < b` to $x$ & go."
NEVER = JobNeverEnds()


T = TypeVar("T")


@lru_cache
def session_of(key: str, secret: str, region: str) -> boto3.Session:
    """One for all tests: a session reads botocore's large files once."""
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)


class Client:
    """A client of a sandbox, and what the tests do with it again and again."""

    def __init__(self, sandbox: AmazonSandbox) -> None:
        environment = sandbox.environment()
        self.sandbox = sandbox
        session = session_of(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_REGION"]
        )
        once = Config(retries={"total_max_attempts": 1})
        self.translate = session.client("translate", endpoint_url=sandbox.url, config=once)
        self.s3 = session.client("s3", endpoint_url=sandbox.url, config=once)
        self.iam = session.client("iam", endpoint_url=sandbox.url, config=once)

    def put(self, key: str, content: str | bytes) -> str:
        """Writes an object: its address."""
        body = content.encode() if isinstance(content, str) else content
        self.s3.put_object(Bucket=self.sandbox.bucket, Key=key, Body=body)
        return f"s3://{self.sandbox.bucket}/{key}"

    def read(self, key: str) -> str:
        return self.s3.get_object(Bucket=self.sandbox.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix: str = "") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.sandbox.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def create(self, content: str | bytes, name: str = "book", form: Any = "CSV", request: str = "create") -> None:
        config: Any = {"S3Uri": self.put(f"parallel/{name}.{form.lower()}", content), "Format": form}
        self.translate.create_parallel_data(Name=name, ParallelDataConfig=config, ClientToken=request)

    def created(self, content: str | bytes, name: str = "book", form: Any = "CSV") -> dict[str, Any]:
        self.create(content, name, form)
        return self.settled(name)

    def settled(self, name: str = "book") -> dict[str, Any]:
        """A resource once neither a creation nor an update is going on."""

        def properties() -> dict[str, Any] | None:
            found: Any = self.translate.get_parallel_data(Name=name)["ParallelDataProperties"]
            busy = found["Status"] == "CREATING" or found.get("LatestUpdateAttemptStatus") == "UPDATING"
            return None if busy else found

        return wait(properties)

    def start(self, request: str = "job", folder: str = "in", **more: Any) -> str:
        """Starts a job from English to Chinese."""
        settings: dict[str, Any] = {
            "InputDataConfig": {"S3Uri": f"s3://{self.sandbox.bucket}/{folder}/", "ContentType": "text/html"},
            "OutputDataConfig": {"S3Uri": f"s3://{self.sandbox.bucket}/out/"},
            "DataAccessRoleArn": self.sandbox.role,
            "SourceLanguageCode": "en",
            "TargetLanguageCodes": ["zh"],
            "ClientToken": request,
        }
        return self.translate.start_text_translation_job(**{**settings, **more})["JobId"]

    def describe(self, job: str) -> dict[str, Any]:
        found: Any = self.translate.describe_text_translation_job(JobId=job)
        return dict(found["TextTranslationJobProperties"])

    def finished(self, job: str) -> dict[str, Any]:
        def properties() -> dict[str, Any] | None:
            found = self.describe(job)
            return None if found["JobStatus"] in ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED") else found

        return wait(properties)

    def output(self, job: str, name: str) -> str:
        return self.read(f"out/123456789012-TranslateText-{job}/{name}")

    def details(self, job: str, language: str = "zh") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.output(job, f"details/{language}.auxiliary-translation-details.json"))
        return found

    def segments(self, *sources: str, **more: Any) -> list[str | None]:
        """What comes back for segments in a document of their own; None for one that vanished."""
        body = "\n".join(f'<p id="s{number}">{source}</p>' for number, source in enumerate(sources))
        self.put("in/a.html", f"<html><body>\n{body}\n</body></html>")
        job = self.start(**more)
        assert self.finished(job)["JobStatus"] == "COMPLETED"
        found = dict(re.findall(r'<p id="s(\d+)">(.*?)</p>', self.output(job, "zh.a.html"), re.DOTALL))
        return [found.get(str(number)) for number in range(len(sources))]

    def text(self, text: str, target: str = "zh", **more: Any) -> str:
        answer = self.translate.translate_text(Text=text, SourceLanguageCode="en", TargetLanguageCode=target, **more)
        return answer["TranslatedText"]


def wait(ask: Callable[[], T | None], seconds: float = 10) -> T:
    """What a question is answered with once it is answered."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.01)
    raise TimeoutError


def code(call: Callable[[], object]) -> str:
    """The code of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def sandbox() -> Iterator[AmazonSandbox]:
    with AmazonSandbox(pace=FAST) as opened:
        yield opened


@pytest.fixture
def client(sandbox: AmazonSandbox) -> Client:
    return Client(sandbox)


def test_one_sandbox_at_a_time_and_each_begins_empty() -> None:
    with AmazonSandbox(pace=FAST) as first:
        Client(first).put("left/behind.txt", "x")
        with pytest.raises(RuntimeError, match="another"):
            AmazonSandbox().__enter__()
    with AmazonSandbox(pace=FAST) as second:
        assert Client(second).keys() == []


def test_the_environment_is_all_that_a_client_process_needs(sandbox: AmazonSandbox) -> None:
    program = "import boto3; print(boto3.client('translate').translate_text(Text='word', SourceLanguageCode='en', TargetLanguageCode='ko')['TranslatedText'])"
    ran = subprocess.run(
        [sys.executable, "-c", program], env=sandbox.environment(), capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"[가-힣]+\n", ran.stdout)
    assert sandbox.requests == ("TranslateText",)
    assert sandbox.translated == 4


def test_requests_are_told_in_order_and_those_of_the_service_itself_are_not(client: Client) -> None:
    client.put("in/a.html", "<html><p>One</p></html>")
    client.iam.get_role(RoleName="amts-sandbox")
    client.finished(client.start())
    names = client.sandbox.requests
    assert names[:3] == ("S3 PUT", "IAM POST", "StartTextTranslationJob")
    assert set(names[3:]) == {"DescribeTextTranslationJob"}


# Shapes


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"ClientToken": None}, "Member must not be null"),
        ({"ClientToken": "a_b"}, "regular expression"),
        ({"ClientToken": "a" * 65}, "less than or equal to 64"),
        ({"Nonsense": 1}, "not known"),
        ({"TargetLanguageCodes": "zh"}, "type list"),
        ({"TargetLanguageCodes": []}, "greater than or equal to 1"),
        ({"TargetLanguageCodes": ["z"]}, "greater than or equal to 2"),
        ({"JobName": "a#b"}, "regular expression"),
        ({"JobName": "第一章 + é"}, ""),
        ({"Settings": {"Formality": "RUDE"}}, "enum"),
        ({"Settings": {"Formality": "FORMAL", "Profanity": "MASK"}}, ""),
        ({"DataAccessRoleArn": "arn:aws:iam::1:role/x-and-more"}, "regular expression"),
        ({"InputDataConfig": {"S3Uri": "s3://A/b", "ContentType": "text/html"}}, "regular expression"),
        ({"InputDataConfig": {"S3Uri": "s3://bucket/b"}}, "not be null"),
    ],
)
def test_requests_are_checked_more_strictly_than_botocore_does(change: dict[str, Any], part: str) -> None:
    parameters: dict[str, Any] = {
        "InputDataConfig": {"S3Uri": "s3://bucket/in/", "ContentType": "text/html"},
        "OutputDataConfig": {"S3Uri": "s3://bucket/out/"},
        "DataAccessRoleArn": "arn:aws:iam::123456789012:role/x",
        "SourceLanguageCode": "en",
        "TargetLanguageCodes": ["zh"],
        "ClientToken": "t",
    }
    faults = faults_of_request("StartTextTranslationJob", {**parameters, **change})
    assert part in "; ".join(faults)
    assert bool(faults) == bool(part)


def test_every_pattern_of_the_model_can_be_read_and_texts_of_any_kind_pass() -> None:
    for operation in model().operation_names:
        assert faults_of_request(operation, []), operation
    assert faults_of_request("GetParallelData", {"Name": "Ab-1_c"}) == []
    assert faults_of_request("GetParallelData", {"Name": "a__b"}) != []
    texts = {"Text": "é\\ñ 😀", "SourceLanguageCode": "en", "TargetLanguageCode": "zh"}
    assert faults_of_request("TranslateText", texts) == []
    assert faults_of_request("ListLanguages", {"NextToken": "é"}) != []
    assert (
        faults_of_request(
            "ImportTerminology",
            {"Name": "a", "MergeStrategy": "OVERWRITE", "TerminologyData": {"File": "?", "Format": "CSV"}},
        )
        != []
    )
    assert faults_of_answer("TranslateText", {"TranslatedText": "a"}) != []


def test_a_request_against_the_model_is_refused_over_http(client: Client) -> None:
    assert code(lambda: client.translate.get_parallel_data(Name="not valid")) == "ValidationException"
    assert code(lambda: client.translate.list_tags_for_resource(ResourceArn="a")) == "UnknownOperationException"


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({}, b"{}", "MissingAuthenticationTokenException"),
        ({"Authorization": "AWS4-HMAC-SHA256 x"}, b"{", "SerializationException"),
        ({"Authorization": "AWS4-HMAC-SHA256 x"}, b"[]", "ValidationException"),
        ({"Content-Type": "text/plain"}, b"{}", "SerializationException"),
    ],
)
def test_what_is_no_request_is_refused(
    sandbox: AmazonSandbox, headers: dict[str, str], body: bytes, error: str
) -> None:
    usual = {
        "X-Amz-Target": "AWSShineFrontendService_20170701.TranslateText",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = urllib.request.Request(sandbox.url, body, {**usual, **headers})  # noqa: S310 - the sandbox
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310 - the sandbox
    assert (caught.value.code, json.load(caught.value)["__type"]) == (400, error)


# Parallel data


def test_parallel_data_is_created_in_the_background(client: Client) -> None:
    client.create('en,zh\n"A ""word""","一个""词"""\n')
    first = client.translate.get_parallel_data(Name="book")["ParallelDataProperties"]
    assert (first["Status"], first.get("ImportedRecordCount")) == ("CREATING", None)
    found = client.settled()
    assert (found["Status"], found["SourceLanguageCode"], found["TargetLanguageCodes"]) == ("ACTIVE", "en", ["zh"])
    assert (found["ImportedRecordCount"], found["ImportedDataSize"]) == (1, 13)
    location = client.translate.get_parallel_data(Name="book")["DataLocation"]["Location"]
    assert urllib.request.urlopen(location).read().startswith(b"en,zh")  # noqa: S310 - the sandbox


@pytest.mark.parametrize(
    ("row", "skipped"),
    [
        ("a,b", 0),
        ('"a, ""b""",c', 0),
        ("=a,b", 1),
        ("a,+b", 1),
        ("-a,b", 1),
        ("@a,b", 1),
        ("a,", 1),
        (" ,b", 1),
        ("a", 1),
        ("a,b,c", 1),
        ('"a\nb",c', 1),
        ("a" * 1000 + ",b", 0),
        ("a" * 1001 + ",b", 1),
        ("a," + "字" * 334, 1),
    ],
)
def test_rows_that_the_service_skips(client: Client, row: str, skipped: int) -> None:
    client.created(f"en,zh\nfirst,一\n{row}\n")
    figures = client.sandbox.parallel_data["book"]
    assert (figures.rows, figures.skipped, figures.imported, figures.failed) == (2, skipped, 2 - skipped, 0)


@pytest.mark.parametrize(
    ("content", "form", "message"),
    [
        (b"", "CSV", "empty"),
        (b"\xef\xbb\xbfen,zh\na,b\n", "CSV", "byte order mark"),
        (b"en,zh\n\xff,b\n", "CSV", "not UTF-8"),
        (b'en,zh\n"a,b\n', "CSV", "not CSV"),
        (b"source,target\na,b\n", "CSV", "language codes"),
        (b"en\na\n", "CSV", "at least one target"),
        (b"en,zh,zh\na,b,c\n", "CSV", "twice"),
        (b"en,zh\na,b\n", "TSV", "at least one target"),
        (b"<tmx><body>", "TMX", "not TMX"),
        (b'<!DOCTYPE t [<!ENTITY a "b">]><tmx/>', "TMX", "entities"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_a_message(
    client: Client, content: bytes, form: str, message: str
) -> None:
    found = client.created(content, form=form)
    assert found["Status"] == "FAILED"
    assert message in found["Message"]


def test_tsv_and_tmx_are_read() -> None:
    assert read_table(b'en\tzh\n"a"\tb\n', "TSV").rows == (('"a"', "b"),)
    tmx = b"""<tmx version="1.4"><header srclang="en"/><body>
    <tu><tuv xml:lang="zh"><seg>b</seg></tuv><tuv xml:lang="en"><seg>a &amp; <ph>c</ph></seg></tuv></tu>
    <tu><tuv xml:lang="en"><seg>alone</seg></tuv></tu></body></tmx>"""
    table = read_table(tmx, "TMX")
    assert (table.codes, table.rows) == (("en", "zh"), (("a & c", "b"), ("alone", "")))
    with pytest.raises(TableError):
        read_table(b"<tmx/>", "TMX")


def test_the_address_may_be_that_of_the_folder(client: Client) -> None:
    client.put("data/book.csv", "en,zh\na,b\n")
    for number, uri in enumerate(("data", "data/", "data/book.csv", "nothing/")):
        config: Any = {"S3Uri": f"s3://{client.sandbox.bucket}/{uri}", "Format": "CSV"}
        client.translate.create_parallel_data(Name=f"n{number}", ParallelDataConfig=config, ClientToken=f"t{number}")
        assert client.settled(f"n{number}")["Status"] == ("FAILED" if uri == "nothing/" else "ACTIVE")


def test_an_update_replaces_the_whole_and_the_old_version_serves_until_then(client: Client) -> None:
    client.created("en,zh\nOld,旧\nBoth,两\n")
    config: Any = {"S3Uri": client.put("parallel/book.csv", "en,zh\nBoth,俩\n"), "Format": "CSV"}
    answer = client.translate.update_parallel_data(Name="book", ParallelDataConfig=config, ClientToken="u")
    assert (answer["Status"], answer["LatestUpdateAttemptStatus"]) == ("ACTIVE", "UPDATING")
    during = client.translate.get_parallel_data(Name="book")["ParallelDataProperties"]
    assert (during["Status"], during["LatestUpdateAttemptStatus"]) == ("ACTIVE", "UPDATING")
    assert during["ImportedRecordCount"] == 2
    found = client.settled()
    assert (found["LatestUpdateAttemptStatus"], found["ImportedRecordCount"]) == ("ACTIVE", 1)
    assert client.segments("Both", "Old", ParallelDataNames=["book"]) == ["俩", rewrite("Old", "zh")]
    assert client.sandbox.parallel_data["book"].versions == 2


def test_a_failed_update_leaves_the_old_version_in_use(client: Client) -> None:
    client.created("en,zh\nOld,旧\n")
    client.sandbox.inject(ParallelDataFails("the quota is used up", times=1))
    config: Any = {"S3Uri": client.put("parallel/book.csv", "en,zh\nOld,新\n"), "Format": "CSV"}
    client.translate.update_parallel_data(Name="book", ParallelDataConfig=config, ClientToken="u")
    found = client.settled()
    assert (found["Status"], found["LatestUpdateAttemptStatus"]) == ("ACTIVE", "FAILED")
    assert found["Message"] == "the quota is used up"
    assert client.segments("Old", ParallelDataNames=["book"]) == ["旧"]


def test_one_creation_or_update_at_a_time(client: Client) -> None:
    client.create("en,zh\na,b\n")
    assert code(lambda: client.create("en,zh\na,b\n", name="other", request="2")) == "LimitExceededException"
    config: Any = {"S3Uri": f"s3://{client.sandbox.bucket}/parallel/book.csv", "Format": "CSV"}
    update = lambda: client.translate.update_parallel_data(  # noqa: E731
        Name="book", ParallelDataConfig=config, ClientToken="3"
    )
    assert code(update) == "ConcurrentModificationException"
    client.settled()
    assert code(lambda: client.create("en,zh\na,b\n", request="4")) == "ConflictException"
    client.create("en,zh\na,b\n", name="other", request="5")


def test_another_creation_may_hold_the_slot(client: Client) -> None:
    client.sandbox.inject(SlowSlot(0.3))
    assert code(lambda: client.create("en,zh\na,b\n")) == "LimitExceededException"
    time.sleep(0.35)
    client.create("en,zh\na,b\n")
    assert client.settled()["Status"] == "ACTIVE"


def test_the_same_token_does_nothing_twice(client: Client) -> None:
    client.create("en,zh\na,b\n")
    client.create("en,zh\na,b\n")
    assert code(lambda: client.create("en,zh\na,b\n", name="other")) == "InvalidParameterValueException"
    client.settled()
    client.create("en,zh\na,b\n")
    assert client.sandbox.parallel_data["book"].versions == 1


def test_resources_are_listed_in_pages_and_deleted(client: Client) -> None:
    for name in "abc":
        client.create("en,zh\na,b\n", name=name, request=name)
        client.settled(name)
    first = client.translate.list_parallel_data(MaxResults=2)
    rest = client.translate.list_parallel_data(NextToken=first["NextToken"])
    names = [entry["Name"] for page in (first, rest) for entry in page["ParallelDataPropertiesList"]]
    assert (names, "NextToken" in rest) == (["a", "b", "c"], False)
    bad = lambda: client.translate.list_parallel_data(NextToken="bm9uc2Vuc2U=")  # noqa: E731
    assert code(bad) == "InvalidParameterValueException"
    assert client.translate.delete_parallel_data(Name="a")["Status"] == "DELETING"
    wait(lambda: True if "a" not in client.sandbox.parallel_data else None)
    assert code(lambda: client.translate.get_parallel_data(Name="a")) == "ResourceNotFoundException"
    assert code(lambda: client.translate.delete_parallel_data(Name="a")) == "ResourceNotFoundException"


# Terminologies and texts


def import_terms(client: Client, content: str, name: str = "terms") -> Any:
    return client.translate.import_terminology(
        Name=name, MergeStrategy="OVERWRITE", TerminologyData={"File": content.encode(), "Format": "CSV"}
    )["TerminologyProperties"]


def test_a_terminology_is_imported_read_listed_and_deleted(client: Client) -> None:
    found = import_terms(client, "en,zh\ngradient,梯度\nempty,\n")
    assert (found["TermCount"], found["SkippedTermCount"], found["TargetLanguageCodes"]) == (1, 1, ["zh"])
    import_terms(client, "en,zh\ngradient,梯度\nloss,损失\n")
    figures = client.sandbox.terminologies["terms"]
    assert (figures.versions, figures.terms) == (2, 2)
    got = client.translate.get_terminology(Name="terms", TerminologyDataFormat="CSV")
    assert b"loss" in urllib.request.urlopen(got["TerminologyDataLocation"]["Location"]).read()  # noqa: S310
    assert [t["Name"] for t in client.translate.list_terminologies()["TerminologyPropertiesList"]] == ["terms"]
    client.translate.delete_terminology(Name="terms")
    assert code(lambda: client.translate.get_terminology(Name="terms")) == "ResourceNotFoundException"
    assert code(lambda: import_terms(client, "words\n")) == "InvalidParameterValueException"


def test_terms_are_used_in_texts_and_documents_but_not_in_protected_tokens(client: Client) -> None:
    import_terms(client, "en,zh\nloss,损失\nloss function,损失函数\n")
    answer = client.translate.translate_text(
        Text='The loss function, glossy <span translate="no">loss</span>; loss',
        SourceLanguageCode="en",
        TargetLanguageCode="zh",
        TerminologyNames=["terms"],
    )
    text = answer["TranslatedText"]
    assert (text.count("损失函数"), text.count("损失"), '<span translate="no">loss</span>' in text) == (1, 2, True)
    assert answer["AppliedTerminologies"] == [
        {
            "Name": "terms",
            "Terms": [
                {"SourceText": "loss", "TargetText": "损失"},
                {"SourceText": "loss function", "TargetText": "损失函数"},
            ],
        }
    ]
    (segment,) = client.segments("A loss", TerminologyNames=["terms"])
    assert segment is not None
    assert segment.endswith("损失")


def test_texts_keep_what_is_no_word(client: Client) -> None:
    source = "Set 3.14 to `x_1` and $a$ in [**bold**] (~~old~~) | !"
    for target in ("zh", "ko", "es"):
        text = client.text(source, target)
        kept = re.compile(r"[\d.]+\d|`x_1`|\$a\$|\[\*\*|\*\*\]|\(~~|~~\)|\||!")
        assert kept.findall(text) == kept.findall(source)
        assert "  " not in text
        assert text != source
        assert text == client.text(source, target)
    assert client.text('"a" & b').count('"') == 2  # plain text stays plain
    assert "&quot;" in client.text('"a" <b>c</b>')


def test_settings_are_echoed_and_languages_known(client: Client) -> None:
    settings: Any = {"Formality": "FORMAL", "Profanity": "MASK"}
    answer = client.translate.translate_text(
        Text="a", SourceLanguageCode="en", TargetLanguageCode="zh", Settings=settings
    )
    assert answer["AppliedSettings"] == settings
    assert code(lambda: client.text("a", Settings={"Formality": "X"})) == "ValidationException"
    assert code(lambda: client.text("a", "xx")) == "UnsupportedLanguagePairException"
    assert code(lambda: client.text("a", "en")) == "InvalidRequestException"
    first = client.translate.list_languages(MaxResults=70)
    rest = client.translate.list_languages(NextToken=first["NextToken"])
    codes = {entry["LanguageCode"] for entry in [*first["Languages"], *rest["Languages"]]}
    assert codes == CODES == LANGUAGES.keys()


def test_a_text_is_bounded_in_bytes(client: Client) -> None:
    client.text("字" * 3333)
    assert code(lambda: client.text("字" * 3334)) == "TextSizeLimitExceededException"
    assert code(lambda: client.text("a" * 10_001)) == "TextSizeLimitExceededException"


# Jobs


def test_a_job_writes_what_the_service_writes(client: Client) -> None:
    document = "<!DOCTYPE html>\n<html><head><style>p {}</style></head>\n<body>\n<p id=a>One &amp; <b>two</b>\n</p></body></html>\nafter"
    client.put("in/a.html", document)
    client.put("in/b.html", "<html><div>1 &lt; 2 words</div></html>")
    job = client.start(TargetLanguageCodes=["zh", "ko"], JobName="name")
    assert client.describe(job)["JobStatus"] == "SUBMITTED"
    found = client.finished(job)
    assert (found["JobStatus"], found["JobName"]) == ("COMPLETED", "name")
    assert found["JobDetails"] == {
        "TranslatedDocumentsCount": 4,
        "DocumentsWithErrorsCount": 0,
        "InputDocumentsCount": 2,
    }
    assert found["EndTime"] >= found["SubmittedTime"]
    assert len(job) <= 32
    root = f"out/123456789012-TranslateText-{job}/"
    documents = [f"{language}.{name}.html" for language in ("zh", "ko") for name in "ab"]
    details = [f"details/{language}.auxiliary-translation-details.json" for language in ("zh", "ko")]
    assert set(client.keys("out/")) == {
        "out/.write_access_check_file.temp",
        *(root + name for name in (*documents, *details)),
    }
    words = rewrite("One", "zh"), rewrite("two", "zh")
    assert client.output(job, "zh.a.html") == document.replace("One", words[0]).replace("two", words[1])
    assert client.details(job) == {
        "sourceLanguageCode": "en",
        "targetLanguageCode": "zh",
        "charactersTranslated": str(len("One & two") + len("1 < 2 words")),
        "documentCountWithCustomerError": "0",
        "documentCountWithServerError": "0",
        "inputDataPrefix": "s3://amts-sandbox/in/",
        "outputDataPrefix": f"s3://amts-sandbox/{root}",
        "details": [
            {"sourceFile": name, "targetFile": f"zh.{name}", "auxiliaryData": {}} for name in ("a.html", "b.html")
        ],
    }
    (figures,) = client.sandbox.jobs
    assert (figures.id, figures.name, figures.status, figures.client_token) == (job, "name", "COMPLETED", "job")
    assert (figures.languages, figures.characters, figures.documents) == (("zh", "ko"), 40, 2)


def test_plain_text_is_translated_line_by_line(client: Client) -> None:
    client.put("in/a.txt", "One & two\n\n  three\n")
    job = client.start(InputDataConfig={"S3Uri": "s3://amts-sandbox/in", "ContentType": "text/plain"})
    client.finished(job)
    assert client.output(job, "zh.a.txt") == f"{rewrite('One & two', 'zh')}\n\n  {rewrite('three', 'zh')}\n"


def test_segments_come_back_with_their_protected_tokens(client: Client) -> None:
    (inner,) = client.segments(encode(SENTENCE))
    assert inner is not None
    decoded = decode(SENTENCE, inner)
    assert decoded != SENTENCE
    assert re.findall(r"`.*?`|\$.*?\$|&", decoded) == ["`a < b`", "$x$", "&"]


def test_an_example_of_the_parallel_data_is_used_with_this_segments_elements(client: Client) -> None:
    pair = encode_pair("Set `a < b` to $x$ & then go on.", "让$x$等于`a < b`，然后继续。")
    assert pair is not None
    lines = ["en,zh", *(",".join('"' + text.replace('"', '""') + '"' for text in pair) for pair in [pair])]
    client.created("\n".join([*lines, "Plain `code` here,这里有`code`\n"]))
    sources = ["Set `a < b` to $x$ & then go on.", "Set `c` to $y$ & then go  on!", "Plain `code` here", "Set 1 to 2"]
    found = client.segments(*map(encode, sources), ParallelDataNames=["book"])
    texts = [decode(source, inner or "") for source, inner in zip(sources, found, strict=True)]
    assert texts[0] == "让$x$等于`a < b`，然后继续。"
    assert texts[1] != texts[0]  # another sign of markup: not near enough
    assert texts[2] == "这里有`code`"
    assert texts[3] == rewrite("Set 1 to 2", "zh")
    (near,) = client.segments(encode("Set `c` to $y$ & then go on;"), request="near", ParallelDataNames=["book"])
    assert decode("Set `c` to $y$ & then go on;", near or "") == "让$y$等于`c`，然后继续。"


def test_the_last_of_duplicate_sources_is_used(client: Client) -> None:
    client.created("en,zh\nSame,一\nSame,二\n")
    assert client.segments("Same", ParallelDataNames=["book"]) == ["二"]


def test_one_token_starts_one_job(client: Client) -> None:
    client.put("in/a.html", "<html><p>One</p></html>")
    assert client.start() == client.start()
    assert code(lambda: client.start(JobName="other")) == "InvalidParameterValueException"
    assert len(client.sandbox.jobs) == 1


def test_a_job_is_stopped(client: Client) -> None:
    client.sandbox.inject(NEVER)
    client.put("in/a.html", "<html><p>One</p></html>")
    job = client.start()
    wait(lambda: client.describe(job)["JobStatus"] == "IN_PROGRESS" or None)
    assert client.translate.stop_text_translation_job(JobId=job)["JobStatus"] == "STOP_REQUESTED"
    assert client.finished(job)["JobStatus"] == "STOPPED"
    assert client.translate.stop_text_translation_job(JobId=job)["JobStatus"] == "STOPPED"
    assert code(lambda: client.translate.stop_text_translation_job(JobId="x")) == "ResourceNotFoundException"
    assert code(lambda: client.describe("x")) == "ResourceNotFoundException"


def test_jobs_are_listed_by_name_status_and_time_in_pages(client: Client) -> None:
    client.put("in/a.html", "<html><p>One</p></html>")
    jobs = [client.start(f"t{name}", JobName=name) for name in "abc"]
    times = [client.finished(job)["SubmittedTime"] for job in jobs]

    def names(**more: Any) -> list[str]:
        found = client.translate.list_text_translation_jobs(**more)["TextTranslationJobPropertiesList"]
        return [entry["JobName"] for entry in found]

    assert names() == ["c", "b", "a"]
    assert names(Filter={"JobName": "b"}) == ["b"]
    assert names(Filter={"JobStatus": "COMPLETED"}) == ["c", "b", "a"]
    assert names(Filter={"JobStatus": "FAILED"}) == []
    assert names(Filter={"SubmittedBeforeTime": times[2]}) == ["a", "b"]
    assert names(Filter={"SubmittedAfterTime": times[0]}) == ["c", "b"]
    assert code(lambda: names(Filter={"JobName": "b", "JobStatus": "FAILED"})) == "InvalidFilterException"
    first = client.translate.list_text_translation_jobs(MaxResults=2)
    assert names(NextToken=first["NextToken"]) == ["a"]


def test_ten_jobs_at_once_and_ten_languages_a_job(client: Client) -> None:
    client.sandbox.inject(NEVER)
    client.put("in/a.html", "<html><p>One</p></html>")
    for number in range(10):
        client.start(f"t{number}")
    assert code(lambda: client.start("one-more")) == "TooManyRequestsException"
    many = sorted(CODES - {"en"})[:11]
    assert code(lambda: client.start("many", TargetLanguageCodes=many)) == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"DataAccessRoleArn": "arn:aws:iam::123456789012:role/absent"}, "InvalidRequestException"),
        ({"DataAccessRoleArn": "arn:aws:iam::123456789012:role/other"}, "InvalidRequestException"),
        ({"DataAccessRoleArn": "arn:aws:iam::999999999999:role/amts-sandbox"}, "InvalidRequestException"),
        ({"TargetLanguageCodes": ["xx"]}, "UnsupportedLanguagePairException"),
        ({"SourceLanguageCode": "xx"}, "UnsupportedLanguagePairException"),
        ({"TargetLanguageCodes": ["en"]}, "InvalidRequestException"),
        ({"TargetLanguageCodes": ["zh", "zh"]}, "InvalidParameterValueException"),
        ({"ParallelDataNames": ["absent"]}, "ResourceNotFoundException"),
        ({"ParallelDataNames": ["book", "book"]}, "InvalidParameterValueException"),
        ({"ParallelDataNames": ["book"], "TargetLanguageCodes": ["zh", "ko"]}, "InvalidRequestException"),
        ({"ParallelDataNames": ["book"], "SourceLanguageCode": "de"}, "InvalidRequestException"),
        ({"ParallelDataNames": ["broken"]}, "InvalidRequestException"),
        ({"TerminologyNames": ["absent"]}, "ResourceNotFoundException"),
        ({"TerminologyNames": ["terms"], "TargetLanguageCodes": ["ko"]}, "InvalidRequestException"),
        (
            {"InputDataConfig": {"S3Uri": "s3://absent-bucket/in/", "ContentType": "text/html"}},
            "InvalidRequestException",
        ),
        ({"InputDataConfig": {"S3Uri": "s3://amts-sandbox/", "ContentType": "text/html"}}, "InvalidRequestException"),
        (
            {"InputDataConfig": {"S3Uri": "s3://amts-sandbox/in/", "ContentType": "image/png"}},
            "InvalidParameterValueException",
        ),
        ({"OutputDataConfig": {"S3Uri": "s3://absent-bucket/out/"}}, "InvalidRequestException"),
    ],
)
def test_a_job_that_cannot_be_is_refused(client: Client, change: dict[str, Any], error: str) -> None:
    client.created("en,zh\na,b\n")
    client.create("no codes\n", name="broken", request="broken")
    client.settled("broken")
    import_terms(client, "en,zh\na,b\n")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    client.iam.create_role(RoleName="other", AssumeRolePolicyDocument=policy)
    assert code(lambda: client.start(**change)) == error
    assert client.sandbox.jobs == ()
    assert error in error_codes("StartTextTranslationJob")


def test_parallel_data_that_is_still_created_cannot_be_used(client: Client) -> None:
    client.create("en,zh\na,b\n")
    assert code(lambda: client.start(ParallelDataNames=["book"])) == "InvalidRequestException"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.txt", b"words", "by its name"),
        ("b.html", b"<html>\xff</html>", "UTF-8"),
        ("b.html", b"<html><p>1</p></html><!--" + b"a" * 1_000_000 + b"-->", "1000000 characters"),
        ("b.html", b"<html><p>" + "字".encode() * 333_334 + b"</p></html>", "translatable text"),
        ("b.html", b"<html><p>a</p></html>" + b" " * 20_000_000, "20000000 bytes"),
        ("b.html", b"<p>outside</p>", "no translatable text"),
    ],
)
def test_a_document_that_cannot_be_translated_fails_alone(
    client: Client, name: str, content: bytes, message: str
) -> None:
    client.put("in/a.html", "<html><p>One</p></html>")
    client.put(f"in/{name}", content)
    job = client.start()
    found = client.finished(job)
    assert found["JobStatus"] == "COMPLETED_WITH_ERROR"
    assert found["JobDetails"]["DocumentsWithErrorsCount"] == 1
    details = client.details(job)
    assert details["documentCountWithCustomerError"] == "1"
    good, bad = details["details"]
    assert (good["targetFile"], "targetFile" in bad) == ("zh.a.html", False)
    assert message in bad["auxiliaryData"]["error"]["errorMessage"]
    assert not [key for key in client.keys("out/") if key.endswith(f"zh.{name}")]


@pytest.mark.parametrize(("keys", "message"), [((), "no documents"), (("a.html", "sub/b.html"), "no folders")])
def test_an_input_folder_without_documents_or_with_folders_fails_the_job(
    client: Client, keys: tuple[str, ...], message: str
) -> None:
    for key in keys:
        client.put(f"in/{key}", "<html><p>One</p></html>")
    found = client.finished(client.start())
    assert found["JobStatus"] == "FAILED"
    assert message in found["Message"]


# Faults


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        (Throttling(times=1), "TooManyRequestsException", 400),
        (Conflict(times=1), "ConcurrentModificationException", 400),
        (Conflict2(times=1), "ConflictException", 400),
        (ServerError(times=1), "InternalServerException", 500),
        (AccessDenied(operation="TranslateText", times=1), "AccessDeniedException", 400),
    ],
)
def test_errors_strike_as_often_as_they_are_told(client: Client, fault: Fault, error: str, status: int) -> None:
    client.sandbox.inject(fault)
    with pytest.raises(ClientError) as caught:
        client.text("a")
    assert caught.value.response["Error"]["Code"] == error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    client.text("a")


def test_an_error_strikes_where_it_is_told_until_it_is_cleared(client: Client) -> None:
    client.sandbox.inject(Throttling(operation="ListLanguages"), AccessDenied(operation="S3 PUT"))
    client.text("a")
    for _ in range(3):
        assert code(client.translate.list_languages) == "TooManyRequestsException"
    assert code(lambda: client.put("a/b", "c")) == "AccessDenied"
    client.keys()
    client.sandbox.clear_faults()
    client.translate.list_languages()
    client.put("a/b", "c")


def test_a_dropped_connection_loses_the_answer_but_not_the_work(client: Client) -> None:
    client.put("in/a.html", "<html><p>One</p></html>")
    client.sandbox.inject(ConnectionDropped(operation="StartTextTranslationJob", times=1))
    with pytest.raises(BotoCoreError):
        client.start()
    (started,) = client.sandbox.jobs
    assert client.start() == started.id
    assert len(client.sandbox.jobs) == 1


def test_jobs_fail_or_stop_on_demand(client: Client) -> None:
    client.put("in/a.html", "<html><p>One</p></html>")
    client.sandbox.inject(JobFails("the bucket burnt down", times=1))
    found = client.finished(client.start("1"))
    assert (found["JobStatus"], found["Message"]) == ("FAILED", "the bucket burnt down")
    client.sandbox.inject(JobStops(times=1))
    assert client.finished(client.start("2"))["JobStatus"] == "STOPPED"
    assert client.finished(client.start("3"))["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize(("numbers", "failed"), [((), ["a", "b", "c"]), ((2,), ["b"])])
def test_documents_fail_on_demand(client: Client, numbers: tuple[int, ...], failed: list[str]) -> None:
    for name in "abc":
        client.put(f"in/{name}.html", "<html><p>One</p></html>")
    client.sandbox.inject(DocumentsFail(numbers, times=1))
    job = client.start()
    assert client.finished(job)["JobStatus"] == "COMPLETED_WITH_ERROR"
    assert [d["sourceFile"][0] for d in client.details(job)["details"] if "error" in d["auxiliaryData"]] == failed


def test_a_creation_fails_on_demand(client: Client) -> None:
    client.sandbox.inject(ParallelDataFails("no luck", times=1))
    found = client.created("en,zh\na,b\n")
    assert (found["Status"], found["Message"]) == ("FAILED", "no luck")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (SpanLost(), "lost"),
        (SpanDuplicated(), "repeated"),
        (SpanAltered(), "changed"),
        (DntResidue(), "lost|DNT_"),
    ],
)
def test_faults_of_spans_are_seen_by_who_decodes(client: Client, fault: Fault, reason: str) -> None:
    client.sandbox.inject(fault)
    broken, plain = client.segments(encode(SENTENCE), "no span")
    with pytest.raises(SpanFault, match=reason):
        decode(SENTENCE, broken or "")
    assert plain == rewrite("no span", "zh")


def test_harmless_faults_of_text(client: Client) -> None:
    client.sandbox.inject(SpanMoved(times=1))
    (moved,) = client.segments(encode(SENTENCE))
    assert moved is not None
    assert moved.endswith("`a &lt; b`</span>")
    client.sandbox.clear_faults()
    (plain,) = client.segments(encode("Go on, `x`, now"), request="plain")
    client.sandbox.inject(SpacesAdded())
    (spaced,) = client.segments(encode("Go on, `x`, now"), request="spaced")
    assert spaced is not None
    assert (spaced[0], spaced[-1], "  " in spaced) == (" ", " ", True)
    assert decode("Go on, `x`, now", spaced) == decode("Go on, `x`, now", plain or "")


def test_segments_vanish_and_entities_are_escaped_twice(client: Client) -> None:
    client.sandbox.inject(SegmentMissing(every=2), EntitiesTwice(operation="TranslateText"))
    found = client.segments("One", "two", "three", "four")
    assert [segment is None for segment in found] == [False, True, False, True]
    client.sandbox.clear_faults()
    client.sandbox.inject(EntitiesTwice(times=1))
    twice, once = client.segments("1 &lt; 2 a", "1 &lt; 2 b", request="entities")
    assert "&lt;" in unescape(twice or "")
    assert "<" in unescape(once or "")


def test_faults_of_text_strike_every_nth_and_only_so_often(client: Client) -> None:
    client.sandbox.inject(SpanLost(every=2, times=2, operation="StartTextTranslationJob"))
    assert "<span" in client.text(encode("A `b` c"))
    found = client.segments(*(encode(f"A `b` {n}") for n in range(8)))
    assert ["<span" not in (segment or "") for segment in found] == [
        False,
        True,
        False,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(("moment", "jobs"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_client_can_be_killed_around_a_request(sandbox: AmazonSandbox, moment: When, jobs: int) -> None:
    client = Client(sandbox)
    client.put("in/a.html", "<html><p>One</p></html>")
    program = f"""
import boto3
boto3.client("translate").start_text_translation_job(
    InputDataConfig={{"S3Uri": "s3://amts-sandbox/in/", "ContentType": "text/html"}},
    OutputDataConfig={{"S3Uri": "s3://amts-sandbox/out/"}}, DataAccessRoleArn="{sandbox.role}",
    SourceLanguageCode="en", TargetLanguageCodes=["zh"], ClientToken="t")
boto3.client("translate").list_text_translation_jobs()
"""
    seen: list[tuple[int, str, When, int]] = []
    victim: list[subprocess.Popen[bytes]] = []

    def kill(number: int, name: str, when: When) -> None:
        seen.append((number, name, when, len(sandbox.jobs)))
        if when is moment:
            victim[0].kill()

    sandbox.on_request = kill
    victim.append(subprocess.Popen([sys.executable, "-c", program], env=sandbox.environment()))
    assert victim[0].wait(30) == -signal.SIGKILL
    wait(lambda: True if any(when is When.AFTER for _, _, when, _ in seen) else None)
    assert [entry for entry in seen if entry[2] is moment] == [(2, "StartTextTranslationJob", moment, jobs)]
    assert {name for _, name, _, _ in seen} == {"StartTextTranslationJob"}
