"""The nightly flow: plan, hand out, write the page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Completed, Failed

from flows import nightly as module
from flows import watch
from flows.nightly import nightly
from localize.errors import UserError
from localize.store import LocalStore
from tests.flows.conftest import StandIn

BAD_ROW = "CUP-03,Paper Cup,-5,,kitchen,,pictures/mug.jpg,,,,\n"


@pytest.fixture
def campaign(shop: Path) -> str:
    return str(shop / "campaign.yaml")


def test_a_night_leaves_clips_a_page_and_a_summary(server: SyncPrefectClient, shop: Path, campaign: str, stand_in: StandIn) -> None:
    with (shop / "products.csv").open("a", encoding="utf-8") as f:
        f.write(BAD_ROW)
    told: list[watch.Event] = []
    watch.watchers.append(told.append)
    try:
        state = nightly(campaign, languages=["th"], out=str(shop / "clips"), batch_size=1, run="tonight", return_state=True)
    finally:
        watch.watchers.remove(told.append)
    assert state.is_completed()
    summary = json.loads((shop / "clips" / "summary.json").read_text(encoding="utf-8"))
    assert summary["clips"] == {"made": 2, "reused": 0, "blocked": 0, "failed": 0}
    assert summary["rejected"] == 1
    assert "CUP-03" in (shop / "clips" / "rejects.csv").read_text(encoding="utf-8")
    assert "tiktok/MUG-01.th.mp4" in (shop / "clips" / "index.html").read_text(encoding="utf-8")
    assert [e.kind for e in told if e.kind != "stage"] == ["planned", "ended", "ended"]


def test_a_failed_clip_fails_the_night_and_the_page_says_why(
    server: SyncPrefectClient, shop: Path, campaign: str, stand_in: StandIn
) -> None:
    stand_in.trouble["MUG-01.th"] = [UserError("mug.jpg is not a picture.")]
    state = nightly(campaign, out=str(shop / "clips"), return_state=True)
    assert state.is_failed()
    assert state.message == "1 of 4 clips failed; MUG-01.th at clip: mug.jpg is not a picture."
    assert "clip: mug.jpg is not a picture." in (shop / "clips" / "index.html").read_text(encoding="utf-8")


def test_what_cannot_be_planned_gives_its_cause(server: SyncPrefectClient, shop: Path, campaign: str) -> None:
    state = nightly(campaign, catalog=str(shop / "gone.csv"), return_state=True)
    assert isinstance(state.result(raise_on_failure=False), UserError)
    assert "gone.csv" in str(state.message)


# ---- as a deployment: batches are runs of the batch deployment


class Deployments:
    """What replaces `run_deployment`: remembers the keys it was called with, and how each batch run ended."""

    def __init__(self, ends: dict[str, Any]) -> None:
        self.ends, self.asked = ends, []  # type: ignore[var-annotated]

    def __call__(self, name: str, parameters: dict[str, Any], idempotency_key: str) -> Any:
        assert name == "batch/batch"
        self.asked.append(idempotency_key)
        return SimpleNamespace(state=self.ends[idempotency_key])


@pytest.mark.parametrize(
    ("runs", "ends", "asked", "good"),
    [
        (1, {"n-1-1": Completed()}, ["n-1-1"], True),
        (1, {"n-1-1": Failed()}, ["n-1-1"], False),
        (2, {"n-1-1": Completed()}, ["n-1-1"], True),  # it had been retried by itself, or the night failed elsewhere
        (2, {"n-1-1": Failed(), "n-1-2": Completed()}, ["n-1-1", "n-1-2"], True),
    ],
)
def test_a_retried_night_starts_a_new_batch_run_only_for_one_that_ended_badly(
    monkeypatch: pytest.MonkeyPatch, runs: int, ends: dict[str, Any], asked: list[str], good: bool
) -> None:
    deployments = Deployments(ends)
    monkeypatch.setattr(module, "run_deployment", deployments)
    monkeypatch.setattr(module, "flow_run", SimpleNamespace(run_count=runs))
    state = module._run_batch("n-1", {})
    assert state
    assert state.is_completed() is good
    assert deployments.asked == asked


# ---- the program, killed


def crossreel(campaign: str, out: Path, home: Path) -> list[str]:
    return [sys.executable, "-m", "localize.cli", "run", campaign, "--languages", "th,vi", "--out", str(out)]


def left_of(mark: str) -> list[str]:
    """The command lines of the processes that carry something in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in entry.read_bytes():
                found.append((entry.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:120])
        except OSError:
            continue
    return found


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
@pytest.mark.parametrize("whole_group", [True, False])
def test_a_killed_run_leaves_nothing_and_the_next_goes_on(shop: Path, tmp_path: Path, whole_group: bool) -> None:
    """kill -9 of the real program while it renders its second clip, then the same command again."""
    home, out = tmp_path / "home", tmp_path / "out"
    env = os.environ | {"CROSSREEL_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    env.pop("PREFECT_API_URL", None)
    command, store = crossreel(str(shop / "campaign.yaml"), out, home), LocalStore(home / "store")
    first = subprocess.Popen(command, env=env, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 400
    while not (list(store.root.glob("clip/*")) and list((store.root / "tmp").glob("clip-*/sound.wav"))):
        assert first.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    finished = {p.name: (p / "clip.mp4").stat().st_mtime_ns for p in store.root.glob("clip/*")}
    if whole_group:
        os.killpg(first.pid, signal.SIGKILL)
    else:
        first.kill()
    first.wait()
    for _ in range(200):
        if not left_of(str(home)):
            break
        time.sleep(0.1)
    assert left_of(str(home)) == []

    second = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stdout + second.stderr
    assert f"{4 - len(finished)} clips made, {len(finished)} were there already" in second.stdout
    clips = {p.name: (p / "clip.mp4").stat().st_mtime_ns for p in store.root.glob("clip/*")}
    assert len(clips) == 4
    assert clips.items() >= finished.items()
    assert list((store.root / "tmp").iterdir()) == []
    assert sorted(p.name for p in (out / "tiktok").iterdir()) == sorted(
        f"{sku}.{language}.{kind}"
        for sku in ("MUG-01", "LAMP-02")
        for language in ("th", "vi")
        for kind in ("mp4", "jpg", "srt", "vtt", "ass", "json")
    )
    assert left_of(str(home)) == []
