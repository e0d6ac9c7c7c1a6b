"""Secrets in addresses: what is told of them, and the pattern by which a form refuses them."""

from __future__ import annotations

import re

import pytest

from localize.secrecy import PATTERN, written_out


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://bob:s3cret@shop.example/talk.mp4", "the password"), ("https://bob:p@s3cret@shop.example/talk.mp4", "the password"),
        ("postgresql+psycopg://bob:s3cret@db.example/shop", "the password"),
        ("https://${USER}:s3cret@b.example/?token=${T}", "the password"),
        ("https://s3cret@git.example/talk.mp4", "the login"), ("HTTPS://s3cret:@git.example/talk.mp4", "the login"),
        ("https://shop.example/talk.mp4?page=1&token=s3cret", "the secret `token`"),
        ("https://b.example/f.mp4?access_token=s3cret#part", "the secret `access_token`"),
        ("https://b.example/f.mp4?X-Amz-Date=1&X-Amz-Signature=s3cret", "the secret `X-Amz-Signature`"),
        ("https://v.example/f.mp4?auth_key=s3cret", "the secret `auth_key`"),
        ("https://b.example/f.mp4?apiKey=s3cret", "the secret `apiKey`"),
        ("https://v.example/f.mp4?t=6&us=1&sign=s3cret", "the secret `sign`"), ("https://v.example/f.mp4?ssig=s3cret", "the secret `ssig`"),
        ("${SHOP}/talk.mp4?token=s3cret", "the secret `token`"),
    ],
)  # fmt: skip
def test_a_secret_that_is_written_out_is_told_and_refused_by_a_form(address: str, secret: str) -> None:
    assert written_out(address) == secret
    assert re.search(PATTERN, address)


@pytest.mark.parametrize(
    "address",
    [
        "${TALK}", "${SHOP}/talk.mp4", "https://bob:${PASSWORD}@shop.example/talk.mp4", "https://${TOKEN}@shop.example/talk.mp4",
        "https://shop.example/talk.mp4?token=${TOKEN}&page=2&sort_by=key", "https://docs.example/export?format=csv&gid=0",
        "postgresql://bob@db.example/shop?sslmode=require", "s3://bucket/clips/*.mp4", "https://shop.example:8443/talk.mp4",
        "https://shop.example/monkey.mp4?monkey=1&design=2&key=", "https://shop.example/a:b@c.mp4", "clips/talk?token=1.mp4",
        "/home/bob@shop/talk.mp4", "产品 视频/🎬.mp4",
    ],
)  # fmt: skip
def test_what_holds_no_secret_is_taken(address: str) -> None:
    assert written_out(address) == ""
    assert not re.search(PATTERN, address)
