"""campaign.yaml: what is right is read, and what is wrong is said with its line and the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest
from voice_packages import make

from localize import campaign as campaigns
from localize import products
from localize.assets import ASSETS
from localize.campaign import adjusted, load
from localize.errors import Blocked, UserError
from localize.planning import plan
from localize.publish.ledger import chosen


def change(shop: Path, old: str, new: str) -> Path:
    """The shop's campaign with one thing written otherwise."""
    path = shop / "campaign.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    """What is said about a campaign, one mistake a line, each beginning with the file."""
    with pytest.raises(UserError) as e:
        load(path)
    lines = str(e.value).splitlines()
    assert all(line.startswith(f"{path}, line ") for line in lines)
    return [line.removeprefix(f"{path}, ") for line in lines]


# ---- right


def test_a_campaign_is_read_with_paths_beside_it(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    campaign = load("shop/campaign.yaml")
    assert campaign.catalog == str(shop / "products.csv")
    assert campaign.brand.logo == str(shop / "logo.png")
    assert campaign.out == str(shop / "out")
    assert campaign.store == str(campaigns.home() / "store")
    assert campaign.avatar_folders() == (ASSETS / "avatars" / "mali",)
    assert campaign.rates_file().is_file()
    assert [p.sku for p in products.read(campaign.catalog, currency=campaign.currency).products] == ["MUG-01", "LAMP-02"]


def test_the_demo_campaign_is_right() -> None:
    campaign = load(ASSETS.parent / "catalog" / "demo" / "campaign.yaml")
    assert campaign.languages == ("th", "vi", "id", "zh")


def test_a_campaign_survives_the_way_to_a_worker(shop: Path) -> None:
    campaign = load(shop / "campaign.yaml")
    assert campaigns.Campaign.model_validate(campaign.model_dump(mode="json")) == campaign


def test_an_avatar_may_lie_beside_the_campaign(shop: Path) -> None:
    (shop / "auntie").mkdir()
    (shop / "auntie" / "avatar.yaml").write_text("name: auntie\nkind: drawn\n")
    path = change(shop, "brand:\n", "hosts:\n  - avatar: auntie\nbrand:\n")
    assert load(path).avatar_folders() == (shop / "auntie",)


@pytest.mark.parametrize("where", ["beside", "home"])
def test_an_avatar_that_is_no_avatar_is_told_of(shop: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv("CROSSREEL_HOME", str(shop / "home"))
    folder = shop / "auntie" if where == "beside" else shop / "home" / "avatars" / "auntie"
    folder.mkdir(parents=True)
    (folder / "avatar.yaml").write_text("name: auntie\nkind: filmed\n")
    found = problems(change(shop, "brand:\n", "hosts:\n  - avatar: auntie\nbrand:\n"))
    assert len(found) > 1
    assert "hosts.0.avatar" in found[0]
    assert "avatar.yaml" in found[0]


def test_a_byte_order_mark_and_an_s3_store_are_taken(shop: Path) -> None:
    path = change(shop, "currency: THB", "currency: THB\nstore: s3://studio/clips")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path).store == "s3://studio/clips"


def test_channels_say_which_products_and_languages_they_take(shop: Path) -> None:
    path = change(shop, "    platform: tiktok\n", "    platform: tiktok\n    languages: [th]\n  - name: shop\n    only: [MUG-01]\n")
    campaign = load(path)
    taken = {(sku, code): [c.name for c in campaign.channels_for(sku, code)] for sku in ("MUG-01", "LAMP-02") for code in ("th", "vi")}
    assert taken == {
        ("MUG-01", "th"): ["tiktok", "shop"],
        ("MUG-01", "vi"): ["shop"],
        ("LAMP-02", "th"): ["tiktok"],
        ("LAMP-02", "vi"): [],
    }


def test_how_the_catalog_is_to_be_read(shop: Path) -> None:
    told = """source_language: sv
columns: {title: 品名, images: [主图, 图2], title_th: ชื่อ, "option:Size": 尺码}
sheet: Sheet2
pictures: ../media
fetch: {allow_private: true, seconds: 5}"""
    campaign = load(change(shop, "currency: THB", told))
    asked = campaign.asked()
    assert asked.columns == {"title": "品名", "images": ("主图", "图2"), "title_th": "ชื่อ", "option:Size": "尺码"}
    assert (asked.language, asked.currency, asked.sheet, asked.pictures) == ("sv", "", "Sheet2", str(shop.parent / "media"))
    assert campaign.fetch.allow_private
    assert load(change(shop, "../media", "https://shop.example/media")).pictures == "https://shop.example/media"


@pytest.mark.parametrize("where", ["https://shop.example/feed.xml", "s3://shop/exports/*.csv", "postgresql://ro@db/shop"])
def test_a_catalog_may_be_elsewhere(shop: Path, where: str) -> None:
    assert load(change(shop, "catalog: products.csv", f"catalog: {where}")).catalog == where


# ---- wrong


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("currency: THB", "curency: THB", 3, ["'curency' is not a known key", "Did you mean 'currency'?"]),
        ("  logo: logo.png", "  lgo: logo.png", 10, ["brand.lgo", "Did you mean 'logo'?"]),
        ("    platform: tiktok", "    platfrom: tiktok", 7, ["channels.0.platfrom", "Did you mean 'platform'?"]),
        ("[th, vi]", "[th, vn]", 4, ["'vn' is not a known language", "Did you mean", "th, vi"]),
        ("[th, vi]", "[th, no]", 4, ["languages.1", "False"]),
        ("[th, vi]", "[th, vi, th]", 4, ["'th' is there twice"]),
        ("[th, vi]", "[]", 4, ["languages"]),
        ("currency: THB", "source_language: eng", 3, ["'eng'", "Did you mean 'en'?"]),
        ("producer: Corner", "engines:\n  voice: espek", 14, ["'espek' is not a known voice engine", "Did you mean 'espeak'?"]),
        ("producer: Corner", "engines:\n  script: template", 14, ["Did you mean 'templates'?"]),
        ("    platform: tiktok", "    kind: foldr", 6, ["'foldr' is not a known kind of channel", "Did you mean 'folder'?"]),
        ("    platform: tiktok", "    platform: tictoc", 7, ["'tictoc'", "Did you mean 'tiktok'?"]),
        ("    platform: tiktok", "    languages: [th, vj]", 6, ["'vj' is not a known language", "Did you mean 'vi'?"]),
        ("  - name: tiktok", "  - name: ../tiktok", 6, ["'../tiktok'", "small letters"]),
        ("    platform: tiktok", "  - name: tiktok", 5, ["'tiktok' is there twice"]),
        ("    platform: tiktok", "    languages: [th]", 1, ["no channel takes language 'vi'"]),
        ("producer: Corner", "hosts:\n  - avatar: maly", 14, ["'maly' is not a known avatar", "Did you mean 'mali'?"]),
        ("producer: Corner", "hosts:\n  - avatar: ''", 14, ["avatar", "Known: arun, mali, pixa, none"]),
        ("producer: Corner", "video:\n  preset: fastest", 14, ["'fastest'", "Did you mean 'fast"]),
        ("producer: Corner", "script:\n  seconds: 20", 14, ["15, 30 or 60", "20"]),
        ("producer: Corner", "script: 30", 13, ["script", "30"]),
        ("  workers: 1", "  workers: 0", 12, ["limits.workers", "0"]),
        ("name: corner-shop", "name: Corner Shop!", 1, ["name", "Corner Shop!"]),
        ("catalog: products.csv\n", "", 1, ["catalog: this key is needed and missing"]),
        ("  logo: logo.png", "  logo: lego.png", 10, ["brand.logo", "there is no file", "lego.png"]),
        ("producer: Corner", "memory:\n  - memory.csv", 14, ["memory.0", "memory.csv"]),
        ("producer: Corner", "glossary: words.csv", 13, ["words.csv"]),
        ("producer: Corner", "money:\n  rates: rates.yaml", 14, ["money.rates", "rates.yaml"]),
        ("producer: Corner", "1: one", 1, ["1"]),
        ("currency: THB", "format: shopfy", 3, ["'shopfy' is not a known catalog format", "Did you mean 'shopify'?"]),
        ("currency: THB", "columns: {titel: 品名}", 3, ["'titel' is not a known field of a product", "Did you mean 'title'?"]),
        ("currency: THB", "fetch: {max_mb: 0}", 3, ["fetch.max_mb", "0"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_the_right_word(shop: Path, old: str, new: str, line: int, words: list[str]) -> None:
    (problem,) = problems(change(shop, old, new))
    assert problem.startswith(f"line {line}: ")
    for word in words:
        assert word in problem


def test_each_channel_has_its_own_line(shop: Path) -> None:
    path = change(shop, "    platform: tiktok\n", "    kind: foldr\n  - name: Shop\n  - name: weibo\n    languages: [zz]\n")
    assert [p.split(":")[0] for p in problems(path)] == ["line 6", "line 8", "line 9"]


def test_all_mistakes_are_said_at_once(shop: Path) -> None:
    path = change(shop, "[th, vi]", "[th, vj, xx]")
    change(shop, "  workers: 1", "  workrs: 1")
    change(shop, "producer: Corner", "video: {crf: 99}\nprodcer: Corner")
    said = problems(path)
    assert len(said) == 5
    for problem, word in zip(said, ("'vj'", "'xx'", "workrs", "crf", "prodcer"), strict=True):
        assert word in problem


def test_all_missing_files_are_said_at_once(shop: Path) -> None:
    path = change(shop, "logo.png", "lego.png")
    change(shop, "producer: Corner", "glossary: words.csv\nhosts: [{avatar: maly}]")
    assert len(problems(path)) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\ncatalog: [b\nout: c\n", "line 3"),
        ("name: a\n\tcatalog: b\n", "line 2"),
        ("name: &a !!python/object:os.system b\n", "line 1"),
        ("", "line 1"),
        ("- name\n", "line 1"),
        ("just words", "line 1"),
        ("name: \x07\n", "not YAML"),
        ("name: 2026-02-30\n", "not YAML: day"),
        pytest.param("name: " + "[" * 2000, "not YAML", id="deep"),
    ],
)
def test_what_is_not_yaml_is_said_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=words) as e:
        load(path)
    assert str(path) in str(e.value)


def test_a_file_that_is_not_utf8_is_named(shop: Path) -> None:
    (shop / "campaign.yaml").write_bytes("name: ร้าน".encode("tis-620"))
    with pytest.raises(UserError, match="not UTF-8"):
        load(shop / "campaign.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_is_not_there_is_named(shop: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"Give the path of a campaign\.yaml"):
        load(shop / name)


def test_a_catalog_that_is_not_there_is_named(shop: Path) -> None:
    campaign = load(change(shop, "catalog: products.csv", "catalog: nothing.csv"))
    with pytest.raises(UserError, match=r"nothing\.csv"):
        products.read(campaign.catalog)


# ---- the command line's wishes


def test_the_command_line_changes_the_campaign(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = load(shop / "campaign.yaml")
    assert adjusted(campaign) == campaign
    monkeypatch.chdir(tmp_path)
    changed = adjusted(campaign, catalog="other.csv", languages=["vi", "vi"], out="clips")
    assert changed.catalog == str(tmp_path / "other.csv")
    assert changed.out == str(tmp_path / "clips")
    assert changed.languages == ("vi",)
    assert changed.channels == campaign.channels


def test_a_language_the_campaign_has_not_is_refused(shop: Path) -> None:
    with pytest.raises(UserError, match="no language 'zh', only th, vi"):
        adjusted(load(shop / "campaign.yaml"), languages=["th", "zh"])


# ---- engines' options, translators, reviews


def test_engines_and_their_options(shop: Path) -> None:
    path = change(
        shop, "producer: Corner",
        "producer: Corner\nengines:\n  translate: [m2m100, openai]\n  options:\n    openai:\n      model: qwen3\n      price_in: 0.15\n",
    )  # fmt: skip
    campaign = load(path)
    assert campaign.engines.translate == ("m2m100", "openai")
    assert campaign.engines.options == {"openai": {"model": "qwen3", "price_in": 0.15}}
    assert campaign.review.file == str(shop / "corner-shop.review.csv")
    assert campaign.accepted_file() == shop / "corner-shop.memory.csv"
    assert campaign.memories() == ()
    campaign.accepted_file().write_text("source,th\n", encoding="utf-8")
    assert campaign.memories() == (shop / "corner-shop.memory.csv",)


def test_what_people_read_over_may_be_said_in_a_word(shop: Path) -> None:
    assert load(shop / "campaign.yaml").review.mode == "none"
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write("review: all\n")
    assert (load(shop / "campaign.yaml").review.mode, load(shop / "campaign.yaml").review.then) == ("all", "hold")
    review = load(change(shop, "review: all", "review: {mode: scripts, wait: 12h, then: skip}")).review
    assert (review.lines, review.texts, review.wait, review.then) == (True, False, 12.0, "skip")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{required: true}", "line 14: review: `required: true` is now written `mode: scripts`"),
        ("script", "line 14: review.mode: .*Did you mean 'scripts'"),
        ("{mode: all, wait: soon}", "line 14: review.wait: "),
    ],
)
def test_what_it_can_t_be_is_told_with_its_line(shop: Path, said: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        load(change(shop, "producer: Corner", f"producer: Corner\nreview: {said}"))


def test_mistakes_in_them_have_their_lines(shop: Path) -> None:
    options = "engines:\n  options:\n    opena:\n      model: x\n    openai:\n      modell: x\n      timeout: -1\n"
    found = problems(change(shop, "producer: Corner", options))
    assert found == [
        "line 15: engines.options.opena: there is no engine 'opena' that has options. Did you mean 'openai'? "
        "Known: coqui, demucs, edge, faster-whisper, freevc, hy-mt2, m2m100, mms, musetalk, nllb, openai, openvoice, transformers, voxcpm, "
        "wav2lip, whisper.",
        "line 18: engines.options.openai.modell: 'modell' is no option of openai. Did you mean 'model'? Known: base_url, extra, "
        "json_mode, key_variable, max_tokens, model, price_in, price_out, retries, speech_base_url, speech_extra, speech_format, "
        "speech_instructions, speech_key_variable, speech_model, speech_price, speech_rate, speech_reference, speech_reference_text, "
        "speech_speed, speech_voice, speech_voices, temperature, timeout.",
        "line 19: engines.options.openai.timeout: Input should be greater than 0",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("engines: {translate: hymt}", "'hymt' is not a known translate engine. Did you mean 'hy-mt2'?"),
        ("engines: {translate: [auto]}", "'auto' is not a known translate engine"),
        ("hosts: [{pace: 1.2}]", "less than or equal to 1.15"),
        ("script: {written_in: market, style: loud}", "'loud' is not a known value"),
    ],
)
def test_what_the_new_keys_do_not_take(shop: Path, line: str, says: str) -> None:
    assert says in problems(change(shop, "producer: Corner", line))[0]


# ---- a person's voice


def test_a_voice_package_says_the_gender(shop: Path) -> None:
    make(shop / "budi", gender="male")
    campaign = load(change(shop, "producer: Corner", "producer: Corner\nhosts:\n  - voice: budi\n"))
    assert campaign.host.gender == "male"
    assert campaign.host.voice == str(shop / "budi")
    other = change(shop, "  - voice: budi", "  - voice: budi\n    gender: female")
    assert problems(other) == ["line 15: hosts.0.voice: the voice budi is male: leave `gender` out, or take another voice."]


def test_a_voice_that_is_not_there_is_named_with_those_that_are(shop: Path) -> None:
    make(shop / "budi", gender="male")
    (problem,) = problems(change(shop, "producer: Corner", "producer: Corner\nhosts:\n  - voice: budy\n"))
    assert problem == "line 15: hosts.0.voice: there is no voice 'budy'. Did you mean 'budi'? There are: budi."


def test_a_voice_without_a_consent_blocks_the_campaign(shop: Path) -> None:
    (make(shop / "budi", gender="male") / "consent.yaml").unlink()
    path = change(shop, "producer: Corner", "producer: Corner\nhosts:\n  - voice: budi\n")
    with pytest.raises(Blocked, match=r"line 15: hosts.0.voice: the voice budi may not be used: there is no consent"):
        load(path)


# ---- two hosts


def with_hosts(shop: Path, hosts: str) -> Path:
    return change(shop, "producer: Corner", f"producer: Corner\nhosts:\n{hosts}")


def test_two_hosts_each_with_their_own(shop: Path) -> None:
    make(shop / "budi", gender="male")
    campaign = load(with_hosts(shop, "  - gender: female\n    pace: 1.1\n  - voice: budi\n    avatar: mali\n    pitch: 0.9\n"))
    assert [(h.gender, h.pace, h.pitch) for h in campaign.hosts] == [("female", 1.1, 1.0), ("male", 1.0, 0.9)]
    assert campaign.hosts[1].voice == str(shop / "budi")
    assert campaigns.Campaign.model_validate(campaign.model_dump(mode="json")) == campaign


def test_mistakes_of_the_second_host_have_their_lines(shop: Path) -> None:
    make(shop / "budi", gender="male")
    path = with_hosts(shop, "  - avatar: mali\n  - avatar: malu\n    voice: budy\n")
    first, second = problems(path)
    assert first.startswith("line 16: 'malu' is not a known avatar.")
    assert second.startswith("line 17: hosts.1.voice: there is no voice 'budy'.")


def test_a_host_who_is_only_heard_is_alone(shop: Path) -> None:
    assert load(with_hosts(shop, "  - avatar: none\n")).host.avatar == "none"
    (problem,) = problems(change(shop, "  - avatar: none\n", "  - avatar: mali\n  - avatar: none\n"))
    assert problem.startswith("line 16: hosts.1.avatar: of two hosts both are seen: give this one an avatar (")


def test_a_dialogue_needs_two(shop: Path) -> None:
    (problem,) = problems(change(shop, "producer: Corner", "producer: Corner\nscript: {dialogue: banter}"))
    assert problem.startswith("line 14: script.dialogue: a dialogue needs two hosts")
    (problem,) = problems(change(shop, "script: {dialogue: banter}", "hosts: [{}, {}, {}]"))
    assert "hosts" in problem


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{name: a, kind: tiktok, platform: douyin}", "a channel of kind tiktok posts to tiktok, not to douyin"),
        ("{name: a, window: evening}", "'evening' is no window of a day: write it as 19:00-23:00."),
        ("{name: a, timezone: Bangkok}", "'Bangkok' is no time zone: write one as Asia/Bangkok."),
        ("{name: a, kind: tiktok, options: {moed: draft}}", "options.moed: a channel of kind tiktok has no such option; it has: mode"),
        ("{name: a, market: US, daily: 3}", "time it is in the market 'US' is not known here, and `daily` goes by it: write a `timezone`"),
        ("{name: a, market: US, window: '19:00-23:00'}", "or one of these markets: CN, ID, KH, LA, MM, MY, PH, SG, TH, TW, VN."),
        ("{name: a, disclosure: .}", "disclosure '.' does not say that AI made the clip: write words with AI in them"),
        ("{name: a, disclosure: We said it by email from Thailand}", "does not say that AI made the clip"),
        ("{name: a, kind: tiktok, account: app}", "'app' can't be an account's name"),
        ("{name: app, kind: weibo}", "'app' can't be an account's name"),
        ("{name: a, kind: s3, options: {bucket: 's3://b/c'}}", "options.bucket: 's3://b/c' is no bucket's name: write the name alone"),
        ("{name: a, kind: s3}", "options.bucket is missing"),
        ("{name: a, options: {bucket: b}}", "a channel of kind folder has no such option; it has: flat"),
        ("{name: a, daily: -1}", "channels.0.daily"),
    ],
)
def test_what_a_channel_can_not_post_by_is_told_with_its_line(shop: Path, channel: str, said: str) -> None:
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    text = text.replace("  - name: tiktok\n    platform: tiktok\n", f"  - {channel}\n")
    (shop / "campaign.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        load(shop / "campaign.yaml")
    assert said in str(raised.value)
    assert "line 6" in str(raised.value)


@pytest.mark.parametrize(
    "said", ["AI生成", "สร้างด้วยAI", "Made with ai.", "#AIGC", "由人工智能生成", "Trí tuệ nhân tạo", "Dibuat dengan Kecerdasan  Buatan"]
)
def test_a_wording_of_one_s_own_speaks_of_ai(shop: Path, said: str) -> None:
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    text = text.replace("    platform: tiktok\n", f"    platform: tiktok\n    market: US\n    disclosure: '{said}'\n")
    (shop / "campaign.yaml").write_text(text, encoding="utf-8")
    assert load(shop / "campaign.yaml").channels[0].disclosure == said


def test_a_channel_of_a_platforms_kind_posts_to_it(shop: Path) -> None:
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    text = text.replace("platform: tiktok\n", 'kind: tiktok\n    account: shop-th\n    market: TH\n    window: "19:00-23:00"\n')
    (shop / "campaign.yaml").write_text(text, encoding="utf-8")
    (channel,) = load(shop / "campaign.yaml").channels
    assert (channel.platform, channel.place) == ("tiktok", "tiktok/shop-th")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("${NO_SUCH_LEDGER}", "ledger: the environment has no NO_SUCH_LEDGER"),
        ("postgresql://me:s3cret@db.example/shop", "ledger: the password stands in the campaign for all to read"),
    ],
)
def test_a_ledger_that_can_not_be_is_told(shop: Path, said: str, wrong: str) -> None:
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write(f"ledger: {said}\n")
    with pytest.raises(UserError) as raised:
        load(shop / "campaign.yaml")
    assert wrong in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("key", ["catalog", "pictures"])
@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://bob:s3cret@shop.example/feed.csv", "the password"),
        ("https://bob:p@s3cret@shop.example/feed.csv", "the password"),
        ("postgresql+psycopg://bob:s3cret@db.example/shop", "the password"),
        ("https://shop.example/feed.csv?page=1&token=s3cret", "the secret `token`"),
        ("https://shop.example/feed.csv?access_token=s3cret#part", "the secret `access_token`"),
        ("https://b.example/f.csv?X-Amz-Date=1&X-Amz-Signature=s3cret", "the secret `X-Amz-Signature`"),
        ("https://b.example/f.csv?sig=s3cret", "the secret `sig`"),
        ("https://b.example/f.csv?apiKey=s3cret", "the secret `apiKey`"),
        ("https://${USER_NAME}:s3cret@b.example/f.csv?token=${TOKEN}", "the password"),
    ],
)
def test_an_address_with_a_secret_in_it_is_refused_before_it_is_in_every_run(shop: Path, key: str, address: str, secret: str) -> None:
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(f"{key}:")]
    (shop / "campaign.yaml").write_text("\n".join([*lines, f'{key}: "{address}"']), encoding="utf-8")
    with pytest.raises(UserError) as raised:
        load(shop / "campaign.yaml")
    assert f"line {len(lines) + 1}: {key}: {secret} stands in the address" in str(raised.value)
    assert "${NAME}" in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "${FEED}", "https://bob:${PASSWORD}@shop.example/feed.csv", "https://shop.example/feed.csv?token=${TOKEN}&page=2&sort_by=key",
        "https://docs.google.com/spreadsheets/d/1ab/export?format=csv&gid=0", "postgresql://bob@db.example/shop?sslmode=require",
        "s3://bucket/exports/a.csv", "https://shop.example:8443/feed.csv", "https://shop.example/monkey.csv?monkey=1&design=2&key=",
    ],
)  # fmt: skip
def test_an_address_without_a_secret_is_taken_as_it_is(shop: Path, address: str) -> None:
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("catalog:")]
    (shop / "campaign.yaml").write_text("\n".join([*lines, f'catalog: "{address}"']), encoding="utf-8")
    assert load(shop / "campaign.yaml").catalog == address


def test_where_the_pictures_are_may_hold_variables_that_are_filled_when_the_catalog_is_read(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write("pictures: https://bob:${SHOP_PASSWORD}@shop.example/media\n")
    campaign = load(shop / "campaign.yaml")
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(UserError, match="the address of the pictures needs the environment variable SHOP_PASSWORD"):
        plan(campaign)
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret!")
    monkeypatch.setenv("SHOP", str(shop))
    images = [job.product.images for job in plan(campaign).jobs]
    assert images[0][0].startswith("https://bob:s3cret%21@shop.example/media/")
    assert "s3cret" not in campaign.model_dump_json()
    local = plan(campaign.model_copy(update={"pictures": "${SHOP}"})).jobs
    assert Path(local[0].product.images[0]).is_file()


def test_a_catalog_of_the_command_line_or_a_form_holds_no_secret_either(shop: Path) -> None:
    campaign = load(shop / "campaign.yaml")
    with pytest.raises(UserError, match="catalog: the secret `token` stands in the address") as raised:
        adjusted(campaign, catalog="https://shop.example/feed.csv?token=s3cret")
    assert "s3cret" not in str(raised.value)


def test_a_ledgers_address_is_filled_when_it_is_opened_and_not_before(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_URL", "postgresql://me:s3cret@db.example/shop")
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write("ledger: ${LEDGER_URL}\n")
    campaign = load(shop / "campaign.yaml")
    assert campaign.ledger == "${LEDGER_URL}"
    assert chosen(Path("home"), campaign.ledger) == "postgresql://me:s3cret@db.example/shop"
