"""Pairs follow the published sampler; batches are complete, masked and resumable."""

import math
import time
from itertools import pairwise
from random import Random

import pytest
import torch
from conftest import real_data

from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.pretraining.pairs import (
    Pair,
    PretrainingBatches,
    pair_to_ids,
    sample_pairs,
)
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer

PAD, UNK, CLS, SEP, MASK = range(5)
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY += [f"w{i}" for i in range(60)] + [f"##x{i}" for i in range(34)]
TOKENIZER = BertTokenizer(VOCABULARY)
V = len(VOCABULARY)


def is_binomial(count, n, p, deviations=5.0):
    """Whether a count is within five standard deviations of n p."""
    return abs(count - n * p) <= deviations * math.sqrt(n * p * (1 - p)) + 1e-9


def numbered(shapes):
    """Documents of sentences of the given lengths; every piece has its own id."""
    documents, next_id = [], 0
    for lengths in shapes:
        document = []
        for length in lengths:
            document.append(list(range(next_id, next_id + length)))
            next_id += length
        documents.append(document)
        next_id += 1  # so that documents are never consecutive
    return documents


def draw(documents, max_length, short=0.0, seed=0):
    return list(
        sample_pairs(
            documents,
            max_length=max_length,
            short_probability=short,
            random=Random(seed),
        )
    )


def document_of(documents):
    return {
        piece: n
        for n, document in enumerate(documents)
        for sentence in document
        for piece in sentence
    }


# ---- labels -------------------------------------------------------------------------


def label_errors(documents, pairs):
    """Count pairs whose label is not what their pieces say."""
    home = document_of(documents)
    wrong = 0
    for a, b, is_random in pairs:
        elsewhere = home[a[0]] != home[b[0]]
        follows = b[0] == a[-1] + 1
        wrong += not (elsewhere if is_random else follows)
    return wrong


def test_false_is_next_and_true_is_random():
    documents = numbered([[3, 4, 5, 3, 4, 5]] * 500)
    pairs = draw(documents, 64)
    assert {pair.is_random for pair in pairs} == {False, True}
    # Ten tries among 500 documents never all hit the same one.
    assert label_errors(documents, pairs) == 0
    flipped = [pair._replace(is_random=not pair.is_random) for pair in pairs]
    assert label_errors(documents, flipped) > 0.4 * len(pairs)


def test_the_share_of_random_partners_is_exact():
    """Two sentences that fill a pair: next (1 pair) or random, then the second alone.

    So half of the documents give one pair, "next", and half two, both random: 2/3 of
    the pairs are random, where the paper says one half.
    """
    n = 20_000
    pairs = draw(numbered([[10, 10]] * n), 23)
    num_next = sum(not pair.is_random for pair in pairs)
    num_random = len(pairs) - num_next
    assert is_binomial(num_next, n, 0.5)
    assert num_random == 2 * (n - num_next)
    share = num_random / len(pairs)
    assert abs(share - 2 / 3) < 0.01
    assert not is_binomial(num_random, len(pairs), 0.5, deviations=20)


def test_a_single_sentence_gets_a_random_partner():
    pairs = draw(numbered([[5], [7], [9]] * 20), 64)
    assert len(pairs) == 60 and all(pair.is_random for pair in pairs)


def test_class_zero_is_next_in_the_ids():
    ids, types = pair_to_ids(Pair([7, 8], [9], False), CLS, SEP)
    assert ids == [CLS, 7, 8, SEP, 9, SEP]
    assert types == [0, 0, 0, 0, 1, 1]
    assert int(Pair([7], [9], False).is_random) == 0


# ---- filling ------------------------------------------------------------------------


def test_every_sentence_is_used_and_displaced_ones_come_back():
    """A's and the second segments that follow are together the document, in order."""
    documents = numbered([[1] * n for n in (1, 2, 3, 10, 57, 200)])
    home = document_of(documents)
    for seed in range(50):
        used = [[] for _ in documents]
        for a, b, is_random in draw(documents, 15, short=0.1, seed=seed):
            used[home[a[0]]] += a if is_random else a + b
        for document, pieces in zip(documents, used, strict=True):
            assert pieces == [piece for sentence in document for piece in sentence]


def test_segments_are_filled_to_the_target():
    documents = numbered([[1] * 400] * 200)
    lengths = [len(a) + len(b) for a, b, _ in draw(documents, 33)]
    assert max(lengths) == 30
    assert sum(n == 30 for n in lengths) / len(lengths) > 0.9  # less at the ends
    for max_length in (5, 6, 7, 64):
        for seed in range(20):
            for a, b, _ in draw(numbered([[3, 9, 1, 30]] * 4), max_length, 0.5, seed):
                assert a and b and len(a) + len(b) <= max_length - 3


def test_the_first_segment_is_one_to_all_but_one_sentences():
    pairs = draw(numbered([[1] * 6] * 12_000), 9)  # all six sentences fit
    first = pairs[:1] + [
        pair
        for before, pair in pairwise(pairs)
        if pair.tokens_a[0] // 7 != before.tokens_a[0] // 7
    ]
    assert len(first) == 12_000
    for size in range(1, 6):
        count = sum(len(pair.tokens_a) == size for pair in first)
        assert is_binomial(count, 12_000, 1 / 5), size


def test_one_document_in_ten_has_a_short_target():
    n, limit = 8_000, 20
    documents = numbered([[1] * 25] * n)
    pairs = [
        pair for pair in draw(documents, limit + 3, short=0.1) if not pair.is_random
    ]
    # Pairs that follow show the target, if the document does not end first.
    home = [pair for pair in pairs if pair.tokens_a[0] % 26 == 0]
    is_short = sum(len(a) + len(b) < limit for a, b, _ in home)
    # The short target is 2..20, each as likely: 18 of 19 are below 20.
    assert is_binomial(is_short, len(home), 0.1 * 18 / 19)
    assert not is_binomial(is_short, len(home), 0.05)
    assert not is_binomial(is_short, len(home), 0.15)
    shortest = min(len(a) + len(b) for a, b, _ in home)
    assert shortest == 2
    none = draw(documents[:500], limit + 3, short=0.0)
    assert all(len(a) + len(b) == limit for a, b, r in none if not r and a[0] % 26 == 0)


# ---- partners and truncation --------------------------------------------------------


def test_ten_tries_for_another_document():
    n = 100_000  # of two documents each try misses with 1/2, all ten with 1/1024
    documents = numbered([[1], [1]])
    own = sum(
        a == b for seed in range(n // 2) for a, b, _ in draw(documents, 8, seed=seed)
    )
    assert is_binomial(own, n, 2**-10)
    assert own > 0


def test_one_document_is_its_own_partner():
    documents = numbered([[5] * 40])
    pairs = draw(documents, 23)
    assert any(pair.is_random for pair in pairs)
    assert sum(not pair.is_random for pair in pairs) > 0


def test_a_partner_starts_at_any_sentence():
    documents = numbered([[1], [1] * 5])
    starts = [
        pair.tokens_b[0] - 2
        for seed in range(10_000)
        for pair in draw(documents, 5, seed=seed)
        if pair.tokens_a == [0] and pair.tokens_b[0] >= 2
    ]
    for start in range(5):
        assert is_binomial(starts.count(start), len(starts), 1 / 5)


def test_the_longer_segment_loses_front_or_back_by_a_coin():
    documents = numbered([[100, 100]] * 300)
    front = dropped = 0
    for a, b, _ in draw(documents, 63):
        assert len(a) == len(b) == 30
        for piece in (a, b):
            assert piece == list(range(piece[0], piece[0] + 30))  # one stretch
            lost = piece[0] % 201 % 100  # pieces of the sentence before it
            assert 0 <= lost <= 70
            front += lost
            dropped += 70
    assert is_binomial(front, dropped, 0.5)


def test_a_short_segment_is_left_whole():
    for a, b, is_random in draw(numbered([[5, 200]] * 50), 63):
        if not is_random:
            assert len(a) == 5 and len(b) == 55


def test_empty_sentences_and_documents_are_passed_over():
    documents = [[], [[], [1, 2], []], [[]], [[7], [8, 9]]]
    for seed in range(50):
        for a, b, _ in draw(documents, 16, seed=seed):
            assert a and b
    with pytest.raises(ValueError, match="at least one sentence, got none"):
        draw([[], [[]]], 16)
    with pytest.raises(ValueError, match="at least 5"):
        draw(documents, 4)


def test_pairs_repeat_by_seed_and_leave_the_documents_alone():
    documents = numbered([[3, 40, 5, 2]] * 30)
    before = [[list(s) for s in d] for d in documents]
    assert draw(documents, 24, 0.1, 3) == draw(documents, 24, 0.1, 3)
    assert draw(documents, 24, 0.1, 3) != draw(documents, 24, 0.1, 4)
    assert documents == before


# ---- padded rows --------------------------------------------------------------------


def rows(n, longest=30, seed=0):
    random = Random(seed)
    return [
        [CLS, *(random.randrange(5, V) for _ in range(random.randint(1, longest))), SEP]
        for _ in range(n)
    ]


@pytest.mark.parametrize("whole_word", [False, True])
def test_padded_rows_are_masked_at_their_tokens_only(whole_word):
    sequences = rows(4_000)
    padded, mask = pad(sequences, PAD)
    ids, labels = Masker(TOKENIZER, seed=1, whole_word=whole_word)(padded)
    lengths = torch.tensor(list(map(len, sequences)))
    assert torch.equal(mask.sum(dim=1), lengths)
    assert ids.shape == mask.shape == labels.shape == (4_000, int(lengths.max()))
    assert bool((ids[mask == 0] == PAD).all())
    is_chosen = labels != -100
    assert not bool((is_chosen & (mask == 0)).any())
    for row, sequence in enumerate(sequences):
        true = torch.tensor(sequence)
        hit = is_chosen[row, : len(sequence)]
        assert torch.equal(labels[row, : len(sequence)][hit], true[hit])
        assert torch.equal(ids[row, : len(sequence)][~hit], true[~hit])
        assert not hit[0] and not hit[-1]
    n = int((lengths - 2).sum())
    deviations = 9 if whole_word else 5  # words come and go as one
    assert is_binomial(int(is_chosen.sum()), n, 0.15, deviations)
    _, again = Masker(TOKENIZER, seed=1, whole_word=whole_word)(padded)
    assert torch.equal(labels, again)


def test_padding_refuses_nothing():
    with pytest.raises(ValueError, match="at least one row"):
        pad([], PAD)


# ---- batches ------------------------------------------------------------------------


def labelled(n=2_000, types=True, seed=0):
    random = Random(seed)
    sequences = []
    for ids in rows(n, 12, seed):
        half = len(ids) // 2
        segments = [0] * half + [1] * (len(ids) - half) if types else None
        sequences.append((ids, segments, random.choice([0, 1, -100])))
    return sequences


def make(sequences, seed=3, tokens=200, **options):
    masker = Masker(TOKENIZER, seed=seed)
    return PretrainingBatches(
        sequences, masker, tokens_per_batch=tokens, seed=seed, **options
    )


def true_rows(batch):
    """Undo masking and padding: the sequences of a batch as they were given."""
    ids = torch.where(batch["labels"] != -100, batch["labels"], batch["input_ids"])
    mask = batch.get("attention_mask", torch.ones_like(ids)).bool()
    for row, types, label, keep in zip(
        ids, batch["token_type_ids"], batch["next_sentence_label"], mask, strict=True
    ):
        yield tuple(row[keep].tolist()), tuple(types[keep].tolist()), int(label)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("types", [False, True])
def test_an_epoch_holds_each_sequence_once(exact, types):
    sequences = labelled(types=types)
    batches = make(sequences, exact_lengths=exact)
    expected = sorted(
        (tuple(ids), tuple(kinds or [0] * len(ids)), label)
        for ids, kinds, label in sequences
    )
    orders = []
    for _ in range(2):
        found = [
            row
            for _ in range(batches.batches_per_epoch())
            for row in true_rows(next(batches))
        ]
        assert sorted(found) == expected
        orders.append(found)
    assert orders[0] != orders[1]  # shuffled anew


def test_the_mask_is_there_only_with_padding():
    batches = make(labelled(), exact_lengths=True)
    padded = 0
    for _ in range(batches.batches_per_epoch()):
        batch = next(batches)
        assert batch["input_ids"].numel() <= 200
        if "attention_mask" in batch:
            padded += 1
            hidden = batch["attention_mask"] == 0
            assert bool(hidden.any())
            assert bool((batch["input_ids"][hidden] == PAD).all())
            assert bool((batch["labels"][hidden] == -100).all())
            assert bool((batch["token_type_ids"][hidden] == 0).all())
        else:
            assert bool((batch["input_ids"][:, -1] != PAD).all())
    assert 0 < padded < 0.1 * batches.batches_per_epoch()


def equal(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(first[key], second[key]) for key in first
    )


@pytest.mark.parametrize("options", [{}, {"static_copies": 2}], ids=str)
def test_resume_is_exact_at_every_place(options):
    sequences = labelled(300)
    batches = make(sequences, **options)
    per_epoch = batches.batches_per_epoch()
    for stop in (0, 1, per_epoch - 1, per_epoch, per_epoch + 1, 2 * per_epoch + 3):
        whole = make(sequences, **options)
        for _ in range(stop):
            next(whole)
        state = whole.state_dict()
        resumed = make(sequences, **options)
        next(resumed)
        resumed.load_state_dict(state)
        for _ in range(per_epoch + 2):
            assert equal(next(whole), next(resumed))


def test_a_state_of_other_data_is_refused():
    batches = make(labelled(300))
    for _ in range(15):
        next(batches)
    with pytest.raises(ValueError, match="resume with the data"):
        make(labelled(20)).load_state_dict(batches.state_dict())


def masks_of(batches):
    """The masked ids of each sequence (all unlike) over one epoch."""
    found = {}
    for _ in range(batches.batches_per_epoch()):
        batch = next(batches)
        for (ids, _, _), masked in zip(
            true_rows(batch), batch["input_ids"], strict=True
        ):
            found[ids] = masked[: len(ids)].tolist()
    return found


def test_dynamic_masks_change_and_static_ones_take_turns():
    ids = [[CLS, *torch.randint(5, V, (20,)).tolist(), SEP] for _ in range(200)]
    sequences = [(row, None, -100) for row in ids]
    dynamic = make(sequences)
    assert masks_of(dynamic) != masks_of(dynamic)
    static = make(sequences, static_copies=2)
    one, two, three, four = (masks_of(static) for _ in range(4))
    assert one == three != two == four
    changed = sum(one[key] != two[key] for key in one)
    assert changed > 190


def test_types_and_labels_of_the_tensors():
    batch = next(make(labelled(50)))
    assert all(value.dtype == torch.long for value in batch.values())
    assert batch["next_sentence_label"].shape == batch["input_ids"].shape[:1]


def test_what_cannot_be_dealt_is_refused():
    with pytest.raises(ValueError, match="at least one sequence"):
        make([])
    with pytest.raises(ValueError, match="number 1 is"):
        make([([CLS, SEP], None, -100), ([], None, -100)])
    with pytest.raises(ValueError, match="got 1 and 2 in sequence 0"):
        make([([CLS, SEP], [0], -100)])


def masked_by_hand(sequences, random):
    """Pad and mask a batch piece by piece, as one would without tensors."""
    longest = max(map(len, sequences))
    input_ids, labels = [], []
    for row in sequences:
        read = row + [PAD] * (longest - len(row))
        answers = [-100] * longest
        for place, piece in enumerate(row):
            if piece not in (CLS, SEP) and random.random() < 0.15:
                answers[place], u = piece, random.random()
                swapped = random.randrange(V) if u < 0.9 else piece
                read[place] = TOKENIZER.mask_id if u < 0.8 else swapped
        input_ids.append(read)
        labels.append(answers)
    return torch.tensor(input_ids), torch.tensor(labels)


def test_a_batch_costs_less_than_a_quarter_of_one_made_by_hand():
    """Both on one machine and by turns: half a millisecond where it was measured."""
    sequences = rows(20_000, 20)
    batches = make([(row, None, -100) for row in sequences], tokens=2_048)
    random = Random(0)

    def seconds(once):
        started = time.process_time()
        for _ in range(10):
            once()
        return time.process_time() - started

    # a batch holds about as many pieces as these
    some = sequences[: 2_048 // 12]
    both = [
        (seconds(lambda: next(batches)), seconds(lambda: masked_by_hand(some, random)))
        for _ in range(20)
    ]
    ours, by_hand = map(min, zip(*both, strict=True))
    assert ours < by_hand / 4


# ---- real text ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["bert-sample_text.txt", "tinyshakespeare.txt", "wikitext-2-valid.txt"]
)
def test_real_text_becomes_batches(name):
    texts = read_documents(real_data(f"lm/{name}"))[:300]
    lines = [sentence for document in texts for sentence in document]
    tokenizer = BertTokenizer(train_vocabulary(lines, 1_000))
    documents = [tokenizer.encode_lines(document) for document in texts]
    pairs = list(sample_pairs(documents, max_length=64, random=Random(0)))
    share = sum(pair.is_random for pair in pairs) / len(pairs)
    assert 0.5 < share < 1 if len(pairs) > 100 else True
    sequences = [
        (*pair_to_ids(pair, tokenizer.cls_id, tokenizer.sep_id), int(pair.is_random))
        for pair in pairs
    ]
    masker = Masker(tokenizer, max_predictions=20, whole_word=True)
    batches = PretrainingBatches(sequences, masker, tokens_per_batch=1_024)
    for _ in range(min(20, batches.batches_per_epoch())):
        batch = next(batches)
        assert batch["input_ids"].shape[1] <= 64
        assert int(batch["input_ids"].max()) < len(tokenizer)
        share = float((batch["labels"] != -100).float().mean())
        assert 0.02 < share < 0.25
