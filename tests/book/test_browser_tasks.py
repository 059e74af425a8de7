"""The page's models for tasks, and its English one, against the package.

Needs Node; skips without. The mini-world model itself is in `test_browser_model.py`.
"""

import html
import json
import re

import browser_tasks
import pytest
import torch
from browser_model import FOLDER, entry, script
from node_engine import compressed, in_node, model_of, needs_node, stored

from bert_tutorial.model.fill import fill_masks
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
)
from bert_tutorial.tasks.questions.answers import answer_questions, best_span
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World
from bert_tutorial.world.squad import squad_items
from book_files import ROOT

pytestmark = needs_node
ABOUT = "The mini-world model, fine-tuned for {}, in half precision"
KINDS = {
    "sentiment": BertForSequenceClassification,
    "questions": BertForQuestionAnswering,
}
REVIEWS = [
    ("The film was not boring.", ""),
    ("", ""),
    ("zzz € a lovely, dull 😀 garden!", ""),
    ("It was a gloomy story.", "We found the hotel charming."),
]
PASSAGES = [
    ("Where was Paul last summer?", "Paul sent a card from Accra. Paul bought a hat."),
    ("What colour is the hat of Eva?", "The hat of Eva is red."),
    ("", "zzz €"),
]


def task_model(name):
    """Read a task's model and its tokenizer from what the page loads."""
    values = stored(name, ABOUT.format(name))
    return model_of(values, KINDS[name]), BertTokenizer(values["vocabulary"])


def told():
    text = (FOLDER / "tasks.js").read_text("utf-8")
    return json.loads(text.removeprefix("globalThis.bertTasks = ").rstrip(";\n"))


LOGITS = """([name, rows], Bert, weights) => {
  const model = Bert.unpack(weights[name]);
  return rows.map(([text, pair]) => {
    const encoded = model.tokenizer.encode(text, pair);
    const {hidden} = Bert.run(model, encoded.ids, encoded);
    const of = (logits) => [encoded.ids, logits.map((row) => [...row])];
    if (name === "sentiment") return of([Bert.classLogits(model, hidden)]);
    const {start, end} = Bert.spanLogits(model, hidden);
    return of([start, end]);
  });
}"""


def package_logits(model, encoded):
    ids, types = torch.tensor([encoded.ids]), torch.tensor([encoded.type_ids])
    with torch.no_grad():
        output = model(ids, token_type_ids=types)
    if isinstance(model, BertForSequenceClassification):
        return output.logits
    return torch.cat([output.start_logits, output.end_logits])


@pytest.mark.parametrize("name", KINDS)
def test_with_full_weights_ids_and_logits_are_those_of_the_package(name):
    rows = REVIEWS if name == "sentiment" else PASSAGES
    model, tokenizer = task_model(name)
    model = model.double()
    text = script(name, entry(model, tokenizer, "double"), "In a test.")
    got = in_node(LOGITS, [name, rows], text)
    for (first, second), (ids, logits) in zip(rows, got, strict=True):
        encoded = tokenizer.encode(first, second or None)
        assert ids == encoded.ids
        wanted = package_logits(model, encoded)
        found = torch.tensor(logits, dtype=torch.float64)
        assert found.shape == wanted.shape
        assert (found - wanted).abs().max() < 1e-10


def test_the_best_span_is_that_of_the_package():
    generator = torch.Generator().manual_seed(0)
    jobs, wanted = [], []
    for length in range(1, 40):
        start, end = torch.randn(2, length, generator=generator, dtype=torch.float64)
        may = torch.rand(length, generator=generator) < 0.7
        best = best_span(start, end, may, may, 5)
        jobs.append([start.tolist(), end.tolist(), may.tolist()])
        wanted.append(best and [best.start, best.end])
    jobs.append([[1.0, 2.0], [2.0, 1.0], [False, False]])
    wanted.append(None)
    got = in_node(
        "(jobs, Bert) => jobs.map(([start, end, may]) => {"
        "const best = Bert.bestSpan({start, end}, may, 5);"
        "return best && [best.first, best.last];})",
        jobs,
    )
    assert got == wanted and None in wanted


ANSWERS = """([name, rows], Bert, weights) => {
  const model = Bert.unpack(weights[name]);
  return rows.map(([text, pair]) => {
    const {ids, types, tokens} = model.tokenizer.encode(text, pair);
    const {hidden} = Bert.run(model, ids, {types});
    if (name === "sentiment") {
      const [bad, good] = Bert.classLogits(model, hidden);
      return Number(good > bad);
    }
    const may = types.map((type, i) => type === 1 && tokens[i] !== "[SEP]");
    const best = Bert.bestSpan(Bert.spanLogits(model, hidden), may, 5);
    return tokens.slice(best.first, best.last + 1).join(" ").replaceAll(" ##", "");
  });
}"""


def test_the_page_judges_each_review_as_the_package_and_is_as_right_as_told():
    model, _ = task_model("sentiment")
    reviews = World(1).sentiment(told()["held_out"], 0, "test")
    text = (FOLDER / "sentiment.js").read_text("utf-8")
    got = in_node(ANSWERS, ["sentiment", [(one.text, "") for one in reviews]], text)
    right = sum(a == one.label for a, one in zip(got, reviews, strict=True))
    shares = told()["sentiment"]["right"], browser_tasks.right_reviews(model)
    assert right / len(reviews) == pytest.approx(shares[1], abs=0.005)
    assert shares[0] == pytest.approx(shares[1], abs=0.01)
    assert shares[0] > 0.9


@pytest.mark.parametrize("people", [1, 2])
def test_the_page_answers_as_the_package_and_is_as_right_as_told(people):
    model, tokenizer = task_model("questions")
    asked = World(1).questions(told()["held_out"], 0, "test", people=people)
    text = (FOLDER / "questions.js").read_text("utf-8")
    rows = [(one.question, one.context) for one in asked]
    got = in_node(ANSWERS, ["questions", rows], text)
    items = squad_items(asked)
    answers = answer_questions(
        model, tokenizer, items, max_length=64, max_answer_length=5
    )
    same = [a == answers[one.id].lower() for a, one in zip(got, items, strict=True)]
    assert sum(same) >= len(same) - 1
    share = browser_tasks.right_answers(model, people)
    assert told()["questions"][f"right_{people}"] == pytest.approx(share, abs=0.01)
    assert share > (0.9 if people == 1 else 0.4)


@pytest.mark.weekly
def test_training_anew_gives_models_as_good_and_of_the_same_shape():
    """To the digit it is the same on one processor only."""
    made = browser_tasks.task_files()
    assert set(made) == {"sentiment.js", "questions.js", "tasks.js"}
    for name in KINDS:
        values = json.loads(made[f"{name}.js"].split(" = ", 1)[1].rstrip(";\n"))
        kept = stored(name, ABOUT.format(name))
        for key in set(kept) - {"data"}:
            assert values[key] == kept[key], key
        assert len(values["data"]) == len(kept["data"])
    anew = json.loads(made["tasks.js"].removeprefix("globalThis.bertTasks = ")[:-2])
    before = told()
    for task in KINDS:
        for key in before[task]:
            assert anew[task][key] == pytest.approx(before[task][key], abs=0.06), key


# ---- English ------------------------------------------------------------------------

TEXTS = [
    "She opened the [MASK] and went inside.",
    "They do [MASK] want to go.",
    "Paris is the capital of [MASK].",
    "The president of the United [MASK] said on Monday that he would resign.",
    "He was born in [MASK] and died in 1990.",
    "Ünübersehbar, 東京 [MASK] naïve café - 😀!",
]
WORDS = """([name, rows], Bert, weights) => {
  const model = Bert.unpack(weights[name]), mask = model.tokenizer.ids.get("[MASK]");
  return rows.map((text) => {
    const {ids, types} = model.tokenizer.encode(text);
    const {hidden} = Bert.run(model, ids, {types}), at = ids.indexOf(mask);
    return [ids, [...Bert.wordLogits(model, hidden, at)]];
  });
}"""


@pytest.fixture(scope="module")
def english():
    return browser_tasks.english()


@pytest.fixture(scope="module")
def english_file(tmp_path_factory):
    return browser_tasks.write_english(tmp_path_factory.mktemp("english"))


def test_the_english_file_is_written_by_the_build_and_only_if_it_differs(english_file):
    assert "english_weights" in (ROOT / "_config.yml").read_text("utf-8")
    assert FOLDER == ROOT / "book" / "_static" / "bert"
    before = english_file.read_bytes()
    english_file.chmod(0o444)  # a second writing would fail or leave a newer file
    time = english_file.stat().st_mtime_ns
    browser_tasks.write_english(english_file.parent)
    assert english_file.stat().st_mtime_ns == time
    english_file.chmod(0o644)
    english_file.write_text("an older one")
    assert browser_tasks.write_english(english_file.parent).read_bytes() == before


def logits_of(model, encoded, mask_id):
    with torch.no_grad():
        output = model(torch.tensor([encoded.ids]))
    return output.prediction_logits[0, encoded.ids.index(mask_id)]


def test_with_full_weights_english_ids_and_logits_are_those_of_the_package(english):
    model, tokenizer = english
    text = script("full", entry(model, tokenizer, "double"), "In a test.")
    got = in_node(WORDS, ["full", TEXTS], text)
    model = browser_tasks.english()[0].double()
    for sentence, (ids, logits) in zip(TEXTS, got, strict=True):
        encoded = tokenizer.encode(sentence)
        assert ids == encoded.ids, sentence
        wanted = logits_of(model, encoded, tokenizer.mask_id)
        found = torch.tensor(logits, dtype=torch.float64)
        assert (found - wanted).abs().max() < 1e-10


def test_with_one_byte_a_number_english_gives_the_same_first_words(
    english, english_file
):
    model, tokenizer = english
    got = in_node(WORDS, ["english", TEXTS], english_file.read_text("utf-8"))
    for sentence, (_, logits) in zip(TEXTS, got, strict=True):
        first = tokenizer.id_to_token[int(torch.tensor(logits).argmax())]
        assert first == fill_masks(model, tokenizer, sentence, top=1)[0][0].token


def test_the_examples_of_the_playground_are_answered_as_a_reader_expects():
    page = html.unescape((ROOT / "book" / "playground.md").read_text("utf-8"))
    chips = {
        panel: json.loads(found)
        for panel, found in re.findall(
            r'data-panel="(\w+)"[^>]*?data-chips=\'([^\']+)\'', page
        )
    }
    text = (FOLDER / "sentiment.js").read_text("utf-8")
    rows = [(one, "") for one in chips["sentiment"]]
    assert in_node(ANSWERS, ["sentiment", rows], text) == [1, 0, 0]
    (passage,) = re.findall(r'data-panel="questions"\s*data-text="([^"]+)"', page)
    rows = [(one, passage) for one in chips["questions"]]
    text = (FOLDER / "questions.js").read_text("utf-8")
    assert in_node(ANSWERS, ["questions", rows], text) == ["accra", "pink"]


def test_the_files_are_small(english_file):
    for name in KINDS:
        assert compressed(FOLDER / f"{name}.js") < 320_000
    assert english_file.stat().st_size < 2_150_000
    assert compressed(english_file) < 1_600_000


@pytest.mark.slow
def test_the_tool_writes_what_the_page_reads(tmp_path, monkeypatch):
    arguments = ["browser_tasks.py", "tasks", "--steps", "2", "--output", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    browser_tasks.main()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"sentiment.js", "questions.js", "tasks.js"}
