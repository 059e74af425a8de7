"""Question files: every form is read, every fault is named with its question."""

import json

import pytest
from conftest import real_data

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.questions.files import SquadItem, read_squad
from bert_tutorial.world.squad import squad_items
from bert_tutorial.world.tasks import questions
from book_files import ROOT

CONTEXT = "Riga is the capital of Latvia. Its river is the Daugava."


def row(**changes):
    """Make a good flat question; None removes a key."""
    values = {
        "id": "q1",
        "question": "What is the capital of Latvia?",
        "context": CONTEXT,
        "answers": {"text": ["Riga"], "answer_start": [0]},
        **changes,
    }
    return {key: value for key, value in values.items() if value is not None}


def nested(*rows):
    """Put questions into the published form."""
    keys = ("id", "question", "answers", "is_impossible")
    qas = [{key: r[key] for key in keys if key in r} for r in rows]
    return {
        "version": "1",
        "data": [{"paragraphs": [{"context": CONTEXT, "qas": qas}]}],
    }


def write(folder, text):
    file = folder / "questions.json"
    file.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "questions", "impossible", "answers", "contexts"),
    [
        ("xquad.en.json", 1190, 0, 1190, 240),
        ("squad-small.json", 51, 0, 65, 11),
        ("squad-v2-list-sample.json", 14, 6, 27, 4),
    ],
)
def test_real_files_are_read_whole(name, questions, impossible, answers, contexts):
    items = read_squad(real_data(f"squad/{name}"))
    assert len(items) == questions and not items.skipped
    assert sum(item.is_impossible for item in items) == impossible
    assert sum(len(item.answers) for item in items) == answers
    assert len({item.context for item in items}) == contexts
    for item in items:
        for text, start in item.answers:
            assert item.context[start : start + len(text)] == text
        assert item.is_impossible == (not item.answers)


def test_cmrc_has_five_misplaced_answers_and_two_empty_questions():
    file = real_data("squad/cmrc2018_trial.json")
    with pytest.raises(ValueError, match=r"question 113: id 'TRIAL_210_QUERY_0': .*13"):
        read_squad(file)
    items = read_squad(file, strict=False)
    assert items.report(0).endswith("995 rows read, 7 skipped")
    misplaced = [one.reason for one in items.skipped if "answer_start" in one.reason]
    empty = [one.reason for one in items.skipped if "not empty, got ''" in one.reason]
    assert (len(misplaced), len(empty)) == (5, 2)


def test_the_misplaced_answers_of_cmrc_are_counted_in_utf16_units():
    file = real_data("squad/cmrc2018_trial.json")
    data = json.loads(file.read_text("utf-8"))["data"]
    paragraph = next(p for a in data for p in a["paragraphs"] if p["id"] == "TRIAL_210")
    units = paragraph["context"].encode("utf-16-le")
    for one in paragraph["qas"]:
        answer = one["answers"][0]
        begin = 2 * answer["answer_start"]
        text = answer["text"].encode("utf-16-le")
        assert units[begin : begin + len(text)] == text


def test_all_forms_give_the_same_items(tmp_path):
    rows = [row(), row(id="q2", answers={"text": [], "answer_start": []})]
    listed = [{"text": "Riga", "answer_start": 0}]
    expected = [
        SquadItem("q1", rows[0]["question"], CONTEXT, [("Riga", 0)], False),
        SquadItem("q2", rows[0]["question"], CONTEXT, [], True),
    ]
    forms = [
        nested(row(answers=listed), row(id="q2", answers=[], is_impossible=True)),
        {"data": rows},
        rows,
        "\n".join(map(json.dumps, rows)) + "\n\n",
        "\ufeff" + json.dumps(rows),
    ]
    for form in forms:
        assert read_squad(write(tmp_path, form)) == expected
    assert read_squad(write(tmp_path, json.dumps(rows[0]))) == expected[:1]


def test_a_line_separator_inside_a_text_does_not_break_json_lines(tmp_path):
    rows = [row(context=CONTEXT + "\u2028"), row(id="q2")]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
    assert len(read_squad(write(tmp_path, text))) == 2


BAD = {
    "no question": (row(question=None), "'question' is missing"),
    "no answers": (row(answers=None), "'answers' is missing"),
    "no id": (row(id=None), "row 2: the key 'id' is missing"),
    "odd id": (row(id=[1]), "id must be text"),
    "no context": (row(context=None), "context must be text that is not empty"),
    "empty question": (row(question=" "), "question must be text that is not empty"),
    "empty context": (row(context=""), "context must be text"),
    "a number as context": (row(context=7), "context must be text.*got 7"),
    "start as text": (
        row(answers={"text": ["Riga"], "answer_start": ["0"]}),
        "answer_start must be a whole number, got '0'",
    ),
    "start as float": (
        row(answers={"text": ["Riga"], "answer_start": [0.0]}),
        "answer_start must be a whole number, got 0.0",
    ),
    "start as truth": (
        row(answers={"text": ["Riga"], "answer_start": [False]}),
        "answer_start must be a whole number, got False",
    ),
    "elsewhere": (
        row(answers={"text": ["Daugava"], "answer_start": [3]}),
        "'Daugava' must stand at answer_start 3.*it stands at 48",
    ),
    "nowhere": (row(answers={"text": ["Oslo"], "answer_start": [0]}), "stands nowhere"),
    "negative": (row(answers={"text": ["."], "answer_start": [-1]}), "answer_start -1"),
    "beyond": (row(answers={"text": ["Riga"], "answer_start": [999]}), "start 999"),
    "empty answer": (row(answers={"text": [""], "answer_start": [0]}), "answer's text"),
    "unequal lists": (
        row(answers={"text": ["Riga"], "answer_start": [0, 1]}),
        "as many starts as texts, got 2 and 1",
    ),
    "no lists": (row(answers={"text": "Riga", "answer_start": 0}), "two lists"),
    "answers a text": (row(answers="Riga"), "answers must be a list, got 'Riga'"),
    "an answer a text": (row(answers=["Riga"]), "must have 'text' and 'answer_start'"),
    "answered, impossible": (row(is_impossible=True), "is_impossible is true, but"),
    "unanswered, possible": (
        row(answers=[], is_impossible=False),
        "is_impossible is false, but the question has 0 answers",
    ),
    "impossible a number": (
        row(is_impossible=1),
        "is_impossible must be true or false",
    ),
    "not an object": ("text", "a row must be an object of keys, got 'text'"),
    "twice": (row(id="good"), "id 'good': the id must be unique"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_question_is_refused_or_skipped_and_counted(tmp_path, fault):
    bad, message = BAD[fault]
    file = write(tmp_path, [row(id="good"), bad, row(id="last")])
    with pytest.raises(ValueError, match=message) as caught:
        read_squad(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: question 2: ") and "\n" not in text
    assert len(text) < 300 + len(str(file))
    items = read_squad(file, strict=False)
    assert [item.id for item in items] == ["good", "last"]
    assert len(items.skipped) == 1 and items.skipped[0].line == 2
    assert "question 2: " in items.report()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("[]", "at least one row"),
        ('{"data": []}', "at least one row"),
        ('{"data": "text"}', "must hold a list of articles or rows.*got str"),
        ("3", "must hold a list of articles or rows.*got int"),
        ("{not json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (json.dumps(row()) + "\n{broken}", "line 2 is not JSON"),
        ('{"data": [{"paragraphs": {}}]}', "article 1: 'paragraphs' must be a list"),
        (
            '{"data": [{"paragraphs": [{"context": "a"}]}]}',
            "article 1, paragraph 1: 'qas' must be a list, got None",
        ),
        ('{"data": [{"paragraphs": [5]}]}', "paragraph 1: 'qas' must be a list"),
    ],
)
def test_a_broken_file_is_refused_with_its_name(tmp_path, text, message):
    file = write(tmp_path, text)
    for strict in (True, False):
        with pytest.raises(ValueError, match=message) as caught:
            read_squad(file, strict=strict)
        assert str(caught.value).startswith(str(file)) or str(file) in str(caught.value)


def test_a_file_that_is_not_utf8_or_not_there(tmp_path):
    file = tmp_path / "latin.json"
    file.write_bytes('[{"id": "é"}]'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"must be UTF-8, got byte 0xe9 at byte 9"):
        read_squad(file)
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        read_squad(tmp_path / "none.json")


def test_questions_of_the_world_become_items():
    items = squad_items(questions(30, 0, "train"))
    assert [item.id for item in items] == [str(i) for i in range(30)]
    for item in items:
        ((text, start),) = item.answers
        assert item.context[start : start + len(text)] == text
        assert not item.is_impossible


def test_small_models_stay_below_words_that_stand_near_each_other():
    text = (ROOT / "bert_tutorial" / "runs" / "squad_small.json").read_text("utf-8")
    found = json.loads(text)
    runs = found["runs"]
    exact = {
        kind: [r["test"]["exact_match"] for r in runs if r["kind"] == kind]
        for kind in ("pretrained", "scratch")
    }
    assert all(len(values) == 3 for values in exact.values())
    assert (found["train"], found["test"]) == (989, 201)
    assert max(exact["pretrained"] + exact["scratch"]) < 1.5
    assert found["sliding_window"]["exact_match"] > 6.5
    assert found["sliding_window"]["f1"] > max(r["test"]["f1"] for r in runs) + 9
    assert min(r["train"]["exact_match"] for r in runs) > 13
    assert all(r["lost"] == 0 for r in runs)
    published = found["published"]
    assert published["logreg"]["test"]["exact_match"] > 30
    assert published["bert-ensemble"]["test"]["exact_match"] > 70


def test_a_list_of_paragraphs_is_read_like_their_article(tmp_path):
    """The form that simpletransformers asks for."""
    answer = {"text": "sat", "answer_start": 8}
    cat = {"text": "cat", "answer_start": 2}
    paragraphs = [
        {"context": "The dog sat.", "qas": [
            {"id": "1", "question": "what?", "answers": [answer]},
            {"id": "2", "question": "who else?", "answers": [], "is_impossible": True},
        ]},
        {"context": "A cat.", "qas": [
            {"id": "3", "question": "who?", "answers": [cat]}
        ]},
    ]  # fmt: skip
    whole = {"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]}
    (tmp_path / "list.json").write_text(json.dumps(paragraphs))
    (tmp_path / "squad.json").write_text(json.dumps(whole))
    lines = "\n".join(map(json.dumps, paragraphs))
    (tmp_path / "lines.jsonl").write_text(lines + "\n")
    right = list(read_squad(tmp_path / "squad.json"))
    assert [item.id for item in right] == ["1", "2", "3"]
    for name in ("list.json", "lines.jsonl"):
        assert list(read_squad(tmp_path / name)) == right
    del paragraphs[0]["qas"][0]["question"]
    (tmp_path / "list.json").write_text(json.dumps(paragraphs))
    with pytest.raises(UserError, match="question 1: id '1': the key 'question'"):
        read_squad(tmp_path / "list.json")
