"""A model behind OpenAI's API: what is sent, what comes back, what is tried again, what it costs, and what nobody gets to see."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import servers
from servers import Model, Reply

from localize import account, engines
from localize.chat import Message, Unanswered
from localize.chat.openai_chat import OpenAIChat, OpenAIOptions
from localize.domain import Usage
from localize.errors import NotReady, Transient, UserError

ASK = [Message("system", "Be brief."), Message("user", "Say hello.")]
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": False}
KEY = "sk-test-7f3a9c"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def chat(model: Model, **options: Any) -> OpenAIChat:
    return OpenAIChat(OpenAIOptions.model_validate({"model": "tiny", "base_url": model.address, "retries": 2, "timeout": 60} | options))


def test_the_messages_go_out_and_the_text_comes_back() -> None:
    with servers.running(Reply("hello")) as model:
        assert chat(model, temperature=0.2, extra={"chat_template_kwargs": {"enable_thinking": False}}).ask(ASK) == "hello"
    (asked,) = model.asked
    assert asked["model"] == "tiny"
    assert asked["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}]
    assert asked["temperature"] == 0.2
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert "response_format" not in asked
    assert model.keys == [f"Bearer {KEY}"]


def test_a_schema_is_asked_for_as_the_server_can() -> None:
    def answers(body: dict[str, Any]) -> Reply:
        kind = body.get("response_format", {}).get("type", "none")
        return Reply('{"word": "hi"}') if kind == "none" else Reply(status=400, error=f"response_format {kind} is not supported")

    with servers.running(answers=answers) as model:
        asked = chat(model)
        assert asked.ask(ASK, SCHEMA) == '{"word": "hi"}'
        assert [a.get("response_format", {}).get("type") for a in model.asked] == ["json_schema", "json_object", None]
        asked.ask(ASK, SCHEMA)  # what the server can do is known now
        assert len(model.asked) == 4
    assert model.asked[0]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_server_that_knows_other_fields_is_asked_with_them() -> None:
    def answers(body: dict[str, Any]) -> Reply:
        for field in ("max_tokens", "temperature"):
            if field in body:
                return Reply(status=400, error=f"Unsupported parameter: '{field}' is not supported with this model.")
        return Reply("hello")

    with servers.running(answers=answers) as model:
        assert chat(model, max_tokens=300).ask(ASK) == "hello"
    assert model.asked[-1]["max_completion_tokens"] == 300
    assert len(model.asked) == 3


def test_a_value_that_is_too_large_is_the_campaign_s_to_mend() -> None:
    with (
        servers.running(Reply(status=400, error="max_tokens is too large: at most 100")) as model,
        pytest.raises(UserError, match="at most 100"),
    ):
        chat(model).ask(ASK)


def test_a_mode_that_the_campaign_names_is_kept_to() -> None:
    with servers.running(Reply(status=400, error="response_format is not supported")) as model:
        with pytest.raises(UserError, match="does not take the request"):
            chat(model, json_mode="schema").ask(ASK, SCHEMA)
        assert len(model.asked) == 1


def test_a_busy_server_is_asked_again() -> None:
    replies = [Reply(status=429, error="slow down", headers={"Retry-After": "0"}), Reply(status=500, error="oops"), Reply("hello")]
    with servers.running(*replies) as model, account.opened() as spent:
        assert chat(model).ask(ASK) == "hello"
    assert len(model.asked) == 3
    assert spent.usage.requests == 3


def test_a_server_that_stays_busy_is_passing_trouble_with_its_wait() -> None:
    with servers.running(Reply(status=429, error="quota", headers={"Retry-After": "0.01"})) as model:
        with pytest.raises(Transient, match=r"over its limit .429., after 3 tries: quota") as caught, account.opened() as spent:
            chat(model).ask(ASK)
        assert caught.value.retry_after == 0.01
        assert len(model.asked) == 3
    assert spent.usage == Usage(requests=3)


def test_a_slow_server_is_not_waited_for_longer_than_said() -> None:
    with servers.running(Reply("late", wait=20.0)) as model, pytest.raises(Transient, match=r"gave no answer in 0.2 s"):
        chat(model, timeout=0.2, retries=0).ask(ASK)


def test_a_server_that_is_not_there_is_passing_trouble() -> None:
    with servers.running(Reply("x")) as model:
        pass
    with pytest.raises(Transient, match="can't be reached"):
        chat(model, retries=0).ask(ASK)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(status=401, error="bad key"), NotReady, "refuses the key in OPENAI_API_KEY"),
        (Reply(status=403, error="no"), NotReady, "refuses the key"),
        (Reply(status=404, error="no such model"), UserError, "has no model 'tiny'"),
        (Reply(status=422, error="max_tokens is too large"), UserError, "max_tokens is too large"),
        (Reply(status=503, error="loading"), Transient, "has trouble .503."),
        (Reply(raw=b"<html>hello</html>"), Transient, "not its API's"),
        (Reply(raw=b'"hello"'), Transient, "not its API's"),
    ],
)
def test_each_trouble_is_one_of_ours(reply: Reply, error: type[Exception], says: str) -> None:
    with servers.running(reply) as model, pytest.raises(error, match=says):
        chat(model, retries=0).ask(ASK)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(refusal="I can't help with that."), "refused: I can't help"),
        (Reply("half of", finish="length"), "cut off at max_tokens"),
        (Reply("x", finish="content_filter"), "content filter"),
        (Reply("  "), "answered with nothing"),
    ],
)
def test_an_answer_that_is_none_is_said_to_be_none(reply: Reply, says: str) -> None:
    with servers.running(reply) as model, pytest.raises(Unanswered, match=says), account.opened() as spent:
        chat(model).ask(ASK)
    assert spent.usage.prompt_tokens == 100  # it was paid for all the same


def test_what_it_costs_is_told_where_prices_are_given() -> None:
    with servers.running(Reply("hello", tokens=(2_000_000, 500_000))) as model, account.opened() as spent:
        chat(model, price_in="0.15", price_out="0.60").ask(ASK)
        assert spent.usage == Usage(requests=1, prompt_tokens=2_000_000, completion_tokens=500_000, cost=Decimal("0.60"))
        chat(model).ask(ASK)
    assert spent.usage.unpriced == 1
    assert spent.usage.requests == 2


def test_accounts_count_what_is_asked_inside_them() -> None:
    with servers.running(Reply("hello")) as model, account.opened() as night:
        with account.opened() as clip:
            chat(model).ask(ASK)
        chat(model).ask(ASK)
    assert clip.usage.requests == 1
    assert night.usage.requests == 2


def test_a_key_is_in_no_message() -> None:
    with servers.running(Reply(status=400, error="x" * 190 + f" the key {KEY} may not use this model")) as model:
        with pytest.raises(UserError) as caught:
            chat(model).ask(ASK)
        assert KEY[:6] not in str(caught.value)
        assert KEY not in chat(model).fingerprint()
        assert model.address not in chat(model).fingerprint()


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no model is named" in OpenAIChat(OpenAIOptions()).missing()
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "OPENAI_API_KEY is not set" in OpenAIChat(OpenAIOptions(model="m")).missing()
    own = OpenAIOptions(model="m", base_url="http://localhost:8000/v1")
    assert OpenAIChat(own).missing() == ""  # a server of one's own takes no key
    with pytest.raises(NotReady, match="OPENAI_API_KEY is not set"):
        OpenAIChat(OpenAIOptions(model="m")).ask(ASK)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base_url": "localhost:8000"}, "is no server's address"),
        ({"base_url": "http://me:secret@shop.example/v1"}, "put the key into the variable"),
        ({"base_url": "https://shop.example/v1?api-key=secret"}, "put the key into the variable"),
        ({"modell": "x"}, "'modell' is no option of openai. Did you mean 'model'?"),
        ({"temperature": 9}, "less than or equal to 2"),
    ],
)
def test_options_are_looked_at_when_the_campaign_is_read(options: dict[str, Any], says: str) -> None:
    ((where, reason),) = engines.problems({"openai": options})
    assert where == ("openai", next(iter(options)))
    assert says in reason
    assert "secret" not in reason
