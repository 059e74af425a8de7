"""Tagging: spans and back, legal decoding, the score, pieces and windows."""

import itertools
import json
import random

import pytest
import torch

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForTokenClassification
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.tagging import predict
from bert_tutorial.tasks.tagging.bio import (
    Span,
    best_legal_tags,
    is_legal,
    legal_transitions,
    spans_to_tags,
    tags_to_spans,
)
from bert_tutorial.tasks.tagging.files import TaggedWords
from bert_tutorial.tasks.tagging.predict import predict_tags, word_scores
from bert_tutorial.tasks.tagging.scores import SpanCount, span_scores, token_accuracy
from bert_tutorial.tasks.tagging.windows import (
    cut_windows,
    encode_rows,
    encode_words,
    most_context,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from book_files import ROOT


def test_a_tagger_of_iob1_may_begin_a_span_with_i(monkeypatch):
    """One without B-PER can never give a person, if spans have to begin with B-."""
    names = ["O", "B-LOC", "I-LOC", "I-PER"]
    best = ["I-PER", "O", "I-LOC", "B-LOC", "I-PER"]
    scores = 3.0 * torch.nn.functional.one_hot(
        torch.tensor([names.index(tag) for tag in best]), len(names)
    )
    monkeypatch.setattr(predict, "word_scores", lambda *_, **__: [scores])
    sizes = {"hidden_size": 4, "num_attention_heads": 2, "num_hidden_layers": 0}
    config = BertConfig(**sizes, num_labels=4, id2label=names)
    model = BertForTokenClassification(config)
    words = [["Ann", "saw", "Rome", "Oslo", "Bo"]]
    (tags,) = predict_tags(model, None, words, names)
    assert tags == ["B-PER", "O", "B-LOC", "B-LOC", "B-PER"]
    (raw,) = predict_tags(model, None, words, names, legal=False)
    assert raw == best


NAMES = ["O", "B-LOC", "B-PER", "I-LOC", "I-PER"]

# Worked by hand.
DECODED = [
    ([], []),
    (["O", "O"], []),
    (["B-PER", "I-PER", "O"], [("PER", 0, 2)]),
    (["O", "B-PER", "I-PER"], [("PER", 1, 3)]),  # open at the end
    (["B-PER", "B-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
    (["B-PER", "I-LOC"], [("PER", 0, 1), ("LOC", 1, 2)]),  # the type changes
    (["I-PER", "I-PER", "O"], [("PER", 0, 2)]),  # nothing to continue: begins
    (["O", "I-LOC", "I-PER", "I-PER"], [("LOC", 1, 2), ("PER", 2, 4)]),
    (["B-a-b", "I-a-b", "I-a"], [("a-b", 0, 2), ("a", 2, 3)]),
]


@pytest.mark.parametrize(("tags", "spans"), DECODED)
def test_spans_worked_by_hand(tags, spans):
    assert tags_to_spans(tags) == [Span(*span) for span in spans]


@pytest.mark.parametrize("tag", ["PER", "B-", "I", "", "S-PER", "o"])
def test_other_tags_are_refused(tag):
    with pytest.raises(ValueError, match=r"tags\[1\] must be O, B-type or I-type"):
        tags_to_spans(["O", tag])


def random_spans(rng, length):
    spans, place = [], 0
    while place < length:
        size = rng.randint(1, 3)
        if rng.random() < 0.5 and place + size <= length:
            spans.append(Span(rng.choice(["LOC", "PER"]), place, place + size))
        place += size
    return spans


def test_spans_to_tags_and_back():
    rng = random.Random(0)
    for _ in range(500):
        length = rng.randint(0, 12)
        spans = random_spans(rng, length)
        tags = spans_to_tags(spans, length)
        assert tags_to_spans(tags) == spans
        assert all(is_legal(a, b) for a, b in itertools.pairwise(["O", *tags]))
        assert spans_to_tags(tags_to_spans(tags), length) == tags


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        ([Span("a", 0, 4)], "must lie in 0 to 3"),
        ([Span("a", -1, 1)], "must lie in 0 to 3"),
        ([Span("a", 1, 1)], "must lie in 0 to 3"),
        ([Span("a", 0, 2), Span("b", 1, 3)], "must not overlap"),
    ],
)
def test_spans_that_no_tags_can_hold_are_refused(spans, reason):
    with pytest.raises(ValueError, match=reason):
        spans_to_tags(spans, 3)


def test_the_table_of_legal_steps():
    table = legal_transitions(NAMES)
    wrong = {(NAMES[i], NAMES[j]) for i, j in (~table).nonzero().tolist()}
    assert wrong == {
        *((before, "I-LOC") for before in ("O", "B-PER", "I-PER")),
        *((before, "I-PER") for before in ("O", "B-LOC", "I-LOC")),
    }


@pytest.mark.parametrize("seed", range(20))
def test_viterbi_finds_what_trying_all_sequences_finds(seed):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(1 + seed % 5, len(NAMES), generator=generator)
    best, best_total = None, -float("inf")
    for path in itertools.product(range(len(NAMES)), repeat=len(scores)):
        tags = [NAMES[i] for i in path]
        if not all(is_legal(a, b) for a, b in itertools.pairwise(["O", *tags])):
            continue
        total = sum(scores[n, i].item() for n, i in enumerate(path))
        if total > best_total:
            best, best_total = tags, total
    assert best_legal_tags(scores, NAMES) == best
    assert best_legal_tags(scores.log_softmax(-1), NAMES) == best


def test_viterbi_keeps_a_legal_argmax_and_mends_an_illegal_one():
    legal = torch.tensor([[0, 9, 0, 0, 0], [0, 0, 0, 9, 0.0]])
    assert best_legal_tags(legal, NAMES) == ["B-LOC", "I-LOC"]
    # alone: O I-PER. Giving up the O costs 1, giving up the I-PER costs 3
    mended = torch.tensor([[5, 0, 4, 0, 0], [0, 1, 1, 0, 4.0]])
    assert best_legal_tags(mended, NAMES) == ["B-PER", "I-PER"]
    assert best_legal_tags(torch.zeros(0, 5), NAMES) == []
    with pytest.raises(ValueError, match=r"must be \(words, 5\).*got \(2, 4\)"):
        best_legal_tags(torch.zeros(2, 4), NAMES)


def test_a_score_worked_by_hand():
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "O"]]
    guess = [["B-PER", "O", "O", "B-LOC"], ["O", "B-PER", "B-LOC"]]
    # found: PER too short, LOC right, PER for LOC, a LOC that is none
    scores = span_scores(gold, guess)
    assert scores.micro == SpanCount(right=1, predicted=4, gold=3)
    assert (scores.precision, scores.recall) == (1 / 4, 1 / 3)
    assert scores.f1 == pytest.approx(2 / 7)
    assert scores.per_type == {"LOC": SpanCount(1, 2, 2), "PER": SpanCount(0, 2, 1)}
    assert token_accuracy(gold, guess) == 4 / 7


def test_a_span_in_another_sentence_is_not_found():
    scores = span_scores([["B-LOC"], ["O"]], [["O"], ["B-LOC"]])
    assert scores.micro == SpanCount(0, 1, 1) and scores.f1 == 0


def test_finding_nothing_is_accurate_and_worth_nothing():
    gold, guess = [["O"] * 19 + ["B-PER"]], [["O"] * 20]
    assert token_accuracy(gold, guess) == 0.95
    scores = span_scores(gold, guess)
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)
    assert span_scores([["O"]], [["O"]]).f1 == 0
    assert token_accuracy([], []) == 0 and span_scores([], []).per_type == {}


def brute_force_counts(gold, guess):
    """Count spans without any decoder: try every stretch of every sentence."""

    def spans(tags):
        found = []
        for start in range(len(tags)):
            for end in range(start + 1, len(tags) + 1):
                kind = tags[start][2:]
                begins = tags[start] != "O" and (
                    tags[start][0] == "B" or start == 0 or tags[start - 1][2:] != kind
                )
                inside = all(tag == f"I-{kind}" for tag in tags[start + 1 : end])
                goes_on = end < len(tags) and tags[end] == f"I-{kind}"
                if begins and inside and not goes_on:
                    found.append((kind, start, end))
        return found

    right = predicted = there = 0
    for a, b in zip(gold, guess, strict=True):
        true, found = spans(a), spans(b)
        right += sum(span in true for span in found)
        predicted += len(found)
        there += len(true)
    return right, predicted, there


def test_scores_equal_those_of_an_independent_count():
    rng = random.Random(1)
    for _ in range(300):
        lengths = [rng.randint(0, 7) for _ in range(rng.randint(1, 4))]
        gold = [[rng.choice(NAMES) for _ in range(n)] for n in lengths]
        guess = [
            [tag if rng.random() < 0.6 else rng.choice(NAMES) for tag in tags]
            for tags in gold
        ]
        scores = span_scores(gold, guess)
        assert tuple(scores.micro) == brute_force_counts(gold, guess)
        sums = zip(*scores.per_type.values(), strict=True)
        assert tuple(map(sum, sums)) in (tuple(scores.micro), ())
        p, r = scores.precision, scores.recall
        assert scores.f1 == pytest.approx(2 * p * r / (p + r) if p + r else 0)


def test_scores_of_other_words_are_refused():
    with pytest.raises(ValueError, match="must have the 2 sentences of gold, got 1"):
        span_scores([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match=r"predicted\[1\] must have 2 tags.*got 1"):
        token_accuracy([["O"], ["O", "O"]], [["O"], ["O"]])


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##x", "##y"]


@pytest.fixture
def tokenizer():
    return BertTokenizer(WORDS)


def tokens(example):
    return [WORDS[i] for i in example.input_ids]


def test_the_first_piece_carries_the_tag(tokenizer):
    (window,) = encode_words(tokenizer, ["a", "bxy", "c"], NAMES[:3], NAMES)
    assert tokens(window.example) == ["[CLS]", "a", "b", "##x", "##y", "c", "[SEP]"]
    assert window.example.target["labels"] == [-100, 0, 1, -100, -100, 2, -100]
    assert (window.words, window.places) == ([0, 1, 2], [1, 2, 5])
    (untagged,) = encode_words(tokenizer, ["a", "bxy", "c"], None, NAMES)
    assert untagged.example.target == {}
    assert untagged.example.input_ids == window.example.input_ids


def test_a_word_without_pieces_and_one_that_is_too_long(tokenizer):
    (window,) = encode_words(tokenizer, ["a", "\ufe0f", "b"], ["O"] * 3, NAMES)
    assert tokens(window.example) == ["[CLS]", "a", "[UNK]", "b", "[SEP]"]
    windows = encode_words(tokenizer, ["bxyxyxy", "a"], None, NAMES, max_length=5)
    assert [tokens(w.example)[1:-1] for w in windows] == [["b", "##x", "##y"], ["a"]]


def test_windows_worked_by_hand():
    assert cut_windows([], 4, 2) == []
    assert cut_windows([1, 1, 1], 4, 2) == [(0, 3)]
    assert cut_windows([1] * 6, 4, 2) == [(0, 4), (2, 6)]
    assert cut_windows([1] * 7, 4, 4) == [(0, 4), (4, 7)]
    # a stride of 1 would bring no new word next to the long one: it goes on
    assert cut_windows([1, 1, 1, 4, 1], 4, 1) == [(0, 3), (3, 4), (4, 5)]
    bounds = cut_windows([1] * 6, 4, 2)
    assert most_context([1] * 6, bounds) == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("seed", range(40))
def test_no_word_is_lost_and_each_is_scored_once(seed, tokenizer):
    rng = random.Random(seed)
    room = rng.randint(3, 9)
    stride = rng.randint(1, room)
    words = [
        rng.choice("abc") + "".join(rng.choices("xy", k=rng.randint(0, 3)))
        for _ in range(rng.randint(1, 30))
    ]
    tags = [rng.choice(NAMES) for _ in words]
    windows = encode_words(
        tokenizer, words, tags, NAMES, max_length=room + 2, stride=stride
    )
    scored = [word for window in windows for word in window.words]
    assert sorted(scored) == list(range(len(words)))
    for window in windows:
        ids, labels = window.example.input_ids, window.example.target["labels"]
        assert len(ids) == len(labels) <= room + 2
        assert (ids[0], ids[-1]) == (tokenizer.cls_id, tokenizer.sep_id)
        places = [i for i, label in enumerate(labels) if label != -100]
        assert places == window.places
        for word, place in zip(window.words, window.places, strict=True):
            assert labels[place] == NAMES.index(tags[word])
            assert WORDS[ids[place]] == words[word][0]


@pytest.mark.parametrize("seed", range(20))
def test_the_chosen_window_has_the_most_context(seed):
    rng = random.Random(seed)
    lengths = [rng.randint(1, 3) for _ in range(25)]
    bounds = cut_windows(lengths, 9, rng.randint(1, 6))

    def context(word, bound):
        start, stop = bound
        if not start <= word < stop:
            return -1
        left = sum(lengths[start:word])
        right = sum(lengths[word:stop]) - 1
        return min(left, right) + 0.01 * (left + right + 1)

    for word, chosen in enumerate(most_context(lengths, bounds)):
        best = max(context(word, bound) for bound in bounds)
        assert context(word, bounds[chosen]) == best >= 0


BAD = [
    ({"words": []}, "words must be a list of one word or more"),
    ({"words": "a"}, "words must be a list"),
    ({"tags": ["O"]}, "tags must be a list of 2 tags, one a word"),
    ({"tags": "OO"}, "tags must be a list of 2 tags"),
    ({"tags": ["O", "B-ORG"]}, "the tag of 'b' must be one of O, B-LOC.*got 'B-ORG'"),
    ({"tags": ["O", 7]}, "the tag of 'b' must be one of O.*got 7"),
    ({"tags": ["O", -1]}, "the tag of 'b' must be one of O.*got -1"),
    ({"max_length": 2}, "max_length must be at least 3, got 2"),
    ({"stride": 0}, "stride must be 1 to 510, got 0"),
    ({"max_length": 5, "stride": 4}, "stride must be 1 to 3, got 4"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD)
def test_what_cannot_be_encoded_is_refused(tokenizer, changes, reason):
    given = {"words": ["a", "b"], "tags": ["O", "O"]} | changes
    words, tags = given.pop("words"), given.pop("tags")
    with pytest.raises(ValueError, match=reason) as error:
        encode_words(tokenizer, words, tags, NAMES, **given)
    assert "\n" not in str(error.value)


def test_rows_become_examples_and_a_bad_one_names_its_line(tokenizer):
    rows = [TaggedWords(["a"] * 5, ["O"] * 5, 1), TaggedWords(["b"], ["B-ORG"], 17)]
    assert len(encode_rows(tokenizer, rows[:1], NAMES, max_length=5)) > 1
    with pytest.raises(ValueError, match="line 17: the tag of 'b' must be one of O"):
        encode_rows(tokenizer, rows, NAMES)


def model(**changes):
    sizes = {
        "vocab_size": len(WORDS),
        "hidden_size": 12,
        "num_hidden_layers": 1,
        "num_attention_heads": 3,
        "intermediate_size": 37,
        "max_position_embeddings": 17,
        "initializer_range": 0.2,
        "num_labels": len(NAMES),
    }
    return BertForTokenClassification(BertConfig.from_dict(sizes | changes))


def test_word_scores_are_those_of_the_first_pieces(tokenizer):
    tagger = model().eval()
    sentences = [["a", "bxy", "c"], ["cy"], ["b"] * 8]
    scores = word_scores(tagger, tokenizer, sentences, batch_size=2)
    places = [[1, 2, 5], [1], [*range(1, 9)]]
    for words, place, found in zip(sentences, places, scores, strict=True):
        ids = torch.tensor([tokenizer.encode(" ".join(words)).ids])
        logits = tagger(ids).logits[0, place]
        torch.testing.assert_close(found, logits)


def test_a_sentence_of_600_words_is_tagged_to_the_end(tokenizer):
    tagger = model(max_position_embeddings=512)
    words = ["a", "bx", "c"] * 200
    (tags,) = predict_tags(tagger, tokenizer, [words], NAMES)
    assert len(tags) == 600
    assert all(is_legal(a, b) for a, b in itertools.pairwise(["O", *tags]))
    with pytest.raises(ValueError, match=r"max_length must be at most 512.*got 513"):
        predict_tags(tagger, tokenizer, [words], NAMES, max_length=513)


def test_windows_and_one_piece_agree_when_only_the_word_counts(tokenizer):
    """Without attention's context and positions, cutting must change nothing."""
    tagger = model().eval()
    with torch.no_grad():
        tagger.bert.embeddings.position_embeddings.weight.zero_()
        tagger.bert.encoder.layers[0].attention.value.weight.zero_()
    words = ["a", "bx", "c", "cyx", "b", "ax", "c", "a"]
    whole = word_scores(tagger, tokenizer, [words])[0]
    for max_length in (5, 7, 9):
        for stride in (1, 2, 3):
            cut = word_scores(
                tagger, tokenizer, [words], max_length=max_length, stride=stride
            )[0]
            torch.testing.assert_close(cut, whole)


def test_a_tagger_learns_by_heart_and_predicts_it(tokenizer):
    rows = [
        TaggedWords(["a", "bx", "c"], ["O", "B-PER", "I-PER"], 1),
        TaggedWords(["b", "a", "cxy"], ["B-LOC", "O", "B-PER"], 2),
        TaggedWords(["c", "c"], ["O", "I-LOC"], 3),
    ]
    tagger = model(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    fit(
        tagger,
        encode_rows(tokenizer, rows, NAMES),
        steps=150,
        batch_size=3,
        learning_rate=1e-2,
    )
    sentences = [row.words for row in rows]
    alone = predict_tags(tagger, tokenizer, sentences, NAMES, legal=False)
    assert alone == [row.tags for row in rows]
    legal = predict_tags(tagger, tokenizer, sentences, NAMES)
    assert legal[:2] == alone[:2] and legal[2] != alone[2]


def test_names_must_fit_the_model(tokenizer):
    with pytest.raises(ValueError, match="names must have the model's 5 labels, got 2"):
        predict_tags(model(), tokenizer, [["a"]], ["O", "B-LOC"])


def test_the_page_says_what_the_run_on_wnut_gave():
    file = ROOT / "bert_tutorial" / "runs" / "wnut17.json"
    run = json.loads(file.read_text(encoding="utf-8"))
    book = json.loads((ROOT / "notebooks" / "15_tagging.ipynb").read_text("utf-8"))
    page = "".join("".join(cell["source"]) for cell in book["cells"])
    cell = next(cell for cell in book["cells"] if cell["id"] == "real-numbers")
    shown = "".join("".join(output["text"]) for output in cell["outputs"])
    assert len(shown.splitlines()) == 5 and run["seeds"] == 3
    for line, method in zip(shown.splitlines(), run["methods"].values(), strict=False):
        mean, spread = method["f1"]
        assert f"F1 {mean:.3f} ({spread:.3f})" in line
        assert line.endswith(f"{method['token_accuracy'][0]:.4f}")
    last = shown.splitlines()[4]
    assert last.endswith(f"{run['token_accuracy_of_always_O']:.4f}") and "0.000" in last
    assert f"{run['train']['sentences']:,} training sentences" in page
    assert f"{run['pretraining']['training_tokens']:,} pieces" in page
