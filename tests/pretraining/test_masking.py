"""Masks have the published statistics, and the same statistics catch known mistakes.

Bounds are five standard deviations of the exact binomial: a correct masker fails one
of them once in more than a million runs, and the mutants show that a wrong one does.
"""

import math
import time

import pytest
import torch

from bert_tutorial.pretraining.masking import (
    Masker,
    choose_exactly,
    find_first_pieces,
    mask_statically,
    mask_tokens,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

PAD, UNK, CLS, SEP, MASK = range(5)
V, B, T = 99, 16_000, 64
SPLIT = (0.8, 0.1, 0.1)
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY += [f"w{i}" for i in range(50)] + [f"##x{i}" for i in range(44)]
TOKENIZER = BertTokenizer(VOCABULARY)
FIRST_CONTINUATION = 55


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def is_binomial(count, n, p, deviations=5.0):
    """Whether a count is within five standard deviations of n p."""
    return abs(count - n * p) <= deviations * math.sqrt(n * p * (1 - p)) + 1e-9


def texts(B=B, T=T, seed=1):
    """Rows of ordinary ids between [CLS] and [SEP], a few rows padded."""
    ids = torch.randint(5, V, (B, T), generator=generator(seed))
    ids[:, 0], ids[:, -1] = CLS, SEP
    ids[: B // 4, T // 2 - 1] = SEP
    ids[: B // 4, T // 2 :] = PAD
    return ids


def special(ids):
    return (ids == PAD) | (ids == CLS) | (ids == SEP)


def violations(ids, masked, labels, rate, split=SPLIT):
    """Name each published rule that a masked batch breaks."""
    broken = []
    is_chosen, candidates = labels != -100, ~special(ids)
    if bool((is_chosen & special(ids)).any()):
        broken.append("special")
    if bool((labels[is_chosen] != ids[is_chosen]).any()):
        broken.append("labels")
    if bool((masked != ids)[~is_chosen].any()):
        broken.append("changed although not chosen")
    if not is_binomial(int(is_chosen.sum()), int(candidates.sum()), rate):
        broken.append("rate")
    column, n = is_chosen.sum(dim=0), candidates.sum(dim=0)
    if not all(is_binomial(*pair, rate, 6) for pair in zip(column, n, strict=True)):
        broken.append("rows are not independent")
    n, old, new = int(is_chosen.sum()), ids[is_chosen], masked[is_chosen]
    # A random token is now and then the true one, or [MASK].
    swap = split[1] / V
    if not is_binomial(int((new == MASK).sum()), n, split[0] + swap):
        broken.append("share of [MASK]")
    if not is_binomial(int((new == old).sum()), n, split[2] + swap):
        broken.append("share kept")
    is_swapped = (new != MASK) & (new != old)
    if not is_binomial(int(is_swapped.sum()), n, split[1] - 2 * swap):
        broken.append("share swapped")
    if not is_binomial(int((is_swapped & (new < MASK)).sum()), n, 4 * swap):
        broken.append("random tokens are of the whole vocabulary")
    return broken


def right(ids, rate, random):
    return mask_tokens(
        ids,
        is_special=special(ids),
        rates=rate,
        generator=random,
        mask_id=MASK,
        vocab_size=V,
    )


def masked_by(ids, is_chosen, is_masked, is_swapped, random_ids):
    masked = torch.where(is_chosen & is_swapped, random_ids, ids)
    masked[is_chosen & is_masked] = MASK
    return masked, ids.masked_fill(~is_chosen, -100)


def chosen(ids, rate, random):
    return (torch.rand(ids.shape, generator=random) < rate) & ~special(ids)


def two_coins(ids, rate, random):
    """A tenth is swapped, a tenth of the rest is kept: 81 / 10 / 9."""
    swap = torch.rand(ids.shape, generator=random) < 0.1
    keep = ~swap & (torch.rand(ids.shape, generator=random) < 0.1)
    random_ids = torch.randint(V, ids.shape, generator=random)
    return masked_by(ids, chosen(ids, rate, random), ~swap & ~keep, swap, random_ids)


def one_draw_unscaled(ids, rate, random):
    """The draw that chose is compared with .8 although it is below the rate."""
    u = torch.rand(ids.shape, generator=random)
    is_chosen = (u < rate) & ~special(ids)
    return masked_by(ids, is_chosen, u < 0.8, u >= 0.9, ids)


def masks_specials(ids, rate, random):
    none = torch.zeros_like(ids, dtype=torch.bool)
    return mask_tokens(
        ids,
        is_special=none,
        rates=rate,
        generator=random,
        mask_id=MASK,
        vocab_size=V,
    )


def masks_padding(ids, rate, random):
    return mask_tokens(
        ids,
        is_special=(ids == CLS) | (ids == SEP),
        rates=rate,
        generator=random,
        mask_id=MASK,
        vocab_size=V,
    )


def labels_flipped(ids, rate, random):
    masked, labels = right(ids, rate, random)
    return masked, ids.masked_fill(labels != -100, -100)


def labels_after_masking(ids, rate, random):
    masked, labels = right(ids, rate, random)
    return masked, masked.masked_fill(labels == -100, -100)


def ordinary_random_tokens(ids, rate, random):
    u = torch.rand(ids.shape, generator=random)
    random_ids = torch.randint(5, V, ids.shape, generator=random)
    is_swapped = (u >= 0.8) & (u < 0.9)
    return masked_by(ids, chosen(ids, rate, random), u < 0.8, is_swapped, random_ids)


def always_mask(ids, rate, random):
    every = torch.ones_like(ids, dtype=torch.bool)
    return masked_by(ids, chosen(ids, rate, random), every, ~every, ids)


def one_draw_for_all_rows(ids, rate, random):
    u = torch.rand(1, ids.shape[1], generator=random).expand(ids.shape)
    is_chosen = (u < rate) & ~special(ids)
    fate = torch.rand(ids.shape, generator=random)
    random_ids = torch.randint(V, ids.shape, generator=random)
    is_swapped = (fate >= 0.8) & (fate < 0.9)
    return masked_by(ids, is_chosen, fate < 0.8, is_swapped, random_ids)


MUTANTS = {
    two_coins: "share of [MASK]",
    one_draw_unscaled: "share swapped",
    masks_specials: "special",
    masks_padding: "special",
    labels_flipped: "special",
    labels_after_masking: "labels",
    ordinary_random_tokens: "random tokens are of the whole vocabulary",
    always_mask: "share kept",
    one_draw_for_all_rows: "rows are not independent",
}


@pytest.mark.parametrize("seed", range(3))
def test_the_published_statistics(seed):
    ids = texts()
    assert violations(ids, *right(ids, 0.15, generator(seed)), 0.15) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_each_known_mistake_is_caught(mutant):
    ids = texts()
    for seed in range(3):
        broken = violations(ids, *mutant(ids, 0.15, generator(seed)), 0.15)
        assert MUTANTS[mutant] in broken


def test_eighty_one_ten_nine_is_far_outside_the_bounds():
    ids = texts()
    masked, labels = two_coins(ids, 0.15, generator())
    n = int((labels != -100).sum())
    share = int(((masked == MASK) & (labels != -100)).sum())
    assert not is_binomial(share, n, 0.8 + 0.1 / V, deviations=7)  # power to spare


def test_the_input_is_left_alone():
    ids = texts(8)
    before = ids.clone()
    right(ids, 0.5, generator())
    assert torch.equal(ids, before)


@pytest.mark.parametrize("split", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.5, 0.2, 0.3)])
def test_other_splits(split):
    ids = texts()
    masked, labels = Masker(TOKENIZER, split=split, seed=3)(ids)
    assert violations(ids, masked, labels, 0.15, split) == []


def test_each_id_has_its_own_rate():
    ids = texts()
    rates = torch.linspace(0, 1, V)
    masked, labels = Masker(TOKENIZER, rates=rates, seed=4)(ids)
    is_chosen = labels != -100
    total = torch.bincount(ids.flatten(), minlength=V)
    hits = torch.bincount(ids[is_chosen], minlength=V)
    for i in range(5, V):
        assert is_binomial(int(hits[i]), int(total[i]), float(rates[i])), i
    assert hits[:5].sum() == 0
    # One draw decides both: the split must hold at each rate, not only over all.
    for low, high in ((5, 30), (30, 60), (60, V)):
        some = is_chosen & (ids >= low) & (ids < high)
        n = int(some.sum())
        assert is_binomial(int((masked[some] == MASK).sum()), n, 0.8 + 0.1 / V)


def test_rates_of_zero_and_one_are_exact():
    ids = texts(50)
    rates = torch.zeros(V)
    rates[7] = 1.0
    _, labels = Masker(TOKENIZER, rates=rates)(ids)
    assert torch.equal(labels != -100, ids == 7)
    masked, labels = Masker(TOKENIZER, rates=0.0)(ids)
    assert torch.equal(masked, ids) and bool((labels == -100).all())


def test_unknown_tokens_may_be_chosen():
    ids = torch.full((4, 50), UNK)
    _, labels = Masker(TOKENIZER, rates=1.0)(ids)
    assert bool((labels == UNK).all())


# ---- a fixed number a sequence ------------------------------------------------------


def rows_of_lengths(lengths):
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = torch.randint(5, V, (length,), generator=generator(length))
        row[0], row[length - 1] = CLS, SEP
    return ids


def test_the_number_counts_special_tokens_and_has_a_limit():
    lengths = list(range(3, 513))
    ids = rows_of_lengths(lengths)
    for limit in (20, 77, 1000):
        _, labels = Masker(TOKENIZER, max_predictions=limit)(ids)
        counts = (labels != -100).sum(dim=1).tolist()
        expected = [min(limit, max(1, round(0.15 * n)), n - 2) for n in lengths]
        assert counts == expected
    assert dict(zip(lengths, counts, strict=True))[128] == 19
    assert dict(zip(lengths, counts, strict=True))[512] == 77
    # Not counting [CLS] and [SEP] would give 9 instead of 10 here.
    assert dict(zip(lengths, counts, strict=True))[64] == 10


def test_every_position_is_chosen_as_often():
    ids = torch.randint(5, V, (20_000, 20), generator=generator())
    ids[:, 0], ids[:, -1] = CLS, SEP
    _, labels = Masker(TOKENIZER, max_predictions=20, seed=1)(ids)
    hits = (labels != -100).sum(dim=0)
    assert hits[0] == hits[-1] == 0
    assert all(is_binomial(int(h), len(ids), 3 / 18) for h in hits[1:-1])


def test_a_fixed_number_keeps_the_split():
    ids = texts()
    masked, labels = Masker(TOKENIZER, max_predictions=20, seed=2)(ids)
    n = int((labels != -100).sum())
    rate = n / int((~special(ids)).sum())
    broken = violations(ids, masked, labels, rate)
    assert set(broken) <= {"rows are not independent"}  # short rows differ in rate


# ---- whole words --------------------------------------------------------------------


def words_of(row):
    """Positions of each word of a row, by hand."""
    words = []
    for position, i in enumerate(row):
        if i in (PAD, CLS, SEP):
            continue
        if i >= FIRST_CONTINUATION and words:
            words[-1].append(position)
        else:
            words.append([position])
    return words


def naive_whole_words(row, length, limit, random):
    """The published rule, word by word."""
    budget = min(limit, max(1, round(0.15 * length)))
    words, taken = words_of(row), []
    for i in torch.randperm(len(words), generator=random).tolist():
        if len(taken) + len(words[i]) <= budget:
            taken += words[i]
    return taken


def test_first_pieces():
    row = [CLS, 60, 7, 61, 62, SEP, 63, 8, 9, SEP, PAD]
    ids = torch.tensor([row])
    first = find_first_pieces(~special(ids), ids >= FIRST_CONTINUATION)[0].tolist()
    kept = [first[i] for i, token in enumerate(row) if token > MASK]
    # A ## after [CLS] starts a word; one after [SEP] joins the word before.
    assert kept == [0, 2, 2, 2, 2, 7, 8]


def test_whole_words_are_all_or_nothing_and_fill_the_budget():
    ids = texts(300, 64)
    _, labels = Masker(TOKENIZER, max_predictions=20, whole_word=True)(ids)
    for row, chosen_row in zip(ids.tolist(), (labels != -100).tolist(), strict=True):
        length = sum(i != PAD for i in row)
        budget = min(20, max(1, round(0.15 * length)))
        words = words_of(row)
        sizes = [sum(chosen_row[p] for p in word) for word in words]
        assert all(n in (0, len(w)) for n, w in zip(sizes, words, strict=True))
        left = budget - sum(sizes)
        assert left >= 0
        # Skipping goes on: no word that would still fit is left out.
        assert all(n or len(w) > left for n, w in zip(sizes, words, strict=True))


def test_whole_words_are_chosen_as_often_as_by_the_plain_rule():
    """Short words gain: the budget's end skips long ones, here as in the plain rule."""
    ids = texts(3_000, 32, seed=8)
    masker = Masker(TOKENIZER, max_predictions=20, whole_word=True, seed=6)
    random = generator(7)
    counts = {"ours": {}, "plain": {}}
    totals = {}
    is_chosen = (masker(ids)[1] != -100).tolist()
    for row, ours in zip(ids.tolist(), is_chosen, strict=True):
        plain = set(naive_whole_words(row, sum(i != PAD for i in row), 20, random))
        for word in words_of(row):
            size = min(len(word), 4)
            totals[size] = totals.get(size, 0) + 1
            for name, hit in (("ours", ours[word[0]]), ("plain", word[0] in plain)):
                counts[name][size] = counts[name].get(size, 0) + hit
    for size, n in totals.items():
        p = (counts["ours"][size] + counts["plain"][size]) / (2 * n)
        difference = abs(counts["ours"][size] - counts["plain"][size])
        assert difference <= 5 * math.sqrt(2 * n * p * (1 - p)), size
    rate = {size: counts["ours"][size] / n for size, n in totals.items()}
    assert rate[1] > rate[4] + 0.03  # the bias that the docstring speaks of


def test_one_long_word_may_leave_nothing_to_predict():
    ids = torch.tensor([[CLS, 7, 60, 61, SEP]])  # the budget is one piece
    assert bool(
        (Masker(TOKENIZER, max_predictions=20, whole_word=True)(ids)[1] == -100).all()
    )


def fates(masked, labels):
    """For words of two pieces: how many have both pieces [MASK], of how many."""
    both = (labels[:, 1::2] != -100) & (labels[:, 2::2] != -100)
    is_mask = (masked[:, 1::2] == MASK) & (masked[:, 2::2] == MASK)
    return int((both & is_mask).sum()), int(both.sum())


@pytest.mark.parametrize("limit", [None, 20])
def test_each_piece_of_a_word_has_its_own_draw(limit):
    ids = torch.randint(5, FIRST_CONTINUATION, (8_000, 42), generator=generator())
    ids[:, 2::2] = torch.randint(FIRST_CONTINUATION, V, (8_000, 20))
    ids[:, 0], ids[:, -1] = CLS, SEP  # and 20 words of two pieces between
    masker = Masker(TOKENIZER, max_predictions=limit, whole_word=True)
    masked, labels = masker(ids)
    inner_masked, inner_labels = masked[:, :41], labels[:, :41]
    both, n = fates(inner_masked, inner_labels)
    p = 0.8 + 0.1 / V
    assert n == int((inner_labels != -100).sum()) // 2  # all or nothing
    assert is_binomial(both, n, p * p)
    if limit is None:
        assert is_binomial(n, 8_000 * 20, 0.15)
    # The mistake: one draw for the word gives .8, not .64, and is caught.
    first = inner_masked[:, 1::2] == MASK
    copied = inner_masked.clone()
    copied[:, 2::2][first] = MASK
    wrong, n = fates(copied, inner_labels)
    assert not is_binomial(wrong, n, p * p, deviations=20)


# ---- the object ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{}, {"max_predictions": 20}, {"whole_word": True}, {"rates": 0.3}],
    ids=str,
)
def test_state_repeats_exactly_and_seeds_differ(options):
    ids = texts(8)
    masker = Masker(TOKENIZER, seed=5, **options)
    masker(ids)
    state = masker.state
    first = masker(ids)
    second = masker(ids)
    masker.set_state(state)
    again = masker(ids)
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[1], second[1])  # dynamic: each call draws anew
    same = Masker(TOKENIZER, seed=5, **options)(ids)[1]
    other = Masker(TOKENIZER, seed=6, **options)(ids)[1]
    assert not torch.equal(same, other)


def test_the_global_random_numbers_are_not_touched():
    before = torch.get_rng_state()
    Masker(TOKENIZER, whole_word=True, max_predictions=20)(texts(8))
    assert torch.equal(before, torch.get_rng_state())


def test_static_masks_give_each_copy_its_own():
    sequences = [[CLS, *range(5, 45), SEP], [CLS, *range(50, 90), SEP]]
    rows = list(mask_statically(sequences, Masker(TOKENIZER), copies=3))
    assert len(rows) == 6
    for i, (masked, labels) in enumerate(rows):
        source = sequences[i % 2]
        assert len(masked) == len(labels) == len(source)
        pairs = zip(source, labels, strict=True)
        assert all(label in (-100, true) for true, label in pairs)
    assert rows[0][1] != rows[2][1] != rows[4][1]


def test_choosing_never_takes_padding_of_a_short_row():
    is_candidate = torch.tensor([[False, True, False, False, False]])
    chosen_pieces = choose_exactly(
        is_candidate, torch.tensor([100]), generator=generator()
    )
    assert torch.equal(chosen_pieces, is_candidate)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mlm_probability": 0.0}, "above 0 and at most 1, got 0.0"),
        ({"mlm_probability": 15}, "at most 1, got 15"),
        ({"split": (0.8, 0.1, 0.2)}, "sum to 1"),
        ({"split": (0.9, 0.2, -0.1)}, "sum to 1"),
        ({"max_predictions": 0}, "at least 1, got 0"),
        ({"max_predictions": 3, "rates": 0.1}, "drop one"),
        ({"rates": torch.zeros(7)}, r"99, one for each token, got shape \(7,\)"),
        ({"rates": 1.5}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Masker(TOKENIZER, **options)


def test_two_thousand_tokens_in_a_millisecond():
    ids = texts(32, 64)
    for options in ({}, {"rates": torch.rand(V)}, {"whole_word": True}):
        masker = Masker(TOKENIZER, **options)
        best = min(process_seconds(masker, ids) for _ in range(20))
        assert best < 1e-3, options


def process_seconds(masker, ids):
    started = time.process_time()
    for _ in range(10):
        masker(ids)
    return (time.process_time() - started) / 10
