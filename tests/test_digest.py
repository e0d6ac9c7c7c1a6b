"""A night in a few lines."""

from __future__ import annotations

from localize.digest import MOST_BYTES, Night, Posts
from localize.domain import Receipt
from localize.planning import Outcome


def ended(sku: str, state: str = "made", message: str = "", *, stage: str = "", receipts: tuple[Receipt, ...] = ()) -> Outcome:
    code = {"blocked": 5, "failed": 2}.get(state, 0)
    return Outcome.model_validate(
        {"sku": sku, "language": "th", "title": sku, "state": state, "code": code, "stage": stage, "message": message, "receipts": receipts}
    )


def post(state: str, reason: str = "") -> Receipt:
    return Receipt.model_validate({"channel": "tiktok", "clip_key": "clip/1", "state": state, "reason": reason})


PRICE = "price in line 4 is ฿290, the catalog says ฿299"


def test_what_needs_a_person_comes_first_then_the_counts_then_tomorrow() -> None:
    night = Night(
        "corner-shop",
        [
            ended("MUG-01", receipts=(post("published", "tick the AI declaration in the app"), post("held", "TikTok did not answer"))),
            ended("LAMP-02", "blocked", PRICE, stage="checks"),
            ended("PEN-03", "failed", "there is no picture", stage="clip"),
            ended("CUP-04", "left", "left for tomorrow: the night's budget of 40 clips is used up"),
        ],
        planned=4, rejected=2, forms=3, sign_ins=["tiktok: the sign-in of shop ends in 1.5 days."], page="/shop/out/index.html",
        link="http://127.0.0.1:4200/runs/flow-run/1",
    )  # fmt: skip
    assert night.title("en") == "crossreel · corner-shop: 10 to look at"
    assert night.text("en").splitlines() == [
        "! to be read over, in Prefect: 3 forms",
        "! posts that did not go out: 1",
        "  MUG-01.th · tiktok: TikTok did not answer",
        "! sign-ins: 1",
        "  tiktok: the sign-in of shop ends in 1.5 days.",
        "! clips stopped by a check: 1",
        f"  LAMP-02.th: {PRICE}",
        "! clips that failed: 1",
        "  PEN-03.th · clip: there is no picture",
        "! rows that can't become a clip: 2",
        "! posts whose AI declaration is to be ticked by hand: 1",
        "Clips: 1 made, 0 were there already, 1 blocked, 1 failed. Posts out: 1. Rows rejected: 2.",
        "Clips left for tomorrow: 1. left for tomorrow: the night's budget of 40 clips is used up",
        "Page: /shop/out/index.html",
        "Run: http://127.0.0.1:4200/runs/flow-run/1",
    ]
    assert night.kinds == {"done", "failed", "human", "budget"}
    assert night.facts()["counts"] == {
        "made": 1, "reused": 0, "blocked": 1, "failed": 1, "posted": 1, "rejected": 2, "planned": 4, "left": 1,
    }  # fmt: skip


def test_a_good_night_needs_nobody() -> None:
    night = Night("corner-shop", [ended("MUG-01"), ended("LAMP-02", "reused")], planned=2)
    assert night.title("en") == "crossreel · corner-shop: all is well"
    assert night.kinds == {"done"}
    assert night.title("zh") == "crossreel · corner-shop: 一切正常"
    assert night.text("zh") == "视频:新制作 1,已有 1,被拦截 0,失败 0。已发布 0 条。退回的商品行:0。"


def test_a_night_whose_rows_were_rejected_is_not_well_and_more_of_them_than_before_are_told_to_whoever_mends_them() -> None:
    night = Night("corner-shop", [ended("MUG-01")], planned=1, rejected=900)
    assert night.title("en") == "crossreel · corner-shop: 900 to look at"
    assert night.text("zh").splitlines()[0] == "! 无法制作视频的商品行:900 行"
    assert night.kinds == {"done", "human"}
    assert Night("corner-shop", [ended("MUG-01")], planned=1, rejected=900, rejected_before=900).kinds == {"done"}


def test_a_run_that_stopped_says_so_first() -> None:
    night = Night("corner-shop", planned=4, stopped="products.csv is not there", forms=1)
    assert night.text("en").startswith("! the run stopped before its end:\n  products.csv is not there\n")
    assert "! clips that were not reached: 4" in night.text("en")
    assert night.kinds == {"done", "failed", "human"}


def test_clips_that_readers_have_are_neither_missing_nor_stopped() -> None:
    night = Night("corner-shop", [ended("MUG-01", "blocked", "rejected by Ann", stage="review")], planned=3, forms=1, reading=2)
    assert night.text("en").splitlines()[0] == "! to be read over, in Prefect: 1 forms"
    assert night.title("en") == "crossreel · corner-shop: 1 to look at"


def test_three_of_each_are_told_and_the_others_counted() -> None:
    night = Night("corner-shop", [ended(f"MUG-{n}", "blocked", PRICE) for n in range(9)], planned=9)
    assert night.text("en").count(PRICE) == 3
    assert "and 6 more" in night.text("en")


def test_a_failed_post_is_told_once() -> None:
    sold = ended("MUG-01", "failed", "the account is closed", stage="publish", receipts=(post("failed", "the account is closed"),))
    assert Night("corner-shop", [sold], planned=1).text("en").count("the account is closed") == 1


def test_the_longest_night_fits_a_chat_and_keeps_its_addresses() -> None:
    far = "页" * 200
    bad = [ended(f"MUG-{n}", state, "字" * 900, receipts=(post("held", "字" * 900),)) for n in range(9) for state in ("blocked", "failed")]
    night = Night("corner-shop", bad, planned=99, forms=3, sign_ins=["字" * 900] * 9, page=far, link="http://127.0.0.1:4200/runs/1")
    for tongue in ("en", "zh"):
        text = night.text(tongue)
        assert len(f"{night.title(tongue)}\n{text}".encode()) <= MOST_BYTES
        assert far in text
        assert text.endswith("http://127.0.0.1:4200/runs/1")


def test_posts_that_did_not_go_out_are_told_with_the_held_ones_first() -> None:
    posts = Posts(
        "corner-shop", [("MUG-01.th", post("failed", "too long a title")), ("PEN-03.vi", post("held", "no answer"))], link="http://x"
    )
    assert posts.title("en") == "crossreel · corner-shop: 2 to look at"
    assert posts.text("en").splitlines() == [
        "! posts that did not go out: 2", "  PEN-03.vi · tiktok: no answer", "  MUG-01.th · tiktok: too long a title", "Run: http://x",
    ]  # fmt: skip
    assert posts.kinds == {"failed", "human"}
    many = Posts("corner-shop", [(f"A-{n}.th", post("failed", "é" * 3000)) for n in range(40)], ["tiktok: " + "x" * 5000] * 9, "http://x")
    assert len(f"{many.title('zh')}\n{many.text('zh')}".encode()) <= MOST_BYTES
    assert many.text("zh").endswith("http://x")
