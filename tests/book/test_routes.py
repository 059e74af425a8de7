"""Routes and plans hold each chapter that their chapters call essential.

The routes are those of the first page, the plans those of the page for teachers.
"""

import re

import nbformat
import pytest
from front_page import ROUTES
from generated_pages import TEACHER_PAGE

from book_files import chapter_of_notebook, notebooks

NEED = re.compile(r"\*\*You need\*\*(.*?)(?=\n- \*\*|\n\n|$)", re.S)


def essential(line: str) -> set[int]:
    """Read the chapters that a line calls essential.

    Numbers belong to the next word in brackets: "chapters 5 to 7 (essential), 2
    (helpful)" needs 5, 6 and 7.
    """
    found: set[int] = set()
    for numbers, word in re.findall(r"([^()]*)\(([^()]*)\)", line):
        if word == "essential":
            named = re.split(r"[.;]", numbers)[-1]
            for first, last in re.findall(r"(\d+)(?: to (\d+))?", named):
                found |= set(range(int(first), int(last or first) + 1))
    return found


def needs() -> dict[int, set[int]]:
    """Give the essential chapters of each chapter."""
    found = {}
    for path in notebooks():
        first = "\n\n".join(
            cell.source for cell in nbformat.read(path, as_version=4).cells[:3]
        )
        line = NEED.search(first)
        assert line, path.name
        found[chapter_of_notebook(path)] = essential(line[1])
    return found


NEEDS = needs()


def test_the_line_is_read():
    assert essential(" chapters 5 to 7 (essential), 2 (helpful).") == {5, 6, 7}
    assert essential(" chapter 3 (essential) and 2 (helpful).") == {3}
    assert essential(" chapters 3 and 14 (essential), chapter 12 (useful).") == {3, 14}
    assert essential(" Python.") == set()


def test_a_chapter_needs_only_earlier_ones():
    assert sum(map(bool, NEEDS.values())) > len(NEEDS) / 2
    for chapter, before in NEEDS.items():
        assert all(one < chapter for one in before), chapter


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_is_closed_and_in_order(route):
    taken = list(route.chapters or NEEDS)
    assert taken == sorted(set(taken))
    missing = {one: NEEDS[one] - set(taken) for one in taken}
    assert {one: gap for one, gap in missing.items() if gap} == {}


def plans():
    """Read the plans for teachers: heading -> the chapters of each week."""
    text = TEACHER_PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^### (\w+ weeks)\b.*$", text, flags=re.M)
    found = {}
    for title, part in zip(parts[1::2], parts[2::2], strict=True):
        rows = re.findall(r"^\| (\d+) \| ([\d, ]+) \| \d+ \|", part, re.M)
        assert [int(week) for week, _ in rows] == list(range(1, len(rows) + 1))
        found[title] = [[int(one) for one in week.split(",")] for _, week in rows]
    return found


@pytest.mark.parametrize(("title", "weeks"), [("Seven", 7), ("Fourteen", 14)])
def test_a_plan_is_closed_and_in_order(title, weeks):
    plan = plans()[f"{title} weeks"]
    assert len(plan) == weeks
    taken = [one for week in plan for one in week]
    assert taken == sorted(set(taken))
    for number, one in enumerate(taken):
        assert NEEDS[one] <= set(taken[:number]), one


def test_the_longer_plan_has_every_chapter():
    taken = [one for week in plans()["Fourteen weeks"] for one in week]
    assert taken == sorted(NEEDS), "the plans in book/teacher.md"
