"""Windows lose no answer that they promise to keep; the best span is the best."""

import random

import pytest
import torch
from conftest import real_data, tiny_config

from bert_tutorial.model.task_heads import BertForQuestionAnswering
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.questions.answers import (
    Answers,
    answer_questions,
    best_span,
    likely_spans,
    merge_windows,
)
from bert_tutorial.tasks.questions.files import SquadItem, read_squad
from bert_tutorial.tasks.questions.scores import evaluate, exact_match
from bert_tutorial.tasks.questions.windows import (
    answer_pieces,
    encode_squad,
    lost_answers,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.examples import encode_question
from bert_tutorial.world.tasks import questions

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(i) for i in range(97, 123)]
VOCABULARY = [*SPECIAL, *LETTERS, *("##" + c for c in LETTERS), ".", "-", "?"]
TOKENIZER = BertTokenizer(VOCABULARY)


def item(context, text="", question="q ?", name="1"):
    answers = [(text, context.index(text))] if text else []
    return SquadItem(name, question, context, answers, not answers)


def test_a_window_is_question_and_part_of_the_passage():
    windows = encode_squad(TOKENIZER, [item("a b c d e", "d e")], 9, 2)
    tokens = [[TOKENIZER.id_to_token[i] for i in w.example.input_ids] for w in windows]
    before = ["[CLS]", "q", "?", "[SEP]"]
    assert tokens == [
        [*before, "a", "b", "c", "d", "[SEP]"],
        [*before, "c", "d", "e", "[SEP]"],
    ]
    assert windows[0].example.token_type_ids == [0] * 4 + [1] * 5
    assert windows[0].example.target == {"start_positions": 0, "end_positions": 0}
    assert windows[1].example.target == {"start_positions": 5, "end_positions": 6}
    assert windows[1].offsets == [None] * 4 + [(4, 5), (6, 7), (8, 9)] + [None]
    first, second = ([*w.is_best_context] for w in windows)
    assert first == [False] * 4 + [True, True, True, False] + [False]
    assert second == [False] * 4 + [False, True, True] + [False]


def test_every_piece_has_most_context_in_exactly_one_window():
    rng = random.Random(0)
    for _ in range(100):
        length, room = rng.randint(1, 40), rng.randint(1, 12)
        context = " ".join(rng.choices(LETTERS, k=length))
        one = item(context)
        windows = encode_squad(TOKENIZER, [one], room + 5, rng.randint(1, room))
        best = [
            p
            for w in windows
            for p, is_best in zip(w.offsets, w.is_best_context, strict=True)
            if is_best
        ]
        assert sorted(best) == [(2 * i, 2 * i + 1) for i in range(length)]


def certain(windows, size):
    """Give the logits of a model that is certain of the answer wherever it sees it."""
    for window in windows:
        first, last = window.example.target.values()
        start, end = torch.zeros(2, len(window.offsets))
        if first:
            start[first], end[last] = 9.0, 9.0
        yield start, end


def test_an_answer_is_lost_where_a_certain_model_cannot_give_it():
    rng = random.Random(1)
    seen = set()
    for _ in range(400):
        room = rng.randint(2, 12)
        stride = rng.randint(1, room)
        words = rng.sample("abcdefghijklmnopqrstuvwxyz", k=rng.randint(1, 26))
        context = " ".join(words)
        size = rng.randint(1, min(len(words), room))
        start = 2 * rng.randint(0, len(words) - size)
        text = context[start : start + 2 * size - 1]
        one = SquadItem("1", "q ?", context, [(text, start)], False)
        windows = encode_squad(TOKENIZER, [one], room + 5, stride)
        is_lost = lost_answers(windows, [one]) == ["1"]
        given = merge_windows([one], windows, list(certain(windows, size)))
        assert (given["1"] != text) == is_lost
        is_shown = any(w.example.target["start_positions"] for w in windows)
        assert is_shown or size > room - stride + 1, "the windows' promise"
        seen.add((is_shown, is_lost))
        for w in windows:
            first, last = w.example.target.values()
            if first:
                spans = w.offsets[first : last + 1]
                assert context[spans[0][0] : spans[-1][1]] == text
    assert seen == {(True, False), (True, True), (False, True)}


def test_no_answer_of_xquad_is_lost_in_windows():
    items = read_squad(real_data("squad/xquad.en.json"))
    tokenizer = BertTokenizer.from_vocab(real_data("vocab/bert-base-uncased-vocab.txt"))
    for max_length, stride in ((384, 128), (128, 32)):
        windows = encode_squad(tokenizer, items, max_length, stride)
        assert lost_answers(windows, items) == []
        assert max(len(w.example.input_ids) for w in windows) <= max_length
    same = 0
    for w in windows:
        first, last = w.example.target.values()
        if first:
            spans = w.offsets[first : last + 1]
            context = items[w.item].context
            shown = context[spans[0][0] : spans[-1][1]]
            answer = items[w.item].answers[0][0]
            assert answer.strip() in shown
            same += exact_match(shown, answer) == 1
    targets = sum(w.example.target["start_positions"] > 0 for w in windows)
    assert same / targets > 0.99, "a target gives nearly always the answer itself"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (4, 8, (1, 1)),
        (4, 9, (1, 2)),
        (5, 6, (1, 1)),
        (0, 14, (0, 3)),
        (3, 4, None),
        (7, 11, (1, 3)),
        (14, 20, None),
    ],
)
def test_characters_become_pieces(start, end, expected):
    assert answer_pieces([(0, 3), (4, 8), (8, 9), (10, 14)], start, end) == expected


def test_long_questions_are_cut_and_impossible_sizes_are_refused():
    long = item("a b", "b", question="x " * 100)
    (window,) = encode_squad(TOKENIZER, [long], 80, 8)
    assert window.example.input_ids.index(TOKENIZER.sep_id) == 65
    for arguments, message in (
        ({"max_length": 66}, "'1': max_length must be at least 68, for 64 pieces"),
        ({"max_length": 0}, "max_length must be at least 1, got 0"),
        ({"stride": 0}, "stride must be at least 1, got 0"),
        ({"max_query_length": 0}, "max_query_length must be at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            encode_squad(TOKENIZER, [long], **arguments)
    with pytest.raises(ValueError, match=r"stride must be at most 4, .*got 5"):
        encode_squad(TOKENIZER, [item("a b c d e")], 9, 5)


def test_a_passage_without_any_piece_makes_a_window_without_an_answer():
    items = [item("\u200b", "\u200b"), item("a", "a", name="2")]
    windows = encode_squad(TOKENIZER, items, 16, 4)
    assert lost_answers(windows, items) == ["1"]
    logits = [(torch.zeros(len(w.offsets)),) * 2 for w in windows]
    answers = merge_windows(items, windows, logits)
    assert answers == {"1": "", "2": "a"} and set(answers.gaps) == {"2"}


def brute_force(start, end, may_start, may_end, longest):
    best = None
    for i in range(len(start)):
        for j in range(i, min(i + longest, len(start))):
            if may_start[i] and may_end[j]:
                score = (start[i] + end[j]).item()
                if best is None or score > best[2]:
                    best = (i, j, score)
    return best


def test_the_best_span_is_that_of_trying_all():
    generator = torch.Generator().manual_seed(0)
    for trial in range(200):
        T = 1 + trial % 13
        start, end = torch.randn(2, T, generator=generator)
        may_start, may_end = torch.rand(2, T, generator=generator) < 0.6
        found = best_span(start, end, may_start, may_end, 4)
        expected = brute_force(start, end, may_start, may_end, 4)
        assert found == (None if expected is None else pytest.approx(expected))
        likely = likely_spans(start, end, may_start, may_end, 4, n_best=T)
        assert likely[:1] == ([] if found is None else [pytest.approx(tuple(found))])
        scores = [span.score for span in likely]
        assert scores == sorted(scores, reverse=True)


def test_few_starts_and_ends_may_miss_the_best_legal_span():
    start = torch.tensor([0.0, 1.0, 5.0, 4.0])
    end = torch.tensor([7.0, 5.0, 0.0, 1.0])
    free = torch.ones(4, dtype=torch.bool)
    assert best_span(start, end, free, free) == (0, 0, 7.0)
    assert not likely_spans(start, end, free, free, n_best=2)


def test_windows_are_compared_by_their_sums_of_logits():
    one = item("a b c d e f", "f")
    windows = encode_squad(TOKENIZER, [one], 8, 3)
    assert len(windows) == 2
    calm, sure = ([torch.zeros(len(w.offsets)) for _ in range(2)] for w in windows)
    calm[0][4], calm[1][4] = 4.0, 4.0  # nearly all of its window's probability
    sure[0][4:7], sure[1][4:7] = 5.0, 5.0  # three equals: a third each
    answers = merge_windows([one], windows, [tuple(calm), tuple(sure)])
    assert answers.spans["1"].score == 10.0 and answers["1"].startswith("d")
    assert answers.gaps["1"] == -10.0


def test_the_smallest_null_score_decides_and_the_threshold_is_exclusive():
    one = item("a b c d e f", "f")
    windows = encode_squad(TOKENIZER, [one], 8, 3)
    logits = [[torch.zeros(len(w.offsets)) for _ in range(2)] for w in windows]
    logits[0][0][0] = 9.0  # only the first window says that it has nothing
    logits[1][0][0] = 2.0
    found = merge_windows([one], windows, logits, threshold=2.0)
    assert found.gaps["1"] == 2.0 and found["1"] != ""
    assert merge_windows([one], windows, logits, threshold=1.9)["1"] == ""
    assert isinstance(found, Answers)


def test_a_span_starts_where_its_first_piece_has_most_context():
    one = item("a b c d e f", "f")
    windows = encode_squad(TOKENIZER, [one], 8, 1)
    logits = [[torch.zeros(len(w.offsets)) for _ in range(2)] for w in windows]
    edge = len(windows[0].offsets) - 2
    assert not windows[0].is_best_context[edge]
    logits[0][0][edge] = logits[0][1][edge] = 50.0
    begin = merge_windows([one], windows, logits).spans["1"].start
    assert begin != windows[0].offsets[edge][0]


def test_predictions_do_not_depend_on_batches_or_on_the_other_questions():
    torch.manual_seed(0)
    config = tiny_config(vocab_size=len(VOCABULARY), max_position_embeddings=24)
    model = BertForQuestionAnswering(config)
    rng = random.Random(3)
    items = [
        item(" ".join(rng.choices(LETTERS, k=rng.randint(1, 60))), name=str(i))
        for i in range(9)
    ]
    options = {"max_length": 24, "stride": 7}
    together = answer_questions(model, TOKENIZER, items, batch_size=2, **options)
    assert not model.training
    for one in items:
        alone = answer_questions(model, TOKENIZER, [one], **options)
        assert alone[one.id] == together[one.id] and alone[one.id] in one.context
        assert alone.gaps[one.id] == pytest.approx(together.gaps[one.id], abs=1e-4)
    with pytest.raises(ValueError, match="max_length must be at most 24, the pos"):
        answer_questions(model, TOKENIZER, items, max_length=25, stride=7)
    with pytest.raises(ValueError, match="ids must be unique, got '0' twice"):
        answer_questions(model, TOKENIZER, [items[0], items[0]], **options)


def test_a_question_of_the_world_gets_the_same_target_as_before():
    for one in questions(50, 0, "train"):
        old = encode_question(TOKENIZER, one)
        new = SquadItem(
            "1", one.question, one.context, [(one.answer, one.answer_start)], False
        )
        (window,) = encode_squad(TOKENIZER, [new], 999, 1)
        assert window.example == old


def test_a_model_learns_where_the_answer_stands():
    torch.manual_seed(0)
    rng = random.Random(4)
    items = []
    for i in range(24):
        words = rng.sample(LETTERS, 12)
        items.append(item(" ".join(words), words[i % 12], f"{words[i % 12]} ?", str(i)))
    config = tiny_config(vocab_size=len(VOCABULARY), max_position_embeddings=16)
    model = BertForQuestionAnswering(config)
    windows = encode_squad(TOKENIZER, items, 12, 4)
    assert len(windows) > len(items)
    fit(model, [w.example for w in windows], steps=400, learning_rate=5e-3)
    answers = answer_questions(model, TOKENIZER, items, max_length=12, stride=4)
    assert evaluate(answers, items)["exact_match"] > 90
