"""A server of this machine that answers as OpenAI's API does, in words or in sound, and says what it is told to say."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import av
import numpy as np
import numpy.typing as npt

CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "ogg": "libopus"}


@dataclass
class Reply:
    """One answer: the model's text, or a status with an error; how long it takes, and what else the answer says."""

    text: str = ""
    status: int = 200
    error: str = ""
    wait: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"
    refusal: str | None = None
    tokens: tuple[int, int] | None = (100, 20)
    raw: bytes | None = None


@dataclass
class Model:
    """What stands behind the server: replies in order, the last of them again and again, or a function of the request."""

    replies: list[Reply] = field(default_factory=list)
    answers: Callable[[dict[str, Any]], Reply] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    address: str = ""

    def reply(self, body: dict[str, Any]) -> Reply:
        self.asked.append(body)
        if self.answers:
            return self.answers(body)
        return self.replies[min(len(self.asked), len(self.replies)) - 1]

    def said(self, n: int = -1) -> str:
        """All that was written in a request."""
        return "\n".join(m["content"] for m in self.asked[n]["messages"])


@contextmanager
def running(*replies: Reply, answers: Callable[[dict[str, Any]], Reply] | None = None) -> Iterator[Model]:
    model = Model(list(replies), answers)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.paths.append(self.path)
            model.keys.append(self.headers.get("Authorization", ""))
            reply = model.reply(body)
            time.sleep(reply.wait)
            content = reply.raw if reply.raw is not None else json.dumps(_answer(reply, body)).encode()
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):  # the client did not wait
                pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        model.address = f"http://127.0.0.1:{server.server_port}/v1"
        yield model
        server.shutdown()
        thread.join()


def spoken(samples: npt.NDArray[np.float32], rate: int, kind: str, **options: str) -> bytes:
    """A sound file of mono samples [n], or of stereo ones [n, 2], as a speech server would send it. `options` are the file format's."""
    layout = "mono" if samples.ndim == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray((samples.reshape(1, -1) * 32767).astype("<i2"), format="s16", layout=layout)
    frame.sample_rate = rate
    file = io.BytesIO()
    with av.open(file, "w", format=kind, options=options) as container:
        stream = container.add_stream(CODECS[kind], rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        if kind == "mp3":
            stream.bit_rate = 48_000
        for resampled in av.AudioResampler(format=stream.format.name, layout=layout, rate=rate).resample(frame):
            container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    return file.getvalue()


def sound(samples: npt.NDArray[np.float32], rate: int = 24_000, kind: str = "wav", **options: str) -> Reply:
    return Reply(raw=spoken(samples, rate, kind, **options), headers={"Content-Type": f"audio/{kind}"})


def _answer(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    if reply.status != 200:
        return {"error": {"message": reply.error, "type": "error", "code": None, "param": None}}
    message = {"role": "assistant", "content": reply.text if reply.refusal is None else None, "refusal": reply.refusal}
    answer: dict[str, Any] = {
        "id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
    }  # fmt: skip
    if reply.tokens:
        read, written = reply.tokens
        answer["usage"] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return answer
