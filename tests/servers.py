"""A server of this machine that speaks OpenAI's chat completions, and says what it is told to say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        model.address = f"http://127.0.0.1:{server.server_port}/v1"
        yield model
        server.shutdown()
        thread.join()


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
