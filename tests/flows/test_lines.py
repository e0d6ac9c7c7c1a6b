"""What a line of the log says of the clip it is about."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from flows import lines
from localize.errors import UserError

from prefect import flow, get_run_logger, task  # isort: skip
from prefect.client.orchestration import SyncPrefectClient  # isort: skip
from prefect.client.schemas.filters import LogFilter  # isort: skip

TOKEN = "tok-5f0e1d8c2b7a4936"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """The file that JSON lines go to."""
    file = tmp_path / "logs" / "lines.jsonl"
    handler = lines.write_json(str(file))
    yield file
    for name in lines.OURS:
        logging.getLogger(name).removeHandler(handler)
    handler.close()


def read(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_which_clip_and_stage_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("crossreel")
    with lines.about("MUG-01", "th"):
        lines.stage("voice")
        log.warning("%d of %d lines spoken", 3, 5)
    log.warning("outside")
    inside, outside = caplog.records
    assert inside.getMessage() == "th · MUG-01 · voice: 3 of 5 lines spoken"
    assert (inside.sku, inside.language, inside.stage) == ("MUG-01", "th", "voice")
    assert outside.getMessage() == "outside"
    assert outside.sku == ""


def test_other_libraries_lines_carry_the_clip_and_keep_their_words_and_extras(caplog: pytest.LogCaptureFixture) -> None:
    with lines.about("MUG-01", "th"):
        logging.getLogger("some.library").warning("loading %s", "weights", extra={"language": "Thai", "stage": 1})
    assert caplog.messages == ["loading weights"]
    assert caplog.records[0].sku == "MUG-01"


def test_clips_made_side_by_side_do_not_mix_their_lines(caplog: pytest.LogCaptureFixture) -> None:
    both = threading.Barrier(2, timeout=120)

    def make(sku: str) -> None:
        with lines.about(sku, "vi"):
            lines.stage("script")
            both.wait()
            logging.getLogger("crossreel").warning("written")

    threads = [threading.Thread(target=copy_context().run, args=(make, sku)) for sku in ("MUG-01", "LAMP-02")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(caplog.messages) == ["vi · LAMP-02 · script: written", "vi · MUG-01 · script: written"]


def test_json_lines_have_the_facts_apart(written: Path) -> None:
    with lines.about("MUG-01", "th", run="20261101-020000-aa"):
        lines.stage("voice")
        logging.getLogger("crossreel").warning("พูดแล้ว")
    (line,) = read(written)
    assert list(line) == ["time", "level", "run", "sku", "language", "stage", "message"]
    assert line | {"time": ""} == {
        "time": "", "level": "WARNING", "run": "20261101-020000-aa", "sku": "MUG-01", "language": "th", "stage": "voice",
        "message": "พูดแล้ว",
    }  # fmt: skip
    assert line["time"].endswith("+00:00")


def test_a_rotated_file_is_made_anew(written: Path) -> None:
    log = logging.getLogger("crossreel")
    log.warning("first")
    written.rename(written.with_suffix(".1"))
    log.warning("second")
    assert [line["message"] for line in read(written)] == ["second"]


def test_no_secret_is_in_a_line(written: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_TIKTOK_SHOP_ACCESS_TOKEN", TOKEN)
    log = logging.getLogger("crossreel")
    log.warning("sent %s", TOKEN)
    log.warning("asked https://example.com/robot/send?access_token=%s and https://seller:hunter2@hunter2@example.com/", "another-token")
    log.warning("with Authorization: Bearer abcdefghijkl")
    try:
        raise RuntimeError(f"no answer to {TOKEN}")
    except RuntimeError:
        log.exception("it failed")
    seen = caplog.text + written.read_text(encoding="utf-8")
    for secret in (TOKEN, "another-token", "hunter2", "abcdefghijkl"):
        assert secret not in seen
    assert "sent ${CROSSREEL_TIKTOK_SHOP_ACCESS_TOKEN}" in seen
    assert "RuntimeError: no answer to ${CROSSREEL_TIKTOK_SHOP_ACCESS_TOKEN}" in read(written)[-1]["message"]


def test_arguments_that_do_not_fit_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("crossreel").warning("%d clips", "many")
    assert caplog.messages == ["%d clips"]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"CROSSREEL_LOG_JSON: .*lines\.jsonl can't be written: File exists"):
        lines.write_json(str(tmp_path / "file" / "lines.jsonl"))


@pytest.mark.heavy
def test_prefect_keeps_the_lines_of_a_task_with_its_clip(server: SyncPrefectClient) -> None:
    @task
    def make() -> None:
        with lines.about("MUG-01", "th"):
            lines.stage("voice")
            get_run_logger().info("5 lines spoken")
            logging.getLogger("crossreel").warning("the copy of yesterday is used")

    @flow
    def night() -> None:
        make.submit().wait()

    run = night(return_state=True).state_details.flow_run_id
    own = LogFilter.model_validate({"flow_run_id": {"any_": [run]}})
    wanted = {"th · MUG-01 · voice: 5 lines spoken", "th · MUG-01 · voice: the copy of yesterday is used"}
    for _ in range(900):  # they are sent every two seconds
        if wanted <= {log.message for log in server.read_logs(own)}:
            return
        time.sleep(0.2)
    raise AssertionError([log.message for log in server.read_logs(own)])
