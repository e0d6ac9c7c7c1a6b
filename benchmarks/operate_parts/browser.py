"""What people do in Prefect's UI and on the morning page, done in a headless Chromium: the parameter form, a failure and its Retry, a
batch's artifacts, a form to read over, the page's filters and player.

CROSSREEL_SHOTS names a folder for the screenshots, which are otherwise thrown away.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure
from benchmarks.operate_parts import shop
from benchmarks.operate_parts.rig import Rig, until
from localize import languages

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHROMIUM = Path("/usr/bin/chromium")  # Debian's, which plays H.264
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}  # px
RUN = 600  # s that a night of two clips may take
PATIENCE = 60_000  # ms for what is to be seen: a server that is making clips answers slowly
GONE = "https://127.0.0.1:9/gone.jpg"  # asked of nobody: the port is none that web servers use
FAULT = f"a fault was planted at script of {shop.sku(0)}.vi"
LINE, BEFORE, AFTER = 2, "ขาดของถูกใจ", "ยังขาดของถูกใจ"  # a correction of a Thai Line


def lack() -> str:
    """Why there is no browser to drive, "" where there is one."""
    if not CHROMIUM.is_file():
        return f"there is no {CHROMIUM}: apt-get install chromium"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "there is no playwright: pip install -c constraints.txt -e '.[browser]'"
    return ""


def figures(*, quick: bool) -> list[Figure]:
    """The same quick or not: two clips in each of two shops."""
    if why := lack():
        return [Figure("in a browser: left out", why)]
    with tempfile.TemporaryDirectory(prefix="operate-") as folder:
        rig = Rig(Path(folder))
        campaign = shop.lay_out(rig.home / "shop", 2)
        _spoil_a_picture(campaign.parent)
        read = shop.lay_out(rig.home / "read", 1, name="read-shop", more="review: scripts\n")
        read.write_text(read.read_text(encoding="utf-8").replace("[th, vi, id]", "[th]"), encoding="utf-8")
        rig.plant("script", f"{shop.sku(0)}.vi")
        with rig.serving(campaign), _chromium(Path(os.environ.get("CROSSREEL_SHOTS") or rig.home / "shots")) as seen:
            run = _parameter_form(rig, seen)
            _retry(rig, seen, run)
            _artifacts(rig, seen, run, campaign.parent)
            _proofreading(rig, seen, read)
            _morning_page(seen, (campaign.parent / "out" / "index.html").as_uri())
            return seen.figures


def _spoil_a_picture(folder: Path) -> None:
    """Give the first products a second picture that can't be had, for the checks to find."""
    sheet = folder / "products.csv"
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("pictures/0.jpg", f"pictures/0.jpg|{GONE}"), encoding="utf-8")


class Seen:
    """A browser's page, what was seen on it so far, and a folder of screenshots."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page, self.shots = page, shots
        self.figures: list[Figure] = []

    def step(self, what: str, look: Callable[[], object], must: object = True) -> None:
        """Do and see something, take a screenshot, and say whether it was as it must be. What does not come in time is a figure, too."""
        from playwright.sync_api import Error

        try:
            found = str(look())
        except (Error, OSError, RuntimeError) as error:
            found = str(error).partition("\n")[0]
        value, expected = ("yes" if part == "True" else "no" if part == "False" else part for part in (found, str(must)))
        self.figures.append(Figure(what, value, expected, value == expected))
        self.page.screenshot(path=self.shots / f"{len(self.figures):02}-{re.sub('[^a-z0-9]+', '-', what.lower())}.png")

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_load_state("networkidle")

    def menu(self, item: str) -> None:
        """Press an entry of the menu at a run's top right."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def shows(self, text: str) -> bool:
        """Whether a text is to be read somewhere on the page, once it has had time to come."""
        self.page.get_by_text(text).first.wait_for()
        self.page.get_by_text(text).first.scroll_into_view_if_needed()
        return True


@contextmanager
def _chromium(shots: Path) -> Iterator[Seen]:
    from playwright.sync_api import sync_playwright

    shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE)
        yield Seen(page, shots)
        browser.close()


def _ui(rig: Rig) -> str:
    return rig.address.removesuffix("/api") + "/v2"


def _parameter_form(rig: Rig, seen: Seen) -> str:
    """Start a night of two clips by the form of `nightly`. Returns its run."""
    deployment, page = rig.ask("deployments/name/nightly/nightly"), seen.page
    fields = deployment["parameter_openapi_schema"]["properties"]

    def helped() -> str:
        seen.open(f"{_ui(rig)}/deployments/deployment/{deployment['id']}")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Custom run").click()
        page.locator("input[type=number]").first.wait_for()  # the fields come after the buttons
        shown = [page.get_by_text(field.get("description", "-"), exact=True).is_visible() for field in fields.values()]
        return f"{sum(shown)} of {len(fields)}"

    def choices() -> str:
        page.get_by_role("button", name="Select").click()
        page.get_by_role("option").first.wait_for()
        return ", ".join(sorted(option.inner_text() for option in page.get_by_role("option").all()))

    def started() -> str:
        for language in ("th", "vi"):
            page.get_by_role("option", name=language, exact=True).click()
        page.keyboard.press("Escape")
        page.get_by_role("option").first.wait_for(state="hidden")  # else the next click only closes the list
        page.locator("input[type=number]").first.fill("1")
        page.get_by_role("button", name="Submit").click()
        page.get_by_role("button", name="View run").click()
        page.wait_for_url("**/flow-run/**")
        given = rig.state(_run_shown(page))["parameters"]
        return f"limit {given['limit']}, languages {', '.join(given['languages'])}"

    seen.step("parameter form: fields with their help text", helped, f"{len(fields)} of {len(fields)}")
    seen.step("parameter form: languages to choose from", choices, ", ".join(sorted(languages.codes())))
    seen.step("parameter form: the run has what was filled in", started, "limit 1, languages th, vi")
    return _run_shown(page) or rig.start("nightly", limit=1, languages=["th", "vi"])


def _run_shown(page: Page) -> str:
    return page.url.partition("/flow-run/")[2].partition("?")[0]


def _retry(rig: Rig, seen: Seen, run: str) -> None:
    """A clip of the run fails; the cause is mended, and Retry pressed."""
    seen.step("a clip's fault: the run ends as", lambda: rig.ended(run, RUN)["state"]["name"], "Failed")

    def told() -> bool:
        seen.open(f"{_ui(rig)}/runs/flow-run/{run}?tab=Details")
        return seen.shows(FAULT)

    def again() -> str:
        rig.mend()
        seen.menu("Retry")
        seen.page.get_by_role("button", name="Retry", exact=True).click()
        ended = rig.ended(run, RUN, count=2)["state"]["name"]
        seen.page.get_by_text("Completed", exact=True).first.wait_for()  # the page follows by itself
        return str(ended)

    seen.step("a clip's fault: its message stands on the run's page", told)
    made = len(_made(rig))
    seen.step("Retry pressed in the menu: the run ends as", again, "Completed")
    seen.step("Retry pressed in the menu: clips made", lambda: len(_made(rig)) - made, 1)


def _made(rig: Rig) -> list[str]:
    return [key for _, _, what, key, _ in rig.diary() if what == "ended" and key.startswith("clip/")]


def _artifacts(rig: Rig, seen: Seen, run: str, folder: Path) -> None:
    """Open what the batch's last try and the night have left."""
    batch = [r["id"] for r in rig.runs() if r["name"].startswith("night-shop · batch")][-1]
    page = seen.page

    def listed() -> str:
        seen.open(f"{_ui(rig)}/runs/flow-run/{batch}?tab=Artifacts")
        cards = page.locator("a[href*='/artifacts/key/']")
        cards.first.wait_for()
        return ", ".join(sorted({(card.get_attribute("href") or "").rpartition("/")[2] for card in cards.all()}))

    def opened(key: str, of: str = batch) -> None:
        wanted = {"artifacts": {"flow_run_id": {"any_": [of]}, "key": {"any_": [key]}}, "sort": "CREATED_DESC"}
        found = until(lambda: rig.ask("artifacts/filter", wanted), 10, f"there is no artifact {key}")
        seen.open(f"{_ui(rig)}/artifacts/artifact/{found[0]['id']}")
        page.get_by_role("tab", name="Artifact").or_(page.get_by_text("Show Raw Data")).first.wait_for()

    def covers() -> str:
        opened("gallery")
        page.locator("table img").first.wait_for()
        wide = page.locator("table img").evaluate_all("pictures => pictures.filter(p => p.complete && p.naturalWidth).length")
        captions = page.locator("td", has_text=f"{shop.sku(0)} · ").count()
        return f"{wide} of 2, {captions} captions"

    def cells(key: str, column: int) -> str:
        opened(key)
        page.locator("tbody tr td").first.wait_for()
        return ", ".join(sorted(row.locator("td").nth(column).inner_text() for row in page.locator("tbody tr").all()))

    def progress() -> str:
        opened("progress")
        return page.get_by_text("Progress:").first.inner_text()

    def address() -> bool:
        opened("report", run)
        return seen.shows((folder / "out" / "index.html").as_uri())

    seen.step("artifacts of the batch", listed, "clips, cost, findings, gallery, progress")
    seen.step("artifact clips: states", lambda: cells("clips", 2), "made, made")
    seen.step("artifact gallery: covers shown", covers, "2 of 2, 2 captions")
    seen.step("artifact findings: checks", lambda: cells("findings", 1), "picture, picture")
    seen.step("artifact cost: voice and models have a row", lambda: {"voice", "language models"} <= set(cells("cost", 0).split(", ")))
    seen.step("artifact progress", progress, "Progress: 100%")
    seen.step("artifact report: the page's address", address)


def _proofreading(rig: Rig, seen: Seen, campaign: Path) -> None:
    """Correct a Line of a clip in the form of its suspended run."""
    night = rig.ended(rig.start("nightly", campaign=str(campaign)), RUN)
    seen.step("a form to read over: the night ends as", lambda: night["state"]["message"], "0 clips made, 1 wait to be read over")
    form: dict[str, Any] = until(lambda: next(iter(rig.runs(type_=["PAUSED"])), None), RUN, "no form was made")
    page, run = seen.page, form["id"]

    def filled() -> int:
        seen.open(f"{_ui(rig)}/runs/flow-run/{run}?tab=Logs")
        seen.menu("Resume")
        _line(page, LINE).wait_for()
        return sum(bool(area.input_value().strip()) for area in page.get_by_label(f"{shop.sku(0)} · line").all())

    def corrected() -> str:
        line = _line(page, LINE)
        line.fill(line.input_value().replace(BEFORE, AFTER))
        page.get_by_label("Your name").fill("Mali")
        line.scroll_into_view_if_needed()
        return line.input_value()

    def answered() -> str:
        page.get_by_role("button", name="Resume", exact=True).click()
        return str(rig.ended(run, RUN)["state"]["message"])

    seen.step("a form to read over: lines in fields", filled, 5)
    seen.step("a form to read over: a line is corrected", lambda: AFTER in corrected())
    seen.step("a form to read over: answered, the run ends as", answered, "1 clips approved, 0 rejected")
    kept = campaign.with_name("read-shop.review.csv")
    seen.step("a form to read over: the line is in the review file", lambda: AFTER in kept.read_text(encoding="utf-8-sig"))
    clip = campaign.parent / "out" / "shop" / f"{shop.sku(0)}.th.mp4"
    seen.step("a form to read over: the clip is made", lambda: bool(until(clip.is_file, RUN, "no clip was made")))


def _line(page: Page, number: int) -> Locator:
    return page.get_by_label(f"{shop.sku(0)} · line {number}")


def _morning_page(seen: Seen, address: str) -> None:
    page = seen.page

    def filtered() -> str:
        page.locator("select[name=language]").select_option("vi")
        return page.locator(".found").inner_text()

    def searched() -> str:
        page.get_by_role("button", name="Show all").first.click()
        page.get_by_label("Search").fill("ขวดน้ำ")
        return page.locator(".found").inner_text()

    def played() -> bool:
        page.locator("article:not([hidden]) .play").first.click()
        page.wait_for_function("(v => v.readyState >= 3 && v.currentTime > 0.5)(document.querySelector('dialog video'))")
        return page.locator("dialog").is_visible()

    def on_a_phone() -> int:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        seen.open(address.partition("#")[0])
        page.reload()
        page.locator("#clips").scroll_into_view_if_needed()
        return int(page.evaluate("document.documentElement.scrollWidth"))

    seen.open(address)
    seen.step("morning page: clips", lambda: page.locator(".found").inner_text(), "2 clips")
    seen.step("morning page: clips in Vietnamese", filtered, "1 of 2 clips")
    seen.step("morning page: clips that a search in Thai finds", searched, "1 of 2 clips")
    seen.step("morning page: a cover opens the player, and the clip plays", played)
    seen.step(f"morning page: px it is wide on a phone of {PHONE['width']}", on_a_phone, PHONE["width"])
