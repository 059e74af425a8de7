"""Sentence scoring: input, windows, loss, selection, files, learning."""

import pytest
import torch
from conftest import tiny_config
from torch.nn import functional as F

from bert_tutorial.tasks.examples import collate
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.summaries.extractive import (
    BertForExtractiveSummarization,
    encode_document,
    score_sentences,
    select_sentences,
    summarise,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]
SENTENCES = ["a b", "c", "d e f", "g h"]


@pytest.fixture(scope="module")
def tokenizer():
    return BertTokenizer(WORDS)


@pytest.fixture
def model():
    return BertForExtractiveSummarization(tiny_config(vocab_size=len(WORDS))).eval()


def test_each_sentence_has_its_own_cls_and_segments_alternate(tokenizer):
    (window,) = encode_document(tokenizer, SENTENCES, [0, 1, 0, 1])
    text = [WORDS[i] for i in window.example.input_ids]
    assert " ".join(text) == (
        "[CLS] a b [SEP] [CLS] c [SEP] [CLS] d e f [SEP] [CLS] g h [SEP]"
    )
    assert window.example.token_type_ids == [0] * 4 + [1] * 3 + [0] * 5 + [1] * 4
    assert (window.first, window.places) == (0, [0, 4, 7, 12])
    labels = window.example.target["labels"]
    assert [labels[i] for i in window.places] == [0, 1, 0, 1]
    assert labels.count(-100) == len(labels) - 4
    (blind,) = encode_document(tokenizer, SENTENCES)
    assert set(blind.example.target["labels"]) == {-100}


@pytest.mark.parametrize("max_length", range(3, 17))
def test_windows_hold_every_sentence_once_and_whole_if_it_fits(tokenizer, max_length):
    windows = encode_document(tokenizer, SENTENCES, [0, 1, 1, 0], max_length)
    found, labels = [], []
    for window in windows:
        ids = window.example.input_ids
        assert window.first == len(found)
        assert len(ids) == len(window.example.token_type_ids) <= max_length
        assert window.example.token_type_ids[0] == 0
        for start, stop in zip(
            window.places, [*window.places[1:], len(ids)], strict=True
        ):
            assert ids[start] == tokenizer.cls_id and ids[stop - 1] == tokenizer.sep_id
            found.append(tokenizer.decode(ids[start + 1 : stop - 1]))
            labels.append(window.example.target["labels"][start])
    whole = [" ".join(s.split()[: max_length - 2]) for s in SENTENCES]
    assert found == whole and labels == [0, 1, 1, 0]
    assert (len(windows) == 1) == (max_length == 16)


def test_the_published_vocabulary_fits_windows_of_512(tokenizer):
    windows = encode_document(tokenizer, ["a " * 300, "b " * 300, "c " * 900])
    assert [len(w.example.input_ids) for w in windows] == [302, 302, 512]


@pytest.mark.parametrize(
    "sentences,labels,max_length,message",
    [
        ([], None, 9, r"at least one text, got \[\]"),
        ("a b", None, 9, "a list of at least one text, got 'a b'"),
        (["a"], [1, 0], 9, "one a sentence: 1, got 2"),
        (["a", "b"], [1, 2], 9, "label of sentence 1 must be 0 or 1, got 2"),
        (["a"], None, 2, "at least 3, got 2"),
    ],
)
def test_what_cannot_be_encoded_is_refused(
    tokenizer, sentences, labels, max_length, message
):
    with pytest.raises(ValueError, match=message):
        encode_document(tokenizer, sentences, labels, max_length)


def test_the_loss_is_that_of_the_labelled_places_only(tokenizer, model):
    documents = [(["a b", "c"], [1, 0]), (["d"], [1])]
    examples = [encode_document(tokenizer, s, y)[0].example for s, y in documents]
    out = model(**collate(examples))
    picked = torch.stack([out.logits[0, 0], out.logits[0, 4], out.logits[1, 0]])
    wanted = torch.tensor([1.0, 0.0, 1.0])
    expected = F.binary_cross_entropy_with_logits(picked, wanted)
    torch.testing.assert_close(out.loss, expected)
    blind = encode_document(tokenizer, ["a"])[0].example
    nothing = model(**collate([blind])).loss
    nothing.backward()
    assert nothing.item() == 0
    assert all(p.grad.isfinite().all() for p in model.scorer.parameters())


def test_scores_are_those_of_each_window_alone_in_any_batch(tokenizer, model):
    sentences = ["a b c", "d", "e f g h a", "b", "c d"]
    expected = []
    for window in encode_document(tokenizer, sentences, max_length=9):
        ids = torch.tensor([window.example.input_ids])
        types = torch.tensor([window.example.token_type_ids])
        logits = model(ids, token_type_ids=types).logits[0]
        expected += [logits[place].sigmoid().item() for place in window.places]
    model.train()
    for size in (1, 2, 16):
        found = score_sentences(
            model, tokenizer, sentences, max_length=9, batch_size=size
        )
        assert found == pytest.approx(expected, abs=1e-6)
    assert model.training, "the mode is put back"


def test_a_window_must_not_exceed_the_positions(tokenizer, model):
    with pytest.raises(ValueError, match="max_length must be at most 11, got 12"):
        score_sentences(model, tokenizer, ["a"], max_length=12)
    assert len(score_sentences(model, tokenizer, ["a b c d e f g h " * 4] * 3)) == 3


def test_a_model_without_segments_is_refused():
    with pytest.raises(ValueError, match="type_vocab_size must be at least 2"):
        BertForExtractiveSummarization(tiny_config(type_vocab_size=1))


def test_the_best_stand_in_the_order_of_the_document():
    assert select_sentences([0.1, 0.9, 0.3, 0.5], 2) == [1, 3]
    assert select_sentences([0.5, 0.5, 0.5], 2) == [0, 1]
    assert select_sentences([0.5], 3) == [0]
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        select_sentences([0.5], 0)


def test_blocking_passes_over_what_says_the_same():
    texts = ["the cat sat down", "Yes, the cat sat.", "a dog ran", "the cat"]
    scores = [0.9, 0.8, 0.7, 0.6]
    free = select_sentences(scores, 3)
    blocked = select_sentences(scores, 3, sentences=texts, block_trigrams=True)
    assert (free, blocked) == ([0, 1, 2], [0, 2, 3])
    with pytest.raises(ValueError, match="one a score: 4, got 1"):
        select_sentences(scores, 3, sentences=["a"], block_trigrams=True)
    with pytest.raises(ValueError, match="one a score: 4, got none"):
        select_sentences(scores, 3, block_trigrams=True)


def test_saved_and_loaded_it_scores_the_same(tokenizer, model, tmp_path):
    model.save_pretrained(tmp_path)
    again = BertForExtractiveSummarization.from_pretrained(tmp_path)
    assert not again.missing_keys and not again.unexpected_keys
    one, other = (score_sentences(m, tokenizer, SENTENCES) for m in (model, again))
    assert one == other


def test_from_an_encoder_only_the_scorer_is_new(model, tmp_path):
    model.bert.save_pretrained(tmp_path)
    again = BertForExtractiveSummarization.from_pretrained(tmp_path)
    assert again.missing_keys == ["scorer.bias", "scorer.weight"]


def test_it_learns_which_sentence_is_the_summary(tokenizer):
    """Sentences with an h belong in; the scorer must find them in new documents."""
    config = tiny_config(vocab_size=len(WORDS), max_position_embeddings=20)
    model = BertForExtractiveSummarization(config)
    generator = torch.Generator().manual_seed(0)

    def document():
        letters = torch.randint(5, 12, (4, 2), generator=generator).tolist()
        place = int(torch.randint(4, (1,), generator=generator))
        rows = [" ".join(WORDS[i] for i in pair) for pair in letters]
        rows[place] = "h " + rows[place][0]
        return rows, [int(i == place) for i in range(4)]

    train, test = [document() for _ in range(60)], [document() for _ in range(40)]
    examples = [encode_document(tokenizer, s, y, 20)[0].example for s, y in train]
    fit(model, examples, steps=300, learning_rate=5e-3)
    hits = [summarise(model, tokenizer, s, 1) == [y.index(1)] for s, y in test]
    assert sum(hits) / len(hits) > 0.95
