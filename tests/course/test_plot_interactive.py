"""The figures to turn: text is text, the numbers are the numbers, no script."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bert_tutorial.course.plots.html import HtmlFigure, choice, panels, table
from bert_tutorial.course.plots.interactive import (
    attention_explorer,
    masking_draws,
    trials,
    wordpiece_steps,
)
from bert_tutorial.tokenization.wordpiece import match_pieces

EVIL = '<script>alert(1)</script>" onload="x" <GROUP> FIG'
LAYERS, HEADS, T = 2, 3, 4


class Read(HTMLParser):
    """Tags with their attributes, and the cells of each table."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables, self.open, self.stack = [], [], None, []
        self.feed(text)
        assert self.stack == [], "every tag is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "input":
            self.stack.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.open = True

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag
        if tag in ("td", "th"):
            self.open = None

    def handle_data(self, data):
        if self.open:
            self.tables[-1][-1][-1] += data


def weights():
    random = np.random.default_rng(0).random((LAYERS, HEADS, T, T))
    return random / random.sum(axis=-1, keepdims=True)


def explorer(tokens=("[CLS]", "the", "dog", "[SEP]"), **options):
    return attention_explorer(tokens, list(weights()), **options)


VOCABULARY = {"un", "##hap", "##happ", "##y"}
FIGURES = {
    "attention": lambda word: explorer(("[CLS]", word, word, "[SEP]")),
    "pieces": lambda word: wordpiece_steps(word[:100], {word[0]}),
    "masking": lambda word: masking_draws(
        [word, "a"], [([word, "[MASK]"], [True, True]), ([word, word], [False, True])]
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_text_from_outside_stays_text(name):
    html = FIGURES[name](EVIL)._repr_html_()
    read = Read(html)
    assert {tag for tag, _ in read.tags} <= {
        *("div", "style", "fieldset", "legend", "label", "input", "table", "caption"),
        *("thead", "tbody", "tr", "th", "td", "p", "span", "details", "summary"),
    }
    assert not any(key.startswith("on") for _, attrs in read.tags for key in attrs)
    assert "url(" not in html
    assert "http" not in html
    if name != "pieces":  # there each letter stands alone
        assert any(EVIL in cell for one in read.tables for row in one for cell in row)


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_content_gives_the_same_small_text_with_its_own_ids(name):
    html = FIGURES[name]("house")._repr_html_()
    assert html == FIGURES[name]("house")._repr_html_()
    other = FIGURES[name]("horse")._repr_html_()
    code = re.search(r'id="(bt-[0-9a-f]{8})"', html)[1]
    assert code not in other
    assert "<GROUP>" not in html
    assert "FIG" not in html
    assert len(html) < 60_000


@pytest.mark.parametrize("name", FIGURES)
def test_no_class_is_one_that_a_page_may_give_a_style_of_its_own(name):
    """The site's theme has rules for .h2 to .h6, which once pulled buttons apart."""
    html = FIGURES[name]("house")._repr_html_()
    given = " ".join(attrs.get("class") or "" for _, attrs in Read(html).tags).split()
    assert [one for one in given if not one.startswith("bt-")] == []
    chosen = re.findall(r"\.(bt-in-\w+):checked", html)
    assert chosen, "a choice without an effect"
    assert set(chosen) <= {one for one in given if one.startswith("bt-in-")}


@pytest.mark.parametrize("name", FIGURES)
def test_every_control_and_every_figure_has_a_name(name):
    read = Read(FIGURES[name]("house")._repr_html_())
    first = read.tags[0][1]
    assert first["role"] == "group"
    assert len(first["aria-label"]) > 10
    tags = [tag for tag, _ in read.tags]
    for place, (tag, attrs) in enumerate(read.tags):
        if tag == "input":
            assert attrs["type"] == "radio"
            assert tags[place - 1] == "label"
    assert tags.count("fieldset") == tags.count("legend") >= 1
    groups = {attrs["name"] for tag, attrs in read.tags if tag == "input"}
    checked = [a["name"] for t, a in read.tags if t == "input" and "checked" in a]
    assert sorted(checked) == sorted(groups), "one button of each group is on"


def test_the_tables_of_the_explorer_are_the_weights_in_percent():
    read = Read(explorer()._repr_html_())
    assert len(read.tables) == LAYERS * HEADS
    flat = weights().reshape(-1, T, T)
    for shown, matrix in zip(read.tables, flat, strict=True):
        assert shown[0][1:] == ["[CLS]", "the", "dog", "[SEP]"]
        numbers = np.array([[int(cell) for cell in row[1:]] for row in shown[1:]])
        assert np.abs(numbers - 100 * matrix).max() <= 0.5
    html = explorer()._repr_html_()
    for share in re.findall(r'<td style="--w:(\d+)">\1</td>', html):
        assert 0 <= int(share) <= 100
    assert html.count("<td") == len(re.findall(r'<td style="--w:(\d+)">\1</td>', html))


def test_the_explorer_opens_at_the_chosen_head_and_speaks_in_words():
    figure = explorer(chosen=(1, 2))
    assert re.search(r'class="bt-in-h5" checked> layer 1, head 2', figure._repr_html_())
    row = weights()[0, 0, 1]
    most = ("[CLS]", "the", "dog", "[SEP]")[int(row.argmax())]
    assert f"the takes {round(100 * row.max())} % from {most}" in repr(figure)


def test_the_explorer_takes_what_a_model_gives_and_refuses_what_does_not_fit():
    whole = attention_explorer(list("abcd"), list(weights()[:, None]))
    assert whole._repr_html_() == attention_explorer("abcd", weights())._repr_html_()
    with pytest.raises(ValueError, match="for 3 tokens"):
        attention_explorer(list("abc"), weights())
    with pytest.raises(ValueError, match="one text"):
        attention_explorer(list("abcd"), np.zeros((1, 2, HEADS, T, T)))


@pytest.mark.parametrize("word", ["unhappy", "un", "happy", "x", "unx", "unhapx"])
def test_the_looks_end_in_the_pieces_of_the_tokenizer(word):
    looks = trials(word, VOCABULARY)
    pieces = [look.piece for look in looks if look.found]
    expected = match_pieces(word, VOCABULARY)
    assert (pieces if looks[-1].found else ["[UNK]"]) == expected
    for look in looks:
        assert look.piece.removeprefix("##") == word[look.start : look.end]
        assert look.found == (look.piece in VOCABULARY)
    figure = wordpiece_steps(word, VOCABULARY)
    assert repr(figure).endswith(f"result: {' '.join(expected)}")
    read = Read(figure._repr_html_())
    assert [row[1] for row in read.tables[0][1:]] == [look.piece for look in looks]


def test_unhappy_takes_nine_looks():
    said = repr(wordpiece_steps("unhappy", VOCABULARY)).splitlines()
    assert len(said) == 10
    assert said[5] == "un is in the vocabulary: go on behind it."
    assert said[6] == "##happy is not in the vocabulary: one letter less."
    assert said[8] == "##y is in the vocabulary: the word is cut."
    last = repr(wordpiece_steps("x", VOCABULARY)).splitlines()[0]
    assert last == "x is not in the vocabulary: the word is [UNK]."


@pytest.mark.parametrize("word", ["", "a" * 101])
def test_a_word_without_looks_is_refused(word):
    with pytest.raises(ValueError, match="1 to 100 characters"):
        trials(word, VOCABULARY)


def test_a_draw_says_what_happened_to_each_chosen_token():
    tokens = ["the", "dog", "barks", "."]
    read = ["the", "[MASK]", "runs", "."]
    figure = masking_draws(tokens, [(read, [False, True, True, True])])
    rows = Read(figure._repr_html_()).tables[0][1:]
    assert rows == [
        ["the", "the", "", ""],
        ["dog", "[MASK]", "hidden", "dog"],
        ["barks", "runs", "replaced", "barks"],
        [".", ".", "left as it is", "."],
    ]
    assert repr(figure) == (
        "draw 1: 3 of 4 tokens chosen; dog: hidden; barks: replaced; .: left as it is"
    )
    with pytest.raises(ValueError, match="4 tokens"):
        masking_draws(tokens, [(read, [True])])


def test_a_panel_is_shown_by_its_button_and_all_where_styles_are_not_known():
    written, rules = panels("x", ["one", "two"])
    assert written.count('<div class="bt-x bt-x') == 2
    assert rules.startswith("@supports selector(:has(*)){FIG .bt-x{display:none}")
    assert "FIG:has(.bt-in-x1:checked) .bt-x1" in rules
    figure = HtmlFigure(
        "A name", choice("x", "Which", ["a", "b"], 1) + written, "", "w"
    )
    html = figure._repr_html_()
    assert 'class="bt-in-x1" checked> b' in html
    assert repr(figure) == "w"


def test_a_table_has_a_header_for_each_column():
    read = Read(table(("a", "b<"), [("1", "<2>")], "A title"))
    assert read.tables == [[["a", "b<"], ["1", "<2>"]]]
    scopes = [attrs.get("scope") for tag, attrs in read.tags if tag == "th"]
    assert scopes == ["col", "col"]
