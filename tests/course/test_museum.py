"""Every exhibit is caught by its own name, and no healthy twin is accused."""

import inspect

import pytest
import torch

from bert_tutorial.course.doctor import FAULTS
from bert_tutorial.course.museum import EXHIBITS, examine_case, train_briefly, visit
from book_files import ROOT

each = pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=list(EXHIBITS))
IN_MODEL = [one for one in EXHIBITS.values() if not one.in_data]
PAGE = ROOT / "book" / "bug_museum.md"


def names(case):
    return [fault.name for fault in examine_case(case)]


@each
@pytest.mark.parametrize("seed", range(2))
def test_an_exhibit_is_caught_by_its_own_name(exhibit, seed):
    assert exhibit.fault in names(exhibit.sick(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_healthy_twin_is_not_accused(seed):
    for exhibit in (IN_MODEL[0], next(e for e in EXHIBITS.values() if e.in_data)):
        assert names(exhibit.healthy(seed)) == []


@pytest.mark.weekly  # the museum's page trains each of them, too
@pytest.mark.parametrize("exhibit", IN_MODEL, ids=lambda one: one.name)
def test_the_loss_of_a_sick_model_falls_all_the_same(exhibit):
    first, last = train_briefly(exhibit.sick())
    assert last < 0.9 * first


def test_the_museum_is_large_and_its_exhibits_are_small():
    assert len(EXHIBITS) >= 14
    for exhibit in EXHIBITS.values():
        assert exhibit.fault in FAULTS
        assert len(inspect.getsource(exhibit.lines).splitlines()) <= 20, exhibit.name


def test_a_sick_case_leaves_the_healthy_one_as_it_was():
    exhibit = EXHIBITS["untied-head"]
    before = exhibit.healthy(3).model.state_dict()
    exhibit.sick(3)
    after = exhibit.healthy(3).model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_visit_prints_what_happens_outside_and_what_the_doctor_sees(capsys):
    visit("segments-ignored")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("training loss: falls")
    assert lines[1].startswith("the doctor: segments-unused: ")
    assert lines[2] == "its healthy twin: nothing found"
    with pytest.raises(KeyError):
        visit("no such exhibit")


def test_the_page_has_an_entry_for_every_exhibit():
    text = PAGE.read_text(encoding="utf-8")
    entries = text.split("\n### ")[1:]
    assert {name for name in EXHIBITS if f'visit("{name}")' in text} == set(EXHIBITS)
    assert len(entries) == len(EXHIBITS)
    for entry in entries:
        assert "**Seen from outside.**" in entry, entry.splitlines()[0]
        assert "**The invariant.**" in entry, entry.splitlines()[0]
        assert "literalinclude" in entry, entry.splitlines()[0]
