"""ROUGE: by hand, against plain enumeration, against the published package."""

import random
from collections import Counter
from itertools import combinations

import pytest
from conftest import real_data

from bert_tutorial.tasks.summaries.files import choose_greedily, read_summaries
from bert_tutorial.tasks.summaries.rouge import (
    Score,
    longest_common_subsequence,
    rouge,
    rouge_l,
    rouge_l_of_sentences,
    rouge_n,
    rouge_words,
)


def approx(*shares):
    return pytest.approx(Score(*shares), abs=1e-12)


def test_words_are_runs_of_letters_and_digits_in_lower_case():
    assert rouge_words("U.S. Army's 3rd-best\tcafé_bar!") == [
        *("u", "s", "army", "s", "3rd", "best", "café", "bar")
    ]
    assert rouge_words("...") == rouge_words("") == []
    with pytest.raises(ValueError, match=r"texts, got list \['a'\]"):
        rouge_words(["a"])


# by hand: candidate, reference, n, shared runs, runs of the candidate, of the reference
CASES = [
    ("the cat sat on the mat", "the cat was on the mat", 1, 5, 6, 6),
    ("the cat sat on the mat", "the cat was on the mat", 2, 3, 5, 5),
    ("the the the the", "the cat and the dog", 1, 2, 4, 5),
    ("a b a b", "a b a", 2, 2, 3, 2),
    ("Paris, France", "paris FRANCE.", 2, 1, 1, 1),
    ("a", "b", 1, 0, 1, 1),
    ("a", "a", 2, 0, 0, 0),
]


@pytest.mark.parametrize("candidate,reference,n,shared,ours,theirs", CASES)
def test_runs_are_counted_and_clipped(candidate, reference, n, shared, ours, theirs):
    got = rouge_n(candidate, reference, n)
    if not shared:
        assert got == Score(0, 0, 0)
        return
    p, r = shared / ours, shared / theirs
    assert got == approx(p, r, 2 * p * r / (p + r))


def test_a_subsequence_may_have_gaps_but_keeps_the_order():
    assert longest_common_subsequence(["police", "killed", "the", "gunman"], []) == 0
    # Lin 2004, section 3.1: both have the same words, the order tells them apart
    reference = "police killed the gunman"
    assert rouge_l("police kill the gunman", reference) == approx(0.75, 0.75, 0.75)
    assert rouge_l("the gunman kill police", reference) == approx(0.5, 0.5, 0.5)


def test_sentences_of_the_candidate_are_united():
    # Lin 2004, section 3.2: w1 w2 w3 w4 w5 meets w1 w2 w6 w7 w8 and w1 w3 w8 w9 w5
    got = rouge_l_of_sentences(["a b f g h", "a c h i e"], ["a b c d e"])
    assert got.recall == pytest.approx(4 / 5)
    assert got.precision == pytest.approx(4 / 10)


def test_a_word_of_the_candidate_is_used_once_only():
    got = rouge_l_of_sentences(["a b"], ["a", "a", "b"])
    assert got == approx(1.0, 2 / 3, 0.8)


def by_enumeration(a, b):
    """Length of the longest common subsequence, by trying all of them."""
    for size in range(min(len(a), len(b)), 0, -1):
        of_a = {tuple(a[i] for i in kept) for kept in combinations(range(len(a)), size)}
        of_b = {tuple(b[i] for i in kept) for kept in combinations(range(len(b)), size)}
        if of_a & of_b:
            return size
    return 0


def by_crossing_out(a, b, n):
    """Shared runs, by crossing each used one out of a list."""
    left = [b[i : i + n] for i in range(len(b) - n + 1)]
    shared = 0
    for run in [a[i : i + n] for i in range(len(a) - n + 1)]:
        if run in left:
            left.remove(run)
            shared += 1
    return shared


@pytest.mark.parametrize("seed", range(40))
def test_plain_enumeration_finds_the_same(seed):
    rng = random.Random(seed)
    a, b = (rng.choices("abcd", k=rng.randint(1, 9)) for _ in range(2))
    assert longest_common_subsequence(a, b) == by_enumeration(a, b)
    for n in (1, 2, 3):
        shared = by_crossing_out(a, b, n)
        got = rouge_n(" ".join(a), " ".join(b), n)
        assert got.precision == pytest.approx(shared / max(1, len(a) - n + 1))
        assert got.recall == pytest.approx(shared / max(1, len(b) - n + 1))


@pytest.mark.parametrize("seed", range(20))
def test_what_must_hold_for_every_text(seed):
    rng = random.Random(seed)
    a, b = (" ".join(rng.choices("abcdef", k=rng.randint(1, 12))) for _ in range(2))
    for name, mine in rouge(a, b).items():
        other = rouge(b, a)[name]
        assert (mine.precision, mine.recall) == (other.recall, other.precision), name
        assert 0 <= mine.f1 <= 1
    if len(a.split()) > 1:
        assert all(one == approx(1, 1, 1) for one in rouge(a, a).values())
    assert rouge_n("x " + a, b, 1).recall == rouge_n(a, b, 1).recall
    counts = [Counter(text.split()) for text in (a, b)]
    assert rouge_l(a, b).recall * len(b.split()) <= (counts[0] & counts[1]).total()


def test_n_is_checked():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        rouge_n("a", "a", 0)


def drawn(seed):
    """Draw two texts of one to four lines."""
    rng = random.Random(seed)
    return [
        "\n".join(
            " ".join(rng.choices("abcdefgh", k=rng.randint(1, 9)))
            for _ in range(rng.randint(1, 4))
        )
        for _ in range(2)
    ]


# From rouge-score 0.1.2, installed apart from this project:
#   scorer = rouge_scorer.RougeScorer([*NAMES], use_stemmer=False)
#   found = [scorer.score(b, a) for a, b in map(drawn, range(300))]
# and then the mean over the 300 pairs of texts of precision, recall and fmeasure.
NAMES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
PUBLISHED = {
    "rouge1": [0.5456558641, 0.5542435807, 0.4552064581],
    "rouge2": [0.1504476515, 0.1502873125, 0.1196576241],
    "rougeL": [0.4119101935, 0.4128364728, 0.3312198125],
    "rougeLsum": [0.4919253119, 0.5004100105, 0.4080386702],
}
# The same with score("\n".join(summary), "\n".join(sentences[:3])): fmeasure of the
# six documents of the CNN/DailyMail sample.
LEAD_3 = [
    [0.218978, 0.103704, 0.145985, 0.218978],
    [0.052632, 0.0, 0.052632, 0.052632],
    [0.027027, 0.0, 0.027027, 0.027027],
    [0.157143, 0.028986, 0.1, 0.142857],
    [0.636364, 0.574074, 0.6, 0.636364],
    [0.0, 0.0, 0.0, 0.0],
]


def test_the_published_package_gives_the_same_on_300_pairs_of_texts():
    found = [rouge(*drawn(seed)) for seed in range(300)]
    for name in NAMES:
        means = [sum(one[name][i] for one in found) / 300 for i in range(3)]
        assert means == pytest.approx(PUBLISHED[name], abs=1e-9), name


def sample():
    return read_summaries(real_data("summarization/cnndm_presumm_sample.json"))


def test_the_published_package_gives_the_same_on_news():
    for document, published in zip(sample(), LEAD_3, strict=True):
        found = rouge(document.sentences[:3], document.summary)
        assert [found[name].f1 for name in NAMES] == pytest.approx(published, abs=1e-6)


def test_lead_and_greedy_choice_on_six_documents_of_news():
    """What the chapter says of them: asserted to two digits."""
    means = {}
    for name in ("lead", "greedy"):
        scores = []
        for document in sample():
            chosen = choose_greedily(document.sentences, document.summary)
            kept = range(3) if name == "lead" else chosen
            text = [document.sentences[i] for i in kept]
            scores.append(rouge(text, document.summary))
        means[name] = [sum(s[one].f1 for s in scores) / 6 for one in NAMES]
    assert means["lead"] == pytest.approx([0.18, 0.12, 0.15, 0.18], abs=0.005)
    assert means["greedy"] == pytest.approx([0.58, 0.38, 0.40, 0.53], abs=0.005)
