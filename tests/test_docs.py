"""What README.md and docs/*.md say, against the program: links, commands, options, keys, defaults and files."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from pydantic import BaseModel

from localize import cli, engines, languages, metrics, sections
from localize.avatar.filmed.faces import FaceFinder
from localize.campaign import Campaign
from localize.clip import layout as layouts
from localize.cutouts import Cutter
from localize.disclosure import Signer
from localize.domain import Channel, Money
from localize.languages.base import Token
from localize.lipsync import Lipsync
from localize.notices import Recipient
from localize.products.sources.fetch import Fetching
from localize.publish import NoOptions, Publisher
from localize.recognize import Recognizer
from localize.script import Writer
from localize.separate import Separator
from localize.translate import Translator
from localize.voice import Converter, Voice, VoiceStyle

ROOT = Path(cli.__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def text(page: Path) -> str:
    return page.read_text("utf-8")


def prose(page: Path) -> str:
    return FENCE.sub("", text(page))


def anchor(heading: str) -> str:
    """As GitHub makes one."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")


def parts(page: Path) -> dict[str, str]:
    """A page's parts by their anchors, each with those below it; "" is all of it."""
    headings = [(m.start(), len(m[1]), anchor(m[2])) for m in re.finditer(r"^(#+) (.+)$", hidden(page), re.MULTILINE)]
    ends = [next((at for at, level, _ in headings[n + 1 :] if level <= own), None) for n, (_, own, _) in enumerate(headings)]
    return {"": text(page), **{name: text(page)[at:end] for (at, _, name), end in zip(headings, ends, strict=True)}}


def hidden(page: Path) -> str:
    """The page with its fenced blocks blanked, so that places stay."""
    return FENCE.sub(lambda m: " " * len(m[0]), text(page))


def links(page: Path, within: str = "") -> Iterator[tuple[Path, str]]:
    for target in re.findall(r"\]\(([^)\s]+)\)", within or prose(page)):
        if "://" not in target:
            file, _, name = target.partition("#")
            yield (page.parent / file).resolve() if file else page, name


def blocks(page: Path, *kinds: str) -> list[str]:
    return [m[3] for m in FENCE.finditer(text(page)) if m[2] in kinds]


def rows(markdown: str) -> list[list[str]]:
    """The cells of all tables, without their heads."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines if not re.fullmatch(r"[|\s:-]+", line)]


def marked(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def commands() -> dict[str, Any]:
    def below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, sub in getattr(command, "commands", {}).items():
            yield from below(sub, f"{path} {name}")
        if not hasattr(command, "commands"):
            yield path, command

    return dict(below(typer.main.get_command(cli.app), "crossreel"))


COMMANDS = commands()


def options(command: Any) -> set[str]:
    return {o for p in command.params if p.param_type_name == "option" for o in (*p.opts, *p.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "THIRD_PARTY.md", *sorted((ROOT / "assets").rglob("*.md"))], ids=lambda p: p.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, name in links(page):
        assert target.exists(), f"{page.name}: there is no {target}"
        assert not name or name in parts(target), f"{page.name}: {target.name} has no heading for #{name}"


def test_the_readme_leads_to_every_page() -> None:
    assert set(PAGES) <= {target for target, _ in links(PAGES[0])} | {PAGES[0]}


def test_messages_and_comments_name_pages_that_are_there() -> None:
    for source in [*(ROOT / "localize").rglob("*.py"), *(ROOT / "flows").glob("*.py"), *(ROOT / "assets").rglob("*.yaml")]:
        for file, _, name in re.findall(r"docs/([\w-]+\.md)(#([\w-]+))?", text(source)):
            assert name in parts(ROOT / "docs" / file), f"{source}: {file}#{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_modules_that_a_page_names_are_there(page: Path) -> None:
    for named in re.findall(r"`(?:\.venv/bin/python )?((?:assets|localize|flows|benchmarks|catalog)/[\w./-]+)[` ]", text(page)):
        assert (ROOT / named).exists(), f"{page.name}: {named}"
    for module in re.findall(r"python -m ((?:localize|flows|benchmarks)[\w.]*)", text(page)):
        assert importlib.util.find_spec(module), f"{page.name}: {module}"
    targets = re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE)
    typed = [*marked(prose(page)), *(line for block in blocks(page, "sh", "bash") for line in block.splitlines())]
    for target in re.findall(r"^(?:[A-Z_]+=\S+ )*make (?:[A-Z_]+=\S+ )*([a-z]+)", "\n".join(typed), re.MULTILINE):
        assert target in targets, f"{page.name}: make {target}"


def test_extras_that_are_named_are_there() -> None:
    extras = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    for source in (*PAGES, *(ROOT / "localize").rglob("*.py")):
        for named in re.findall(r"(?:crossreel|-e '\.)\[([a-z0-9,]+)\]", text(source)):
            assert set(named.split(",")) <= set(extras), f"{source.name}: {named}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_can_be_typed(page: Path) -> None:
    lines = [line for block in blocks(page, "sh", "bash", "") for line in block.splitlines()]
    told = [line for line in lines if re.match(r"\s*(?:\.venv/bin/)?crossreel [a-z]", line)]
    told += [span for span in marked(prose(page)) if re.match(r"(?:\.venv/bin/)?crossreel [a-z]", span)]
    for line in told:
        words = shlex.split(re.split(r"\s#", line.strip().removeprefix(".venv/bin/"))[0])
        path = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in COMMANDS), None)
        if path is None:  # a group by itself, as in "the files of `crossreel account`"
            assert len(words) == 2, f"{page.name}: there is no command {line}"
            assert any(name.startswith(f"{words[0]} {words[1]} ") for name in COMMANDS), f"{page.name}: there is no command {line}"
            continue
        for option in [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]:
            assert option in options(COMMANDS[path]), f"{page.name}: {path} has no {option}"


def test_the_page_of_commands_has_each_with_its_options() -> None:
    page = ROOT / "docs" / "commands.md"
    told = {}
    for cells in rows(text(page)):
        where = " ".join([*cells, *(parts(target)[name] for target, name in links(page, " ".join(cells)) if target.suffix == ".md")])
        for span in marked(cells[0]):
            for n in (3, 2):
                told.setdefault(" ".join(span.split()[:n]), where)
    for name, command in COMMANDS.items():
        assert name in told, f"docs/commands.md has no {name}"
        for param in command.params:
            if param.param_type_name == "option" and param.name != "help":
                assert re.search(re.escape(param.opts[0]) + r"(?![\w-])", told[name]), f"docs/commands.md: {name} without {param.opts[0]}"
    assert {name for name in told if name.startswith("crossreel ") and len(name.split()) == 3 and name.split()[2].islower()} <= set(
        COMMANDS
    )


# The section of campaigns.md (or of another page) in which a key's own keys are.
TABLES: dict[str, tuple[str, str, type[BaseModel]]] = {
    "": ("campaigns.md", "campaigns", Campaign),
    "fetch": ("campaigns.md", "fetch", Fetching),
    "channels": ("campaigns.md", "channels", Channel),
    "hosts": ("campaigns.md", "hosts", sections.HostSettings),
    "script": ("campaigns.md", "script", sections.ScriptSettings),
    "brand": ("campaigns.md", "brand", sections.Brand),
    "engines": ("campaigns.md", "engines", sections.Engines),
    "translation": ("campaigns.md", "translation", sections.Translation),
    "review": ("campaigns.md", "review", sections.ReviewSettings),
    "money": ("campaigns.md", "money", sections.MoneySettings),
    "video": ("campaigns.md", "video", sections.Video),
    "limits": ("campaigns.md", "limits", sections.Limits),
    "signing": ("disclosure.md", "signing", Signer),
}


def keys(section: str) -> dict[str, str]:
    """The keys that a table has, and what it says of their default."""
    file, name, _ = TABLES[section]
    own = parts(ROOT / "docs" / file)[name].split("\n### " if section == "" else "\n#### ")[0]
    column = 2 if file == "campaigns.md" else 1
    told: dict[str, str] = {}
    for cells in rows(own):
        if cells[0] == "key" or len(cells) <= column:
            continue
        named = marked(cells[0])
        defaults = re.split("[,;] ", cells[column]) if len(named) > 1 else [cells[column]]
        told |= dict(zip(named, defaults if len(defaults) == len(named) else defaults[:1] * len(named), strict=True))
    return told


@pytest.mark.parametrize("section", TABLES, ids=lambda section: section or "campaign")
def test_the_keys_of_a_campaign_are_told_with_their_defaults(section: str) -> None:
    told, model = keys(section), TABLES[section][2]
    assert set(told) == set(model.model_fields)
    for name, field in model.model_fields.items():
        said, default = told[name].replace("`", ""), field.get_default()
        if field.is_required():
            assert said.startswith("must be given"), name
        elif isinstance(default, bool):
            assert said == str(default).lower(), name
        elif isinstance(default, (int, float, Decimal)):
            assert float(re.split(r"[:;]? ", said)[0].rstrip(":;")) == default, name
        elif isinstance(default, str) and default:
            assert re.search(rf"(^|\W){re.escape(default)}($|\W)", said), f"{name}: {default}, and the page says {said}"


def test_the_keys_of_dubs_and_notices_are_told() -> None:
    dubbing, notices = text(ROOT / "docs" / "dubbing.md"), parts(ROOT / "docs" / "operations.md")["notifications"]
    assert [key for key in sections.Dubbing.model_fields if f"`{key}`" not in dubbing and f"{key}:" not in dubbing] == []
    told = {cells[0].strip("`"): marked(cells[1]) for cells in rows(parts(ROOT / "docs" / "dubbing.md")["what-you-can-choose"])}
    for key in ("lipsync", "sound", "captions", "label"):
        assert told[f"--{key}"][0] == sections.Dubbing.model_fields[key].default, key
    assert [key for key in Recipient.model_fields if f"`{key}`" not in notices] == []


STAGES = ("script", "translate", "voice", "convert", "recognize", "separate", "lipsync", "faces", "cutout", "publish")


@pytest.mark.parametrize("stage", STAGES)
def test_engines_and_their_options_are_told(stage: str) -> None:
    pages = "\n".join(text(page) for page in PAGES if page.name not in ("benchmarks.md", "design.md"))
    paragraphs = re.split(r"\n(?=#+ )", pages)
    for name, kind in engines.kinds(stage).items():
        where = "\n".join(p for p in paragraphs if re.search(rf"\b{name}\b", p))
        assert where, f"no page tells of {name}"
        for shape in (getattr(kind, "Options", NoOptions), getattr(kind, "ChannelOptions", NoOptions)):
            for option in shape.model_fields:
                assert re.search(rf"`[^`\n]*\b{option}\b[^`\n]*`|^ +{option}:", where, re.MULTILINE), f"no page tells of {name}'s {option}"


INTERFACES = {
    "script": Writer.write,
    "translate": Translator.translate,
    "voice": Voice.speak,
    "convert": Converter.convert,
    "recognize": Recognizer.transcribe,
    "separate": Separator.background,
    "lipsync": Lipsync.track,
    "faces": FaceFinder.follow,
    "cutout": Cutter.cut,
    "publish": Publisher.publish,
}


@pytest.mark.parametrize("stage", STAGES)
def test_what_an_engine_of_ones_own_must_have_is_told_as_it_is(stage: engines.Stage) -> None:
    how = parts(ROOT / "docs" / "engines.md")["how-engines-are-found"]
    _, group, must = next(cells for cells in rows(how) if cells[0] == stage)
    assert group == f"`{engines.GROUPS[stage]}`"
    method = INTERFACES[stage]
    told = re.search(rf"`{method.__name__}\(([^)]*)\)", must)
    assert told, method.__name__
    taken = [p.name for p in inspect.signature(method).parameters.values() if p.name != "self" and p.kind is not p.KEYWORD_ONLY]
    assert told[1].split(", ") == taken or not (taken or told[1])


def test_the_card_of_an_engine_is_told_with_its_defaults() -> None:
    told = {name: cells[1] for cells in rows(parts(ROOT / "docs" / "engines.md")["the-card"])[1:] for name in marked(cells[0])}
    assert set(told) == {field.name for field in dataclasses.fields(engines.Card)}
    for field in dataclasses.fields(engines.Card):
        default = "must be given" if field.default is dataclasses.MISSING else "empty" if field.default == () else str(field.default)
        assert told[field.name].replace("`", "").startswith(default), field.name


def test_the_guides_own_engine_keeps_to_what_the_guide_says() -> None:
    (code,) = (block for block in blocks(ROOT / "docs" / "engines.md", "python") if "class HumVoice" in block)
    module: dict[str, Any] = {}
    exec(code, module)
    voice, tokens = module["HumVoice"](), (Token("Warm", "warm", " "), Token("☕", "", " "), Token("cup", "cup"))
    sound = voice.speak(tokens, languages.get("en"), VoiceStyle())
    assert (voice.missing(), voice.card.stage) == ("", "voice")
    assert np.abs(sound.samples).max() <= 1
    assert [word.text for word in sound.words] == ["Warm", "☕", "cup"]
    assert sound.words[1].start == sound.words[1].end
    assert [mouth.start for mouth in sound.mouths] == [0.0, *(mouth.end for mouth in sound.mouths[:-1])]
    assert sound.mouths[-1].end == pytest.approx(len(sound.samples) / sound.rate, abs=1e-3)


def test_every_package_that_is_asked_for_is_told_with_its_licence() -> None:
    page, project = ROOT / "THIRD_PARTY.md", tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    told = {}
    for cells in rows(text(page)):
        # A row of an extra begins with it; one row may have several packages of a kind.
        names, versions = cells[:2] if not cells[0].startswith("`") else cells[1:3]
        told |= dict.fromkeys(re.findall(r"[\w-]{2,}", names), versions)
    extras = project["optional-dependencies"].values()
    for asked in (*project["dependencies"], *(package for extra in extras for package in extra)):
        name = re.match(r"[\w.-]+", asked)[0]
        assert name in told, f"THIRD_PARTY.md has no {name}"
        if (below := re.search(r"<(\d+)$", asked)) and (last := re.search(r" to (\d+)\.x$", told[name])):
            assert int(last[1]) == int(below[1]) - 1, f"THIRD_PARTY.md: {name} {told[name]}, and pyproject.toml asks for {asked}"


def test_metrics_are_told() -> None:
    told = [name for cells in rows(parts(ROOT / "docs" / "operations.md")["metrics-and-logs"]) for name in marked(cells[0])]
    assert sorted(told) == sorted(metrics._HELP)


def test_deployments_are_told_with_their_hours() -> None:
    told = {name: cells[1] for cells in rows(parts(ROOT / "docs" / "operations.md")["schedule"]) for name in marked(cells[0])}
    deployments = yaml.safe_load(text(ROOT / "prefect.yaml"))["deployments"]
    assert set(told) == {d["name"] for d in deployments}
    for deployment in deployments:
        for schedule in deployment.get("schedules", []):
            minute, hour, _, _, day = schedule["cron"].split()
            when = (
                f"every {minute.removeprefix('*/')} minutes"
                if "/" in minute
                else f":{minute}"
                if hour == "*"
                else f"{int(hour):02}:{int(minute):02}"
            )
            assert when in told[deployment["name"]], deployment["name"]
            assert day == "*" or "Sunday" in told[deployment["name"]]


def test_layouts_are_told_with_their_hosts_and_keys() -> None:
    page = parts(ROOT / "docs" / "layouts.md")
    numbers = {0: "nobody", 1: "one", 2: "two"}
    told = {marked(cells[0])[0]: cells[1] for cells in rows(page["layouts"].split("\n## ")[0])[1:]}
    assert set(told) == set(layouts.names())
    for name, seen in told.items():
        sheet = layouts.Sheet.model_validate(yaml.safe_load(text(ROOT / "assets" / "layouts" / f"{name}.yaml")))
        assert seen.startswith(numbers[sheet.hosts]), name
        assert sheet.hosts == 0 or sheet.kind == "any" or sheet.kind in seen, name
    keys = [name for cells in rows(page["writing-one"]) for name in marked(cells[0])]
    assert sorted(keys) == sorted([*layouts.Sheet.model_fields, *layouts.Zones.model_fields])


def test_languages_are_told() -> None:
    told = rows(text(ROOT / "docs" / "languages.md").split("\n## ")[0])[1:]
    assert sorted(marked(cells[0])[0] for cells in told) == sorted(languages.codes())
    for code, name, currency, price, label in told:
        language = languages.get(code.strip("`"))
        amount = Decimal(re.sub(r"\D", "", price))
        assert (name.split()[0], currency, label) == (language.name, language.currency, language.ai_label)
        assert price == language.price(Money(amount=amount, currency=currency))


def test_what_a_platform_takes_is_told() -> None:
    head, *lines = rows(parts(ROOT / "docs" / "publishing.md")["what-a-platform-takes"])
    for column, name in enumerate(marked(" ".join(head)), 1):
        told = {cells[0]: cells[column] for cells in lines}
        platform = yaml.safe_load(text(ROOT / "assets" / "platforms" / f"{name}.yaml"))
        assert told["text box"].startswith(f"{platform['text']['most']} ")
        assert told["hashtags, at most"].startswith(
            f"{platform['hashtags']['most']}, `{platform['hashtags'].get('form', '#{}').format('tag')}`"
        )
        assert told["title of its own"].startswith(str(platform["title"]["most"]) if "title" in platform else "none")
        assert told["the seller's link"].startswith("yes") == bool(platform.get("links"))


def test_variables_of_the_environment_are_told() -> None:
    told = "\n".join(text(page) for page in PAGES)
    for source in [*(ROOT / "localize").rglob("*.py"), *(ROOT / "flows").glob("*.py")]:
        for name in re.findall(r"environ(?:\.get)?[\[(][\"'](\w+)", text(source)):
            if name.startswith(("CROSSREEL_", "PREFECT_", "OPENAI_", "HF_", "TTS_")):
                assert name in told, f"{source.name}: no page tells of {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pieces_of_campaigns_can_be_pasted(page: Path) -> None:
    whole = {"name": "shop", "catalog": "products.csv", "languages": ["th"], "channels": [{"name": "all"}]}
    for block in blocks(page, "yaml"):
        piece = yaml.safe_load(block.replace("voice: hum\n", "voice: espeak\n"))  # the guide's own engine is not installed here
        if isinstance(piece, dict) and set(piece) <= set(Campaign.model_fields):
            campaign = Campaign.model_validate(whole | piece)
            installed = [o for o in campaign.engines.options if any(o in engines.names(stage) for stage in STAGES)]
            assert list(engines.problems({o: campaign.engines.options[o] for o in installed})) == []
