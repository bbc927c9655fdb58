"""The tab "On your device", and the page without a network."""

from __future__ import annotations

import gzip
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from lightship.registry.registry import Registry
from tests.emulator import ROOT
from tests.web.conftest import Serve, serving
from tests.web.page import Page

pytestmark = pytest.mark.browser

_TIME = re.compile(r"^[\d.]+ ms$")


@pytest.fixture(scope="module")
def devices(serve: Serve, device_registry: Path) -> str:
    return serve(registry=device_registry)


@pytest.fixture
def tab(context: BrowserContext, devices: str) -> Page:
    """Return the page of the models for devices."""
    return Page(context.new_page(), devices)


def keep(page: Page, name: str) -> None:
    """Store a model by the button of its tab."""
    page.open(f"#/models/{name}/device")
    page.click("Use offline")
    page.wait_for("is on this device (")


def predict_offline(page: Page, name: str) -> None:
    """Open the page anew and predict with a stored model."""
    page.open()
    page.wait_for("You are offline")
    page.tab.get_by_role("table").get_by_role("link", name=name).click()
    page.click("Predict on this device")
    expect(page.tab.get_by_text(_TIME)).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("name", ["quickstart", "photos", "iris"])
def test_tab_predicts_in_browser_as_server(tab: Page, name: str) -> None:
    tab.open(f"#/models/{name}/device")
    tab.click("Predict in both places")
    tab.wait_for("The answers differ by at most")
    said = re.search(r"differ by at most ([\d.E+-]+)\.", tab.text())
    assert said
    assert float(said[1]) < 1e-5
    assert [error for error in tab.errors if "GPU" not in error and "adapters" not in error] == []


def test_tab_shows_file_digest_and_code(tab: Page, device_registry: Path) -> None:
    tab.open("#/models/quickstart/device")
    tab.wait_for("Files for your app")
    manifest = Registry(str(device_registry)).open("quickstart").manifest
    assert manifest.files["device.tflite"] in tab.text()
    with tab.tab.expect_download() as download:
        tab.click("Download device.tflite")
    bundle = Registry(str(device_registry)).open("quickstart").path
    assert download.value.path().read_bytes() == (bundle / "device.tflite").read_bytes()
    for tongue, word in {"Swift": "interpreter.invoke", "Python": "ai_edge_litert", "JavaScript": "loadLiteRt"}.items():
        tab.click(tongue)
        tab.wait_for(word)


def test_tab_of_model_with_unknown_operator_has_reason_and_file(tab: Page) -> None:
    tab.open("#/models/projected/device")
    tab.wait_for("The server computes this model's inputs with tables.project, which this page does not have.")
    tab.wait_for("Download device.tflite")
    assert tab.tab.get_by_role("button", name="Use offline").count() == 0


def test_page_loads_operators_with_first_program(tab: Page) -> None:
    loaded = "performance.getEntriesByType('resource').some(({name}) => name.includes('/app/program-'))"
    tab.open("#/models/quickstart/device")
    tab.wait_for("Files for your app")
    assert not tab.tab.evaluate(loaded)
    tab.open("#/models/iris/device")
    tab.wait_until(loaded)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tab_is_accessible_and_fits_phone(tab: Page, scheme: str) -> None:
    tab.open("#/models/quickstart/device", width=390, scheme=scheme)
    tab.wait_for("Files for your app")
    assert tab.findings() == []
    assert tab.overflow() <= 0


def test_answers_beside_long_form_do_not_overlap(page: Page) -> None:
    page.open("#/models/digits/device")
    here, there = (page.tab.get_by_role("region", name=name) for name in ("On this device", "On the server"))
    there.wait_for()
    page.tab.set_viewport_size({"width": 1280, "height": 600})
    for end in (0, 300, 600, 10_000):
        page.tab.evaluate(f"scrollTo(0, {end})")
        first, second = here.bounding_box(), there.bounding_box()
        assert first
        assert second
        assert first["y"] + first["height"] <= second["y"]


@pytest.mark.parametrize("name", ["quickstart", "iris"])
def test_page_without_network_predicts_with_stored_model(
    context: BrowserContext, device_registry: Path, name: str
) -> None:
    with serving(device_registry) as address:
        page = Page(context.new_page(), address)
        keep(page, name)
        context.set_offline(True)
        predict_offline(page, name)
    context.set_offline(False)  # the server has stopped: its address does not answer
    predict_offline(page, name)
    assert page.findings() == []


def test_page_without_network_keeps_no_answers_of_api(context: BrowserContext, tab: Page) -> None:
    keep(tab, "quickstart")
    kept = tab.tab.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
             (await (await caches.open(name)).keys()).map(({url}) => url)))).flat()"""
    )
    paths = [url.removeprefix(tab.address) for url in kept]
    assert {path.split("/")[0] for path in paths} == {"", "app", "offline"}
    assert "app/settings.json" not in paths


@pytest.mark.parametrize(("name", "file"), [("quickstart", "model.tflite"), ("iris", "assets/constants.npz")])
def test_stored_model_with_other_digest_is_refused(tab: Page, name: str, file: str) -> None:
    keep(tab, name)
    tab.tab.evaluate(
        """async (file) => {
          const cache = await caches.open("lightship-models");
          const [request] = (await cache.keys()).filter(({url}) => url.endsWith(file));
          await cache.put(request, new Response(new Uint8Array(100)));
        }""",
        file,
    )
    tab.open(f"#/offline/{name}")
    tab.click("Predict on this device")
    tab.wait_for("its digest differs")


def test_full_storage_is_said_and_leaves_nothing(context: BrowserContext, tab: Page) -> None:
    tab.open("#/models/quickstart/device")
    tab.wait_for("Use offline")
    session = context.new_cdp_session(tab.tab)
    session.send("Storage.overrideQuotaForOrigin", {"origin": tab.address.rstrip("/"), "quotaSize": 1000})
    tab.click("Use offline")
    tab.wait_for("storage for this page is full")
    session.send("Storage.overrideQuotaForOrigin", {"origin": tab.address.rstrip("/")})
    tab.open("#/offline")
    tab.wait_for("No model is stored on this device")


def test_page_beyond_storage_is_said_and_leaves_nothing(context: BrowserContext, tab: Page) -> None:
    """The model fits, but not LiteRT.js, without which it cannot run."""
    tab.open("#/models/quickstart/device")
    tab.wait_for("Use offline")
    session = context.new_cdp_session(tab.tab)
    session.send("Storage.overrideQuotaForOrigin", {"origin": tab.address.rstrip("/"), "quotaSize": 2_000_000})
    tab.click("Use offline")
    tab.wait_for("its files did not fit in the browser's storage")
    tab.open("#/offline")
    tab.wait_for("No model is stored on this device")


def test_removed_model_leaves_nothing(tab: Page) -> None:
    keep(tab, "quickstart")
    tab.open("#/offline")
    tab.click("Remove quickstart")
    tab.wait_for("No model is stored on this device")
    tab.wait_until("navigator.serviceWorker.getRegistrations().then(found => found.length === 0)")
    tab.wait_until("caches.keys().then(names => names.every(name => name === 'lightship-models'))")


def test_new_version_replaces_stored_one(context: BrowserContext, device_registry: Path, tmp_path: Path) -> None:
    registry = Registry(str(tmp_path / "models"))
    for name in ("quickstart", "gapped"):
        with registry.staging() as folder:
            registry.publish("model", Registry(str(device_registry)).open(name).copy(folder))
    with serving(tmp_path / "models") as address:
        page = Page(context.new_page(), address)
        page.open("#/models/model/device?version=1")
        page.click("Use offline")
        page.wait_for("Version 1 is on this device (")
        page.open("#/models/model/device")
        page.wait_for("Version 1 is on this device. The server has version 2.")
        page.click("Update to version 2")
        page.wait_for("Version 2 is on this device (")
        page.open("#/offline")
        expect(page.tab.get_by_role("row")).to_have_count(2)


@contextmanager
def served_copy(source: Path, registry: Path, port: int) -> Iterator[None]:
    """Serve with a copy of the package, so that its page can be replaced."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}
    environment = {**clean, "PYTHONPATH": str(source), "LIGHTSHIP_REGISTRY": str(registry)}
    command = [sys.executable, "-m", "lightship", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
                client.get(f"http://127.0.0.1:{port}/health/live")
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


# Installs the new worker of the page, and resolves when it is active.
_UPDATE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  const worker = registration.installing ?? registration.waiting;
  if (worker === null || worker === undefined) return;
  await new Promise((resolve) => {
    worker.addEventListener("statechange", () => worker.state === "activated" && resolve());
  });
}"""


def test_new_build_replaces_stored_page(context: BrowserContext, device_registry: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    port = _free_port()
    address = f"http://127.0.0.1:{port}/"
    with served_copy(tmp_path / "src", device_registry, port):
        page = Page(context.new_page(), address)
        keep(page, "quickstart")
        _rebuild(tmp_path / "src" / "lightship" / "protocols" / "web" / "static")
        page.tab.evaluate(_UPDATE)
    page.open()
    page.wait_for("You are offline")
    assert page.tab.title() == "Newer"


def _rebuild(static: Path) -> None:
    """Change the page's title, and with it the digest in the service worker."""
    for name, before, after in (
        ("index.html", "<title>Lightship</title>", "<title>Newer</title>"),
        ("service-worker.js", '"digest":"', '"digest":"0'),
    ):
        packed = static / f"{name}.gz"
        content = (gzip.decompress(packed.read_bytes()) if packed.exists() else (static / name).read_bytes()).decode()
        assert before in content
        packed.unlink(missing_ok=True)
        (static / name).write_text(content.replace(before, after))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class _Prefixed(http.server.BaseHTTPRequestHandler):
    """Forwards requests below a prefix to a server, as a proxy does that removes it."""

    target = ""

    def do_GET(self) -> None:
        if not self.path.startswith(_PREFIX):
            return self.send_error(404)
        asked = {"accept": self.headers["accept"], "accept-encoding": "identity"}
        answer = httpx.get(self.target + self.path.removeprefix(_PREFIX), headers=asked)
        self.send_response(answer.status_code)
        for name in ("content-type", "content-security-policy", "cache-control"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        pass


_PREFIX = "/ml/models/"


def test_page_below_prefix_works_without_network(context: BrowserContext, devices: str) -> None:
    handler = type("Handler", (_Prefixed,), {"target": devices})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        page = Page(context.new_page(), f"http://127.0.0.1:{proxy.server_port}{_PREFIX}")
        keep(page, "quickstart")
        scope = page.tab.evaluate("navigator.serviceWorker.getRegistration().then(found => found.scope)")
        proxy.shutdown()
    assert scope == page.address
    predict_offline(page, "quickstart")
