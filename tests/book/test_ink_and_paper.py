"""Formulas with all their ink, and pages on paper.

Needs Chromium and the built site; skips without.
"""

import browsing
import pytest
from browsing import CHROMIUM, SITE, settle

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)

CHAPTERS = sorted(
    path.relative_to(SITE).as_posix() for path in (SITE / "notebooks").glob("*.html")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHAPTERS, reason="the site is not built: `make site`"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

# fixtures
address, browser, reader = browsing.address, browsing.browser, browsing.reader


@pytest.fixture
def page(reader):
    one = reader.new_page()
    yield one
    one.close()


FORMULAS = ".bd-article div.math mjx-container"
WHOLE = "div.math, mjx-container, section, article { overflow: visible !important; }"


@pytest.mark.parametrize("width", [390, 1100, 1440])
@pytest.mark.parametrize("name", [n for n in CHAPTERS if "06_" in n] or ["none"])
def test_no_formula_loses_ink_at_its_edge(name, width, page, address):
    """Compare what is drawn with what is drawn where nothing is cut off."""
    page.set_viewport_size({"width": width, "height": 800})
    settle(page, f"{address}/{name}")
    formulas = page.locator(FORMULAS)
    assert formulas.count() > 2
    seen = []
    for one in formulas.all():
        one.scroll_into_view_if_needed()
        fits = one.evaluate("(one) => one.scrollWidth <= one.clientWidth")
        box = one.bounding_box()
        clip = {
            **{"x": max(box["x"] - 6, 0), "y": max(box["y"] - 12, 0)},
            **{"width": box["width"] + 12, "height": box["height"] + 24},
        }
        if not fits:  # it scrolls, so that what is beyond the edge is not cut
            continue
        drawn = page.screenshot(clip=clip)
        style = page.add_style_tag(content=WHOLE)
        assert page.screenshot(clip=clip) == drawn, one.inner_text()
        style.evaluate("(one) => one.remove()")
        seen.append(one)
    assert seen


def on_paper():
    """For every change one chapter of each half; every week all."""
    for name in CHAPTERS:
        is_weekly = not any(one in name for one in ("06_", "14_"))
        yield pytest.param(name, marks=pytest.mark.weekly if is_weekly else ())


@pytest.mark.parametrize("name", list(on_paper()) or ["none"])
def test_on_paper_hints_solutions_and_answers_stand_at_the_end(name, page, address):
    settle(page, f"{address}/{name}")
    folded = page.locator(".bd-article details:is(.hint, .solution, .answer)").count()
    parts = page.locator(".for-paper > div")
    assert parts.count() == folded > 0
    assert not page.locator(".for-paper").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".for-paper").is_visible()
    assert all(text.strip() for text in parts.all_inner_texts())
    for one in page.locator(".bd-article details.solution").all():
        assert not one.is_visible()
    for one in page.locator("details.hide.below-input .cell_output").all():
        assert one.is_visible()
    assert not page.locator(".chapter-tools").is_visible()
