"""Properties that hold for any text, any bytes, any damage: found by search.

The search is the same on every run, so that it cannot fail by chance. `make fuzz` looks
elsewhere each time and longer: BERT_TUTORIAL_FUZZ says how many times as many examples.
"""

import csv
import io
import json
import os
import re
from functools import partial

import pytest
import torch
from conftest import at_most, tiny_config

pytest.importorskip("hypothesis", reason="hypothesis makes the examples")

from fuzz_files import (
    CSV,
    MIXED,
    SEEDS,
    any_text,
    damaged,
    safetensors_files,
    vocabularies,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.pretraining.corpus import CorpusData
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.tasks.questions.files import read_squad
from bert_tutorial.tasks.sentiment.tables import read_table
from bert_tutorial.tasks.summaries.files import read_summaries
from bert_tutorial.tasks.tagging.files import read_conll, read_tagged_json
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import load_vocabulary, save_vocabulary

TIMES = int(os.environ.get("BERT_TUTORIAL_FUZZ", "0"))


def examples(number):
    """Look at so many examples; with `make fuzz` at more, and at others."""
    return settings(
        max_examples=number * max(1, TIMES),
        derandomize=not TIMES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=bool(TIMES),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


# ---- the tokenizer ------------------------------------------------------------------


def published(ours):
    """Build the tokenizer of the `tokenizers` library with the same vocabulary."""
    return BertWordPieceTokenizer(dict(ours.vocab), lowercase=ours.do_lower_case)


@examples(300)
@given(any_text(), any_text(), vocabularies(), st.booleans())
def test_any_text_gives_the_pieces_of_the_published_tokenizer(text, pair, pieces, low):
    ours = BertTokenizer(pieces, low)
    got = ours.encode(text, pair)
    clean = [re.sub("[\ud800-\udfff]", "\ufffd", one) for one in (text, pair)]
    theirs = published(ours).encode(*(clean if pair else clean[:1]))
    assert got.ids == theirs.ids
    assert got.tokens == theirs.tokens
    assert got.type_ids == theirs.type_ids
    assert got.offsets == theirs.offsets


@examples(300)
@given(any_text(), vocabularies(), st.booleans())
def test_the_pieces_of_any_text_lie_in_it_and_in_order(text, pieces, low):
    tokenizer = BertTokenizer(pieces, low)
    got = tokenizer.encode(text, add_special_tokens=False)
    assert set(got.tokens) <= set(pieces)
    assert [tokenizer.vocab[token] for token in got.tokens] == got.ids
    assert tokenizer.tokenize(text) == got.tokens
    assert tokenizer.encode_lines([text]) == [got.ids]
    for start, end in got.offsets:
        assert 0 <= start < end <= len(text)
    assert [start for start, _ in got.offsets] == sorted(s for s, _ in got.offsets)
    assert [end for _, end in got.offsets] == sorted(end for _, end in got.offsets)


@examples(300)
@given(any_text(), vocabularies(), st.booleans())
def test_ids_give_a_text_that_gives_the_ids(text, pieces, low):
    tokenizer = BertTokenizer(pieces, low)
    (ids,) = tokenizer.encode_lines([text])
    again = tokenizer.decode(ids)
    assert tokenizer.encode_lines([again]) == [ids]


# ---- the readers --------------------------------------------------------------------


def is_clear(message):
    """Tell whether a message can be printed anywhere: one line, not endless."""
    message.encode("utf-8")
    assert message.isprintable() and len(message) < 1_000, ascii(message[:2_000])
    return True


def read_both(read, path):
    """Read a file leniently and strictly; give the rows and what was skipped.

    Any error must be a plain UserError with the name of the file in one line, and both
    ways of reading must agree on what is bad and why.
    """
    try:
        rows = read(path, strict=False)
    except ValueError as error:
        assert type(error) is UserError, repr(error)
        assert is_clear(str(error)) and str(path) in str(error)
        with pytest.raises(ValueError, match=re.escape(str(path))) as refused:
            read(path, strict=True)
        assert is_clear(str(refused.value)) and type(refused.value) is UserError
        none = re.search(r": 0 rows read, ([\d,]+) skipped", str(error))
        return (0, int(none[1].replace(",", ""))) if none else None
    assert rows and is_clear(rows.report())
    for one in rows.skipped:
        assert is_clear(one.reason) and one.line >= 1
    if rows.skipped:
        with pytest.raises(ValueError) as refused:
            read(path, strict=True)
        line, reason = rows.skipped[0]
        told = str(refused.value)
        assert told.startswith(f"{path}: {rows.unit} {line}: {reason} (--lenient")
    else:
        assert read(path, strict=True) == rows
    return len(rows), len(rows.skipped)


def lines_of(data):
    text = data.decode("utf-8").lstrip("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def filled(data):
    return sum(bool(line.strip()) for line in lines_of(data))


def listed(data):
    """Count the rows of a file that is one list of JSON, or one row a line."""
    text = "\n".join(lines_of(data)).lstrip()
    if not text.startswith("["):
        return filled(data)
    try:
        return len(json.loads(text))
    except (ValueError, RecursionError):
        pass
    try:
        json.loads(text.split("\n")[0])
    except (ValueError, RecursionError):
        return 1
    return filled(data)


def after_the_first(data):
    return max(0, filled(data) - 1)


def sentences(data):
    is_row = [
        bool(x.strip()) and not x.startswith("-DOCSTART-") for x in lines_of(data)
    ]
    return sum(a and not b for a, b in zip(is_row, [*is_row[1:], False], strict=True))


def questions(data):
    """Count the questions of a file that is one value of JSON, or one a line."""
    try:
        whole = json.loads("\n".join(lines_of(data)))
    except (ValueError, RecursionError):
        entries = [json.loads(line) for line in lines_of(data) if line.strip()]
    else:
        entries = whole.get("data", whole) if isinstance(whole, dict) else whole
    count = 0
    for entry in entries if isinstance(entries, list) else [entries]:
        nested = isinstance(entry, dict) and "paragraphs" in entry
        count += sum(len(p["qas"]) for p in entry["paragraphs"]) if nested else 1
    return count


READERS = {
    "table.tsv": (read_table, after_the_first),
    "table.jsonl": (read_table, filled),
    "table.txt": (read_table, filled),
    "plain.txt": (partial(read_table, labelled=False), filled),
    "tags.conll": (read_conll, sentences),
    "tags.jsonl": (read_tagged_json, listed),
    "numbered.jsonl": (partial(read_tagged_json, names=["O", "B-a", "I-a"]), listed),
    "squad.json": (read_squad, questions),
    "flat.jsonl": (read_squad, questions),
    "summaries.jsonl": (read_summaries, listed),
    "summaries.json": (read_summaries, listed),
}


@pytest.mark.parametrize("name", READERS)
def test_any_file_of_a_task_gives_rows_or_a_clear_error(name, place):
    read, total = READERS[name]
    path = place / name
    outcomes = set()

    @examples(120)
    @given(damaged(SEEDS[name]))
    @example(SEEDS[name][0])
    @example(MIXED[name])
    @example(b"\xff")
    @example(b'{"paragraphs": []}\n' + SEEDS[name][0])
    def search(data):
        path.write_bytes(data)
        counts = read_both(read, path)
        outcomes.add(None if counts is None else (counts[0] > 0, counts[1] > 0))
        if counts is not None:
            assert sum(counts) == total(data)

    search()
    # good files, files with good and bad rows (every plain line is good), bad files
    mixed = (True, name != "plain.txt")
    assert {(True, False), mixed, None} <= outcomes


def deepest():
    """Find how deep lists may stand in lists for Python's reader of JSON."""
    low, high = 1, 200_000
    while high - low > 1:
        depth = (low + high) // 2
        try:
            json.loads("[" * depth + "]" * depth)
            low = depth
        except RecursionError:
            high = depth
    return low


DEEP = {
    "a.jsonl": (read_table, '{"text": "a", "label": 1}\n{"label": 1, "text": %s}'),
    "b.jsonl": (read_tagged_json, '{"tokens": ["a"], "ner": ["O"]}\n{"tokens": [%s]}'),
    "c.json": (read_squad, SEEDS["flat.jsonl"][0].decode() + '\n{"id": %s}'),
    "d.jsonl": (read_summaries, '{"article": "A.", "highlights": "B."}\n{"src": %s}'),
}


@pytest.mark.parametrize("name", DEEP)
def test_a_row_that_is_nested_at_the_limit_is_one_bad_row(name, place):
    """What can just be read cannot always be shown in a message."""
    read, text = DEEP[name]
    path = place / name
    limit = deepest()
    for depth in range(limit - 60, limit + 20):
        path.write_text(text % ("[" * depth + "]" * depth), encoding="utf-8")
        counts = read_both(read, path)
        assert counts is None or (counts[0] > 0 and counts[1] == 1)


@examples(120)
@given(damaged(CSV))
def test_any_table_of_quoted_fields_gives_rows_or_a_clear_error(place, data):
    path = place / "table.csv"
    path.write_bytes(data)
    counts = read_both(read_table, path)
    if counts is None:
        return
    text = "\n".join(lines_of(data))
    try:
        whole = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        assert counts[1] > 0
    else:
        assert sum(counts) == max(0, sum(map(bool, whole)) - 1)


@examples(200)
@given(damaged(SEEDS["corpus.txt"]), st.sampled_from(["auto", "lines", "paragraphs"]))
def test_any_corpus_gives_its_own_characters_or_a_clear_error(place, data, layout):
    path = place / "corpus.txt"
    path.write_bytes(data)
    try:
        read = read_documents(path, layout=layout)
    except ValueError as error:
        assert type(error) is UserError
        assert is_clear(str(error)) and str(path) in str(error)
        return
    found = [sentence for document in read for sentence in document]
    assert all(read) and all(s == s.strip() != "" and "\n" not in s for s in found)
    # A heading only parts documents, where there are paragraphs.
    kept = [re.sub(r"\s*= .* =\s*", "", line) for line in lines_of(data)]
    found = [re.sub(r"= .* =", "", sentence) for sentence in found]
    assert "".join("".join(found).split()) == "".join("".join(kept).split())


@examples(30)
@given(damaged(SEEDS["corpus.txt"]))
def test_any_corpus_trains_or_is_refused(place, data):
    path = place / "corpus.txt"
    path.write_bytes(data)
    try:
        corpus = CorpusData([path], vocab_size=60, max_length=16)
    except ValueError as error:
        assert type(error) is UserError and is_clear(str(error))
        return
    assert corpus.tokens > 0
    batch = next(corpus.batches(64))
    assert int(batch["input_ids"].max()) < len(corpus.tokenizer)
    assert corpus.validation_batches(64)


@examples(300)
@given(damaged(SEEDS["vocab.txt"]))
def test_any_vocabulary_is_read_as_it_stands_or_refused_with_its_line(place, data):
    path = place / "vocab.txt"
    path.write_bytes(data)
    try:
        pieces = load_vocabulary(path)
    except ValueError as error:
        assert type(error) is UserError and is_clear(str(error))
        assert str(error).startswith(f"{path}, line ")
        return
    assert BertTokenizer(pieces).id_to_token == pieces
    save_vocabulary(pieces, path)
    assert path.read_bytes() == data.removesuffix(b"\n") + b"\n"


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_any_settings_of_a_tokenizer_are_honoured_or_refused(name, tmp_path):
    seed = SEEDS[name]
    if name != "tokenizer.json":
        (tmp_path / "vocab.txt").write_bytes(SEEDS["vocab.txt"][0])

    @examples(150)
    @given(damaged(seed))
    def search(data):
        (tmp_path / name).write_bytes(data)
        try:
            tokenizer = BertTokenizer.from_pretrained(tmp_path)
        except ValueError as error:
            assert type(error) is UserError and is_clear(str(error))
            assert str(tmp_path) in str(error)
            return
        stated = json.loads(data).get("do_lower_case", True)
        assert name == "tokenizer.json" or tokenizer.do_lower_case is stated
        tokenizer.save(tmp_path / "again")
        again = BertTokenizer.from_pretrained(tmp_path / "again")
        assert again.id_to_token == tokenizer.id_to_token
        assert again.do_lower_case is tokenizer.do_lower_case

    search()


# ---- checkpoints --------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return BertModel(tiny_config())


@pytest.fixture(scope="module")
def whole(model, place):
    """Give the files of a sound model: one of weights, and one of the old kind."""
    model.save_pretrained(place / "sound")
    files = {p.name: p.read_bytes() for p in (place / "sound").iterdir()}
    names = dict(model._wanted())
    torch.save(
        {name: value.detach() for name, value in names.items()}, place / "old.bin"
    )
    files["pytorch_model.bin"] = (place / "old.bin").read_bytes()
    for name in ("model.safetensors", "pytorch_model.bin"):
        # What torch does once, on first use, is not the time of a loader.
        write_only(
            place / "model", {name: files[name], "config.json": files["config.json"]}
        )
        BertModel.from_pretrained(place / "model", allow_bin=True)
    return files


def loads_whole_or_not_at_all(folder, model, kind=BertModel, **options):
    """Load a model that may be damaged: equal weights, or one clear error, soon."""
    try:
        with at_most(1):
            got = kind.from_pretrained(folder, **options)
    except CheckpointError as error:
        assert is_clear(str(error)) and str(folder) in str(error)
        return False
    got = getattr(got, "bert", got)
    for (name, a), (_, b) in zip(
        got.named_parameters(), model.named_parameters(), strict=True
    ):
        assert a.device.type == "cpu" and torch.equal(a, b), name
    return True


def write_only(folder, files):
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("name", "number"),
    [("model.safetensors", 150), ("config.json", 250), ("pytorch_model.bin", 80)],
)
def test_a_damaged_file_of_a_model_is_refused_or_loads_equal(
    name, number, whole, model, place
):
    others = {"config.json": whole["config.json"]}
    if name == "config.json":
        others = {"model.safetensors": whole["model.safetensors"]}
    outcomes = set()

    @examples(number)
    @given(damaged([whole[name]], text=name == "config.json"))
    @example(whole[name])
    @example(whole[name][: len(whole[name]) // 2])
    def search(data):
        write_only(place / "model", {**others, name: data})
        outcomes.add(loads_whole_or_not_at_all(place / "model", model, allow_bin=True))

    search()
    assert outcomes == {True, False}


@examples(150)
@given(safetensors_files(), st.booleans())
def test_a_made_up_file_of_weights_is_refused(whole, model, place, data, with_labels):
    files = {"config.json": whole["config.json"], "model.safetensors": data}
    write_only(place / "model", files)
    options = {"num_labels": 3} if with_labels else {}
    kind = BertForSequenceClassification if with_labels else BertModel
    assert not loads_whole_or_not_at_all(place / "model", model, kind, **options)


@examples(150)
@given(damaged(SEEDS["index.json"], text=True))
def test_a_damaged_index_of_shards_is_refused_or_loads_equal(whole, model, place, data):
    files = {
        "config.json": whole["config.json"],
        "one.safetensors": whole["model.safetensors"],
        "pytorch_model.bin": whole["pytorch_model.bin"],
        "model.safetensors.index.json": data,
    }
    write_only(place / "model", files)
    loads_whole_or_not_at_all(place / "model", model)
