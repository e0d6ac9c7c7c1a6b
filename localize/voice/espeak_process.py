"""The process that holds espeak-ng: GPL-3 code lives here and nowhere else in the project.

It reads requests from stdin and answers on stdout until stdin closes, so it ends with whoever started it. A
message is one line of JSON and then as many raw bytes as its `bytes` says:

    hello     {"version": "1.52.0"} or {"error": "..."}, once, unasked
    request   {"voice": "vi", "settings": "pitch 140 380", "rate": 175, "pitch": 50, "bytes": n} and n bytes of UTF-8
              text, where [[...]] holds espeak's phoneme names; the settings are lines of a voice file, added to
              those of the voice
    answer    {"rate": 22050, "events": [[kind, sample, position, name], ...], "bytes": n} and n bytes of 16 bit
              samples, or {"error": "..."}

Event kinds are "word" and "phoneme"; `position` is the index of a word's first character in the text, `name` is
the phoneme in IPA ("" for a pause). The calls are those of espeak-ng's speak_lib.h (1.52).

espeak's glottal phase, flutter and breath run on from one utterance to the next. So that the same request always
gives the same samples, each is spoken in a fork of the fresh process. The process and its fork are a session of their own,
which who started it can kill as a whole; a fork that hangs after that one's end is ended by its alarm.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

EVENT_WORD, EVENT_PHONEME = 1, 7
SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: call back with the samples, return when all is spoken
PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 0x1, 0x2, 0x8000
UTF8, PHONEMES = 0x1, 0x100
RATE, PITCH = 1, 3  # espeak_PARAMETER
KINDS = {EVENT_WORD: "word", EVENT_PHONEME: "phoneme"}
LONGEST = 90  # s for one utterance; whoever asked has given it up before


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Voice(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("languages", ctypes.c_char_p), ("identifier", ctypes.c_char_p)]  # and more


class Espeak:
    """espeak-ng, loaded. Raises OSError or ImportError when its library or data are not there."""

    def __init__(self) -> None:
        import espeakng_loader

        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        self.rate: int = self._lib.espeak_Initialize(SYNCHRONOUS, 0, os.fsencode(self._data), PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT)
        if self.rate <= 0:
            raise OSError("espeak-ng could not read its data")
        self._lib.espeak_ng_SetRandSeed(ctypes.c_long(1))  # by the clock otherwise: breath is noise
        self._lib.espeak_Info.restype = ctypes.c_char_p
        self._lib.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        self._lib.espeak_ng_SetVoiceByFile.argtypes = [ctypes.c_char_p]
        self._lib.espeak_GetCurrentVoice.restype = ctypes.POINTER(_Voice)
        self._lib.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        self.version: str = self._lib.espeak_Info(None).decode().split()[0]
        self._samples = bytearray()
        self._events: list[tuple[str, int, int, str]] = []
        self._callback = _Callback(self._collect)  # kept: the library holds only its address
        self._lib.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, 2 * count)
        i = 0
        while events[i].type:
            event = events[i]
            if event.type in KINDS:
                # A long IPA name may be cut inside a character at the field's 8 bytes.
                name = event.id.string.decode("utf-8", "ignore") if event.type == EVENT_PHONEME else ""
                self._events.append((KINDS[event.type], event.sample, event.text_position - 1, name))
            i += 1
        return 0

    def _select(self, voice: str, settings: str) -> bool:
        """Load a voice with more settings, of which the later ones hold. False when espeak has no such voice."""
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            return False
        own = self._data / "lang" / os.fsdecode(self._lib.espeak_GetCurrentVoice()[0].identifier)
        with tempfile.TemporaryFile() as file:  # without a name, so that nothing is left even of a killed process
            file.write(own.read_bytes() + b"\n" + settings.encode() + b"\n")
            file.seek(0)
            return bool(self._lib.espeak_ng_SetVoiceByFile(f"/dev/fd/{file.fileno()}".encode()) == 0)

    def speak(self, text: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The answer's header and samples for one utterance."""
        self._samples.clear()
        self._events.clear()
        if not self._select(request["voice"], request["settings"]):
            return {"error": f"espeak-ng has no voice {request['voice']!r}"}, b""
        self._lib.espeak_SetParameter(RATE, request["rate"], 0)
        self._lib.espeak_SetParameter(PITCH, request["pitch"], 0)
        if self._lib.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8 | PHONEMES, None, None) != 0:
            return {"error": "espeak-ng could not speak the text"}, b""
        return {"rate": self.rate, "events": self._events, "bytes": len(self._samples)}, bytes(self._samples)


def _write(out: IO[bytes], header: dict[str, Any], body: bytes = b"") -> None:
    out.write(json.dumps(header).encode() + b"\n" + body)
    out.flush()


def _answer(espeak: Espeak, request: dict[str, Any], text: bytes, out: IO[bytes]) -> None:
    _write(out, *espeak.speak(text, request))


def main() -> int:
    """Serve requests until stdin closes. Returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end closes our stdin
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the library prints must not land between the messages
    try:
        espeak = Espeak()
    except (ImportError, OSError, RuntimeError) as error:
        _write(out, {"error": str(error)})
        return 1
    _write(out, {"version": espeak.version})
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        text = sys.stdin.buffer.read(request["bytes"])
        if (pid := os.fork()) == 0:
            signal.alarm(LONGEST)
            _answer(espeak, request, text, out)
            os._exit(0)
        if os.waitpid(pid, 0)[1] != 0:
            return 1  # it may have died in the middle of its answer: the stream can't be trusted any more
    return 0


if __name__ == "__main__":
    sys.exit(main())
