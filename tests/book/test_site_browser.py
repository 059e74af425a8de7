"""The site in a browser: accessibility, requests, formulas, the quiz, the ticks.

Needs Chromium on this machine and the package axe-playwright-python; skips without.
"""

import json
from pathlib import Path

import browsing
import pytest
from browsing import CHROMIUM, SITE, settle

from book_files import ROOT

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe-playwright-python is not installed",
)
playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.slow
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts and path.name not in ("index.html", "404.html")
)
WIDTHS = (320, 390, 768, 1000, 1100, 1200, 1440)
FEW_WIDTHS = (320, 1000, 1440)
SIZES = {"wide": (1280, 900), "phone": (390, 844)}
LOOKS = [("wide", "light"), ("wide", "dark"), ("phone", "dark")]
OPTIONS = {"resultTypes": ["violations"]}
WEEKLY = pytest.mark.weekly

if not PAGES:
    pytestmark = [pytestmark, pytest.mark.skip("the site is not built: `make site`")]
elif CHROMIUM is None:
    pytestmark = [pytestmark, pytest.mark.skip("there is no Chromium on this machine")]


# fixtures
address, browser, reader = browsing.address, browsing.browser, browsing.reader


def listening(page):
    """Note also what a page writes as an error, and what it asks for in vain."""
    page.on(
        "console",
        lambda line: page.said.append(line.text) if line.type == "error" else None,
    )
    page.on(
        "response",
        lambda got: page.said.append(got.url) if got.status >= 400 else None,
    )
    return page


@pytest.fixture
def page(browser):
    with browsing.watched_page(browser) as one:
        yield listening(one)


@pytest.fixture
def visited(reader):
    one = listening(browsing.watched(reader))
    yield one
    one.close()


MODELS = ("intro", "playground", "api_tasks_questions", "06_self_attention")
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What sticks out, for the message.
WHAT = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 3).map((one) => one.outerHTML.slice(0, 100))"""
# What each page has from the common style sheet: the contrast of its colours, which
# takes half the time of an audit, and the letters of code, most of what it looks at.
NO_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}
NO_LETTERS = """document.querySelectorAll(".highlight pre").forEach(
  (one) => { one.textContent = one.textContent; })"""
SIGNATURES = {"exclude": [["dl.py"], [".genindextable"]]}


def fits_windows(page, widths):
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVER) <= 0, (width, page.evaluate(WHAT))


def audits():
    """Pair each page with the looks in which it is audited, and whether in part.

    For every change: one page of each kind whole, in all looks and widths; any other
    that is written by hand in one look, by turns, in a few widths, without what its
    style sheet gives it. Every week: all, whole, in all looks.
    """
    for i, name in enumerate(PAGES):
        stem = Path(name).stem
        if stem in MODELS:
            yield pytest.param(name, LOOKS, False, id=name)
        elif not stem.startswith("api_"):  # all made in one way: see MODELS
            yield pytest.param(name, [LOOKS[i % 3]], True, id=name)
    for name in PAGES:
        yield pytest.param(name, LOOKS, False, id=f"{name}, all", marks=WEEKLY)


@pytest.mark.parametrize(
    ("name", "looks", "in_part"), list(audits()) or [("none", LOOKS, False)]
)
def test_a_page_fits_all_windows_is_accessible_and_asks_nobody_else(
    name, looks, in_part, visited, address
):
    for size, theme in looks:
        window = dict(zip(("width", "height"), SIZES[size], strict=True))
        visited.set_viewport_size(window)
        visited.emulate_media(color_scheme=theme)
        settle(visited, f"{address}/{name}")
        assert visited.evaluate("document.documentElement.dataset.theme") == theme
        # Before the audit, which itself asks for style sheets where they are not.
        assert visited.said == []
        over = visited.evaluate(OVER)
        assert over <= 0, f"{size}: {over} pixels wider than the window"
        context, options = None, OPTIONS
        if in_part:
            visited.evaluate(NO_LETTERS)
            context, options = SIGNATURES, OPTIONS | NO_COLOURS
        audit = axe.Axe().run(visited, context=context, options=options)
        found = audit.response["violations"]
        told = [(v["id"], node["html"][:120]) for v in found for node in v["nodes"]]
        assert told == [], (size, theme)
        visited.said.clear()
    # Last: after a change of width the theme takes a while to say what scrolls.
    fits_windows(visited, FEW_WIDTHS if in_part else WIDTHS)
    assert visited.locator("mjx-merror").count() == 0
    assert {url.split("/")[2] for url in visited.asked} == {address.split("/")[2]}


def made():
    """The pages about the package: a few for every change, all in all widths weekly."""
    names = [name for name in PAGES if Path(name).stem.startswith("api_")]
    for i, name in enumerate(names):
        if i % 5 == 0:
            yield pytest.param(name, FEW_WIDTHS, id=name)
        yield pytest.param(name, WIDTHS, id=f"{name}, all", marks=WEEKLY)


@pytest.mark.parametrize(("name", "widths"), list(made()) or [("none", WIDTHS)])
def test_a_page_about_the_package_fits_all_windows(name, widths, visited, address):
    settle(visited, f"{address}/{name}")
    fits_windows(visited, widths)


def test_there_is_a_page_of_each_kind_that_is_audited_whole():
    assert {Path(name).stem for name in PAGES} >= {*MODELS}


def test_the_pages_that_sphinx_makes_are_among_them():
    assert {"genindex.html", "py-modindex.html", "search.html"} <= set(PAGES)


def quizzes():
    """The pages with a quiz, and how many questions each has."""
    for name in PAGES:
        count = (SITE / name).read_text("utf-8").count("<summary>Answer ")
        if count:
            yield name, count


def data_of(name):
    number = name.rpartition("/")[2][:2]
    path = ROOT / "notebooks" / "quiz" / f"{number}.json"
    return json.loads(path.read_text("utf-8"))["questions"] if path.exists() else []


def answered_whole():
    """For every change the quizzes of three chapters, one of them without data."""
    for name, count in quizzes():
        is_weekly = Path(name).name[:2] not in ("00", "06", "14")
        yield pytest.param(name, count, marks=WEEKLY if is_weekly else (), id=name)


@pytest.mark.parametrize(("name", "count"), list(answered_whole()) or [("none", 0)])
def test_each_question_is_a_form_that_takes_the_answer_and_explains_the_others(
    name, count, page
):
    settle(page, (SITE / name).as_uri())  # also from a file
    forms, questions = page.evaluate(FORMS), data_of(name)
    assert len(forms) == count > 0
    for legend, options, is_shown in forms:
        assert legend.strip() and options >= 2 and not is_shown
    if not questions:  # the quizzes of chapters 0 and 1 stand in their pages only
        assert Path(name).name[:2] in ("00", "01")
        return
    for one, tries in zip(questions, page.evaluate(CHOOSE_ALL), strict=True):
        assert len(tries) == len(one["options"])
        for index, (told, is_shown) in enumerate(tries):
            right = index == one["answer"]
            assert told.startswith("✓ Right." if right else "✗ Not this one."), told
            assert f"\n{'ABCDEF'[index]}" in told  # the explanation of that option
            assert is_shown == right
    said = page.locator(".quiz-result").inner_text()
    assert said.startswith(f"{len(questions)} of {len(questions)} answered right")
    first = sum(one["answer"] == 0 for one in questions)
    assert f"{first} of them at the first try" in said


FORMS = """() => [...document.querySelectorAll("form.quiz-question")].map((form) => [
  form.querySelector("legend").innerText,
  form.querySelectorAll("input[type=radio]").length,
  form.querySelector("details").checkVisibility()])"""
# Chooses each option of each question in turn and sends it; gives what is told, and
# whether the answer is shown. In the page itself: hundreds of clicks take long.
CHOOSE_ALL = """() => [...document.querySelectorAll("form.quiz-question")].map((form) =>
  [...form.querySelectorAll("input[type=radio]")].map((option) => {
    option.click();
    form.querySelector("button[type=submit]").click();
    return [form.querySelector("[role=status]").innerText,
            form.querySelector("details").checkVisibility()];
  }))"""


def test_the_quiz_works_with_the_keyboard_alone(page):
    name = next(n for n, _ in quizzes() if data_of(n))
    settle(page, (SITE / name).as_uri())
    form = page.locator("form.quiz-question").first
    form.locator("input").first.focus()
    page.keyboard.press("ArrowDown")
    assert form.locator("input").nth(1).is_checked()
    assert form.locator("[role=status]").inner_text() == ""  # choosing tells nothing
    page.keyboard.press("Enter")
    assert form.locator("[role=status]").inner_text()[0] in "✓✗"


def wrong_and_right(name):
    """A wrong option and the right one of a page's first question."""
    answer = data_of(name)[0]["answer"]
    return (answer + 1) % len(data_of(name)[0]["options"]), answer


def answered(page, name, *options):
    """Answer the first question of a page, several times; give its form."""
    form = page.locator("form.quiz-question").first
    for option in options:
        form.locator("input").nth(option).check()
        form.locator("button[type=submit]").click()
    return form


def test_what_was_answered_survives_a_reload_and_can_be_started_over(page, address):
    name = next(n for n, _ in quizzes() if data_of(n))
    wrong, right = wrong_and_right(name)
    settle(page, f"{address}/{name}")
    answered(page, name, wrong, right)
    said = page.locator(".quiz-result").inner_text()
    assert said.startswith("1 of ") and "0 of them at the first try" in said
    settle(page, f"{address}/{name}")
    form = page.locator("form.quiz-question").first
    assert form.locator("input").nth(right).is_checked()
    assert form.locator("[role=status]").inner_text().startswith("✓ Right.")
    assert form.locator("details").is_visible()
    assert page.locator(".quiz-result").inner_text() == said
    others = page.locator("form.quiz-question").nth(1)
    assert others.locator("input:checked").count() == 0
    page.get_by_role("button", name="Start over").press("Enter")
    assert page.locator("form.quiz-question input:checked").count() == 0
    assert page.evaluate("document.activeElement.type") == "radio"
    settle(page, f"{address}/{name}")
    assert page.locator("form.quiz-question input:checked").count() == 0
    assert not page.get_by_role("button", name="Start over").is_visible()


def test_after_two_tries_the_answer_is_offered_also_to_the_keyboard(page, address):
    name = next(n for n, _ in quizzes() if data_of(n))
    wrong, right = wrong_and_right(name)
    settle(page, f"{address}/{name}")
    form = answered(page, name, wrong)
    offer = form.get_by_role("button", name="Show me")
    assert not offer.is_visible()
    answered(page, name, wrong)
    assert offer.is_visible()
    form.locator("button[type=submit]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert form.locator("[role=status]").inner_text().startswith("The answer is ")
    assert form.locator("input").nth(right).is_checked()
    assert form.locator("details").is_visible() and not offer.is_visible()
    assert form.evaluate("form => form.contains(document.activeElement)")
    said = page.locator(".quiz-result").inner_text()
    assert said.startswith("0 of ") and said.endswith("; 1 shown.")
    settle(page, f"{address}/{name}")
    assert form.locator("[role=status]").inner_text().startswith("The answer is ")
    page.evaluate(NO_LETTERS)
    found = axe.Axe().run(page, options=OPTIONS | NO_COLOURS).response["violations"]
    assert [v["id"] for v in found] == []
    answered(page, name, right)  # too late to count
    assert page.locator(".quiz-result").inner_text() == said


def test_a_browser_that_keeps_nothing_has_a_quiz_all_the_same(page, address):
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw Error('no') }})"
    )
    name = next(n for n, _ in quizzes() if data_of(n))
    _, right = wrong_and_right(name)
    page.goto(f"{address}/{name}")
    page.wait_for_function("document.querySelector('form.quiz-question')")
    form = answered(page, name, right)
    assert form.locator("[role=status]").inner_text().startswith("✓ Right.")


def test_without_script_the_quiz_opens_as_text(browser):
    name = next(n for n, _ in quizzes())
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto((SITE / name).as_uri())
    answer = plain.locator("section#quiz > details.answer").first
    answer.locator("summary").click()
    assert answer.locator("p").first.is_visible()
    context.close()


def test_a_tick_is_kept_and_shown_in_the_contents(page, address):
    name = next(n for n in PAGES if n.startswith("notebooks/06"))
    settle(page, f"{address}/{name}")
    page.locator(".page-done input").check()
    settle(page, f"{address}/book/setup.html")
    assert page.locator(".bd-links a[data-done]").count() == 1
    assert page.locator(".page-done").count() == 0
    settle(page, f"{address}/{name}")
    page.locator(".page-done input").uncheck()
    assert page.locator(".bd-links a[data-done]").count() == 0


def test_a_chapter_shows_only_the_route_that_was_taken(page, address):
    name = next(n for n in PAGES if n.startswith("notebooks/06"))
    settle(page, f"{address}/{name}")
    lines = page.locator(".route-places li:visible")
    count = lines.count()
    assert count > 1
    settle(page, f"{address}/book/intro.html")
    page.locator(".route-is-one-weekend a[href*='06_']").click()
    page.locator(".chapter-tools").wait_for()
    assert lines.count() == 1
    said = page.locator(".chapter-tools nav").inner_text()
    assert "You are here on your route" in said and "One weekend: " in said
    page.locator(".page-done input").check()
    settle(page, f"{address}/book/intro.html")
    assert (
        page.locator(".route-is-one-weekend .route-done")
        .inner_text()
        .startswith("You have done 1 of ")
    )


def test_a_browser_that_keeps_nothing_shows_no_tick(page, address):
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw Error('no') }})"
    )
    page.goto(f"{address}/{next(n for n in PAGES if n.startswith('notebooks/06'))}")
    page.wait_for_function("document.querySelector('form.quiz-question')")
    assert page.locator(".page-done").count() == 0


def test_a_figure_turns_with_the_keyboard_and_without_script(browser):
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto((SITE / next(n for n in PAGES if n.startswith("notebooks/06"))).as_uri())
    figure = plain.locator(".bt-figure:has(fieldset)").first  # not a drawing
    shown = figure.locator("table:visible")
    assert shown.count() == 1
    before = shown.inner_text()
    figure.locator("fieldset").first.locator("input:checked").focus()
    plain.keyboard.press("ArrowRight")
    assert shown.count() == 1
    assert shown.inner_text() != before
    context.close()


def test_where_the_keyboard_stands_is_seen(page):
    settle(
        page, (SITE / next(n for n in PAGES if n.startswith("notebooks/06"))).as_uri()
    )
    shown = """() => {
        const here = document.activeElement;
        const isSeen = [here, ...here.children].some((one) => {
            const style = getComputedStyle(one);
            return style.outlineStyle !== "none" || style.boxShadow !== "none";
        });
        return isSeen || here.outerHTML.slice(0, 120);
    }"""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(shown) is True


# The smallest letters of a plot, in pixels; of a power, those of its base.
LETTERS = """(figure) => {
  const svg = figure.querySelector("svg");
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return Math.min(...[...svg.querySelectorAll("text")].map((text) => {
    const inside = [...text.querySelectorAll("tspan")];
    const sizes = (inside.length ? inside : [text]).map((one) =>
      parseFloat(getComputedStyle(one).fontSize));
    return scale * Math.max(...sizes);
  }));
}"""


def test_a_plot_on_a_phone_can_be_read_and_scrolls_with_the_keyboard(page):
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    for number in ("02", "06"):
        name = next(n for n in PAGES if n.startswith(f"notebooks/{number}"))
        settle(page, (SITE / name).as_uri())
        plots = page.locator(".plot-figure").all()
        assert plots, name
        for plot in plots:
            assert plot.evaluate(LETTERS) >= 9.95, name
            assert plot.bounding_box()["width"] < SIZES["phone"][0]
            is_wide = plot.evaluate("(one) => one.scrollWidth > one.clientWidth")
            assert (plot.get_attribute("tabindex") == "0") == is_wide
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("!document.querySelector('.plot-figure[tabindex]')")


def test_a_plot_has_the_ink_of_the_page_and_no_ground(page):
    name = next(n for n in PAGES if n.startswith("notebooks/06"))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        settle(page, (SITE / name).as_uri())
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        inks = page.evaluate(
            """() => [...document.querySelectorAll(".plot-figure")].map((plot) => [
            getComputedStyle(plot).color, getComputedStyle(plot).backgroundColor,
            ...[...plot.querySelectorAll('[style*="fill: currentColor"]')].map((one) =>
              getComputedStyle(one).fill)])"""
        )
        assert inks
        for ink, ground, *letters in inks:
            assert ground == "rgba(0, 0, 0, 0)"
            assert letters and set(letters) == {ink}


def test_what_is_typed_in_the_search_is_not_covered(page):
    settle(page, (SITE / "search.html").as_uri())
    glass = page.locator("main .bd-search .fa-magnifying-glass").bounding_box()
    begin = page.evaluate(
        """() => { const input = document.querySelector("main .bd-search input");
        return input.getBoundingClientRect().left
            + parseFloat(getComputedStyle(input).paddingLeft); }"""
    )
    assert glass["x"] + glass["width"] <= begin


def test_paper_is_white_also_for_who_reads_in_the_dark(page):
    page.emulate_media(color_scheme="dark")
    settle(
        page, (SITE / next(n for n in PAGES if n.startswith("notebooks/12"))).as_uri()
    )
    theme = "document.documentElement.dataset.theme === "
    page.wait_for_function(f"{theme}'dark'")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_function(f"{theme}'light'")
    page.emulate_media(media="screen", color_scheme="dark")
    page.wait_for_function(f"{theme}'dark'")
    page.pdf()
    page.wait_for_function(f"{theme}'dark'")
