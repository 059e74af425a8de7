"""The list of risks is whole, and each named test exists."""

import ast
import re

import pytest
from release import Outcome, read_risks, row

from book_files import ROOT, notebooks


def functions(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_risk_is_there_once_with_tests_or_a_reason():
    risks = read_risks()
    expected = [f"R{i}" for i in range(1, 41)] + [f"C{i}" for i in range(1, 15)]
    assert [risk["id"] for risk in risks] == expected
    for risk in risks:
        assert risk["risk"] and risk["figure"]
        assert bool(risk.get("tests")) != bool(risk.get("reason")), risk["id"]


def test_every_named_test_exists():
    for risk in read_risks():
        for name in risk.get("tests", []):
            file, _, function = name.partition("::")
            assert function in functions(file), f"{risk['id']}: {name}"


def test_the_page_has_a_row_for_each_risk_and_no_failure():
    page = (ROOT / "book" / "reliability.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in page.splitlines()[7:]}
    for risk in read_risks():
        line = rows[risk["id"]]
        assert risk["risk"] in line and risk["figure"] in line
        count = re.search(r"\| (\d+) of (\d+)", line)
        assert not risk.get("tests") or (count and count[1] == count[2] != "0"), line


@pytest.mark.weekly  # the table is written when a release is made
def test_what_is_tested_of_each_notebook_was_tested_of_all():
    page = (ROOT / "book" / "reliability.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in page.splitlines()[7:]}
    checked = 0
    for risk in read_risks():
        names = risk.get("tests", [])
        if len(names) == 1 and names[0].startswith("tests/book/test_notebooks_clean"):
            count = re.search(r"\| (\d+) of (\d+)", rows[risk["id"]])
            assert int(count[1]) == len(notebooks()), risk["id"]
            checked += 1
    assert checked >= 3


def test_a_missing_or_failed_test_shows_in_the_row():
    risk = {"id": "R0", "risk": "r", "figure": "f", "tests": ["a", "b"]}
    assert "1 of 2, 3 skipped | 1.5" in row(
        risk, {"a": Outcome(1, 0, 3, 1.5), "b": Outcome(0, 1)}
    )
    assert "0 of 2" in row(risk, {})
