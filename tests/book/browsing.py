"""The built site in Chromium: what the tests of its pages share."""

import functools
import http.server
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from book_files import ROOT

SITE = Path(os.environ.get("BERT_TUTORIAL_SITE", ROOT / "_build" / "html"))
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    """Serve the site; give where."""
    handler = functools.partial(Quiet, directory=SITE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Start Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        one = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        one.close()


@pytest.fixture(scope="module")
def reader(browser):
    """One reader's browser, which fetches once what all pages share; no motion."""
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


def watched(context):
    """Open a page that lists the addresses it asks for and the errors it raises."""
    one = context.new_page()
    one.asked, one.said = [], []
    one.on("request", lambda request: one.asked.append(request.url))
    one.on("pageerror", lambda error: one.said.append(str(error)))
    return one


@contextmanager
def watched_page(browser):
    """Open such a page for a reader who was never here before."""
    context = browser.new_context()
    yield watched(context)
    context.close()


def settle(page, url):
    """Open a page and wait until its formulas are set."""
    page.goto(url)
    page.evaluate("async () => { await window.MathJax?.startup?.promise }")
