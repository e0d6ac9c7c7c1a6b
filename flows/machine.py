"""What a machine needs on the server before its worker starts: the pool's queues, and the machine's own limits.

Limits are global in Prefect, so each machine's carry its name: `encode:shop-pc` is how many clips may be encoded at once there,
`gpu:box-2` how many may use its GPUs. `make ui` makes them for its machine, `python -m flows.machine` for a worker's; whoever wants
another number changes it in the UI, and it stays.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from flows import POOL
from localize.errors import NotReady
from localize.machine import cores

QUEUES = ("high", "default", "low")  # of the pool, in the order of their priority: 1 comes first
Scarce = Literal["encode", "gpu"]


def host() -> str:
    """This machine's name in small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().lower()).strip("-") or "localhost"


def limit_name(what: str) -> str:
    """The name of this machine's limit on something scarce: `encode:shop-pc`."""
    return f"{what}:{host()}"


def gpus() -> int:
    """NVIDIA's GPUs that this process may use, as its driver lists them."""
    there = len(list(Path("/proc/driver/nvidia/gpus").glob("*"))) or len(list(Path("/dev").glob("nvidia[0-9]*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if visible is None else min(there, len([name for name in visible.split(",") if name.strip() not in ("", "-1")]))


def make_limits(client: SyncPrefectClient, cores: int, gpus: int) -> list[str]:
    """Make the limits that are not there yet, and say which. One that is there stays as it is: a person may have set it.

    An encoder keeps about one and a half cores busy and what composes its frames the rest of two, so more encodes at once than half
    the cores gain nothing and take memory. Without a GPU there is no limit on it.
    """
    wanted: dict[Scarce, int] = {"encode": max(1, cores // 2)}
    if gpus:
        wanted["gpu"] = gpus
    made = []
    for what, limit in wanted.items():
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=limit_name(what), limit=limit))
        except ObjectAlreadyExists:
            continue
        made.append(f"{limit_name(what)} {limit}")
    return made


def make_queues(client: SyncPrefectClient) -> None:
    """Make the pool's queues, of which a worker empties the first first. What somebody made otherwise stays. Raises NotReady where there
    is no pool yet."""
    for priority, name in enumerate(QUEUES, 1):
        try:
            with suppress(ObjectAlreadyExists):
                client.create_work_queue(name, priority=priority, work_pool_name=POOL)
        except ObjectNotFound as e:
            way = f"Make it: prefect work-pool create {POOL} --type process"
            raise NotReady(f"the server {client.api_url} has no work pool {POOL}.", how=way) from e


if __name__ == "__main__":
    with get_client(sync_client=True) as there:
        try:
            make_queues(there)
        except NotReady as lack:
            sys.exit(str(lack))
        print("\n".join(make_limits(there, cores(), gpus())) or f"{host()} has its limits already")
