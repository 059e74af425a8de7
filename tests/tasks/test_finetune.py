"""Fine-tuning: encodings, the loop, accuracies, the baseline."""

import pytest
import torch

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.tasks import fit as finetune
from bert_tutorial.tasks.examples import Example, collate
from bert_tutorial.tasks.sentiment.baseline import bag_of_words
from bert_tutorial.tasks.tagging.windows import encode_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.examples import (
    encode_question,
    encode_sentiment,
    encode_tagged,
    question_accuracy,
    sentiment_accuracy,
    tagging_accuracy,
)
from bert_tutorial.world.tasks import TAGS, Question, Sentiment, Tagged

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "where",
    "is",
    "a",
    "b",
    "c",
    "d",
    "e",
    "red",
    "##s",
    "hat",
    ".",
    "?",
    "good",
    "bad",
]


@pytest.fixture
def tokenizer() -> BertTokenizer:
    return BertTokenizer(WORDS)


def config(**changes: object) -> BertConfig:
    sizes = {
        "vocab_size": len(WORDS),
        "hidden_size": 12,
        "num_hidden_layers": 1,
        "num_attention_heads": 3,
        "intermediate_size": 37,
        "max_position_embeddings": 17,
        "initializer_range": 0.2,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    return BertConfig.from_dict(sizes | changes)


def test_only_the_first_piece_of_a_word_is_scored(tokenizer):
    example = encode_tagged(tokenizer, Tagged(("a", "reds", "b"), ("O", "CITY", "O")))
    city = TAGS.index("CITY")
    assert [WORDS[i] for i in example.input_ids] == [
        "[CLS]",
        "a",
        "red",
        "##s",
        "b",
        "[SEP]",
    ]
    assert example.target["labels"] == [-100, 0, city, -100, 0, -100]


@pytest.mark.parametrize("word", ["\u200b", "\x07", "\ufeff\u200d", "", " "])
def test_a_word_without_pieces_keeps_its_place_and_its_tag(tokenizer, word):
    assert not tokenizer.encode(word, add_special_tokens=False).ids
    words, tags = ("a", word, "reds"), ("O", "CITY", "HOME")
    example = encode_tagged(tokenizer, Tagged(words, tags))
    assert [WORDS[i] for i in example.input_ids] == [
        "[CLS]",
        "a",
        "[UNK]",
        "red",
        "##s",
        "[SEP]",
    ]
    city, home = TAGS.index("CITY"), TAGS.index("HOME")
    assert example.target["labels"] == [-100, 0, city, home, -100, -100]
    assert len(example.token_type_ids) == len(example.input_ids)
    (window,) = encode_words(tokenizer, words, tags, TAGS)
    assert window.example == example


def test_answer_positions_point_at_the_answer_in_the_passage(tokenizer):
    question = Question("where is red?", "a is red. the reds hat.", "reds", 14)
    example = encode_question(tokenizer, question)
    start, end = (example.target[k] for k in ("start_positions", "end_positions"))
    assert [WORDS[i] for i in example.input_ids[start : end + 1]] == ["red", "##s"]
    assert example.token_type_ids[start] == 1


def test_an_answer_within_a_piece_is_that_piece(tokenizer):
    for answer, start in (("ed", 6), ("r", 5), ("eds h", 15)):
        context = "a is red. the reds hat."
        assert context[start : start + len(answer)] == answer
        example = encode_question(
            tokenizer, Question("where is red?", context, answer, start)
        )
        first, last = (example.target[k] for k in ("start_positions", "end_positions"))
        found = [WORDS[i] for i in example.input_ids[first : last + 1]]
        assert found[0] == "red" and (len(found) > 1) is (" " in answer)
        assert example.token_type_ids[first] == example.token_type_ids[last] == 1


def test_collate_pads_and_ignores_what_is_padded():
    batch = collate(
        [
            Example([2, 5, 3], [0, 0, 0], {"labels": [-100, 1, -100]}),
            Example([2, 3], [0, 0], {"labels": [-100, -100]}),
        ]
    )
    assert batch["input_ids"].tolist() == [[2, 5, 3], [2, 3, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[-100, 1, -100], [-100, -100, -100]]


def test_a_few_examples_are_learned_by_heart(tokenizer):
    items = [
        Sentiment(f"{x} is {w}", int(w == "good"), False)
        for x in "abcde"
        for w in ("good", "bad")
    ]
    examples = [encode_sentiment(tokenizer, item) for item in items]
    torch.manual_seed(0)
    model = BertForSequenceClassification(config())
    losses = finetune.fit(model, examples, steps=120, learning_rate=5e-3)
    assert losses[-1] < 0.1 < losses[0]
    assert sentiment_accuracy(model, examples) == 1.0
    assert not model.training


def test_fitting_twice_with_one_seed_gives_equal_losses(tokenizer):
    items = [Sentiment("a is good", 1, False), Sentiment("b is bad", 0, False)]
    examples = [encode_sentiment(tokenizer, item) for item in items]
    runs = []
    for _ in range(2):
        torch.manual_seed(0)
        model = BertForSequenceClassification(config())
        runs.append(finetune.fit(model, examples, steps=5, seed=3))
    assert runs[0] == runs[1]


def test_tagging_accuracy_counts_entity_words_only(tokenizer):
    city = TAGS.index("CITY")
    examples = [
        encode_tagged(tokenizer, Tagged(("a", "b", "c"), ("O", "CITY", "HOME"))),
    ]
    model = BertForTokenClassification(config(num_labels=len(TAGS)))
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.zero_()
        model.classifier.bias[city] = 5.0
    assert tagging_accuracy(model, examples) == 0.5


def test_question_accuracy_takes_legal_spans_in_the_passage_only(tokenizer):
    examples = [
        encode_question(tokenizer, Question("where is a?", "b is red.", "red", 5)),
    ]
    length = len(examples[0].input_ids)
    right = examples[0].target["start_positions"]

    class Fixed(torch.nn.Module):
        def forward(self, **batch):
            start = torch.zeros(1, length)
            end = torch.zeros(1, length)
            start[0, 1], end[0, 2] = 9.0, 9.0  # inside the question: illegal
            start[0, right], end[0, right] = 4.0, 4.0
            end[0, right - 1] = 6.0  # an end before the start: illegal
            return type("Output", (), {"start_logits": start, "end_logits": end})

    assert question_accuracy(Fixed(), examples) == 1.0


def test_bag_of_words_learns_words_and_guesses_on_new_ones():
    train = [["x", "good"], ["y", "good"], ["x", "bad"], ["y", "bad"]]
    logits = bag_of_words(train, [1, 1, 0, 0], [["good"], ["bad"], ["new"]], 2)
    assert logits[:2].argmax(-1).tolist() == [1, 0]
    assert (logits[2, 0] - logits[2, 1]).abs() < 0.1


def test_the_question_head_learns_by_heart(tokenizer):
    items = [
        Question(f"where is {x}?", f"{x} is {y}. b is bad.", y, 5)
        for x, y in (("a", "c"), ("d", "e"), ("c", "hat"), ("e", "good"))
    ]
    examples = [encode_question(tokenizer, item) for item in items]
    torch.manual_seed(0)
    model = BertForQuestionAnswering(config())
    finetune.fit(model, examples, steps=80, learning_rate=3e-3)
    assert question_accuracy(model, examples) == 1.0
