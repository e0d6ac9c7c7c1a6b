"""A video's dub from its transcript to its file: small videos made here, spoken by the voice that needs nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from brand_files import font
from dubs import SECONDS, TALK, asked, dubbed, packets, srt, studio
from films import REAL, real
from sounds import RATE, heard, video

from localize import languages
from localize.booth import Booth
from localize.disclosure import aigc
from localize.domain import Channel, SourceVideo, Speech
from localize.dub import Cue, Sentence, Talk, assemble, cloning, faces, listening
from localize.dub import studio as studios
from localize.dub.picture import Shape
from localize.dub.studio import DubStudio
from localize.engines import Card
from localize.errors import Blocked, NotReady, UserError
from localize.lipsync import Boxes, Patch, Samples
from localize.lipsync.blend import cut
from localize.lipsync.neural import placed
from localize.media.command import ffmpeg_exe
from localize.media.pcm import read_audio
from localize.pixels import Pixels
from localize.planning import Progress
from localize.reviews import Review, Reviews
from localize.store import LocalStore
from localize.voice import package as packages


@pytest.mark.parametrize("language", ["th", "vi", "id"])
def test_a_video_speaks_another_language_over_its_own_picture(lamp: Path, store: LocalStore, language: str) -> None:
    clip, said, reused, progress = dubbed(asked(lamp, languages=["th", "vi", "id"]), store, language)
    assert not reused
    assert (progress.made["voice"], progress.made["clip"]) == (2, 1)
    assert not clip.stopped
    assert packets(Path(clip.video)) == packets(lamp)  # not encoded again
    assert clip.duration == pytest.approx(SECONDS, abs=0.04)

    told = json.loads(Path(clip.sidecar).read_text())
    assert [c["text"] for c in told["cues"]] == [line.text for line in said.lines]
    assert all(abs(c["start"] - c["source"]["start"]) <= 0.3 for c in told["cues"])
    assert told["cues"][0]["end"] <= told["cues"][1]["start"]
    assert (told["picture"], told["label"], told["source_language"]) == ("copied", "track", "en")
    assert said.lines[0].text.split()[0] in Path(clip.captions).read_text(encoding="utf-8")
    assert told["engines"]["voice"].startswith("espeak (GPL-3.0")


def test_the_file_tells_that_ai_made_it_though_its_picture_is_copied(lamp: Path, store: LocalStore) -> None:
    clip, *_ = dubbed(asked(lamp, producer="Corner"), store)
    told = json.loads(Path(clip.sidecar).read_text())["disclosure"]
    assert told["label"] == languages.get("th").ai_label
    with av.open(clip.video) as container:
        texts = [stream.metadata["handler_name"] for stream in container.streams.subtitles]
        assert aigc.NAME in container.metadata
        assert clip.key.rpartition("/")[2] in container.metadata[aigc.NAME]
    assert texts[1] == told["label"]
    assert told["label"].encode() in packets(Path(clip.video), "subtitles", 1)[0]


def test_what_is_there_is_not_made_again(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp)
    first, *_ = dubbed(path, store)
    again, _, reused, progress = dubbed(path, store)
    assert reused
    assert not progress.made
    assert again == first


def test_one_sentence_corrected_is_one_sentence_spoken_and_one_file_made(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp)
    first, said, *_ = dubbed(path, store)
    reviews = Reviews.load(Path(studio(path, store)[0].campaign.review.file))
    reviews.keep([Review("lamp", "th", said.lines[1].text, edit="แค่สองร้อยบาท")])
    second, now, reused, progress = dubbed(path, store)
    assert [line.text for line in now.lines] == [said.lines[0].text, "แค่สองร้อยบาท"]
    assert not reused
    assert progress.made == {"voice": 1, "clip": 1, "checks": 1}
    assert second.key != first.key


def test_a_font_counts_by_its_letters_and_not_by_where_it_lies(lamp: Path, store: LocalStore) -> None:
    brand = font(lamp.with_name("brand.ttf"))
    first, *_ = dubbed(asked(lamp, brand={"font": str(brand)}), store)
    moved = shutil.copy(brand, lamp.with_name("moved.ttf"))
    assert dubbed(asked(lamp, brand={"font": str(moved)}), store)[2]
    font(brand, family="Another Hand")
    again, _, reused, _ = dubbed(asked(lamp, brand={"font": str(brand)}), store)
    assert not reused
    assert again.key != first.key


def test_a_sidecar_tells_the_source_as_it_was_corrected_though_its_translation_stays(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, ((0.4, 1.9, "This lamp is very brite."), TALK[1]))
    with lamp.with_name("memory.csv").open("a", encoding="utf-8") as memory:
        memory.write("This lamp is very brite.,โคมไฟนี้สว่าง,,\n")
    dubbed(path, store)
    lamp.with_suffix(".srt").write_text(srt(TALK), encoding="utf-8")
    clip, *_ = dubbed(path, store)
    told = json.loads(Path(clip.sidecar).read_text())
    assert [cue["source"]["text"] for cue in told["cues"]] == [text for _, _, text in TALK]


def test_a_dub_that_is_killed_goes_on_where_it_was(lamp: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = asked(lamp)
    with monkeypatch.context() as patch:
        patch.setattr(assemble, "_cover", lambda *_: (_ for _ in ()).throw(SystemExit("killed")))
        with pytest.raises(SystemExit):
            dubbed(path, store)
    clip, _, reused, progress = dubbed(path, store)
    assert not reused
    assert progress.made == {"clip": 1, "checks": 1}  # its talk, its translation and its speech were kept
    assert Path(clip.cover).is_file()


@pytest.mark.heavy
def test_another_video_of_the_same_bytes_is_a_clip_of_its_own(lamp: Path, store: LocalStore) -> None:
    first, *_ = dubbed(asked(lamp), store)
    twin = lamp.with_name("twin.mp4")
    twin.symlink_to(lamp)
    second, *_, progress = dubbed(asked(twin), store)
    assert second.key != first.key  # a ledger knows posts by it
    assert progress.made["voice"] == 0
    assert json.loads(Path(second.sidecar).read_text())["sku"] == "twin"


# ---- when it can't be made


def test_what_nobody_can_translate_is_named(lamp: Path, store: LocalStore) -> None:
    with pytest.raises(NotReady, match="Buy two today"):
        dubbed(asked(lamp, [TALK[0], (2.3, 4.0, "Buy two today.")]), store)


def test_a_video_in_the_language_already_is_left_alone(lamp: Path, store: LocalStore) -> None:
    with pytest.raises(UserError, match="lamp speaks Vietnamese already"):
        dubbed(asked(lamp, [(0.5, 2.0, "Đèn này rất sáng.")], ["vi"], source_language="vi"), store, "vi")


def test_a_sentence_that_is_too_long_stops_its_dub_and_is_named(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, [(0.4, 0.6, TALK[0][2]), (0.8, 1.0, TALK[1][2]), (1.2, 1.4, TALK[0][2])])
    with pytest.raises(Blocked, match=r"Sentence \d at 0:00 .* s too long for its time") as stopped:
        dubbed(path, store)
    assert "letters less" in str(stopped.value)


def test_a_dub_of_two_who_speak_at_once_says_that_they_do(lamp: Path, store: LocalStore) -> None:
    clip, *_ = dubbed(asked(lamp, ((0.7, 2.5, TALK[0][2]), (1.0, 2.8, TALK[1][2]))), store)
    assert not clip.stopped
    (said,) = [f.message for f in clip.findings if f.check == "time"]
    assert said.startswith("At 0:01 two sentences are said at the same time in the source")
    assert "Leave one of the two out of the transcript, or say it in about" in said


def test_the_last_frame_is_held_for_a_sentence_that_goes_on(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, [TALK[0], (4.3, 4.9, TALK[1][2])])
    clip, *_ = dubbed(path, store)
    told = json.loads(Path(clip.sidecar).read_text())
    assert not clip.stopped
    assert SECONDS < told["cues"][1]["end"] <= clip.duration < told["cues"][1]["end"] + 0.04
    assert told["picture"] == "encoded"  # a picture that is copied can't be held
    assert "the last sentence ends behind its last frame" in " ".join(f.message for f in clip.findings)


def test_with_keep_length_nothing_is_said_past_the_picture(lamp: Path, store: LocalStore) -> None:
    with pytest.raises(Blocked, match="Sentence 2 at 0:04"):
        dubbed(asked(lamp, [TALK[0], (4.3, 4.9, TALK[1][2])], dub={"keep_length": True}), store)


def test_a_machines_lines_wait_to_be_read_where_the_campaign_wants_it(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, review="scripts")
    with pytest.raises(Blocked, match="2 of 2 lines wait for approval"):
        dubbed(path, store)
    reviews = Reviews.load(Path(studio(path, store)[0].campaign.review.file))
    reviews.keep(Review("lamp", "th", line, approved=True) for line in ("โคมไฟนี้สว่าง", "ราคาสองร้อยบาท"))
    clip, *_ = dubbed(path, store)
    assert not clip.stopped


# ---- sent


def test_a_dub_goes_into_a_folder_with_what_belongs_to_it(lamp: Path, store: LocalStore) -> None:
    made, (job,) = studio(asked(lamp, out="out"), store)
    clip, said, _ = made.make(job, Progress())
    receipt = made.publish(job, clip, made.campaign.channels[0], said)
    assert receipt.state == "published"
    assert {p.name for p in (lamp.parent / "out").rglob("lamp.th.*")} >= {"lamp.th.mp4", "lamp.th.srt", "lamp.th.json", "lamp.th.jpg"}


def test_a_platform_gets_no_file_whose_label_its_viewers_would_not_see(lamp: Path, store: LocalStore) -> None:
    made, (job,) = studio(asked(lamp), store)
    clip, said, _ = made.make(job, Progress())
    with pytest.raises(Blocked, match=r"the AI label of lamp\.th is a track of the file, which tiktok does not show"):
        made.publish(job, clip, Channel(name="tt", kind="folder", platform="tiktok"), said)


@pytest.mark.heavy
def test_where_a_channel_posts_to_a_platform_the_label_is_burned_in(lamp: Path, store: LocalStore) -> None:
    channels = [{"name": "tt", "kind": "folder", "platform": "tiktok"}]
    made, (job,) = studio(asked(lamp, channels=channels, out="out"), store)
    clip, said, _ = made.make(job, Progress())
    assert json.loads(Path(clip.sidecar).read_text())["label"] == "burned"
    assert not clip.stopped  # the checks have read the label
    assert made.publish(job, clip, made.campaign.channels[0], said).state in ("published", "planned", "ready")


def test_the_sources_sound_can_be_kept_as_a_second_track(lamp: Path, store: LocalStore) -> None:
    clip, *_ = dubbed(asked(lamp, dub={"original": True}), store)
    assert packets(Path(clip.video), "audio", 1) == packets(lamp, "audio")
    with av.open(clip.video) as container:
        assert [stream.metadata["language"] for stream in container.streams.audio] == ["tha", "eng"]
    assert heard(Path(clip.video), 0).shape[1] == 2


# ---- the person who speaks

CONSENT = """\
who: Somchai Example
signed: 2026-03-01
by: signed form 2026-031
languages: [th]
platforms: all
"""


def test_nobodys_voice_is_taken_without_their_consent(lamp: Path, store: LocalStore) -> None:
    with pytest.raises(Blocked, match="needs that person's consent"):
        dubbed(asked(lamp, dub={"voice": "original"}), store)


@pytest.mark.heavy
def test_with_consent_a_video_keeps_its_speakers_voice(tmp_path: Path, store: LocalStore) -> None:
    recording = REAL.parent / "speech" / "en_ljspeech_LJ001-0001.wav"
    if not recording.is_file():
        pytest.skip("the test recording en_ljspeech_LJ001-0001.wav is not on this machine")
    mono = read_audio(recording, RATE)
    seconds = len(mono) / RATE
    talk = video(tmp_path / "talk.mp4", np.repeat(mono[:, None], 2, axis=1), seconds=seconds)
    consent = tmp_path / "consent.yaml"
    consent.write_text(CONSENT, encoding="utf-8")
    path = asked(talk, [(0.05, 5.0, TALK[0][2]), (5.1, seconds - 0.1, TALK[1][2])], dub={"voice": "original", "consent": consent.name})
    made, (job,) = studio(path, store)
    clip, said, _ = made.make(job, Progress())
    told = json.loads(Path(clip.sidecar).read_text())
    assert told["voice"]["voice"].startswith("dub-")
    assert len(told["disclosure"]["consents"]) == 1
    assert "Somchai" not in Path(clip.sidecar).read_text()
    assert made.publish(job, clip, made.campaign.channels[0], said).state == "published"
    assert not packages.names()  # what was learned is for this video's dubs alone
    assert list(cloning.home().iterdir())
    consent.write_text(CONSENT + "withdrawn: 2026-03-02\n", encoding="utf-8")
    with pytest.raises(Blocked, match="withdrawn on 2026-03-02"):
        made.publish(job, clip, made.campaign.channels[0], said)
    with pytest.raises(Blocked, match="withdrawn on 2026-03-02"):
        made.crew(job)
    assert not list(cloning.home().iterdir())


def test_a_sheet_to_read_over_learns_no_voice(lamp: Path, store: LocalStore) -> None:
    consent = lamp.with_name("consent.yaml")
    consent.write_text(CONSENT + "withdrawn: 2026-03-02\n", encoding="utf-8")
    made, (job,) = studio(asked(lamp, dub={"voice": "original", "consent": consent.name}), store)
    script, _ = made.draft(job, made.texts(job, Progress()), Progress())
    assert [line.text for line in script.lines] == ["โคมไฟนี้สว่าง", "ราคาสองร้อยบาท"]
    assert not cloning.home().exists()


def test_a_consent_that_nothing_needs_stops_nothing(lamp: Path, store: LocalStore) -> None:
    lamp.with_name("consent.yaml").write_text(CONSENT.replace("platforms: all", "platforms: [tiktok]"), encoding="utf-8")
    clip, *_ = dubbed(asked(lamp, dub={"consent": "consent.yaml"}), store)
    assert not clip.blocked
    with pytest.raises(Blocked, match="for tiktok"):
        dubbed(asked(lamp, dub={"consent": "consent.yaml", "voice": "original"}), store)


def test_sound_that_no_mp4_can_hold_is_told_of_before_anything_is_paid_for(lamp: Path, store: LocalStore, tmp_path: Path) -> None:
    film = tmp_path / "own" / "lamp.mkv"
    film.parent.mkdir()
    command = [ffmpeg_exe(), "-v", "error", "-i", str(lamp), "-c:v", "copy", "-c:a", "wmav2", str(film)]
    subprocess.run(command, check=True)
    with pytest.raises(UserError, match="can't be kept as a track, as an MP4 can't hold wmav2"):
        dubbed(asked(film, dub={"original": True}), store)


class Painter:
    """Lips that are all of one grey."""

    card = Card(name="painter", stage="lipsync", about="", version="1", licence="CC0-1.0", filmed=True)

    def fingerprint(self) -> str:
        return "painter 1"

    def patches(self, frames: Iterable[Pixels], boxes: Boxes, speech: Samples, rate: int, fps: float) -> Iterator[Patch | None]:
        for frame, face in zip(frames, boxes, strict=True):
            box = placed(face, *frame.shape[:2])
            face = cut(frame, box, 64) if box else None
            yield Patch(np.full_like(face, 90), box) if box and face is not None else None


@pytest.mark.heavy
def test_lips_that_are_moved_are_told_of_with_their_engine_and_consent(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grid.mpg").symlink_to(real("grid_bbaf2n.mpg"))
    (tmp_path / "consent.yaml").write_text(CONSENT, encoding="utf-8")
    monkeypatch.setattr(faces, "engine", lambda *_, **__: Painter())
    path = asked(tmp_path / "grid.mpg", [(0.3, 2.8, TALK[0][2])], dub={"consent": "consent.yaml"})
    clip, *_, progress = dubbed(path, store)
    told = json.loads(Path(clip.sidecar).read_text())
    assert not clip.stopped
    assert progress.made["lipsync"] == 1, progress.findings
    assert (told["label"], told["engines"]["lipsync"]) == ("burned", "painter (CC0-1.0)")
    assert told["presenters"][0]["consent"]
    assert ("painter", "CC0-1.0") in [(i["name"], i["licence"]) for i in told["disclosure"]["ingredients"]]
    assert progress.made["lipsync"] == 1
    assert dubbed(path, store)[2]


# ---- what is scarce is held


class Scarce:
    """What is held, in its order; an engine on a GPU."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.now: list[str] = []

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        self.taken.append(what)
        self.now.append(what)
        yield
        self.now.remove(what)

    def report(self) -> str:
        return "cuda:0 float16"

    def fingerprint(self) -> str:
        return "scarce 1"


def test_voices_are_taken_out_while_a_gpu_is_held_and_no_encoder(lamp: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Demucs(Scarce):
        card = Card(name="demucs", stage="separate", about="", version="1", licence="MIT")

        def background(self, samples: Samples, rate: int, stretches: Sequence[tuple[float, float]]) -> Samples:
            assert self.now == ["gpu"]
            return samples

    there = Demucs()
    monkeypatch.setattr(DubStudio, "_separator", lambda *_: there)
    path = asked(lamp, dub={"sound": "separated"})
    for _ in range(2):
        made, (job,) = studio(path, store)
        made.make(job, Progress(), there.hold)
    assert there.taken == ["gpu", "encode"]


def test_lips_that_are_there_wait_for_no_gpu(lamp: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    there, video, shape = Scarce(), SourceVideo(sku="lamp", title="lamp", video=str(lamp)), Shape.of(lamp)

    def speaking(*_: object) -> faces.Seen:
        assert there.now == ["gpu"]
        return faces.Seen((), ())

    monkeypatch.setattr(faces, "speaking", speaking)
    talk = Talk(language="en", sentences=(Sentence(text=TALK[0][2], start=0.4, end=1.9),), origin="lamp.srt")
    cues, speeches = (
        [Cue(text="โคมไฟ", start=0.4, end=1.9)],
        [Speech(audio=str(lamp), rate=RATE, duration=1.5, words=(), mouths=(), engine="")],
    )
    for _ in range(2):
        assert assemble.lips(store, there, video, 0, shape, talk, cues, speeches, Progress(), there.hold) is None  # type: ignore[arg-type]
    assert there.taken == ["gpu"]


def test_on_a_gpu_one_video_is_heard_at_a_time(lamp: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nobody hands in what to hold, as whoever reads sheets over."""
    there, free = Scarce(), []

    def understood(*_: object) -> Talk:
        with ThreadPoolExecutor() as others:
            free.append(others.submit(studios._HEARING.acquire, blocking=False).result())
        return Talk(language="en", sentences=(Sentence(text=TALK[0][2], start=0.4, end=1.9),), origin="scarce")

    monkeypatch.setattr(Booth, "recognizer", lambda *_: there)
    monkeypatch.setattr(listening, "understood", understood)
    made, (job,) = studio(asked(lamp, ()), store)
    assert made.spoken_in(job) == "en"
    assert (free, there.taken) == ([False], [])
    made, (job,) = studio(asked(lamp, (), source_language="id"), store)
    made.heard(job.product, Progress(), there.hold)
    assert (free, there.taken) == ([False, False], ["gpu"])
    made.heard(job.product, Progress(), there.hold)
    assert len(there.taken) == 1
