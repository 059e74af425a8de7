"""A file of one's own: learned from with the model's vocabulary, judged on its end."""

import ast
import json
import re
from types import SimpleNamespace

import pytest
from conftest import REAL_DATA

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.hub import published_encoder
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.tasks.own_file import learn_from_file
from bert_tutorial.tasks.questions.task import QUESTIONS
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.summaries.task import SUMMARIES
from bert_tutorial.tasks.tagging.task import TAGGING
from book_files import ROOT

FILES = {
    "sst2-glue/train.tsv": SENTIMENT,
    "sst2-glue/dev.tsv": SENTIMENT,
    "sst5/sst-train.txt": SENTIMENT,
    "chnsenticorp/dev.tsv": SENTIMENT,
    "chnsenticorp/train.tsv": SENTIMENT,
    "pairs/mrpc-sample-dev.tsv": SENTIMENT,
    "pairs/mrpc-sample-train.tsv": SENTIMENT,
    "pairs/mrpc-sample-dev.csv": SENTIMENT,
    "ner/wnut17train.conll": TAGGING,
    "ner/wnut17dev.conll": TAGGING,
    "ner/sec-fin5-train.txt": TAGGING,
    "samples/conll.json": TAGGING,
    "squad/xquad.en.json": QUESTIONS,
    "squad/squad-small.json": QUESTIONS,
    "squad/squad-v2-list-sample.json": QUESTIONS,
    "squad/cmrc2018_trial.json": QUESTIONS,
    "summarization/cnndm_presumm_sample.json": SUMMARIES,
    "samples/xsum.json": SUMMARIES,
}
CHINESE = {name for name in FILES if "chn" in name or "cmrc" in name}
needs_data = pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"no {REAL_DATA}")


def real(name):
    file = REAL_DATA / name
    if not file.is_file():
        pytest.skip(f"no {file}")
    return file


@needs_data
@pytest.mark.parametrize("name", sorted(set(FILES) - CHINESE))
def test_every_real_file_can_be_learned_from(name):
    found = learn_from_file(
        FILES[name], real(name), shipped_weights(), most=24, steps=1
    )
    assert 0 < found.train <= 24 and 0 < found.test <= 24
    assert FILES[name].metric in found.scores
    assert all(-1 <= value <= 1 for value in found.scores.values())
    assert ": 0 rows read" not in found.report


@needs_data
@pytest.mark.parametrize("name", sorted(CHINESE))
def test_a_file_whose_script_the_vocabulary_lacks_is_refused_in_one_line(name):
    with pytest.raises(UserError, match=r"are \[UNK\]") as caught:
        learn_from_file(FILES[name], real(name), shipped_weights(), most=24, steps=1)
    assert "\n" not in str(caught.value)


@needs_data
@pytest.mark.parametrize(
    "name", ["pairs/mrpc-sample-train.tsv", "squad/squad-small.json"]
)
def test_the_published_encoder_brings_its_own_vocabulary(name, monkeypatch):
    seen = []
    from bert_tutorial.tasks import run

    prepare = run.prepare

    def watched(*arguments):
        job = prepare(*arguments)
        seen.append(len(job.tokenizer))
        return job

    monkeypatch.setattr(run, "prepare", watched)
    learn_from_file(FILES[name], real(name), published_encoder(), most=4, steps=1)
    assert seen == [30_522]


def test_the_test_is_the_end_of_the_file_and_nothing_of_it_is_learned_from(
    tmp_path, monkeypatch
):
    from bert_tutorial.tasks import own_file

    taken = {}

    def watched(task, folder, train, output, *, test, **others):
        taken.update(train=list(train), test=list(test))
        return [{"test": {"accuracy": 1.0}}]

    monkeypatch.setattr(own_file, "fine_tune_model", watched)
    file = tmp_path / "rows.tsv"
    lines = [f"text {i}\t{i % 2}" for i in range(50)]
    file.write_text("\n".join(["sentence\tlabel", *lines]) + "\n", encoding="utf-8")
    found = learn_from_file(SENTIMENT, file, shipped_weights(), most=20)
    assert [row.text for row in taken["test"]] == [f"text {i}" for i in range(45, 50)]
    learned = {row.text for row in taken["train"]}
    assert len(learned) == found.train == 20
    assert not learned & {row.text for row in taken["test"]}


def test_a_file_of_one_row_is_refused(tmp_path):
    file = tmp_path / "rows.tsv"
    file.write_text("sentence\tlabel\nfine\t1\n", encoding="utf-8")
    with pytest.raises(UserError, match="at least 2 rows, got 1"):
        learn_from_file(SENTIMENT, file, shipped_weights())


CELLS = [  # chapter, cell, file that a reader would name
    (14, "own-data", "sst2-glue/dev.tsv"),
    (14, "own-data", "pairs/mrpc-sample-train.tsv"),
    (15, "own-file", "ner/wnut17dev.conll"),
    (15, "own-file", "ner/sec-fin5-train.txt"),
    (16, "own-file", "squad/squad-small.json"),
    (16, "own-file", "squad/xquad.en.json"),
    (17, "own-file", "summarization/cnndm_presumm_sample.json"),
    (17, "own-file", "samples/xsum.json"),
]


@needs_data
@pytest.mark.parametrize(("chapter", "cell", "name"), CELLS)
def test_the_cell_of_a_chapter_learns_from_the_file_that_its_reader_names(
    chapter, cell, name, capsys
):
    file = real(name)
    page = next((ROOT / "notebooks").glob(f"{chapter:02d}_*.ipynb"))
    cells = [
        one
        for one in json.loads(page.read_text("utf-8"))["cells"]
        if one["cell_type"] == "code"
    ]
    source = next("".join(one["source"]) for one in cells if one["id"] == cell)
    named = re.subn(r'^PATH = ""', f"PATH = {str(file)!r}", source, flags=re.M)
    assert named[1] == 1
    names = {"FOLDER": shipped_weights()}
    exec("\n".join(map(imports_in, cells)), names)
    seen = []

    def in_short(*arguments, **options):
        """Learn from the file as the cell asks, but for a moment."""
        seen.append(learn_from_file(*arguments, **(options | {"most": 16, "steps": 1})))
        return seen[-1]

    nothing = SimpleNamespace(tagging=lambda *_: [])  # what chapter 15 has instead
    names |= {"learn_from_file": in_short, "world": nothing, "phrases": list}
    exec(named[0], names)
    (found,) = seen
    assert 0 < found.train <= 16
    told = capsys.readouterr().out
    assert f"{found.train} " in told and f"{found.test} judged" in told


def imports_in(cell):
    """Give the imports of a cell, at its top level, as source."""
    source = re.sub(r"^\s*[%!].*$", "pass", "".join(cell["source"]), flags=re.M)
    return "\n".join(
        ast.unparse(node)
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
