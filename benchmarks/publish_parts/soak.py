"""A night of posts on three platforms while everything goes wrong: what was posted how often, and whether a secret got out.

The platforms are servers of this machine that hold to the contracts (tests/platforms) and fail at random: refused, cut off before,
amid and after the effect, silent, slow, told twice. TikTok fails uploads for every reason that it has. Access tokens end every few
seconds; one account's sign-in ends for good amid the night. Amid it, too, some products get another clip: none may be shown twice.
Workers are processes; some are killed with -9 and others take over what they had. The night is over when every post is out, held for a
person, or refused for good.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter, deque
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import parcels  # noqa: E402
from platforms import EVERY_FAULT, Platform, Trouble, oauth, serving  # noqa: E402
from platforms.douyin import Douyin  # noqa: E402
from platforms.tiktok import TikTok, Upload  # noqa: E402
from platforms.weibo import Weibo  # noqa: E402
from pydantic import SecretStr  # noqa: E402

from benchmarks.figures import Figure  # noqa: E402
from benchmarks.publish_parts import leaks  # noqa: E402
from localize import engines  # noqa: E402
from localize.domain import Channel, Disclosure, Post  # noqa: E402
from localize.errors import CrossreelError, Transient  # noqa: E402
from localize.publish import Parcel, accounts  # noqa: E402
from localize.publish.accounts.vault import Vault  # noqa: E402
from localize.publish.ledger import UNDER_WAY, Claim, Ledger, Row  # noqa: E402
from localize.publish.outbox import Outbox  # noqa: E402
from localize.publish.parcels import Parcels  # noqa: E402
from localize.publish.tiktok_api import FAIL_REASONS  # noqa: E402
from localize.store import LocalStore  # noqa: E402

LIFE = 8.0  # s that an access token lives
HASTE = 600.0  # a minute of the platforms' rates is 0.1 s here, for the workers and the servers alike
LEASE = 5.0  # s until another worker takes over from one that was killed
LONGEST = 2400.0  # s that a night may take before it counts as stuck
LARGE, LARGE_EVERY = 11_000_000, 200  # bytes of the clips that go up in several chunks, and how many clips have one such
GONE = "tiktok-gone"  # the channel whose account's sign-in ends
PLATFORMS = {"tiktok": "tiktok", GONE: "tiktok", "douyin": "douyin", "weibo": "weibo"}  # by channel
ASKED = 0.97  # of a channel's products that must be out, once


class Good(Container[str]):
    """The tokens of one account that are good at a server of OAuth now."""

    def __init__(self, server: oauth.OAuth, signed: oauth.Signed) -> None:
        self.server, self.signed = server, signed

    def __contains__(self, token: object) -> bool:
        with self.server.lock:
            return self.signed.access.get(str(token), 0.0) > self.server.now()

    def end(self) -> None:
        """The account's owner takes the right away: neither its tokens nor another one is had by it."""
        with self.server.lock:
            self.signed.access.clear()
            self.signed.refresh_ends = 0.0


class Failing(TikTok):
    """Fails whole uploads for each of its reasons, in turn, at times."""

    def __init__(self, trouble: Trouble, reasons: list[str], rate: float) -> None:
        super().__init__(trouble, limits={name: 10**9 for name in ("init", "creator_info", "status")})
        self.reasons, self.rate, self._chance = reasons, rate, random.Random(7)
        self.failed: list[str] = []

    def _finish(self, publish_id: str, upload: Upload) -> None:
        if self.reasons and self._chance.random() < self.rate:
            upload.failed = self.reasons.pop()
            self.failed.append(upload.failed)
        super()._finish(publish_id, upload)


@dataclass
class Night:
    """What is there before a night and what is known after it. `videos` are the SHA-256 of the clips' files, by clip key."""

    folder: Path
    clips: int
    platforms: dict[str, Any]  # by channel
    gone: Good
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    videos: dict[str, str] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)  # amid a post, by channel
    killed: int = 0
    seconds: float = 0.0

    def ledger(self) -> Ledger:
        return Ledger.open(self.folder / "ledger.sqlite")


def figures(*, quick: bool = False) -> list[Figure]:
    clips, workers, kills = (60, 3, 5) if quick else (1000, 4, 20)
    with TemporaryDirectory() as folder:
        return list(_night(Path(folder), clips, workers, kills))


def _night(folder: Path, clips: int, workers: int, kills: int, *, through_flow: bool = True) -> Iterator[Figure]:
    trouble = [Trouble(rate=0.06, seed=n, hang=1.2, kinds=EVERY_FAULT) for n in range(4)]
    reasons = [*FAIL_REASONS] * max(1, clips // 250)
    tiktok, gone = Failing(trouble[0], reasons, min(0.5, 3 * len(reasons) / clips)), Failing(trouble[3], [], 0.0)
    douyin, weibo = Douyin(trouble[1], daily=10**9, words=True, list_after=1), Weibo(trouble[2], shown_after=0.5)
    tellers = oauth.TikTokOAuth(life=LIFE), oauth.DouyinOAuth(life=LIFE)
    platforms: dict[str, Any] = {"tiktok": tiktok, GONE: gone, "douyin": douyin, "weibo": weibo}
    for platform in platforms.values():
        platform.seen = deque(maxlen=20)  # with their videos in them, all requests would not fit into memory
    with serving(*platforms.values(), *tellers):
        for channel, teller in (("tiktok", tellers[0]), (GONE, tellers[0]), ("douyin", tellers[1])):
            platforms[channel].tokens = _sign_in(folder, channel, teller)
        douyin.open_id = douyin.tokens.signed.open_id
        night = Night(folder, clips, platforms, gone.tokens)  # type: ignore[arg-type]
        _clips(night)
        settings = {
            "clips": clips, "apis": {name: platform.address for name, platform in platforms.items()}, "weibo": next(iter(weibo.tokens)),
        }  # fmt: skip
        (folder / "settings.json").write_text(json.dumps(settings))
        _work(night, workers, kills)
        yield from _told(night)
        met = f"{len({*tiktok.failed})} of {len(FAIL_REASONS)}, {len(tiktok.failed)} times"
        yield Figure("reasons that TikTok failed an upload for", met, "all", {*tiktok.failed} == FAIL_REASONS.keys())
        if through_flow:
            yield leaks.flow(folder, folder / "accounts", tiktok.address)
    secrets = [*(t for teller in tellers for t in teller.every_token), *weibo.tokens, oauth.APP["client_secret"]]
    secrets += [upload.secret for server in (tiktok, gone) for upload in server.uploads.values() if upload.secret]
    yield from leaks.figures(folder, secrets, through_flow)


def _sign_in(folder: Path, channel: str, teller: oauth.OAuth) -> Good:
    """An account for a channel, kept as `crossreel account add` does."""
    vault, platform = Vault(folder / "accounts"), PLATFORMS[channel]
    scope = "video.publish,video.upload,video.list" if platform == "tiktok" else "video.create.bind,video.list.bind"
    signed = teller.sign(scope, open_id=f"open-{channel}")
    vault.write(
        platform, _account(channel),
        accounts.Grant(
            access_token=SecretStr(next(iter(signed.access))), refresh_token=SecretStr(signed.refresh), expires=time.time() + LIFE,
            refresh_expires=signed.refresh_ends, begun=time.time(), open_id=signed.open_id, scopes=tuple(signed.scope.split(",")),
        ),
    )  # fmt: skip
    secret = SecretStr(oauth.APP["client_secret"])
    vault.write_app(platform, accounts.App(client_key=oauth.APP["client_key"], client_secret=secret, api=teller.address))
    return Good(teller, signed)


def _account(channel: str) -> str:
    return "gone" if channel == GONE else "shop"


def _clips(night: Night) -> None:
    """Labelled films of nothing, each of other bytes, in folders of their own; two of products that change."""
    for n in range(night.clips):
        for key in _keys(n):
            folder = night.folder / key
            parcels.clip_of(folder, key, _sku(n))
            content = f"{key} ".encode().ljust(LARGE if n % LARGE_EVERY == LARGE_EVERY - 1 else 2000, b".")
            video = parcels.labelled(_disclosure(key), content)
            night.videos[key] = hashlib.sha256(video).hexdigest()
            (folder / "clip.mp4").write_bytes(video)
            (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))


def _sku(n: int) -> str:
    return f"SKU-{n:04}"


def _keys(n: int) -> tuple[str, ...]:
    """The clips of a product, in the order of time: one in five changes amid the night."""
    return (f"clip/{n}", f"clip/{n}-changed") if n % 5 == 3 else (f"clip/{n}",)


def _products(channel: str, clips: int) -> range:
    return range(0, clips, 5) if channel == GONE else range(clips)


def _disclosure(key: str) -> Disclosure:
    return Disclosure(label="AI生成", producer="Corner", produce_id=key)


def _work(night: Night, workers: int, kills: int) -> None:
    """Run the workers to the end of the night, killing one now and then, which is started anew. When a third is out, products change,
    and so does the mind of the owner of an account when a third of its posts are."""
    folder, began = night.folder, time.monotonic()
    begin = lambda n: subprocess.Popen([sys.executable, __file__, str(folder), str(n)], stderr=(folder / f"errors.{n}.txt").open("a"))
    running = {n: begin(n) for n in range(workers)}
    ledger, spared, posts = night.ledger(), began, sum(len(_products(channel, night.clips)) for channel in PLATFORMS)
    while running:
        time.sleep(0.2)
        if time.monotonic() > began + LONGEST:
            for process in running.values():
                process.kill()
            raise RuntimeError(f"the night is not over after {LONGEST:.0f} s")
        if sum(len(platform.posts) for platform in night.platforms.values()) > posts // 3:
            (folder / "changed").touch()
        if len(night.platforms[GONE].posts) > len(_products(GONE, night.clips)) // 3:
            night.gone.end()
        for n, process in list(running.items()):
            if process.poll() == 0:
                del running[n]
            elif process.poll() is not None and process.returncode != -signal.SIGKILL:
                raise RuntimeError(f"worker {n} ended with {process.returncode}: {(folder / f'errors.{n}.txt').read_text()[-2000:]}")
        if night.killed < kills and time.monotonic() > spared:
            at_work = {row.worker for row in ledger.rows(state=UNDER_WAY)}
            if not (busy := [n for n, process in running.items() if _worker(n, process.pid) in at_work]):
                continue
            n = night.chance.choice(busy)
            running[n].kill()
            running[n].wait()
            night.kills.update(row.channel for row in ledger.rows(state=UNDER_WAY) if row.worker == _worker(n, running[n].pid))
            running[n] = begin(n)
            night.killed, spared = night.killed + 1, time.monotonic() + night.chance.uniform(2.0, 6.0)
    night.seconds = time.monotonic() - began


def _worker(number: int, pid: int) -> str:
    return f"worker-{number}-{pid}"


def _told(night: Night) -> Iterator[Figure]:
    """What each platform has, beside what the ledger says."""
    rows, wrong, kinds = night.ledger().rows(), Counter[str](), set[str]()
    for channel, platform in night.platforms.items():
        own, products = [row for row in rows if row.channel == channel], _products(channel, night.clips)
        times = _times(night, platform, own, products)
        wrong.update({fault: times[fault] for fault in WRONG})
        kinds |= {kind for kind, count in platform.trouble.counts.items() if count}
        out = times["published"], times["held"], times["refused"], times["begun"]
        told = f"{out[0]} once, {out[1]} held, {out[2]} refused, {out[3]} begun; {sum(row.tries for row in own)} tries, "
        told += f"{night.kills[channel]} kills, {times['duplicates']} duplicates, {times['lost']} lost"
        if channel == GONE:
            asked, good = "all; some out, the rest not or begun", out[0] > 0 and out[2] + out[3] > 0
        else:
            least, held = round(ASKED * len(products)), max(1, len(products) // 100)
            asked = f"at least {least} once, at most {held} held, refused for TikTok's reasons alone"
            good = out[0] >= least and out[1] <= held and not out[3] and not times["refused for no reason"]
        yield Figure(f"{len(products)} products on {channel}", told, asked, good and sum(out) == len(products))
        yield Figure(
            f"faults of {channel}", ", ".join(f"{kind} {count}" for kind, count in sorted(platform.trouble.counts.items()) if count)
        )
    for fault in WRONG:
        yield Figure(f"posts that are {fault}", str(wrong[fault]), "0", wrong[fault] == 0)
    yield Figure(
        "workers killed with -9; amid a post", f"{night.killed}; {night.kills.total()}", "at least 2; 1",
        night.killed >= 2 and night.kills.total() >= 1,
    )  # fmt: skip
    yield Figure("kinds of faults met", f"{len(kinds)} of {len(EVERY_FAULT)}", "all", kinds == {*EVERY_FAULT})
    changed = sum(row.clip_key.endswith("-changed") for row in rows)
    yield Figure("products that changed amid the night, on all channels", str(changed), "at least 1", changed > 0)
    yield Figure("products a second, all platforms", f"{len(rows) / night.seconds:.0f} ({night.seconds:.0f} s)")


WRONG = ("duplicates", "lost", "unknown to the ledger")


def _times(night: Night, platform: Platform | Any, rows: list[Row], products: range) -> Counter[str]:
    """How many of a channel's products ended how. A product is out by one clip, whichever that is."""
    by_key, times = {row.clip_key: row for row in rows}, Counter[str]()
    shown = Counter(post.digest for post in platform.posts.values())
    for n in products:
        own = [by_key[key] for key in _keys(n) if key in by_key]
        posted = {key: shown[night.videos[key]] for key in _keys(n)}
        states = {row.state for row in own}
        ended = "refused" if states == {"failed"} else "begun" if states & {*UNDER_WAY} else ""
        state = next((state for state in ("published", "held") if state in states), ended)
        times[state] += 1
        times["duplicates"] += sum(posted.values()) > 1
        times["lost"] += not state or any(row.state == "published" and not posted[row.clip_key] for row in own)
        # Of what a worker could not say how it ended, the ledger has the number, and the next run asks.
        times["unknown to the ledger"] += state == "refused" and any(posted.values())
        if state == "refused" and not any(f" {reason}." in own[-1].reason for reason in FAIL_REASONS):
            times["refused for no reason"] += 1
    return times


# --- a worker ---------------------------------------------------------------------------------------------------------


def work(folder: Path, number: int) -> None:
    """Send every clip to every platform, again and again until nothing waits."""
    settings = json.loads((folder / "settings.json").read_text())
    os.environ |= {"CROSSREEL_HOME": str(folder / "home"), "CROSSREEL_ACCOUNTS": str(folder / "accounts")}
    os.environ["CROSSREEL_WEIBO_SHOP_ACCESS_TOKEN"] = settings["weibo"]
    logging.basicConfig(level=logging.DEBUG, filename=folder / f"log.{number}.txt")
    waiting = Claim.slot
    Claim.slot = lambda self, name, per_minute: waiting(self, name, per_minute * HASTE)  # type: ignore[method-assign]
    box = Outbox(Ledger.open(folder / "ledger.sqlite"), Parcels(LocalStore(folder / "store")), _worker(number, os.getpid()), LEASE)
    todo = [(n, channel) for channel in PLATFORMS for n in _products(channel, settings["clips"])]
    random.Random(os.getpid()).shuffle(todo)
    refused = Counter[tuple[int, str]]()
    log = logging.getLogger("night")
    while todo:
        later = []
        for n, channel in todo:
            parcel = _parcel(folder, n, channel, settings["apis"][channel])
            try:
                state = box.send(parcel, engines.get("publish", PLATFORMS[channel])).state
            except Transient:
                log.info("%s", traceback.format_exc())
                state = "planned"
            except CrossreelError:  # refused: what is not for good is taken at the second asking
                log.info("%s", traceback.format_exc())
                refused[n, channel] += 1
                state = "failed" if refused[n, channel] > 1 else "planned"
            if state not in ("published", "held", "failed"):
                later.append((n, channel))
        if len(later) == len(todo):  # the others have them
            time.sleep(0.3)
        todo = later


def _parcel(folder: Path, n: int, channel: str, api: str) -> Parcel:
    """A product's clip as it is now, for a channel."""
    options: dict[str, Any] = {"api": api}
    name = PLATFORMS[channel]
    options |= {"poll": 0.05, "patience": 1.0, "chunk_size": 5_300_000} if name == "tiktok" else {"timeout": 1.0}
    options |= {"settle": 2.0} if name == "weibo" else {}
    key = _keys(n)[-1 if (folder / "changed").exists() else 0]
    clip = parcels.clip_there(folder / key, key, _sku(n))
    # Two variants of a product may have one text: a post is not known by it alone.
    post = Post(title=f"Clay mug {n // 2}", body=f"Clay mug {n // 2}, 350 ml\nAI生成", hashtags=("#kitchen",))
    place = Channel(name=channel, kind=name, platform=name, account=_account(channel), options=options)  # type: ignore[arg-type]
    return Parcel("soak", clip, post, place, _disclosure(key), folder / "out")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("number", type=int)
    asked = options.parse_args()
    with suppress(KeyboardInterrupt):
        work(asked.folder, asked.number)
