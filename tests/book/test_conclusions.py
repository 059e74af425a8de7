"""Conclusions: each has a run, a null model and a control, and no page has others."""

import json
from functools import cache

import nbformat
import pytest
from conclusions import (
    CLAIMS_PAGE,
    claims_page,
    failures_of,
    looked_at,
    prose,
    read_claims,
    unlisted,
    values_of,
)

from book_files import PACKAGE, ROOT

CLAIMS = read_claims()
ROWS, OTHERS = CLAIMS["conclusions"], CLAIMS["not_conclusions"]
WITH_NUMBERS = [row for row in ROWS if "numbers" in row]
TOLD = ("null", "control", "budget", "spread", "refuted_by")


def name_of(row) -> str:
    """Name a row in the list of tests."""
    return f"{row['page'].split('/')[-1][:12]} {row['phrase'][:30]}"


@cache
def code_cells(page) -> list[str]:
    """List the names of a notebook's code cells."""
    cells = nbformat.read(ROOT / page, as_version=4).cells
    return [cell["id"] for cell in cells if cell.cell_type == "code"]


def test_the_page_is_up_to_date():
    assert CLAIMS_PAGE.read_text(encoding="utf-8") == claims_page(), "run `make sync`"


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_row_is_complete(row):
    empty = [key for key in TOLD if len(row[key].strip()) < 4]
    assert empty == []
    assert row["status"] in ("held", "softened", "open")
    assert row["budget"].startswith(("single", "curve", "none", "two budgets"))
    assert row["seeds"] >= 1


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_the_phrase_is_on_its_page(row):
    assert row["page"] in looked_at()
    assert row["phrase"] in " ".join(prose(row["page"]).split())


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_the_run_of_a_row_is_there(row):
    if "cell" in row["run"]:
        assert row["run"]["cell"] in code_cells(row["run"].get("page", row["page"]))
    else:
        path = PACKAGE / "runs" / row["run"]["file"]
        assert json.loads(path.read_text(encoding="utf-8"))["command"]


@pytest.mark.parametrize("row", WITH_NUMBERS, ids=name_of)
def test_the_numbers_of_a_row_are_those_of_its_run(row):
    for number in row["numbers"]:
        stored = [round(value, 3) for value in values_of(row, number)]
        assert stored, number["name"]
        assert number["values"] == stored, number["name"]
        if "list" in number:
            assert len(stored) >= row["seeds"], number["name"]


@pytest.mark.parametrize("row", WITH_NUMBERS, ids=name_of)
def test_what_a_row_says_of_its_numbers_holds_on_each_seed(row):
    values = {number["name"]: values_of(row, number) for number in row["numbers"]}
    assert failures_of(row, values) == []


@pytest.mark.parametrize("page", looked_at())
def test_no_conclusion_is_without_a_row(page):
    known = [row["phrase"] for row in ROWS if row["page"] == page]
    known += [phrase for phrase, _ in OTHERS.get(page, [])]
    assert unlisted(prose(page), known) == [], (
        "give the sentence a row in book/claims.json, soften it, or say there under "
        "`not_conclusions` why it draws none"
    )


@pytest.mark.parametrize("page", OTHERS)
def test_an_allowance_has_a_reason_and_is_still_needed(page):
    text = " ".join(prose(page).split())
    for phrase, reason in OTHERS[page]:
        assert reason in CLAIMS["reasons"], phrase
        assert phrase in text, f"{phrase!r} is no longer on {page}"
    kept = [phrase for phrase, _ in OTHERS[page]]
    assert len(set(kept)) == len(kept)


def test_a_conclusion_is_found_and_other_sentences_are_not():
    text = "Dropout helps here. It has four\nlayers. This decides it.\n\n- A costs 3."
    assert unlisted(text, ["A costs"]) == ["Dropout helps here.", "This decides it."]


def test_a_reversed_order_is_found():
    row = {"holds": [["a", ">", "b"], ["a", ">", 0.5]]}
    assert failures_of(row, {"a": [0.9, 0.8], "b": [0.7, 0.2]}) == []
    assert len(failures_of(row, {"a": [0.9, 0.4], "b": [0.7, 0.6]})) == 2
    assert len(failures_of(row, {"a": [0.9, 0.8], "b": [0.1, 0.1, 0.1]})) == 1
