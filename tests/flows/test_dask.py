"""A Dask cluster makes the clips that threads make."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import State

from flows.batch import batch, runner
from localize import campaign as campaigns
from localize import planning
from localize.errors import NotReady
from localize.sections import Limits
from localize.store import LocalStore
from tests.flows.test_clip_tasks import noted


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)
    with pytest.raises(NotReady, match=r"\[dask\]"):
        runner(Limits(task_runner="dask"))


@pytest.mark.heavy
def test_a_cluster_that_is_not_there_is_told() -> None:
    pytest.importorskip("prefect_dask")
    with pytest.raises(NotReady, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        runner(Limits(task_runner="dask", dask="tcp://127.0.0.1:9"))


def make(shop: Path, store: LocalStore, **limits: Any) -> State[None]:
    """Make the shop's Thai clips: short, and nobody to be seen."""
    plain = campaigns.load(shop / "campaign.yaml").model_dump(mode="json")
    plain |= {"script": {"seconds": 15}, "video": {"preset": "ultrafast", "crf": 30, "music": "none"}}
    plain |= {"store": str(store.root), "out": str(store.root / "out"), "limits": limits, "languages": ["th"]}
    plain["hosts"] = [{"avatar": "none"}]
    jobs = planning.plan(campaigns.Campaign.model_validate(plain)).jobs
    return batch("corner-shop", plain, [[j.product.sku, j.language] for j in jobs], "tonight", return_state=True)


@pytest.mark.heavy
def test_two_processes_of_a_cluster_make_the_same_clips_as_threads(server: SyncPrefectClient, shop: Path, tmp_path: Path) -> None:
    pytest.importorskip("prefect_dask")
    ends = {}
    for name, limits in (("dask", {"task_runner": "dask"}), ("threads", {})):
        store = LocalStore(tmp_path / name)
        assert make(shop, store, workers=2, **limits).is_completed()
        ends[name] = {clip: o for clip, o in noted(store).items()}
        assert list((store.root / "tmp").iterdir()) == []
    assert {clip: o.clip.key for clip, o in ends["dask"].items() if o.clip} == {
        clip: o.clip.key for clip, o in ends["threads"].items() if o.clip
    }
    assert set(ends["dask"]) == {"MUG-01.th", "LAMP-02.th"}
    assert {o.state for o in ends["dask"].values()} == {"made"}
    assert all([r.state for r in o.receipts] == ["published"] for o in ends["dask"].values())
