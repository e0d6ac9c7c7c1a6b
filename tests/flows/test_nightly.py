"""The nightly flow: plan, hand out, write the page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.exceptions import ParameterTypeError

import flows.batch
import flows.patience
from flows import notify, watch
from flows.nightly import _parts, _told, nightly
from localize import campaign as campaigns
from localize import planning, report, runs, work
from localize.errors import Transient, UserError
from localize.planning import Outcome
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
    assert summary["clips"] == {"made": 2, "reused": 0, "blocked": 0, "failed": 0, "left": 0}
    assert summary["rejected"] == 1
    assert "CUP-03" in (shop / "clips" / "rejects.csv").read_text(encoding="utf-8")
    assert "tiktok/MUG-01.th.mp4" in (shop / "clips" / "index.html").read_text(encoding="utf-8")
    assert [e.kind for e in told if e.kind != "stage"] == ["planned", "ended", "ended"]


def test_a_night_says_what_it_has_used_of_its_budget() -> None:
    made = Outcome.model_validate({"sku": "MUG-01", "language": "th", "title": "Mug", "state": "made"})
    assert _told([made], 0, "1 of 5 clips, $0.20 of $1.00 for models") == "1 clips made, 1 of 5 clips, $0.20 of $1.00 for models used"
    assert _told([made], 2, "") == "1 clips made, 2 wait to be read over"
    assert [_told([], 0, "", n) for n in (1, 900)] == ["0 clips made, 1 row rejected", "0 clips made, 900 rows rejected"]


def test_rows_that_are_rejected_are_told_with_how_many_there_were_before(
    server: SyncPrefectClient, shop: Path, campaign: str, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[tuple[int, int]]()
    monkeypatch.setattr(
        notify, "night", lambda settings, ended, plan, page, stopped, rejected_before: told.append((len(plan.rejects), rejected_before))
    )
    table = shop / "products.csv"
    for run in ("monday", "tuesday"):
        table.write_text(table.read_text(encoding="utf-8") + BAD_ROW.replace("CUP-03", f"CUP-{run}"), encoding="utf-8")
        state = nightly(campaign, languages=["th"], out=str(shop / "clips"), run=run, return_state=True)
    assert told == [(1, 0), (2, 1)]
    assert state.message == "0 clips made, 2 were there already, 2 rows rejected"


def test_a_failed_clip_fails_the_night_and_the_page_says_why(
    server: SyncPrefectClient, shop: Path, campaign: str, stand_in: StandIn
) -> None:
    stand_in.trouble["MUG-01.th"] = [UserError("mug.jpg is not a picture.")]
    state = nightly(campaign, out=str(shop / "clips"), return_state=True)
    assert state.is_failed()
    assert state.message == "1 of 4 clips failed; MUG-01.th at clip: mug.jpg is not a picture."
    assert "clip: mug.jpg is not a picture." in (shop / "clips" / "index.html").read_text(encoding="utf-8")


def test_a_network_that_falters_at_the_start_and_the_end_stops_no_night(
    server: SyncPrefectClient, shop: Path, campaign: str, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falters(place: Any, name: str) -> None:
        real, trouble = getattr(place, name), [Transient("the line is down")]

        def call(*args: Any, **given: Any) -> Any:
            if trouble:
                raise trouble.pop()
            return real(*args, **given)

        monkeypatch.setattr(place, name, call)

    monkeypatch.setattr(flows.patience, "PAUSES", (0.0, 0.0, 0.0))
    for place, name in ((LocalStore, "sweep"), (work, "plan"), (runs, "begin"), (flows.batch, "Budget"), (report, "again")):
        falters(place, name)
    monkeypatch.setattr(flows.batch, "_is_by_itself", lambda: True)
    state = nightly(campaign, languages=["th"], only=["MUG-01"], out=str(shop / "clips"), return_state=True)
    assert state.message == "1 clips made"


def test_what_cannot_be_planned_gives_its_cause(server: SyncPrefectClient, shop: Path, campaign: str) -> None:
    state = nightly(campaign, catalog=str(shop / "gone.csv"), return_state=True)
    assert isinstance(state.result(raise_on_failure=False), UserError)
    assert "gone.csv" in str(state.message)


def test_a_night_that_a_fault_stops_is_told_of(
    server: SyncPrefectClient, campaign: str, shop: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[str]()
    monkeypatch.setattr(notify, "night", lambda *_, stopped="": told.append(stopped))
    (shop / "clips").write_text("in the way of the output folder", encoding="utf-8")
    assert nightly(campaign, languages=["th"], only=["MUG-01"], out=str(shop / "clips"), return_state=True).is_failed()
    assert [why.partition(":")[0] for why in told] == ["a fault"]
    assert "clips" in told[0]


def test_runs_carry_their_campaigns_tag(server: SyncPrefectClient, campaign: str, shop: Path, stand_in: StandIn) -> None:
    state = nightly(campaign, languages=["th"], only=["MUG-01"], out=str(shop / "clips"), return_state=True)
    run = server.read_flow_run(UUID(str(state.state_details.flow_run_id)))
    (part,) = server.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({"parent_flow_run_id": {"any_": [str(run.id)]}}))
    assert run.tags == part.tags == ["campaign:corner-shop"]
    assert state.message == "1 clips made"


# ---- what is handed out


def parts(campaign: str, size: int = 1) -> list[tuple[str, dict[str, Any]]]:
    settings = campaigns.load(campaign)
    return list(_parts(settings, planning.plan(settings).jobs, size, "tonight"))


def test_batches_hold_whole_products_in_the_catalogs_order(campaign: str) -> None:
    assert [given["clips"] for _, given in parts(campaign)] == [
        [["MUG-01", "th"], ["MUG-01", "vi"]],
        [["LAMP-02", "th"], ["LAMP-02", "vi"]],
    ]
    assert [given["name"] for _, given in parts(campaign)] == ["corner-shop · batch 1 of 2", "corner-shop · batch 2 of 2"]
    assert len(parts(campaign, size=2)) == 1


def test_a_batch_whose_product_or_campaign_was_mended_is_another(shop: Path, campaign: str) -> None:
    before = [key for key, _ in parts(campaign)]
    assert before == [key for key, _ in parts(campaign)]
    catalog = shop / "products.csv"
    catalog.write_text(catalog.read_text(encoding="utf-8").replace("890", "790"), encoding="utf-8")
    mended = [key for key, _ in parts(campaign)]
    assert (mended[0] == before[0], mended[1] == before[1]) == (True, False)
    Path(campaign).write_text(Path(campaign).read_text(encoding="utf-8").replace("Corner", "Bend"), encoding="utf-8")
    assert set(mended).isdisjoint(key for key, _ in parts(campaign))


def test_the_form_says_what_each_field_is_and_what_it_takes() -> None:
    fields = nightly.parameters.model_dump()["properties"]
    assert all(field["description"] for field in fields.values())
    assert fields["languages"]["items"]["enum"] == ["en", "id", "th", "vi", "zh"]
    assert not [name for name, field in fields.items() if "anyOf" in field]  # shown as a switch between types
    assert (fields["batch_size"]["minimum"], fields["batch_size"]["maximum"]) == (1, 1000)
    with pytest.raises(ParameterTypeError, match="batch_size: Input should be greater"):
        nightly.validate_parameters({"campaign": "campaign.yaml", "batch_size": 0})
    with pytest.raises(ParameterTypeError, match=r"languages\.0: .*'tj' is not a known language"):
        nightly.validate_parameters({"campaign": "campaign.yaml", "languages": ["tj"]})
    left_out = nightly.validate_parameters({"campaign": "campaign.yaml", "catalog": None, "languages": None, "only": None, "run": None})
    assert (left_out["catalog"], left_out["languages"], left_out["only"], left_out["run"]) == ("", (), (), "")


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
    deadline = time.monotonic() + 1800
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
    for _ in range(1200):
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
