"""Weights fetched from a hub on this machine: whole, resumed, verified, and refused with the way out."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import COMMIT, Hub, running

from localize import pull, weights
from localize.errors import NotReady, Transient, UserError
from localize.weights import Source

REPO = "openbmb/Tiny"
BIG = bytes(range(256)) * 12000  # 3 MB: several pieces
FILES = {
    f"{REPO}/config.json": b'{"a": 1}',
    f"{REPO}/model.safetensors": BIG,
    f"{REPO}/sub/vocab.txt": b"a\nb\n",
    f"{REPO}/README.md": b"#",
}
SOURCE = Source(REPO, ("config.json", "*.safetensors", "sub/*"), licence="Apache-2.0")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running(files=dict(FILES), large={f"{REPO}/model.safetensors"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address + "/")
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(pull, "PAUSES", (0.0, 0.0, 0.0))
        yield hub


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "models" / "tiny"


def get(place: Path, *sources: Source, tell: Any = lambda name, count: None) -> list[str]:
    return pull.pull(pull.offer(sources or (SOURCE,)), place, tell)


def test_the_files_sizes_and_licence_are_told_before_anything_is_fetched(hub: Hub) -> None:
    told = {part.path: part for part in pull.offer([SOURCE])}
    assert {path: part.size for path, part in told.items()} == {"config.json": 8, "model.safetensors": len(BIG), "sub/vocab.txt": 4}
    assert {part.licence for part in told.values()} == {"apache-2.0"}
    assert told["config.json"].origin == f"{REPO}@{COMMIT[:12]}"
    assert told["model.safetensors"].digest == f"sha256:{hashlib.sha256(BIG).hexdigest()}"
    assert hub.fetched() == []


def test_what_is_pulled_is_verified_and_written_down(hub: Hub, place: Path) -> None:
    heard: dict[str, int] = {}

    def tell(name: str, count: int) -> None:
        heard[name] = heard.get(name, 0) + count

    assert sorted(get(place, tell=tell)) == ["config.json", "model.safetensors", "sub/vocab.txt"]
    assert (place / "model.safetensors").read_bytes() == BIG
    assert heard == {"config.json": 8, "model.safetensors": len(BIG), "sub/vocab.txt": 4}
    noted = json.loads((place / weights.MANIFEST).read_text())["files"]
    assert noted["config.json"]["sha256"] == hashlib.sha256(b'{"a": 1}').hexdigest()
    assert noted["model.safetensors"]["size"] == len(BIG)
    assert noted["sub/vocab.txt"]["from"] == f"{REPO}@{COMMIT[:12]}"
    assert [path.name for path in place.parent.iterdir()] == ["tiny"]  # neither parts nor locks are left
    assert pull.check(place) == dict.fromkeys(noted, "")
    assert pull.state(place, [SOURCE]) == "there"


def test_a_second_pull_fetches_nothing(hub: Hub, place: Path) -> None:
    get(place)
    before = (place / weights.MANIFEST).read_bytes()
    hub.asked.clear()
    assert get(place) == []
    assert hub.fetched() == []
    assert (place / weights.MANIFEST).read_bytes() == before


def test_only_what_is_new_is_fetched(hub: Hub, place: Path) -> None:
    get(place)
    hub.files[f"{REPO}/config.json"] = b'{"a": 2}'
    hub.asked.clear()
    assert get(place) == ["config.json"]
    assert (place / "config.json").read_bytes() == b'{"a": 2}'
    assert set(pull.check(place).values()) == {""}


def test_files_from_several_sources_go_to_their_folders(hub: Hub, place: Path) -> None:
    hub.files |= {"facebook/th/config.json": b"{}", "facebook/vi/config.json": b"{}"}
    sources = [Source("facebook/th", ("*.json",), to="th"), Source("facebook/vi", ("*.json",), to="vi")]
    get(place, sources[0])
    get(place, sources[1])
    assert set(pull.check(place)) == {"th/config.json", "vi/config.json"}
    shutil.rmtree(place)
    assert get(place, *sources) == ["th/config.json", "vi/config.json"]  # of one content


def test_a_broken_connection_is_mended_from_where_it_broke(hub: Hub, place: Path) -> None:
    hub.cuts = [8, 1_000_000, 700_000]
    assert len(get(place)) == 3
    assert (place / "model.safetensors").read_bytes() == BIG
    starts = [start for name, start in hub.fetched() if name == "model.safetensors"]
    assert starts == ["", "", "bytes=1000000-", "bytes=1000000-", "bytes=1700000-", "bytes=1700000-"]  # the hub, and where it sends on


def test_an_interrupted_pull_goes_on_the_next_time(hub: Hub, place: Path) -> None:
    came = [0]

    def stop(name: str, count: int) -> None:
        came[0] += count if name == "model.safetensors" else 0
        if came[0] > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(place, tell=stop)
    assert not place.exists()
    assert pull.state(place, [SOURCE]).startswith("half pulled")
    hub.asked.clear()
    assert len(get(place)) == 3
    assert hub.fetched() == [("model.safetensors", f"bytes={came[0]}-")] * 2 + [("vocab.txt", "")]  # the config had come
    assert (place / "model.safetensors").read_bytes() == BIG


def test_a_server_without_ranges_is_asked_for_the_whole_again(hub: Hub, place: Path) -> None:
    hub.ranges = False
    hub.cuts = [8, 1_000_000]
    heard = [0]

    def tell(name: str, count: int) -> None:
        heard[0] += count

    get(place, tell=tell)
    assert (place / "model.safetensors").read_bytes() == BIG
    assert heard[0] == 8 + 4 + len(BIG)


def test_a_connection_that_brings_nothing_is_given_up(hub: Hub, place: Path) -> None:
    hub.cuts = [8] + [0] * 50
    with pytest.raises(Transient, match=r"127\.0\.0\.1:\d+ can't be reached, or the connection broke .* pull again"):
        get(place)
    assert 46 <= len(hub.cuts) <= 48


def test_wrong_bytes_are_thrown_away_and_named(hub: Hub, place: Path) -> None:
    hub.wrong[f"{REPO}/model.safetensors"] = BIG[:-1] + b"?"
    with pytest.raises(Transient, match=rf"model\.safetensors of {REPO}@{COMMIT[:12]} came with a wrong checksum and was thrown away"):
        get(place)
    assert not place.exists()
    hub.wrong.clear()
    hub.asked.clear()
    get(place)
    assert ("model.safetensors", "") in hub.fetched()
    assert (place / "model.safetensors").read_bytes() == BIG


def test_small_files_are_verified_as_well(hub: Hub, place: Path) -> None:
    hub.wrong[f"{REPO}/config.json"] = b'{"a": 7}'
    with pytest.raises(Transient, match=r"config\.json .* wrong checksum"):
        get(place)


def test_more_than_was_told_is_not_stored(hub: Hub, place: Path) -> None:
    hub.wrong[f"{REPO}/config.json"] = b"x" * 5_000_000
    heard = [0]

    def tell(name: str, count: int) -> None:
        heard[0] += count

    with pytest.raises(Transient, match="wrong checksum"):
        get(place, tell=tell)
    assert heard[0] <= 2 * weights.MIB


def test_a_server_that_has_less_than_was_told(hub: Hub, place: Path) -> None:
    hub.wrong[f"{REPO}/model.safetensors"] = BIG[:1000]
    with pytest.raises(Transient, match=r"sent only a part of|has no more of"):
        get(place)


def test_a_busy_hub_is_asked_again_when_it_says(hub: Hub, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(pull.time, "sleep", slept.append)
    parts = pull.offer([SOURCE])
    hub.refusals = [(429, {"Retry-After": "7"}), (503, {})]
    assert len(pull.pull(parts, place)) == 3
    assert slept == [7.0, 0.0]
    hub.refusals = [(429, {"Retry-After": "3600"})]
    shutil.rmtree(place)
    with pytest.raises(Transient, match=r"too busy \(429\)") as stopped:
        pull.pull(parts, place)
    assert stopped.value.retry_after == 3600


def test_what_needs_a_token_says_so_and_no_message_or_other_server_gets_it(hub: Hub, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.token = "hf_secret"
    with pytest.raises(NotReady, match=rf"{REPO} is not open to everybody, or is not there \(401\); no HF_TOKEN is set.*Accept its"):
        get(place)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(NotReady, match="HF_TOKEN is not accepted") as refused:
        get(place)
    assert "hf_wrong" not in str(refused.value)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.asked.clear()
    get(place)
    for server, _, _, authorization in hub.asked:
        assert authorization == ("Bearer hf_secret" if server == "hub" else "")
    assert "secret" not in (place / weights.MANIFEST).read_text()


def test_what_is_not_there_is_named(hub: Hub, place: Path) -> None:
    with pytest.raises(NotReady, match=r"has no openbmb/Other/revision/main \(404\)"):
        get(place, Source("openbmb/Other", ("*.json",)))
    with pytest.raises(NotReady, match=f"{REPO} at main has no file model.bin"):
        get(place, Source(REPO, ("config.json", "model.bin")))
    assert [part.path for part in pull.offer([Source(REPO, ("config.json", "*.jinja"))])] == ["config.json"]
    parts = pull.offer([SOURCE])
    del hub.files[f"{REPO}/config.json"]
    with pytest.raises(NotReady, match=r"config\.json \(404\)"):
        pull.pull(parts, place)


def test_no_network(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(Transient, match=rf"127\.0\.0\.1:{port} can't be reached.*set HF_ENDPOINT to a mirror"):
        get(place)


@pytest.mark.parametrize("endpoint", ["no address", "ftp://mirror.example", "http://[::1"])
def test_an_endpoint_that_is_none(place: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(NotReady, match=r"HF_ENDPOINT is .* which is no web address"):
        get(place)


def test_a_server_that_is_no_hub(hub: Hub, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.sizes = False
    with pytest.raises(NotReady, match=r"gives no size and checksum of openbmb/Tiny/config\.json"):
        get(place)
    monkeypatch.setattr(hub, "listing", lambda repo: ["a page"])
    with pytest.raises(NotReady, match="does not answer as a Hugging Face hub does"):
        get(place)


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", "a/../../evil.json", "c:evil.json", "..\\evil.json"])
def test_a_hub_can_not_write_outside_the_folder(hub: Hub, place: Path, name: str) -> None:
    hub.files[f"{REPO}/{name}"] = b"{}"
    with pytest.raises(NotReady, match="no name to store it under"):
        get(place, Source(REPO, ("*.json", "*/*.json", "*/*/*/*.json", "/*/*.json")))


def test_a_file_at_an_address_of_its_own(hub: Hub, place: Path) -> None:
    digest = hashlib.sha256(BIG).hexdigest()
    hub.files[f"models/{digest}/small.pt"] = BIG
    hub.cuts = [500_000]
    source = Source(address=f"{hub.store}/models/{digest}/small.pt", licence="MIT")
    (part,) = pull.offer([source])
    assert (part.path, part.size, part.licence) == ("small.pt", len(BIG), "MIT")
    assert get(place, source) == ["small.pt"]
    assert (place / "small.pt").read_bytes() == BIG
    shutil.rmtree(place)
    with pytest.raises(Transient, match="wrong checksum"):
        get(place, Source(address=f"{hub.store}/models/{digest}/small.pt", sha256="0" * 64))


def test_a_full_disk_is_seen_before_and_while(hub: Hub, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place.parent.parent)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(NotReady, match=r"take 0\.003\d* GB more, and the disk of .* set CROSSREEL_MODELS"):
            get(place)
    assert hub.fetched() == []

    def full(name: str, count: int) -> None:
        if count > 1000:
            raise OSError(28, "No space left on device")

    with pytest.raises(NotReady, match=r"the disk of .* is full"):
        get(place, tell=full)
    assert len(get(place)) == 3


def test_two_pulls_at_a_time(hub: Hub, place: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    def wait(name: str, count: int) -> None:
        started.set()
        assert go_on.wait(60)

    first = threading.Thread(target=get, args=(place,), kwargs={"tell": wait})
    first.start()
    assert started.wait(60)
    with pytest.raises(UserError, match="another pull"):
        get(place)
    go_on.set()
    first.join()
    assert pull.state(place, [SOURCE]) == "there"


def test_what_happens_to_files_later_is_found(hub: Hub, place: Path) -> None:
    assert pull.state(place, [SOURCE]) == "missing"
    with pytest.raises(NotReady, match="nothing to compare it with"):
        pull.check(place)
    get(place)
    (place / "model.safetensors").write_bytes(b"?" + BIG[1:])
    assert pull.state(place, [SOURCE]) == "there"  # by its size
    assert pull.check(place)["model.safetensors"] == "has another content than was published"
    (place / "model.safetensors").write_bytes(BIG[:10])
    assert pull.check(place)["model.safetensors"] == f"has 10 bytes, not {len(BIG)}"
    (place / "config.json").unlink()
    assert pull.check(place)["config.json"] == "is not there"
    assert pull.state(place, [SOURCE]) == "broken: config.json"
    assert sorted(get(place)) == ["config.json", "model.safetensors"]
    assert set(pull.check(place).values()) == {""}


def test_a_folder_that_was_filled_by_hand(place: Path) -> None:
    place.mkdir(parents=True)
    (place / "config.json").touch()
    source = Source(REPO, ("config.json", "model.bin"))
    assert pull.state(place, [source]) == "incomplete: no model.bin"
    (place / "model.bin").touch()
    assert pull.state(place, [source]) == "there (not by pull)"
    (place / weights.MANIFEST).write_text("[]")
    assert pull.state(place, [source]) == "there (not by pull)"
