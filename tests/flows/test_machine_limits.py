"""What a machine makes on the server before its worker starts."""

from __future__ import annotations

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate

from flows import machine
from localize.errors import NotReady


def test_a_pools_queues_and_a_machines_limits_are_made_once(server: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "POOL", "box-pool")
    monkeypatch.setattr(machine, "host", lambda: "box-2")
    with pytest.raises(NotReady, match=r"has no work pool box-pool\. Make it: prefect work-pool create box-pool --type process"):
        machine.make_queues(server)
    server.create_work_pool(WorkPoolCreate(name="box-pool", type="process"))
    for made in (["encode:box-2 4", "gpu:box-2 2"], []):
        machine.make_queues(server)
        assert machine.make_limits(server, 8, 2) == made
    queues = {queue.name: queue.priority for queue in server.read_work_queues() if queue.work_pool_name == "box-pool"}
    assert queues == {"high": 1, "default": 2, "low": 3}
