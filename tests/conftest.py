"""What several tests start from: a campaign of two products in an empty folder, and a store."""

from __future__ import annotations

import os
import textwrap
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image, ImageDraw

from localize.store import LocalStore

# pytest-xdist tells its workers how wide the terminal is, and rich would hold to that whatever a test says.
os.environ.pop("COLUMNS", None)
# Golden films are equal to the byte where OpenCV takes the same kernels, whatever the processor has beyond them.
os.environ.setdefault("OPENCV_IPP", "avx2")

# The same examples on every machine, however slow it is. `--hypothesis-profile search` looks for new ones.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("search", **_PATIENT)
settings.register_profile("same", derandomize=True, **_PATIENT)
settings.load_profile("same")

CAMPAIGN = """\
name: corner-shop
catalog: products.csv
currency: THB
languages: [th, vi]
channels:
  - name: tiktok
    platform: tiktok
brand:
  name: Corner
  logo: logo.png
limits:
  workers: 1
producer: Corner
"""

PRODUCTS = """\
sku,title,price,was_price,category,features,images,title_th,features_th,title_vi,features_vi
MUG-01,Clay Mug,290,390,kitchen,Holds 350 ml|Safe in the dishwasher,pictures/mug.jpg,แก้วดินเผา,จุได้ 350 มล.|เข้าเครื่องล้างจานได้,\
Cốc gốm,Dung tích 350 ml|Rửa được bằng máy
LAMP-02,Desk Lamp,890,,home,Three levels of light,pictures/lamp.jpg,โคมไฟตั้งโต๊ะ,ปรับแสงได้ 3 ระดับ,Đèn bàn,Ba mức sáng
"""


def draw(path: Path, colour: str, size: int = 320) -> None:
    """A small picture: a disc on paper."""
    picture = Image.new("RGB", (size, size), "#f4efe6")
    ImageDraw.Draw(picture).ellipse((size // 5, size // 5, size * 4 // 5, size * 4 // 5), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the store, the accounts or the models of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CROSSREEL_HOME", str(folder))
    monkeypatch.setenv("U2NET_HOME", str(folder / "u2net"))  # rembg's models
    monkeypatch.delenv("CROSSREEL_ACCOUNTS", raising=False)
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A campaign's folder: campaign.yaml, products.csv with two rows in English, Thai and Vietnamese, their pictures, a logo."""
    folder = tmp_path / "shop"
    draw(folder / "pictures" / "mug.jpg", "#b5651d")
    draw(folder / "pictures" / "lamp.jpg", "#2a9d8f")
    draw(folder / "logo.png", "#d9482b", size=64)
    (folder / "campaign.yaml").write_text(textwrap.dedent(CAMPAIGN), encoding="utf-8")
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def server(shop: Path) -> Iterator[str]:
    """The shop's folder on a web server of this machine, which is too busy for paths with "busy" in them."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if "busy" in self.path:
                self.send_error(503)
            else:
                super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shop))) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()
