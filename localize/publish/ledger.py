"""The ledger: one row for every clip on every place it goes to, so that nothing is posted twice.

A row goes planned -> uploading -> processing -> published | failed | held. Whoever works on it has claimed it in a transaction, for as
long as a lease is renewed; every write of theirs holds only while the claim is still theirs. What happened is told in a history that is
only added to. All times are seconds since 1970, 0.0 for never.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Self, get_args

import sqlalchemy as sa
from sqlalchemy import and_, func, or_, select, update

from localize import campaign as campaigns
from localize.domain import Model, Receipt
from localize.errors import CrossreelError, Transient, UserError
from localize.publish import Parcel
from localize.publish.database import Database
from localize.publish.ledger_tables import history, posts, rates
from localize.publish.renewer import Renewer

State = Literal["planned", "uploading", "processing", "published", "failed", "held"]
Marked = Literal["planned", "published", "failed", "held"]
STATES: tuple[State, ...] = get_args(State)
MARKS: tuple[Marked, ...] = get_args(Marked)
REPLACED = "a newer clip of the product took its place"
WAITING, UNDER_WAY = ("planned", "failed"), ("uploading", "processing")
OUT = (*UNDER_WAY, "published", "held")  # or may be: nobody can tell of what is held
# What lies further ahead than these was written before a clock was set back.
LONGEST_LEASE, LONGEST_LINE = 3600.0, 360  # s; workers that wait for one rate


class Lost(Transient):
    """The claim is another worker's by now: this one did not renew its lease in time. Nothing was written."""


class Row(Model):
    """A post as the ledger has it. `parcel` is the key under which the store has what is posted; `tries` counts the claims and tells one
    from the next; `worker` is "" while nobody has it."""

    id: int
    campaign: str
    channel: str
    place: str
    account: str
    platform: str
    market: str
    clip_key: str
    sku: str
    language: str
    parcel: str
    state: State
    publish_id: str
    post_id: str
    where: str
    reason: str
    sent: str
    kept: dict[str, Any]
    worker: str
    lease_until: float
    tries: int
    planned_at: float
    begun_at: float
    updated_at: float
    published_at: float

    @property
    def name(self) -> str:
        return f"{self.sku}.{self.language}"


class Step(Model):
    """What happened to a post: the state after it, who did it, and what they had to say."""

    at: float
    state: State
    worker: str
    note: str


def chosen(home: Path, named: str = "") -> str:
    """Where the ledger is: $CROSSREEL_LEDGER, or what is `named` (with `${NAME}` from the environment), or a file in this machine's home
    of crossreel."""
    return os.environ.get("CROSSREEL_LEDGER") or os.path.expandvars(named) or str(home / "ledger.sqlite")


class Ledger:
    """May be used by many threads at once. A process opens its own."""

    def __init__(self, database: Database) -> None:
        self._database, self.renewer = database, Renewer()
        # Built once, as building a statement takes longer than running it.
        new = database.insert(posts).values(state="planned", planned_at=database.now, updated_at=database.now)
        self._plan = new.on_conflict_do_nothing(index_elements=["place", "clip_key"]).returning(posts)
        self._look = {again: select(posts.c.place).where(_free(database.now, again)) for again in (False, True)}
        self._take = {(again, new): _taking(database.now, again, new) for again in (False, True) for new in (False, True)}
        change, until = update(posts).where(_HELD).returning(posts), {"lease_until": database.now + _SECONDS}
        self._renewal = update(posts).where(_HELD).values(until)
        self._going_on = change.values(updated_at=database.now, **until)
        self._end = change.values(updated_at=database.now, lease_until=0.0, worker="")
        self._publication = self._end.values(published_at=database.now)

    @classmethod
    def open(cls, where: str | Path) -> Ledger:
        """The ledger at a path or `postgresql://user@host/database`, its tables made or brought to the newest shape. Raises UserError
        for what is no ledger's place or is of a newer crossreel, Transient where the database can't be reached."""
        return cls(Database.open(where))

    def close(self) -> None:
        self._database.engine.dispose()

    def option(self) -> str:
        """What a command is to be given so that it opens this ledger; "" where it does by itself."""
        with suppress(UserError):  # what else is chosen is no ledger
            if Database.called(chosen(campaigns.home())) == self._database.name:
                return ""
        return f" --ledger {shlex.quote(self._database.name)}"

    def copy(self, to: Path) -> None:
        """Write all of it into a new file, which is a ledger itself. Raises UserError for one on PostgreSQL."""
        self._database.copy(to)

    # --- posts -----------------------------------------------------------------------------------------------------

    def plan(self, parcel: Parcel, kept: str = "") -> Row:
        """The row of a clip on a place as it is; a new one, `planned`, if there is none. `kept` is the key under which the store has the
        parcel: one that was not begun yet goes out as it is now."""
        channel, clip = parcel.channel, parcel.clip
        if found := self.find(channel.place, clip.key):
            return found if found.state not in WAITING or (found.state, found.parcel) == ("planned", kept) else self._replanned(found, kept)
        told = {name: getattr(channel, name) for name in ("place", "account", "platform", "market")}
        told |= {
            "parcel": kept,
            "campaign": parcel.campaign,
            "channel": channel.name,
            "clip_key": clip.key,
            "sku": clip.sku,
            "language": clip.language,
        }
        with self._database.writing(lasting=False) as c:
            made = _one(c, self._plan, told)
            if made:
                self._tell(c, made, note="planned")
        return made or self._the(self.find(channel.place, clip.key))

    def _replanned(self, found: Row, kept: str) -> Row:
        change = update(posts).where(posts.c.id == found.id, _is(WAITING)).values(state="planned", parcel=kept).returning(posts)
        with self._database.writing(lasting=False) as c:
            changed = _one(c, change)
            if changed and found.state != "planned":
                self._tell(c, changed, "", "planned again")
        return changed or self.row(found.id)

    def replace_waiting(self, row: Row) -> None:
        """Of a product's clips that wait for a place, only this one is to go out."""
        others = update(posts).where(
            posts.c.place == row.place, posts.c.sku == row.sku, posts.c.language == row.language, posts.c.id != row.id,
            posts.c.state == "planned",
        ).values(state="failed", reason=REPLACED, updated_at=self._database.now).returning(posts)  # fmt: skip
        with self._database.writing(lasting=False) as c:
            for replaced in [Row.model_validate(dict(r)) for r in c.execute(others).mappings()]:
                self._tell(c, replaced, "", REPLACED)

    def claim(
        self, row_id: int, *, worker: str, lease: float = 120.0, daily: int = 0, since: float = 0.0, again: bool = False,
        first: bool = False,
    ) -> Claim | None:  # fmt: skip
        """The row for this worker alone, for `lease` seconds (an hour at most) and as long as the Claim renews that; None if another has
        it, it is out (unless it may go out `again`) or held, it would be a new one though `daily` posts of its place were begun `since`,
        or it is to be the `first` of its product and language there and is not."""
        if not worker:
            raise ValueError("a worker has a name")
        if not 0 < lease <= LONGEST_LEASE:
            raise ValueError(f"a lease lasts up to {LONGEST_LEASE:.0f} s")
        db, new = self._database, True
        with db.reading() as c:  # most that can't be had is seen without keeping others from writing
            place = c.execute(self._look[again], {"post": row_id}).scalar()
        if place is None:
            return None
        # Who has a post after a power cut here has gone with the power: that need not be on disk.
        with db.writing(lasting=False) as c:
            if daily or first:
                db.alone(c, place)
            if daily:
                today = select(func.count()).where(posts.c.place == place, posts.c.begun_at >= since, _is(OUT))
                new = c.execute(today).scalar_one() < daily
            if first and c.execute(_OTHERS, {"post": row_id}).first():
                return None
            taken = _one(c, self._take[again, new], {"post": row_id, "by": worker, "seconds": lease})
            if taken:
                self._tell(c, taken, note=f"claimed, try {taken.tries}")
        return Claim(self, taken, lease) if taken else None

    def row(self, row_id: int) -> Row:
        return self._the(self._first(posts.c.id == row_id), row_id)

    def find(self, place: str, clip_key: str) -> Row | None:
        with self._database.reading() as c:
            return _one(c, _FIND, {"at": place, "key": clip_key})

    def earlier(self, place: str, sku: str, language: str, clip_key: str) -> Row | None:
        """Another clip of a product in a language that is out there, on its way or held; the newest."""
        return self._first(
            posts.c.place == place, posts.c.sku == sku, posts.c.language == language, posts.c.clip_key != clip_key, _is(OUT)
        )  # fmt: skip

    def rows(
        self, *, state: Sequence[str] = (), campaign: str = "", channel: str = "", sku: str = "", language: str = "",
        since: float | None = None, limit: int = 0,
    ) -> list[Row]:  # fmt: skip
        """Rows that are all this, the last changed first. `since` is when they changed, `limit` 0 for all of them."""
        asked = {posts.c.campaign: campaign, posts.c.channel: channel, posts.c.sku: sku, posts.c.language: language}
        wanted = select(posts).where(*(column == value for column, value in asked.items() if value))
        if state:
            wanted = wanted.where(posts.c.state.in_(state))
        if since is not None:
            wanted = wanted.where(posts.c.updated_at >= since)
        wanted = wanted.order_by(posts.c.updated_at.desc(), posts.c.id.desc())
        with self._database.reading() as c:
            return [Row.model_validate(dict(r)) for r in c.execute(wanted.limit(limit) if limit else wanted).mappings()]

    def counts(self) -> list[tuple[str, str, State, int, float]]:
        """By campaign, channel and state: how many posts there are, and when the oldest of them was planned."""
        by = (posts.c.campaign, posts.c.channel, posts.c.state)
        with self._database.reading() as c:
            counted = c.execute(select(*by, func.count(), func.min(posts.c.planned_at)).group_by(*by).order_by(*by))
            return [(campaign, channel, state, count, oldest) for campaign, channel, state, count, oldest in counted]

    def history(self, row_id: int) -> list[Step]:
        """What happened to a post, the first first."""
        told = select(history.c.at, history.c.state, history.c.worker, history.c.note).where(history.c.post == row_id)
        with self._database.reading() as c:
            return [Step.model_validate(dict(r)) for r in c.execute(told.order_by(history.c.id)).mappings()]

    def mark(self, row_id: int, state: Marked, *, reason: str = "", where: str = "", post_id: str = "", by: str = "") -> Row:
        """Say what a person has seen at the platform. `planned` and `failed` mean that it is not there: the next try begins anew; what is
        `held` is not to be posted until it is marked again.
        Raises UserError for a row that a worker is at."""
        if state not in MARKS:
            raise ValueError(f"a person marks a post as one of {', '.join(MARKS)}")
        db = self._database
        with db.writing() as c:
            before = self._the(_one(c, select(posts).where(posts.c.id == row_id).with_for_update()), row_id)
            values: dict[str, Any] = {"publish_id": "", "kept": {}, "post_id": "", "where": "", "begun_at": 0.0, "published_at": 0.0}
            if state == "published":
                times = {"begun_at": before.begun_at or db.now, "published_at": before.published_at or db.now}
                values = {"post_id": post_id or before.post_id, "where": where or before.where, **times}
            idle = or_(posts.c.worker == "", _over(db.now))
            change = update(posts).where(posts.c.id == row_id, idle).values(
                state=state, reason=reason, sent="", worker="", lease_until=0.0, updated_at=db.now, **values
            )  # fmt: skip
            if (marked := _one(c, change.returning(posts))) is None:
                raise UserError(
                    f"post {row_id} ({before.name} on {before.channel}) is being worked on by {before.worker}: "
                    "mark it when that is done, or stop that worker and try again in a few minutes."
                )
            was = f", was {before.state}" + f" as {before.publish_id}" * bool(before.publish_id)
            self._tell(c, marked, by, f"marked by hand{was}" + f": {reason}" * bool(reason))
        return marked

    # --- rates -----------------------------------------------------------------------------------------------------

    def slot(self, name: str, per_minute: float) -> float:
        """Take the next free moment of a rate that all workers share, evenly spaced. Returns the seconds until then."""
        db, gap = self._database, 60.0 / per_minute
        free = sa.case((rates.c.next_at > db.now + LONGEST_LINE * gap, db.now), else_=db.later(rates.c.next_at, db.now))
        taken = db.insert(rates).values(name=name, next_at=db.now + gap).on_conflict_do_update(
            index_elements=["name"], set_={"next_at": free + gap}
        )  # fmt: skip
        with db.writing() as c:
            wait: float = c.execute(taken.returning(rates.c.next_at - gap - db.now)).scalar_one()
        return max(wait, 0.0)

    # --- what claims write -----------------------------------------------------------------------------------------

    def twins(self, claimed: Row, noted: Mapping[str, str]) -> list[Row]:
        """The other posts of a claimed one's place that have noted one of these values."""
        with self._database.reading() as c:
            return [Row.model_validate(dict(r)) for r in c.execute(select(posts).where(_twin(claimed, noted))).mappings()]

    def write(self, claimed: Row, note: str, lease: float = 0.0, alone: Mapping[str, str] | None = None, **values: Any) -> Row | None:
        """Change a row that a claim has, renewing its lease, or without one to end the claim. Nothing is changed, and None returned,
        where another post of the place has noted one of the values that it is to have `alone`. Raises Lost if the claim has it no more."""
        statement = self._going_on if lease else self._publication if values["state"] == "published" else self._end
        with self._database.writing() as c:
            if alone:
                self._database.alone(c, claimed.place)
                if c.execute(select(posts.c.id).where(_twin(claimed, alone)).limit(1)).scalar() is not None:
                    return None
            row = _one(c, statement, {**_holder(claimed), **({"seconds": lease} if lease else {}), **values})
            if row and note:
                self._tell(c, row, claimed.worker, note)
        if row is None:
            # Leases are renewed in the background, so this machine slept or lost the database.
            raise Lost(f"{claimed.name} on {claimed.channel}: {claimed.worker} was not heard of in time, and someone else has taken over.")
        return row

    def renew(self, claimed: Row, lease: float) -> bool:
        """Keep the lease of a claim. False if the claim has the row no more."""
        with self._database.writing(lasting=False) as c:
            return c.execute(self._renewal, {**_holder(claimed), "seconds": lease}).rowcount == 1

    def _first(self, *conditions: Any) -> Row | None:
        with self._database.reading() as c:
            return _one(c, select(posts).where(*conditions).order_by(posts.c.updated_at.desc()).limit(1))

    def _the(self, row: Row | None, row_id: int | None = None) -> Row:
        if row is None:
            raise UserError(
                f"there is no post {row_id} in the ledger {self._database.name}: `crossreel ledger list` shows those there are."
            )
        return row

    def _tell(self, c: sa.Connection, row: Row, by: str | None = None, note: str = "") -> None:
        who = row.worker if by is None else by
        c.execute(_TELL, {"post": row.id, "at": row.updated_at, "state": row.state, "worker": who, "note": note})


class Claim:
    """A row that this worker has, the Entry that publishers note in. Its lease is renewed while it is entered (`with`); whoever leaves
    it without having said what became of the post releases it."""

    def __init__(self, ledger: Ledger, row: Row, lease: float) -> None:
        self.row, self.lease = row, lease
        self._claimed, self._ledger, self._settled = row, ledger, False

    @property
    def publish_id(self) -> str:
        return self.row.publish_id

    @property
    def kept(self) -> Mapping[str, Any]:
        return self.row.kept

    @property
    def sent(self) -> str:
        return self.row.sent

    def note(self, *, publish_id: str | None = None, **kept: Any) -> None:
        """See Entry. Raises ValueError for what looks like a secret, Lost if another worker has taken over."""
        _must_be_plain(kept)
        _must_be_plain(publish_id)
        new = publish_id is not None and publish_id != self.publish_id
        values = {"kept": {**self.kept, **kept}, "publish_id": self.publish_id if publish_id is None else publish_id, "sent": ""}
        self._write("; ".join(filter(None, (self._answered(), f"the platform calls it {publish_id!r}" * new))), **values)

    def twins(self, name: str, value: str) -> list[Row]:
        return self._ledger.twins(self._claimed, {name: value})

    def take(self, numbers: Mapping[str, str], **kept: Any) -> bool:
        """See Entry. Raises as `note` does."""
        _must_be_plain([numbers, kept])
        return self._write(self._answered(), alone=numbers, kept={**self.kept, **numbers, **kept}, sent="")

    def _answered(self) -> str:
        return f"{self.sent} was answered" * bool(self.sent)

    def sending(self, what: str) -> None:
        self._write(f"{what} goes out", sent=what)

    def slot(self, name: str, per_minute: float) -> None:
        time.sleep(self._ledger.slot(name, per_minute))

    def renew(self) -> bool:
        """False once the row is another's or settled."""
        return not self._settled and self._ledger.renew(self._claimed, self.lease)

    def finish(self, receipt: Receipt) -> Row:
        """The platform has it: for good (`published`), or it takes its time (`processing`), and any worker may ask what became of it."""
        if receipt.state == "processing":
            told = f"the platform works on it: {receipt.reason}".rstrip(": ")
            return self._settle("processing", receipt.reason, told, where=receipt.where)
        if receipt.state != "published":
            raise ValueError(f"a post does not finish as {receipt.state}")
        values = {"post_id": receipt.post_id, "where": receipt.where, "sent": ""}
        return self._settle("published", receipt.reason, " ".join(filter(None, ("published", receipt.post_id, receipt.where))), **values)

    def release(self, reason: str) -> Row:
        """Let any worker go on at once."""
        begun = self.publish_id or self.sent or self.kept
        return self._settle(self.row.state if begun else "planned", reason, f"released: {reason}")

    def fail(self, reason: str) -> Row:
        """It did not go out. Tried again when asked for again, with what was noted: what the platform has ended for good is to be
        noted away first (`note(publish_id="")`)."""
        return self._settle("failed", reason, reason)

    def hold(self, reason: str) -> Row:
        """Nobody can tell whether it is out: no worker gets it again until a person has marked it."""
        return self._settle("held", reason, reason)

    def _settle(self, state: State, reason: str, note: str, **values: Any) -> Row:
        self.row = self._ledger.write(self._claimed, note, state=state, reason=reason, **values) or self.row
        self._settled = True
        return self.row

    def _write(self, note: str, **values: Any) -> bool:
        written = self._ledger.write(self._claimed, note, self.lease, **values)
        self.row = written or self.row
        return written is not None

    def __enter__(self) -> Self:
        self._ledger.renewer.add(self, self.lease / 3)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._ledger.renewer.drop(self)
        if not self._settled:
            with suppress(CrossreelError):  # then the lease runs out
                self.release(f"stopped by {kind.__name__}" if kind else "left")


def _one(c: sa.Connection, statement: Any, values: Mapping[str, Any] | None = None) -> Row | None:
    found = c.execute(statement, values).mappings().one_or_none()
    return Row.model_validate(dict(found)) if found else None


def _is(states: Sequence[str]) -> sa.ColumnElement[bool]:
    return or_(*(posts.c.state == state for state in states))


def _twin(row: Row, noted: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """Of other posts of a row's place: that they have noted one of these values."""
    same = or_(*(posts.c.kept[name].as_string() == value for name, value in noted.items()))
    return and_(posts.c.place == row.place, posts.c.id != row.id, same)


def _over(now: sa.ColumnElement[float]) -> sa.ColumnElement[bool]:
    """Of a row's lease: that it has run out, or would last longer than any. Whoever has it all the same renews it soon."""
    return or_(posts.c.lease_until <= now, posts.c.lease_until > now + LONGEST_LEASE)


def _free(now: sa.ColumnElement[float], again: bool, new: bool = True) -> sa.ColumnElement[bool]:
    """Of the row `post`: that it may be claimed. Without `new`, only to go on with what was begun."""
    begun = and_(_is((*UNDER_WAY, "published") if again else UNDER_WAY), _over(now))
    return and_(posts.c.id == sa.bindparam("post"), or_(_is(WAITING), begun) if new else begun)


def _taking(now: sa.ColumnElement[float], again: bool, new: bool) -> Any:
    """Claim the row `post` for the worker called `by`, for so many `seconds`."""
    return update(posts).where(_free(now, again, new)).returning(posts).values(
        state=sa.case((posts.c.state == "processing", "processing"), else_="uploading"),
        begun_at=sa.case((_is(WAITING), now), else_=posts.c.begun_at),
        worker=sa.bindparam("by"), lease_until=now + _SECONDS, tries=posts.c.tries + 1, updated_at=now,
    )  # fmt: skip


_SECONDS: sa.BindParameter[float] = sa.bindparam("seconds", type_=sa.Double())
_FIND = select(posts).where(posts.c.place == sa.bindparam("at"), posts.c.clip_key == sa.bindparam("key"))
_TELL = history.insert().inline()
_HELD = and_(posts.c.id == sa.bindparam("post"), posts.c.worker == sa.bindparam("by"), posts.c.tries == sa.bindparam("nth"))


_OTHER, _THIS = posts.alias(), posts.alias()
_OTHERS = select(_OTHER.c.id).where(
    _THIS.c.id == sa.bindparam("post"), _OTHER.c.place == _THIS.c.place, _OTHER.c.sku == _THIS.c.sku, _OTHER.c.language == _THIS.c.language,
    _OTHER.c.id != _THIS.c.id, _OTHER.c.state.in_(OUT),
).limit(1)  # fmt: skip


def _holder(claimed: Row) -> dict[str, Any]:
    return {"post": claimed.id, "by": claimed.worker, "nth": claimed.tries}


# Weibo calls a file that is being uploaded its file token; it opens nothing.
_SECRET_NAME = re.compile(r"(?<!file)(?<!file_)(?:token|secret|password)|upload_?url", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"[a-z][a-z0-9+.-]*://(?:\S*\?|[^/\s]*@)", re.IGNORECASE)


def _must_be_plain(said: Any) -> None:
    """Raises ValueError for what may open something to whoever reads it: the ledger is read by many and kept for years."""
    if isinstance(said, Mapping):
        if secret := next((name for name in said if _SECRET_NAME.search(str(name))), None):
            raise ValueError(f"the ledger keeps no secrets: {secret!r} is the name of one")
        _must_be_plain(list(said.values()))
    elif isinstance(said, (list, tuple)):
        for value in said:
            _must_be_plain(value)
    elif isinstance(said, str) and _SECRET_VALUE.search(said):
        raise ValueError("the ledger keeps no secrets: an address with a query or a password may be one")
