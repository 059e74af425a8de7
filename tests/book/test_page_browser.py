"""The model in the page, in a browser: from a file and from a server, by keyboard, on a
phone, without scripts, and only where it is needed.

Needs Chromium and the built site; skips without. `test_browser_model.py` compares the
numbers themselves with the package.
"""

import re

import browsing
import pytest
from browser_model import CHIPS
from browsing import CHROMIUM, SITE

from book_files import ROOT

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)

FIRST, PLAYGROUND = "book/intro.html", "book/playground.html"
PANELS = [
    *("pieces", "fill", "attention", "ablation", "steps", "masking", "learning"),
    *("sentiment", "questions", "english"),
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SITE / PLAYGROUND).exists(), reason="the site is not built: `make site`"
    ),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


# fixtures
address, browser, reader = browsing.address, browsing.browser, browsing.reader


@pytest.fixture
def page(reader):
    one = browsing.watched(reader)
    yield one
    one.close()


def place(name, address):
    return f"{address}/{name}" if address else (SITE / name).as_uri()


def panel(page, kind):
    """Bring a panel into view and wait until it is one."""
    one = page.locator(f'.bert-panel[data-panel="{kind}"]')
    one.scroll_into_view_if_needed()
    page.wait_for_selector(f'.bert-panel[data-panel="{kind}"][data-ready]')
    return one


def first_answer(one):
    word = one.locator(".bert-bars li").first
    return word.locator(".bert-word").inner_text(), word.locator(
        ".bert-share"
    ).inner_text()


# ---- the first page -----------------------------------------------------------------


@pytest.mark.parametrize("from_server", [False, True], ids=["file", "server"])
def test_each_example_gets_the_answer_of_the_table_without_scripts(
    from_server, page, address
):
    page.goto(place(FIRST, address if from_server else ""))
    text = (ROOT / "book" / "_static" / "bert" / "still.html").read_text("utf-8")
    rows = re.findall(r"<tr><td>(.*?)</td><td>(\w+) (.*?)</td>", text)
    table = {sentence: (word, share) for sentence, word, share in rows}
    one = panel(page, "live")
    for name, sentence in CHIPS.items():
        one.get_by_role("button", name=name, exact=True).first.click()
        word, share = table[sentence]
        assert first_answer(one) == (word, share), name
        assert word in one.locator("[role=status]").inner_text()
    assert page.said == []
    if from_server:
        assert {url.split("/")[2] for url in page.asked} == {address.split("/")[2]}


def test_a_head_that_is_switched_off_changes_the_answer(page):
    page.goto(place(FIRST, ""))
    one = panel(page, "live")
    assert first_answer(one)[0] == "paris"
    one.get_by_role("checkbox", name="layer 1, head 2: on").uncheck()
    assert first_answer(one)[0] != "paris"
    one.get_by_role("checkbox", name="layer 1, head 2: on").check()
    assert first_answer(one)[0] == "paris"


def test_there_is_an_arc_for_each_token_and_each_ends_at_its_middle(page):
    page.goto(place(FIRST, ""))
    one = panel(page, "live")
    gaps = one.evaluate(
        """(panel) => {
        const paths = [...panel.querySelectorAll(".bert-arcs path")];
        const left = panel.querySelector(".bert-arcs").getBoundingClientRect().left;
        return [...panel.querySelectorAll(".bert-tokens span")].map((token, i) => {
          const box = token.getBoundingClientRect();
          const end = Number(paths[i].getAttribute("d").split(" ").at(-2));
          return Math.abs(left + end - (box.left + box.width / 2));
        });
    }"""
    )
    assert len(gaps) == 9 and max(gaps) < 1.5


def test_the_words_are_hidden_and_shown_with_the_keyboard_alone(page):
    page.goto(place(FIRST, ""))
    one = panel(page, "live")
    one.locator("input[type=text]").fill("The duck quacks.")
    word = one.get_by_role("button", name="quacks")
    word.focus()
    page.keyboard.press("Enter")
    assert one.locator("input[type=text]").input_value() == "The duck [MASK]."
    assert first_answer(one)[0] == "quacks"
    assert page.evaluate("document.activeElement.textContent") == "[MASK]"
    page.keyboard.press("Enter")
    assert one.locator("input[type=text]").input_value() == "The duck quacks."
    assert one.locator(".bert-bars").count() == 0


@pytest.mark.parametrize("text", ["", " ", "[MASK]" * 80, "é€😀 [MASK] ￿", "a" * 240])
def test_any_sentence_leaves_the_panels_whole(text, page):
    page.goto(place(PLAYGROUND, ""))
    for kind in PANELS:
        one = panel(page, kind)
        if kind == "english":
            load_english(page, one)
        for field in one.locator("input[type=text]").all():
            field.fill(text)
    page.wait_for_timeout(600)
    assert page.said == []
    assert "NaN" not in page.locator("article").inner_text()
    assert "undefined" not in page.locator("article").inner_text()


def test_without_scripts_the_picture_and_the_answers_are_there(browser):
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(place(FIRST, ""))
    assert plain.locator("svg.bert-still").is_visible()
    assert "paris" in plain.locator("svg.bert-still").get_attribute("aria-label")
    assert plain.locator(".bert-table tbody tr").count() == len(CHIPS)
    assert plain.get_by_text("A still picture").is_visible()
    ink = plain.locator("svg.bert-still path").first.evaluate(
        "(path) => getComputedStyle(path).stroke"
    )
    assert ink == "rgb(0, 94, 148)"
    context.close()


# ---- bytes --------------------------------------------------------------------------


def test_only_pages_with_a_panel_load_the_model_and_only_when_it_is_near(page, address):
    page.goto(f"{address}/book/setup.html")
    page.wait_for_timeout(300)
    assert not [url for url in page.asked if "/bert/" in url]
    page.asked.clear()
    page.goto(f"{address}/{PLAYGROUND}")
    panel(page, "pieces")
    asked = [url for url in page.asked if "/bert/" in url]
    assert sum("mini_world.js" in url for url in asked) == 1
    own = ("/step_", "training.js", "sentiment.js", "questions.js", "english.js")
    assert not [url for url in asked if any(name in url for name in own)]


def test_a_step_of_the_training_loads_when_the_slider_stands_on_it(page, address):
    page.goto(f"{address}/{PLAYGROUND}")
    one = panel(page, "learning")
    slider = one.locator("input[type=range]")
    steps = [url for url in page.asked if "/step_" in url]
    assert [url.rpartition("/")[2] for url in steps] == ["step_0000.js"]
    slider.focus()
    page.keyboard.press("End")
    one.get_by_text("After 3000 steps: paris").wait_for()
    assert first_answer(one)[0] == "paris"
    assert slider.get_attribute("aria-valuetext") == "step 3000"
    steps = [url for url in page.asked if "/step_" in url]
    assert [url.rpartition("/")[2] for url in steps] == ["step_0000.js", "step_3000.js"]


def load_english(page, one):
    """Click, and wait for a model of 8,000 pieces."""
    one.get_by_role("button", name="Load the English model").click()
    one.locator("input[type=text]").wait_for(timeout=30_000)


@pytest.mark.parametrize("from_server", [False, True], ids=["file", "server"])
def test_english_loads_on_a_click_and_has_a_vocabulary_of_its_own(
    from_server, page, address
):
    page.goto(place(PLAYGROUND, address if from_server else ""))
    one = panel(page, "english")
    assert not [url for url in page.asked if "english.js" in url]
    load_english(page, one)
    assert sum("english.js" in url for url in page.asked) == 1
    assert first_answer(one)[0] == "states"
    one.get_by_role("button", name="The city lies").click()
    one.get_by_text("First answers: england").wait_for()
    assert page.said == []


def test_an_english_model_that_does_not_come_is_told_and_can_be_asked_for_again(page):
    page.route("**/english.js", lambda route: route.abort())
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "english")
    one.get_by_role("button", name="Load the English model").click()
    one.get_by_text("could not be loaded").wait_for()
    page.unroute("**/english.js")
    load_english(page, one)


def test_a_review_is_judged_and_the_words_that_decide_are_dark(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "sentiment")
    assert first_answer(one)[0] == "positive"
    one.locator("input[type=text]").fill("The film was [MASK].")
    one.get_by_text("negative, ").wait_for()
    one.locator("input[type=text]").fill("The film was lovely.")
    one.get_by_text("positive, ").wait_for()
    shares = one.locator(".bert-words .bert-ground").evaluate_all(
        "(words) => words.map((word) => [word.firstChild.textContent, "
        "parseInt(word.style.getPropertyValue('--share'))])"
    )
    assert [word for word, _ in shares] == ["The", "film", "was", "lovely", "."]
    assert max(shares, key=lambda pair: pair[1])[0] == "lovely"


def test_a_question_marks_its_answer_in_the_passage(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "questions")
    assert one.locator("mark").all_inner_texts() == ["accra"]
    one.get_by_role("button", name="What colour is the hat of Paul?").click()
    assert one.locator("mark").all_inner_texts() == ["pink"]
    assert "Answer: pink" in one.locator("[role=status]").inner_text()
    one.get_by_label("Passage").fill("")
    one.get_by_text("Write a passage").wait_for()


def test_a_weights_file_that_does_not_come_is_told_and_the_picture_stays(page, address):
    page.route("**/mini_world.js", lambda route: route.abort())
    page.goto(f"{address}/{FIRST}")
    one = page.locator('.bert-panel[data-panel="live"]')
    one.get_by_text("The model could not be started here.").wait_for()
    assert one.locator("svg.bert-still").is_visible()


# ---- the playground -----------------------------------------------------------------


def test_the_weights_of_each_row_sum_to_a_hundred(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "attention")
    for number in range(8):
        one.locator("select").select_option(str(number))
        rows = one.locator("tbody tr").all()
        for row in rows:
            values = [int(cell) for cell in row.locator("td").all_inner_texts()]
            assert len(values) == len(rows)
            assert abs(sum(values) - 100) <= len(values) / 2


def test_the_steps_of_a_head_lead_from_score_to_weight(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "steps")
    rows = [
        row.locator("td").all_inner_texts() for row in one.locator("tbody tr").all()
    ]
    scores = [float(row[0]) for row in rows]
    assert [float(row[1]) for row in rows] == pytest.approx(
        [score / 4 for score in scores], abs=0.01
    )
    powers = [2.718281828 ** (score / 4) for score in scores]
    wanted = [power / sum(powers) for power in powers]
    assert [float(row[3]) for row in rows] == pytest.approx(wanted, abs=0.003)


def test_what_is_masked_is_drawn_in_the_right_shares(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "masking")
    one.locator("select").select_option("0.8")
    kinds = one.evaluate(
        """(panel) => {
        const counts = {}, button = panel.querySelector("button");
        for (let i = 0; i < 120; i += 1) {
          button.click();
          for (const row of panel.querySelectorAll(".bert-chosen")) {
            const kind = row.children[2].textContent;
            counts[kind] = (counts[kind] ?? 0) + 1;
          }
        }
        return counts;
    }"""
    )
    total = sum(kinds.values())
    assert total > 700
    assert kinds["[MASK], 80%"] / total == pytest.approx(0.8, abs=0.05)
    assert kinds["random, 10%"] / total == pytest.approx(0.1, abs=0.04)
    assert kinds["kept, 10%"] / total == pytest.approx(0.1, abs=0.04)


def test_what_is_switched_off_is_compared_with_all_on(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "ablation")
    one.get_by_role("button", name="All on").click()
    assert "still the first answer" in one.locator("[role=status]").inner_text()
    one.get_by_role("checkbox", name="layer 1").uncheck()
    assert "the first answer is now" in one.locator("[role=status]").inner_text()
    one.get_by_role("button", name="All on").click()
    one.get_by_role("checkbox", name="positions").uncheck()
    told = one.locator("[role=status]").inner_text()
    before, after = re.search(r"paris: (\d+)% with all on, (\d+)% as", told).groups()
    assert int(after) < int(before)


def test_a_piece_is_marked_where_the_vocabulary_has_none(page):
    page.goto(place(PLAYGROUND, ""))
    one = panel(page, "pieces")
    one.locator("input[type=text]").fill("capitals €")
    one.locator(".bert-unknown").wait_for()
    page.wait_for_timeout(300)
    pieces = one.locator(".bert-piece").all_inner_texts()
    assert [piece.split(" ")[0] for piece in pieces] == ["capital", "##s", "[UNK]"]


def chapters_with_panels():
    for path in sorted((SITE / "notebooks").glob("*.html")):
        found = re.search(r'bert-panel" data-panel="(\w+)"', path.read_text("utf-8"))
        if found:
            yield pytest.param(path.name, found[1], id=path.stem)


@pytest.mark.parametrize(("name", "kind"), list(chapters_with_panels()))
def test_the_panel_of_a_chapter_works_and_loads_only_when_it_is_near(
    name, kind, page, address
):
    page.goto(f"{address}/notebooks/{name}")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(300)
    assert not [url for url in page.asked if "mini_world.js" in url or "/step_" in url]
    one = panel(page, kind)
    assert one.locator("input[type=text]").first.is_visible()
    assert page.said == []


# ---- fingers ------------------------------------------------------------------------

SMALL = """() => [...document.querySelectorAll(
    ".bert-panel :is(button, .bert-tick, input[type=text], input[type=range]), " +
    ".bert-panel select, .front-buttons a")]
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 44 || box.width < 44))
  .map(([one]) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("name", [FIRST, PLAYGROUND])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_what_is_touched_is_44_pixels_and_nothing_is_wider_than_the_page(
    name, width, page
):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(place(name, ""))
    for kind in ["live"] if name == FIRST else PANELS:
        panel(page, kind)
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe-playwright-python is not installed",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [FIRST, PLAYGROUND])
def test_with_all_panels_at_work_the_page_is_accessible(name, theme, page, address):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{address}/{name}")
    for kind in ["live"] if name == FIRST else PANELS:
        panel(page, kind)
    page.wait_for_timeout(300)
    options = {"resultTypes": ["violations"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    told = [(v["id"], node["html"][:120]) for v in found for node in v["nodes"]]
    assert told == []


def test_the_tags_for_other_sites_are_on_every_page():
    for path in sorted((SITE / "book").glob("*.html")):
        text = path.read_text("utf-8")
        content = re.findall(
            r'<meta (?:name|property)="([\w:]+)" content="([^"]*)"', text
        )
        told = dict(content)
        assert len(told["description"]) > 20, path.name
        assert told["og:url"].endswith(f"/book/{path.name}")
        assert told["og:image"].endswith("/_static/card.png")
    assert (SITE / "_static" / "card.png").exists()
