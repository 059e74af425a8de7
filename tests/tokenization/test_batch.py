"""Calling a tokenizer gives what transformers gives, for every option that it takes."""

import copy
import pickle
import random
from itertools import product

import pytest
import torch
from transformers import BertTokenizer as PublishedTokenizer

from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.config import BertConfig
from bert_tutorial.tokenization.tokenizer import ELSEWHERE, BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

WORDS = ["the", "un", "##aff", "##able", "##s", "cat", "sat", "a", ".", ",", "it", "'"]
VOCABULARY = [*SPECIAL_TOKENS, *WORDS, "?", "!", "n", "t", "s", "do", "not", "##a", "m"]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    BertTokenizer(VOCABULARY).save(folder, 12)
    published = PublishedTokenizer.from_pretrained(folder)
    return BertTokenizer.from_pretrained(folder), published


def sentence(chance, most=14):
    words = [
        "the",
        "unaffable",
        "cats",
        "sat",
        "a",
        ".",
        ",",
        "zzz",
        "it's",
        "The",
        "!",
    ]
    return " ".join(chance.choice(words) for _ in range(chance.randint(0, most)))


OPTIONS = {
    "padding": (False, True, "longest", "max_length", "do_not_pad"),
    "truncation": (None, True, False, "longest_first", "do_not_truncate"),
    "max_length": (None, 2, 5, 8, 40),
    "add_special_tokens": (True, False),
    "pad_to_multiple_of": (None, 8),
}


def test_all_options_together_give_what_transformers_gives(both):
    ours, published = both
    chance, tried = random.Random(0), 0
    for values in product(*OPTIONS.values()):
        options = dict(zip(OPTIONS, values, strict=True))
        if options["max_length"] == 2 and not options["add_special_tokens"]:
            continue
        texts = [sentence(chance) for _ in range(3)]
        pairs = [sentence(chance) or "a" for _ in range(3)]
        for given in ((texts,), (texts[0],), (texts, pairs), (texts[0], pairs[0])):
            if len(given) == 2 and options["max_length"] == 2:
                continue  # there is no room for three special tokens
            more = {
                "return_offsets_mapping": True,
                "return_special_tokens_mask": True,
            }
            try:
                right = published(*given, **options, **more)
            except ValueError as error:
                # it refuses to cut to 12 and pad to 16; we cut, then pad
                assert "not a multiple of pad_to_multiple_of" in str(error)
                continue
            assert dict(ours(*given, **options, **more)) == dict(right), (
                given,
                options,
            )
            tried += 1
    assert tried > 700


@pytest.mark.parametrize("truncation", ["only_first", "only_second", "longest_first"])
def test_pairs_are_cut_as_transformers_cuts_them(both, truncation):
    ours, published = both
    chance, refused = random.Random(1), 0
    for _ in range(300):
        given = sentence(chance), sentence(chance) or "a"
        options = {"truncation": truncation, "max_length": chance.randint(3, 20)}
        try:
            right = published(*given, **options)
        except Exception:  # the library raises no narrower one
            with pytest.raises(ValueError, match="take longest_first"):
                ours(*given, **options)
            refused += 1
            continue
        if (
            truncation != "longest_first"
            and len(right["input_ids"]) > options["max_length"]
        ):
            # transformers logs an error and hands over what is too long
            with pytest.raises(ValueError, match="take longest_first"):
                ours(*given, **options)
            refused += 1
            continue
        assert dict(ours(*given, **options)) == dict(right)
    assert (refused > 10) is (truncation != "longest_first")


@pytest.mark.parametrize("kind", ["pt", "np"])
def test_tensors(both, kind):
    ours, published = both
    texts = ["the cat sat .", "a", ""]
    found = ours(texts, padding=True, return_tensors=kind)
    right = published(texts, padding=True, return_tensors=kind)
    assert set(found) == set(right)
    for name in right:
        assert type(found[name]) is type(right[name])
        assert found[name].dtype == right[name].dtype
        assert found[name].tolist() == right[name].tolist()
    one = ours("the cat", return_tensors=kind)
    assert one.input_ids.shape == (1, 4)


def test_a_batch_goes_straight_into_a_model(both):
    ours, _ = both
    torch.manual_seed(0)
    sizes = {"num_hidden_layers": 1, "hidden_size": 8, "intermediate_size": 8}
    config = BertConfig(vocab_size=len(ours), num_attention_heads=2, **sizes)
    model = BertModel(config).eval()
    batch = ours(["the cat sat", "a"], padding=True, return_tensors="pt").to("cpu")
    together = model(**batch).last_hidden_state
    alone = model(**ours("a", return_tensors="pt")).last_hidden_state
    torch.testing.assert_close(together[1, :3], alone[0])


def test_pairs_in_one_list(both):
    ours, published = both
    pairs = [("the cat", "sat"), ("a", "it")]
    assert dict(ours(pairs)) == dict(published(pairs))
    assert dict(ours([])) == {name: [] for name in ours("a")}


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (("a",), {"is_split_into_words": True}, "is_split_into_words is not offered"),
        (("a",), {"stride": 3}, "stride is not offered"),
        (("a",), {"return_overflowing_tokens": True}, "return_overflowing_tokens"),
        (("a",), {"padding": "left"}, "padding must be one of"),
        (("a",), {"truncation": "only"}, "truncation must be one of"),
        (("a",), {"return_tensors": "tf"}, "return_tensors must be one of"),
        ((["a", "the cat"],), {"return_tensors": "pt"}, "pass padding=True"),
        ((["a"], "b"), {}, "both be a text or both a list"),
        ((["a"], ["b", "c"]), {}, "of the same length"),
        (([3],), {}, "must be a text"),
        (("a",), {"truncation": True, "max_length": 1}, "room for"),
    ],
    ids=str,
)
def test_mistakes_are_named(both, given, options, message):
    with pytest.raises(ValueError, match=message):
        both[0](*given, **options)


def test_the_remedy_for_unlike_lengths_works(both):
    texts = ["a", "the cat " * 20]
    batch = both[0](texts, padding=True, truncation=True, return_tensors="pt")
    assert batch["input_ids"].shape == (2, 12)


def test_without_a_known_length_nothing_is_cut_by_guess():
    tokenizer = BertTokenizer(VOCABULARY)
    with pytest.raises(ValueError, match="max_length must be given"):
        tokenizer("a", truncation=True)
    assert len(tokenizer("the cat sat", truncation=True, max_length=3).input_ids) == 3


def test_decoding_is_that_of_transformers(both):
    ours, published = both
    chance = random.Random(2)
    batch = [
        [chance.randrange(len(VOCABULARY)) for _ in range(chance.randint(0, 12))]
        for _ in range(300)
    ]
    for skip in (False, True):
        right = published.batch_decode(batch, skip_special_tokens=skip)
        assert ours.batch_decode(batch, skip_special_tokens=skip) == right
    ids = torch.tensor([[2, 5, 3, 0]])
    assert ours.batch_decode(ids, skip_special_tokens=True) == ["the"]
    assert ours.decode(ids[0]) == published.decode(ids[0])
    assert ours.convert_ids_to_tokens([2, 5]) == ["[CLS]", "the"]
    assert ours.convert_tokens_to_ids(["the", "nobody"]) == [5, 1]


def test_an_id_outside_the_vocabulary_is_named(both):
    for number in (-1, len(VOCABULARY)):
        with pytest.raises(ValueError, match=f"got {number}"):
            both[0].decode([5, number])


OLDER = {"encode_plus", "batch_encode_plus"}  # gone from transformers 5
NO_TEXTS = [None, float("nan"), 3, ["a", None], ["a", float("nan")], [b"a"], [["a"]]]


@pytest.mark.parametrize("text", NO_TEXTS, ids=repr)
def test_what_is_no_text_is_said(text, both):
    """Empty cells of a table are None or NaN; `tokenizers` names a type of its own."""
    with pytest.raises(ValueError, match=r"^text must be a text.*, got "):
        both[0](text)


def test_names_of_transformers_say_what_to_take(both):
    ours, theirs = both
    for name, there in ELSEWHERE.items():
        assert hasattr(theirs, name) or name in OLDER, name
        with pytest.raises(AttributeError, match=f"no {name}; take "):
            getattr(ours, name)
        if there.endswith("_id"):
            assert getattr(ours, there) == getattr(theirs, name)
        if name.endswith("_token"):
            assert there == repr(getattr(theirs, name))
    with pytest.raises(AttributeError, match=r"has no padding_side$"):
        ours.padding_side  # noqa: B018
    with pytest.raises(AttributeError, match="no word_ids, only input_ids, token_type"):
        ours("a").word_ids()
    again = pickle.loads(pickle.dumps(copy.deepcopy(ours)))
    assert again("a cat") == ours("a cat")
