"""Prefect only: order, retries, limits and what the UI shows. What is done lies in localize/.

Prefect reads its settings when it is first imported, so the ones this project needs are set here, before that.
A value the user has set wins.
"""

import os
from pathlib import Path

POOL = "crossreel"  # the work pool of prefect.yaml

_NEEDED = {
    # The temporary server's first start runs its migrations and misses the default 20 s on a small machine.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # Its telemetry may print a "database is locked" traceback, and nobody asked for it.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Warnings of localize/ are seen in the run's log; those from outside of a run have none to go to.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "crossreel",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    # SQLite records task runs behind their client; these batches keep the lag to seconds, Prefect's own to minutes.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    # s, the least that Prefect takes: a run that was killed is noticed after three of them (flows/reaper.py).
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
for _name, _value in _NEEDED.items():
    os.environ.setdefault(_name, _value)

if "PREFECT_HOME" in os.environ:
    # SQLite can't open a database in a folder that is not there, and the server would only say that it timed out.
    Path(os.environ["PREFECT_HOME"]).expanduser().mkdir(parents=True, exist_ok=True)
