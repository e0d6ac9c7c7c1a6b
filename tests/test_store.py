"""The store: nothing is made twice, and nothing half-made is ever seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from localize.domain import Line, Money
from localize.errors import Left
from localize.script import Brief
from localize.store import LocalStore, digest, file_digest, key, open_store, shut

KEY = key("speech", "1", "hello")
ENOUGH = 120.0  # s, for a slow machine to start a process


def hello(folder: Path) -> None:
    (folder / "line.txt").write_text("hello")


def left_in(store: LocalStore, name: str) -> list[str]:
    return sorted(p.name for p in (store.root / name).iterdir())


def wait_for(path: Path) -> None:
    ends = time.monotonic() + ENOUGH
    while not path.exists():
        assert time.monotonic() < ends, f"{path.name} never came"
        time.sleep(0.02)


def python(code: str, *args: object, **env: str) -> subprocess.Popen[str]:
    """Another process of this project."""
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1], env=os.environ | env)


# Makes one artifact, writing that it has begun and not ending before it is told to.
WORKER = """
import sys, time
from pathlib import Path
from localize.store import LocalStore

store, key, signs = LocalStore(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3])

def build(folder):
    (folder / "half.txt").write_text("half")
    with open(signs / "built", "a") as f:
        f.write("x")
    (signs / "begun").touch()
    while not (signs / "go on").exists():
        time.sleep(0.02)

print(store.make(key, build).reused)
"""


# ---- making


def test_the_second_time_an_artifact_is_there_already(store: LocalStore) -> None:
    assert store.find(KEY) is None
    first = store.make(KEY, hello)
    second = store.make(KEY, lambda folder: pytest.fail("built again"))
    assert (first.reused, second.reused) == (False, True)
    assert first.folder == second.folder == store.find(KEY)
    assert (second.folder / "line.txt").read_text() == "hello"
    assert left_in(store, "tmp") == []


def test_a_build_that_fails_leaves_nothing(store: LocalStore) -> None:
    def breaks(folder: Path) -> None:
        hello(folder)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        store.make(KEY, breaks)
    assert store.find(KEY) is None
    assert left_in(store, "tmp") == []
    assert not store.make(KEY, hello).reused


def test_nobody_sees_an_artifact_before_it_is_whole(store: LocalStore) -> None:
    def build(folder: Path) -> None:
        hello(folder)
        assert store.find(KEY) is None

    assert store.make(KEY, build).folder == store.find(KEY)


def test_two_threads_that_want_the_same_make_it_once(store: LocalStore) -> None:
    built, got = [], []
    begun = threading.Event()

    def build(folder: Path) -> None:
        built.append(folder)
        begun.set()
        time.sleep(0.1)
        hello(folder)

    def first() -> None:
        got.append(store.make(KEY, build))

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert begun.wait(ENOUGH)
    threads += [threading.Thread(target=first) for _ in range(3)]
    for t in threads[1:]:
        t.start()
    for t in threads:
        t.join()
    assert len(built) == 1
    assert sorted(a.reused for a in got) == [False, True, True, True]


def test_two_processes_that_want_the_same_make_it_once(store: LocalStore, tmp_path: Path) -> None:
    workers = [python(WORKER, store.root, KEY, tmp_path) for _ in range(2)]
    wait_for(tmp_path / "begun")
    (tmp_path / "go on").touch()
    answers = sorted(w.communicate(timeout=ENOUGH)[0].strip() for w in workers)
    assert answers == ["False", "True"]
    assert (tmp_path / "built").read_text() == "x"


# ---- after a kill


def test_what_a_killed_worker_left_is_swept_and_what_a_living_one_makes_is_not(store: LocalStore, tmp_path: Path) -> None:
    signs = {name: tmp_path / name for name in ("killed", "living")}
    keys = {name: key("clip", "1", name) for name in signs}
    for folder in signs.values():
        folder.mkdir()
    workers = {name: python(WORKER, store.root, keys[name], signs[name]) for name in signs}
    for folder in signs.values():
        wait_for(folder / "begun")
    workers["killed"].send_signal(signal.SIGKILL)
    workers["killed"].communicate()

    assert store.find(keys["killed"]) is None
    assert len(left_in(store, "tmp")) == 2
    assert store.sweep() == 1
    living = keys["living"].replace("/", "-")
    assert left_in(store, "tmp") == [living]
    assert left_in(store, "locks") == [f"{living}.lock"]

    (signs["living"] / "go on").touch()
    assert workers["living"].communicate(timeout=ENOUGH)[0].strip() == "False"
    assert store.find(keys["living"])
    assert not store.make(keys["killed"], hello).reused
    assert store.sweep() == 0
    assert left_in(store, "locks") == []


def test_a_note_cut_off_by_a_kill_is_swept(store: LocalStore) -> None:
    (store.root / "tmp" / "note-monday-MUG-01.th").write_text('{"ke')
    assert store.sweep() == 1
    assert left_in(store, "tmp") == []
    assert store.notes("monday") == {}


def test_a_lock_swept_away_still_keeps_two_apart(store: LocalStore) -> None:
    """Between one worker's end and the next one's begin the lock file may go; the next ones still wait for each other."""
    store.make(KEY, hello)
    store.sweep()
    other, inside, most = key("speech", "1", "other"), [], []

    def build(folder: Path) -> None:
        inside.append(1)
        most.append(len(inside))
        store.sweep()
        time.sleep(0.02)
        inside.pop()
        hello(folder)

    threads = [threading.Thread(target=store.make, args=(other, build)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert most == [1]


# ---- keys


def test_a_key_changes_with_everything_that_shapes_the_output() -> None:
    line = Line(role="hook", text="สวัสดีค่ะ")
    keys = [
        key("speech", "1", line, "th", {"pace": 1.0}),
        key("clip", "1", line, "th", {"pace": 1.0}),
        key("speech", "2", line, "th", {"pace": 1.0}),
        key("speech", "1", line.model_copy(update={"text": "สวัสดีครับ"}), "th", {"pace": 1.0}),
        key("speech", "1", line, "vi", {"pace": 1.0}),
        key("speech", "1", line, "th", {"pace": 1.1}),
        key("speech", "1", line, "th", {"pace": 1.0}, None),
        key("speech", "1", [line, "th"], {"pace": 1.0}),
    ]
    assert len(set(keys)) == len(keys)
    assert all(k.split("/")[0] in ("speech", "clip") and len(k.split("/")[1]) == 32 for k in keys)


def test_equal_models_have_equal_keys() -> None:
    assert digest(Line(role="cta", text="a")) == digest(Line(text="a", role="cta"))
    whole, cents = Money(amount=Decimal("129"), currency="CNY"), Money(amount=Decimal("129.00"), currency="CNY")
    assert whole == cents
    assert digest(whole) == digest(cents) != digest(Money(amount=Decimal("1290"), currency="CNY"))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(Brief(seconds=15)) == digest(Brief(seconds=15)) != digest(Brief(seconds=30))


@pytest.mark.parametrize("value", [{"a", "b"}, object(), len], ids=["set", "object", "function"])
def test_what_differs_from_process_to_process_cannot_be_in_a_key(value: Any) -> None:
    with pytest.raises(TypeError, match="key"):
        digest(value)


def test_a_key_is_the_same_in_every_process() -> None:
    code = """
from decimal import Decimal
from localize.domain import Money, Product
from localize.store import key
money = Money(amount=Decimal("9.90"), currency="CNY")
print(key("text", "1", Product(sku="MUG-01", title="杯", price=money), {"b": 1, "a": [2, None]}))
"""
    answers = {python(code, PYTHONHASHSEED=seed).communicate(timeout=ENOUGH)[0] for seed in ("1", "2")}
    assert len(answers) == 1
    assert answers.pop().startswith("text/")


def test_a_files_digest_follows_its_content(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"one")
    b.write_bytes(b"one")
    assert file_digest(a) == file_digest(str(b))
    was = file_digest(a)
    a.write_bytes(b"two!")
    assert file_digest(a) != was


# ---- a shut store


def test_a_shut_store_has_what_is_finished_and_makes_nothing(store: LocalStore) -> None:
    store.make(KEY, hello)
    elsewhere = threading.Thread(target=store.make, args=(key("speech", "1", "elsewhere"), hello))
    with shut("the night's budget is used up"):
        assert store.make(KEY, hello).reused
        with pytest.raises(Left, match="the night's budget is used up"):
            store.make(key("speech", "1", "more"), hello)
        elsewhere.start()  # for which it is open
        elsewhere.join()
    assert store.find(key("speech", "1", "elsewhere"))
    assert not store.make(key("speech", "1", "more"), hello).reused
    assert left_in(store, "tmp") == []


# ---- notes and collecting


def test_notes_are_kept_by_run_and_name(store: LocalStore) -> None:
    store.note("monday", "MUG-01.th", '{"state": "failed"}')
    store.note("monday", "MUG-01.th", '{"state": "made"}')
    store.note("monday", "LAMP-02.vi", "{}")
    store.note("tuesday", "MUG-01.th", "{}")
    assert store.notes("monday") == {"LAMP-02.vi": "{}", "MUG-01.th": '{"state": "made"}'}
    assert LocalStore(store.root).notes("tuesday") == {"MUG-01.th": "{}"}
    assert store.notes("wednesday") == {}
    assert store.notes("monday", "LAMP") == {"LAMP-02.vi": "{}"}
    assert list(store.notes("monday", but={"LAMP-02.vi"})) == ["MUG-01.th"]
    assert left_in(store, "tmp") == []


def test_collecting_keeps_what_the_newest_runs_refer_to(store: LocalStore) -> None:
    keys = [key("speech", "1", n) for n in range(4)]
    for k in keys:
        store.make(k, hello)
    for day, used in enumerate((keys[:2], keys[1:3], [])):
        store.note(f"day-{day}", "MUG-01.th", json.dumps({"keys": used}))
        os.utime(store.root / "runs" / f"day-{day}", (1000.0 + day, 1000.0 + day))

    assert store.collect(2) == (2, 2 * len("hello"))
    assert [bool(store.find(k)) for k in keys] == [False, True, True, False]
    assert left_in(store, "runs") == ["day-1", "day-2"]
    assert store.collect(2) == (0, 0)
    assert left_in(store, "tmp") == []
    assert not store.make(keys[0], hello).reused


def test_collecting_leaves_what_is_being_made(store: LocalStore, tmp_path: Path) -> None:
    worker = python(WORKER, store.root, KEY, tmp_path)
    wait_for(tmp_path / "begun")
    store.make(key("speech", "1", "other"), hello)
    assert store.collect(1)[0] == 1
    (tmp_path / "go on").touch()
    worker.communicate(timeout=ENOUGH)
    assert store.find(KEY)


def test_a_store_is_opened_by_its_path(tmp_path: Path) -> None:
    found = open_store(str(tmp_path / "here"), tmp_path)
    assert type(found) is LocalStore
    assert found.make(KEY, hello).folder.is_relative_to(tmp_path / "here")
