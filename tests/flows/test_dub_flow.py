"""The dub flow: what is asked for in its form becomes a campaign, and its dubs are made as any other clips."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from dubs import MEMORY, TALK, asked, srt
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.exceptions import ParameterTypeError, PrefectHTTPStatusError
from prefect.states import Completed, Failed
from sounds import tune, video

from benchmarks.publish_parts import leaks
from flows.dub import dub, here
from flows.nightly import nightly
from localize import campaign as campaigns
from localize import cli_dub
from localize.campaign import Campaign
from localize.errors import UserError
from localize.store import LocalStore

PRODUCTS = """\
sku,title,price,currency,category,footage,images,title_th
LAMP-1,Table lamp,290,THB,home,clips/lamp.mp4,,โคมไฟตั้งโต๊ะ
CUP-3,Cup,90,THB,kitchen,,,ถ้วย
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("source") / "lamp.mp4", tune(5.0), seconds=5.0)


@pytest.fixture
def folder(source: Path, tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The worker's folder: a video, its transcript, and a campaign whose memory knows what is said in it."""
    (tmp_path / "lamp.mp4").symlink_to(source)
    (tmp_path / "lamp.srt").write_text(srt(TALK), encoding="utf-8")
    (tmp_path / "memory.csv").write_text(MEMORY, encoding="utf-8")
    words: dict[str, Any] = {
        "name": f"dubs-{uuid4().hex[:8]}", "languages": ["th"], "memory": ["memory.csv"], "hosts": [{"avatar": "none"}],
        "engines": {"translate": "none", "recognize": "none"}, "limits": {"workers": 1}, "store": str(store.root),
        "channels": [{"name": "dubs", "kind": "folder", "options": {"flat": True}}], "dub": {"videos": ["lamp.mp4"]},
    }  # fmt: skip
    (tmp_path / "words.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.heavy
def test_videos_are_dubbed_by_the_form_and_a_second_run_makes_nothing(server: SyncPrefectClient, folder: Path) -> None:
    call = {"videos": ["lamp.mp4"], "to": ["th"], "source_language": "en", "sound": "ducked", "campaign": "words.yaml"}
    state = dub(**call, return_state=True)
    assert state.is_completed(), state.message
    assert state.message == "1 clips made"
    made = folder / "dubs"
    wanted = {"lamp.th.mp4", "lamp.th.srt", "lamp.th.json", "dub.yaml", "index.html", "summary.json"}
    assert {path.name for path in made.iterdir()} >= wanted
    assert json.loads((made / "lamp.th.json").read_text(encoding="utf-8"))["source_language"] == "en"
    assert "lamp.th.mp4" in (made / "index.html").read_text(encoding="utf-8")
    written = campaigns.load(made / "dub.yaml")
    assert (written.dub.videos, written.dub.sound, written.languages) == ((str(folder / "lamp.mp4"),), "ducked", ("th",))

    assert dub(**call, return_state=True).message == "0 clips made, 1 were there already"
    run = server.read_flow_run(UUID(str(state.state_details.flow_run_id)))
    assert run.name.startswith("dub · dubs · ")
    assert run.tags == [f"campaign:{written.name}"]


def test_what_is_asked_for_is_seen_from_the_workers_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[Campaign]()

    def over(settings: Campaign, path: str, run: str) -> State[Any]:
        begun.append(settings)
        return Failed()

    monkeypatch.setattr("flows.dub.over", over)
    (folder / "said").mkdir()
    dub.fn(("clips/*.mp4", "s3://shop/clips/"), ("th", "vi"), transcripts="said", out="there", keep_length=True)
    (settings,) = begun
    assert settings.dub.videos == (str(folder / "clips" / "*.mp4"), "s3://shop/clips/")
    assert (settings.dub.transcripts, settings.dub.keep_length) == (str(folder / "said"), True)
    assert Path(settings.out) == folder / "there"


def test_the_form_asks_for_all_that_the_command_line_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[Campaign]()
    monkeypatch.setattr("flows.dub.over", lambda settings, path, run: begun.append(settings) or Failed())
    dub.fn(("lamp.mp4",), ("th",), gender="male", platform="tiktok")
    dub.fn(("lamp.mp4",), ("th",), campaign="words.yaml")
    dub.fn(("lamp.mp4",), ("th",), campaign="words.yaml", gender="male")
    assert [(one.host.gender, one.channels[0].platform) for one in begun] == [("male", "tiktok"), ("female", "any"), ("male", "any")]
    with pytest.raises(UserError, match="the channels of the campaign say what theirs are for"):
        dub.fn(("lamp.mp4",), ("th",), campaign="words.yaml", platform="tiktok")
    command = set(inspect.signature(cli_dub.dub).parameters)
    assert command - set(inspect.signature(dub.fn).parameters) == {"source", "transcript"}  # which have longer names there


def test_a_night_of_the_command_line_is_over_what_it_read(server: SyncPrefectClient, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[tuple[Campaign, str]]()
    monkeypatch.setattr("flows.dub.over", lambda settings, path, run: begun.append((settings, run)) or Completed(message="all made"))
    settings = campaigns.load(folder / "words.yaml")
    (folder / "words.yaml").write_text("name: another", encoding="utf-8")
    state = here(settings, str(folder / "words.yaml"), "tonight")
    assert (state.message, begun) == ("all made", [(settings, "tonight")])
    run = server.read_flow_run(UUID(str(state.state_details.flow_run_id)))
    assert run.name.startswith(f"{folder.name} · ")
    assert run.parameters == {"campaign": str(folder / "words.yaml"), "run": "tonight"}  # and nothing of what an address may hold


def test_a_video_that_is_not_there_fails_the_run_and_is_named(server: SyncPrefectClient, folder: Path) -> None:
    state = dub(["lampe.mp4"], ["th"], campaign="words.yaml", return_state=True)
    assert state.is_failed()
    assert "lampe.mp4" in str(state.message)


def test_a_video_that_speaks_the_language_already_fails_with_that(server: SyncPrefectClient, folder: Path) -> None:
    state = dub(["lamp.mp4"], ["en"], source_language="en", campaign="words.yaml", return_state=True)
    assert state.is_failed()
    assert "lamp speaks English already" in str(state.message)


def test_a_campaign_that_is_not_there_is_told_before_anything_is_written(server: SyncPrefectClient, folder: Path) -> None:
    state = dub(["lamp.mp4"], ["th"], campaign="nothing.yaml", return_state=True)
    assert isinstance(state.result(raise_on_failure=False), UserError)
    assert "nothing.yaml" in str(state.message)
    assert not (folder / "dubs").exists()


def test_the_form_says_what_each_field_is_and_what_it_takes() -> None:
    fields = dub.parameters.model_dump()["properties"]
    assert all(field["description"] for field in fields.values())
    assert not [name for name, field in fields.items() if "anyOf" in field]  # shown as a switch between types
    assert fields["to"]["items"]["enum"] == ["en", "id", "th", "vi", "zh"]
    assert (fields["videos"]["minItems"], fields["to"]["minItems"]) == (1, 1)
    assert {name: field["enum"] for name, field in fields.items() if "enum" in field} == {
        "gender": ["auto", "female", "male"], "lipsync": ["auto", "none"], "sound": ["auto", "separated", "ducked", "muted", "music"],
        "captions": ["track", "burned", "cover", "none"], "label": ["auto", "burned", "track"],
        "platform": ["any", "tiktok", "douyin", "weibo"],
    }  # fmt: skip
    assert [name for name, field in fields.items() if "default" not in field] == ["videos", "to"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"to": ["thai"]}, r"to\.0: .*'thai' is not a known language"), ({"to": []}, "to: .*at least 1 item"),
        ({"videos": []}, "videos: .*at least 1 item"), ({"sound": "loud"}, "sound: Input should be 'auto'"),
        ({"track": 0}, "track: Input should be greater"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_the_form(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterTypeError, match=words):
        dub.validate_parameters({"videos": ["lamp.mp4"], "to": ["th"], **given})


@pytest.mark.parametrize("flow", [dub, nightly])
def test_the_server_keeps_no_run_whose_address_has_a_secret_written_out(server: SyncPrefectClient, flow: Any) -> None:
    address = "https://shop.example/lamp.mp4?token=T0KEN"
    given: dict[str, Any] = {"videos": [address], "to": ["th"]} if flow is dub else {"campaign": "words.yaml", "catalog": address}
    form = flow.parameters.model_dump()
    made = server.create_deployment(
        server.create_flow(flow), f"form-{uuid4().hex[:8]}", parameter_openapi_schema=form, enforce_parameter_schema=True
    )
    with pytest.raises(PrefectHTTPStatusError, match=r"write \$\{NAME\} in its place"):
        server.create_flow_run_from_deployment(made, parameters=given)
    own = FlowRunFilter.model_validate({"deployment_id": {"any_": [made]}})
    assert not server.read_flow_runs(flow_run_filter=own)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A web server of a folder's files, as host and port."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        web.server_close()


@pytest.mark.heavy
def test_what_an_address_gets_from_the_environment_is_found_nowhere_afterwards(folder: Path, tmp_path: Path) -> None:
    """All that the command writes and says, Prefect's database and its logs at their fullest among it, of a video that is fetched and of
    one that can't be."""
    secrets = ["q7Zk-SIGNATURE-9s2L", "w4Xj-PASSWORD-1p8M", "e5Bn-WHOLE-3t6R"]
    written, served = tmp_path / "written", tmp_path / "served"
    written.mkdir()
    served.mkdir()
    shutil.copy(folder / "lamp.mp4", served / "lamp.mp4")
    words = yaml.safe_load((folder / "words.yaml").read_text(encoding="utf-8"))
    words |= {"fetch": {"allow_private": True}, "store": str(written / "store")}
    (folder / "words.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")
    with serving(served) as host:
        env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"} | {
            "CROSSREEL_HOME": str(written / "home"), "PREFECT_HOME": str(written / "prefect"), "PREFECT_LOGGING_LEVEL": "DEBUG",
            "ONE": secrets[0], "TWO": secrets[1], "THREE": f"http://{host}/gone.mp4?sig={secrets[2]}",
        }  # fmt: skip
        videos = [f"http://anna:${{TWO}}@{host}/lamp.mp4?sig=${{ONE}}", "${THREE}", f"http://anna:${{TWO}}@{host}/lost.mp4?sig=${{ONE}}"]
        command = [sys.executable, "-m", "localize.cli", "dub", *videos, "--to", "th", "--from", "en", "--transcript", "said"]
        (folder / "said").mkdir()
        (folder / "lamp.srt").rename(folder / "said" / "lamp.srt")
        done = subprocess.run(
            [*command, "--campaign", "words.yaml", "--out", str(written / "dubs")],
            env=env, cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    (written / "said.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert (written / "dubs" / "lamp.th.mp4").is_file(), done.stdout + done.stderr
    assert "/lost.mp4" in done.stdout
    found, files, _ = leaks.search(written, secrets)
    assert (found, files > 20) == (set(), True)
    (written / "planted.txt").write_text(secrets[0])
    assert leaks.search(written, secrets)[0] == {secrets[0]}  # so that nothing found is nothing there


@pytest.mark.heavy
def test_a_night_dubs_the_footage_of_a_catalog(server: SyncPrefectClient, folder: Path, store: LocalStore) -> None:
    (folder / "clips").mkdir()
    for name in ("lamp.mp4", "lamp.srt"):
        (folder / name).rename(folder / "clips" / name)
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    path = asked(folder / "none.mp4", (), ["th", "vi"], {"videos": [], "footage": True}, catalog="products.csv", out="out",
                 store=str(store.root), review="translations")  # fmt: skip
    state = nightly(str(path), return_state=True)
    assert state.is_completed(), state.message
    assert state.message == "2 clips made"
    assert {p.name for p in (folder / "out").glob("LAMP-1.*")} >= {"LAMP-1.th.mp4", "LAMP-1.vi.mp4"}
    told = json.loads((folder / "out" / "LAMP-1.th.json").read_text(encoding="utf-8"))
    assert (told["title"], told["product"]["sku"]) == ("โคมไฟตั้งโต๊ะ", "LAMP-1")
    assert "Nothing is dubbed of CUP-3" in (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert nightly(str(path), languages=["vi"], return_state=True).message == "0 clips made, 1 were there already"
