"""Translators of single sentences that run on a CPU: M2M100 and NLLB, with CTranslate2.

They know no instructions and no context: each sentence is translated by itself, and the neighbours of a text change nothing.
So what must survive is protected (`protect`). The folder of a model is made once, from the published weights:

    python -m localize.translate.seq2seq m2m100
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from localize import engines, languages, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.translate import NO_HINTS, Hints, Translation, protect
from localize.translate.slots import DENSE

FILES = ("model.bin", "config.json", "shared_vocabulary.json", "sentencepiece.bpe.model")
PACKAGES = ("ctranslate2", "sentencepiece")
LONGEST = 200  # pieces of one sentence; the models were trained on less
MOST = 1000  # pieces that a model can read
NGRAM = 4  # pieces of words that may not come twice in a sentence: the guard against going round in circles

_SHORT = "".join(
    rf"(?<!\b{word}\.)" for word in ("No", "no", "approx", "Approx", "max", "Max", "min", "Min", "incl", "vs", "Dr", "Mr", "St")
)
_END = re.compile(rf"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)])){_SHORT}\s+(?=[^\Wa-z_]|[{DENSE}])|(?<=[。！？])\s*")
_CLAUSE = re.compile(r".+?(?:[,;:，；：、]\s*|\s+|$)")


class Seq2SeqOptions(engines.Options):
    """Which folder, and how it is run."""

    model: str = Field(default="", description="the model's folder, or its name below $CROSSREEL_MODELS; the engine's own if empty")
    device: weights.Device = "auto"
    compute_type: Literal["auto", "int8", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="int8 on a CPU, int8_float16 on a GPU"
    )
    beam: int = Field(default=4, ge=1, le=16, description="translations that are followed at a time; more is slower and a little better")
    batch_tokens: int = Field(default=2048, ge=LONGEST, description="tokens translated at a time; less needs less memory")


@dataclass(frozen=True)
class Loaded:
    """A model in memory: the translator, the splitter of words into pieces, the pieces the model knows."""

    translator: Any
    splitter: Any
    known: frozenset[str]


class Seq2Seq:
    """What both models share. Loaded on first use, once; may be called from several threads."""

    card: ClassVar[Card]
    repository: ClassVar[str]
    codes: ClassVar[dict[str, str]]  # the model's token for each language
    Options: ClassVar[type[engines.Options]] = Seq2SeqOptions

    def __init__(self, options: Seq2SeqOptions | None = None) -> None:
        self.options = options or Seq2SeqOptions()
        self._loading = threading.Lock()
        self._loaded: Loaded | None = None

        self._tokens = frozenset(self.codes.values())

    @property
    def folder(self) -> Path:
        return weights.folder(self.card.name, self.options.model)

    def missing(self) -> str:
        return weights.lack(self.folder, FILES, self._how(), PACKAGES)

    def _how(self) -> str:
        out = "" if self.folder == weights.folder(self.card.name) else f" --out {self.folder}"
        return f"make one once, where torch and transformers are: python -m localize.translate.seq2seq {self.card.name}{out}"

    def fingerprint(self) -> str:
        where, kind = self._place()
        return "-".join([self.card.name, self.card.version, weights.fingerprint(self.folder), where, kind, f"b{self.options.beam}"])

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        """See `Translator.translate`. None also for a language the model does not know, or letters it can't read or write.

        Raises NotReady when the model is missing or can't be loaded.
        """
        if source not in self.codes or target not in self.codes:
            return [None] * len(texts)
        if lack := self.missing():
            raise NotReady(f"the translator {self.card.name!r} is not ready: {lack}", missing=(lack,))
        done = protect.through(lambda batch: self._call(batch, source, target), texts, source, target, hints)
        return [Translation(text=text, origin=self.card.name) if text else None for text in done]

    # ---- the model

    def _place(self) -> tuple[str, str]:
        """The device and type of numbers that are meant."""
        import ctranslate2

        o = self.options
        where = ("cuda" if ctranslate2.get_cuda_device_count() else "cpu") if o.device == "auto" else o.device
        return where, ("int8_float16" if where == "cuda" else "int8") if o.compute_type == "auto" else o.compute_type

    def _ready(self) -> Loaded:
        import ctranslate2
        import sentencepiece

        with self._loading:
            if self._loaded is None:
                where, kind = self._place()
                try:
                    splitter = sentencepiece.SentencePieceProcessor(model_file=str(self.folder / "sentencepiece.bpe.model"))
                except (OSError, RuntimeError) as error:
                    raise weights.broken(self.folder / "sentencepiece.bpe.model", error) from error
                try:
                    known = frozenset(json.loads((self.folder / "shared_vocabulary.json").read_bytes()))
                    translator = ctranslate2.Translator(str(self.folder), device=where, compute_type=kind)
                except (OSError, RuntimeError, ValueError, TypeError) as error:
                    raise weights.broken(self.folder, error) from error
                self._loaded = Loaded(translator, splitter, known)
            return self._loaded

    def _call(self, texts: list[str], source: str, target: str) -> list[str]:
        """Each text translated sentence by sentence; "" for one of which a sentence failed."""
        cut = [[list(self._sentences(line)) for line in text.splitlines()] for text in texts]
        flat = list(dict.fromkeys(sentence for lines in cut for line in lines for sentence in line))
        said = dict(zip(flat, self._translated(flat, source, target), strict=True))
        between = "" if target[:2] in ("zh", "ja") else " "
        whole = ["\n".join(between.join(said[s] for s in line) for line in lines) for lines in cut]
        return [text if all(said[s] for line in lines for s in line) else "" for text, lines in zip(whole, cut, strict=True)]

    def _translated(self, sentences: list[str], source: str, target: str) -> list[str]:
        """Sentences in the target language; "" for one that can't be read, or that was not brought to an end."""
        model = self._ready()
        for language in (source, target):
            if self.codes[language] not in model.known:
                name = languages.name(language)
                raise NotReady(f"the model in {self.folder} has no token for {name}; its conversion has lost it.", how=f"{self._how()}.")
        pieces = [self._pieces(sentence) for sentence in sentences]
        able = [i for i, parts in enumerate(pieces) if 0 < len(parts) <= MOST]
        if not able:
            return [""] * len(sentences)
        results = model.translator.translate_batch(
            [[self.codes[source], *pieces[i], "</s>"] for i in able],
            target_prefix=[[self.codes[target]]] * len(able),
            beam_size=self.options.beam, max_batch_size=self.options.batch_tokens, batch_type="tokens", max_input_length=0,
            max_decoding_length=max(_limit(pieces[i]) for i in able), no_repeat_ngram_size=NGRAM, disable_unk=True, return_end_token=True,
        )  # fmt: skip
        out = [""] * len(sentences)
        for i, result in zip(able, results, strict=True):
            said = result.hypotheses[0][1:]  # without the language
            if said[-1:] == ["</s>"] and len(said) <= _limit(pieces[i]):
                out[i] = model.splitter.decode([piece for piece in said[:-1] if piece not in self._tokens]).strip()
        return out

    def _pieces(self, sentence: str) -> list[str]:
        """The pieces of a sentence, all of them known to the model; none if it has a letter that the model does not know.

        The splitters know pieces that the models were not given (M2M100's: `▁perhaps`, `啡`). To the model all of them
        would be the same unknown word, and it would say something else.
        """
        model, out = self._ready(), []
        for piece in model.splitter.encode(sentence, out_type=str):
            at = 0
            while at < len(piece):
                end = next((end for end in range(len(piece), at, -1) if piece[at:end] in model.known), 0)
                if end:
                    out.append(piece[at:end])
                elif piece[at].isalnum():
                    return []
                at = end or at + 1  # a sign that the model does not know is left out
        return out

    def _sentences(self, line: str) -> Iterator[str]:
        """The sentences of a line, as the models translate one and drop what follows; those that are too long in clauses."""
        for sentence in filter(None, map(str.strip, _END.split(line))):
            part = ""
            for clause in _CLAUSE.findall(sentence) if len(self._pieces(sentence)) > LONGEST else [sentence]:
                if part and len(self._pieces(part + clause)) > LONGEST:
                    yield part.strip()
                    part = ""
                part += clause
            yield part.strip()


def _limit(pieces: Sequence[str]) -> int:
    """How many pieces a translation may have: more than this is no translation any more."""
    return 3 * len(pieces) + 20


# The models --------------------------------------------------------------------------------------------------------

_M2M100 = re.findall(
    r"\S+",
    "af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl gu ha he hi hr ht hu hy id ig ilo is it ja "
    "jv ka kk km kn ko lb lg ln lo lt lv mg mk ml mn mr ms my ne nl no ns oc or pa pl ps pt ro ru sd si sk sl so sq sr ss su sv sw ta "
    "th tl tn tr uk ur uz vi wo xh yi yo zh zu",
)
_NLLB = re.findall(
    r"(\S+):(\S+)",
    "af:afr_Latn am:amh_Ethi ar:arb_Arab as:asm_Beng az:azj_Latn be:bel_Cyrl bg:bul_Cyrl bn:ben_Beng bs:bos_Latn ca:cat_Latn "
    "ceb:ceb_Latn cs:ces_Latn cy:cym_Latn da:dan_Latn de:deu_Latn el:ell_Grek en:eng_Latn eo:epo_Latn es:spa_Latn et:est_Latn "
    "eu:eus_Latn fa:pes_Arab fi:fin_Latn fil:tgl_Latn fr:fra_Latn ga:gle_Latn gl:glg_Latn gu:guj_Gujr ha:hau_Latn he:heb_Hebr "
    "hi:hin_Deva hr:hrv_Latn hu:hun_Latn hy:hye_Armn id:ind_Latn ig:ibo_Latn is:isl_Latn it:ita_Latn ja:jpn_Jpan jv:jav_Latn "
    "ka:kat_Geor kk:kaz_Cyrl km:khm_Khmr kn:kan_Knda ko:kor_Hang ky:kir_Cyrl lo:lao_Laoo lt:lit_Latn lv:lvs_Latn mk:mkd_Cyrl "
    "ml:mal_Mlym mn:khk_Cyrl mr:mar_Deva ms:zsm_Latn mt:mlt_Latn my:mya_Mymr nb:nob_Latn ne:npi_Deva nl:nld_Latn nn:nno_Latn "
    "no:nob_Latn or:ory_Orya pa:pan_Guru pl:pol_Latn pt:por_Latn ro:ron_Latn ru:rus_Cyrl sd:snd_Arab si:sin_Sinh sk:slk_Latn "
    "sl:slv_Latn so:som_Latn sq:als_Latn sr:srp_Cyrl su:sun_Latn sv:swe_Latn sw:swh_Latn ta:tam_Taml te:tel_Telu tg:tgk_Cyrl "
    "th:tha_Thai tl:tgl_Latn tr:tur_Latn uk:ukr_Cyrl ur:urd_Arab uz:uzn_Latn vi:vie_Latn yue:yue_Hant zh:zho_Hans zh-hant:zho_Hant "
    "zu:zul_Latn",
)


class M2M100(Seq2Seq):
    """100 languages, MIT: the translator for a CPU whose weights a shop may use."""

    repository = "facebook/m2m100_418M"
    codes: ClassVar[dict[str, str]] = {code: f"__{code}__" for code in _M2M100} | {"nb": "__no__", "fil": "__tl__"}
    card: ClassVar[Card] = Card(
        name="m2m100",
        stage="translate",
        about="M2M100 418M or 1.2B: 100 languages, sentence by sentence, fast on a CPU",
        version="1",
        licence="MIT",
        quality=30,
        languages=tuple(sorted(codes)),
    )


class Nllb(Seq2Seq):
    """NLLB-200, for uses that are not commercial."""

    repository = "facebook/nllb-200-distilled-600M"
    codes: ClassVar[dict[str, str]] = dict(_NLLB)
    card: ClassVar[Card] = Card(
        name="nllb",
        stage="translate",
        about="NLLB-200: 200 languages, sentence by sentence, on a CPU; not for commercial use",
        version="1",
        licence="CC-BY-NC-4.0",
        commercial=False,
        quality=35,
        languages=tuple(sorted(codes)),
    )


MODELS: dict[str, type[Seq2Seq]] = {"m2m100": M2M100, "nllb": Nllb}

# Making a folder ---------------------------------------------------------------------------------------------------


class _Listed:
    """A tokenizer that lists its language tokens, as CTranslate2's converter expects; M2M100's no longer does."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    @property
    def special_tokens_map(self) -> dict[str, Any]:
        told: dict[str, Any] = dict(self._tokenizer.special_tokens_map)
        return told | {"additional_special_tokens": list(getattr(self._tokenizer, "lang_token_to_id", ()))}


def convert(repository: str, out: Path) -> None:
    """Write the folder that the engines read, from a model with transformers' files (a folder, or a name on the hub).

    Needs torch and transformers; from the hub it downloads. Raises what these raise.
    """
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):  # type: ignore[misc]
        def load_tokenizer(self, kind: Any, name: str, **given: Any) -> _Listed:
            return _Listed(super().load_tokenizer(kind, name, **given))

    part = out.with_name(out.name + ".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    Converter(repository, copy_files=["sentencepiece.bpe.model"]).convert(str(part), quantization="int8")
    part.rename(out)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m localize.translate.seq2seq", description="Make the folder of a translator's model.")
    parser.add_argument("engine", choices=sorted(MODELS))
    parser.add_argument("--model", default="", help="another size: a name on the hub, or a folder with transformers' files")
    parser.add_argument("--out", type=Path, help="where to, if not where the engine looks by itself")
    given = parser.parse_args()
    out = given.out or weights.folder(given.engine)
    if out.exists():
        parser.error(f"{out} is there already; remove it, or say --out.")
    convert(given.model or MODELS[given.engine].repository, out)
    print(f"{given.engine} is in {out}.")


if __name__ == "__main__":
    main()
