"""Exercise: hide fifteen tokens in a hundred.

Chapter: 10
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def hide_tokens(
    input_ids: Tensor,
    is_special: Tensor,
    mask_id: int,
    vocab_size: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Hide 15 % of the tokens: (B, T), (B, T) bool -> ids to read, labels; (B, T) each.

    Each token that is not special is chosen with probability 0.15. Of the chosen, 80 %
    become mask_id, 10 % a random id from 0 to vocab_size - 1, 10 % stay. Labels are the
    true ids at all chosen tokens, -100 elsewhere. All draws come from the generator.
    """
    raise NotAttempted
'''

MASK, V = 4, 50
Answer = tuple[Tensor, Tensor]


def hide_tokens(
    input_ids: Tensor,
    is_special: Tensor,
    mask_id: int,
    vocab_size: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Choose, then decide each one's fate by a second draw."""
    is_chosen = torch.rand(input_ids.shape, generator=generator) < 0.15
    is_chosen &= ~is_special
    fate = torch.rand(input_ids.shape, generator=generator)
    others = torch.randint(vocab_size, input_ids.shape, generator=generator)
    read = torch.where(is_chosen & (fate < 0.9), others, input_ids)
    read = read.masked_fill(is_chosen & (fate < 0.8), mask_id)
    return read, input_ids.masked_fill(~is_chosen, -100)


def one_draw(
    input_ids: Tensor,
    is_special: Tensor,
    mask_id: int,
    vocab_size: int,
    generator: torch.Generator,
) -> Answer:
    """Let one draw decide both."""
    u = torch.rand(input_ids.shape, generator=generator) / 0.15
    is_chosen = (u < 1) & ~is_special
    others = torch.randint(vocab_size, input_ids.shape, generator=generator)
    read = input_ids.masked_fill(is_chosen & (u < 0.8), mask_id)
    is_random = is_chosen & (u >= 0.8) & (u < 0.9)
    return torch.where(is_random, others, read), torch.where(is_chosen, input_ids, -100)


def unwrapped(answer: Any) -> Any:
    """Give the answer itself, which the judge wraps anew for each property."""
    return getattr(answer, "__wrapped__", answer)


@lru_cache(maxsize=1)
def texts() -> tuple[Tensor, Tensor]:
    """Give 3,000 texts of 128 tokens; the first, one inside, the end are special."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, V, (3_000, 128), generator=generator)
    is_special = torch.zeros_like(ids, dtype=torch.bool)
    is_special[:, 0] = is_special[:, 60] = is_special[:, 120:] = True
    return ids.masked_fill(is_special, 2), is_special


def near(count: float, number: float, p: float) -> bool:
    """Tell whether a count is within 5.2 deviations: false alarms under 2 in 10^7."""
    return abs(count - number * p) <= 5.2 * math.sqrt(number * p * (1 - p)) + 1


DRAWN: dict[str, Any] = {}  # of the last answer: all properties look at the same draws


def drawn_by(answer: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Give the texts, which are special, and what an answer makes of them."""
    if DRAWN.get("answer") is not unwrapped(answer):
        DRAWN.clear()
        ids, is_special = texts()
        generator = torch.Generator().manual_seed(10)
        some = ids[:50].clone(), is_special[:50].clone()
        answer(*some, MASK, V, torch.Generator().manual_seed(11))
        # the judge has looked at that call, and made it twice; all texts once will do
        bare = unwrapped(answer)
        read, labels = bare(ids.clone(), is_special.clone(), MASK, V, generator)
        assert read.shape == labels.shape == ids.shape
        assert read.dtype == labels.dtype == ids.dtype
        DRAWN.update(answer=unwrapped(answer), made=(ids, is_special, read, labels))
    made: tuple[Tensor, Tensor, Tensor, Tensor] = DRAWN["made"]
    return made


def on_texts(test: Callable[..., bool]) -> Callable[[Any], bool]:
    """Let a test see the texts, which are special, and what the answer made of them."""
    return lambda answer: bool(test(*drawn_by(answer)))


@on_texts
def specials_stay(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Look at special tokens."""
    return torch.equal(read[is_special], ids[is_special]) and bool(
        (labels[is_special] == -100).all()
    )


@on_texts
def labels_are_true(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Look at labels, and at what changed without one."""
    scored = labels != -100
    return torch.equal(labels[scored], ids[scored]) and torch.equal(
        read[~scored], ids[~scored]
    )


@on_texts
def right_rate(ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor) -> bool:
    """Count the chosen among what may be chosen."""
    may = ~is_special
    return near(int((labels[may] != -100).sum()), int(may.sum()), 0.15)


@on_texts
def right_masked(ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor) -> bool:
    """Count [MASK]; one random id in V is [MASK], too."""
    scored = (labels != -100) & ~is_special
    masked = int((read[scored] == MASK).sum())
    return near(masked, int(scored.sum()), 0.8 + 0.1 / V)


@on_texts
def right_kept(ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor) -> bool:
    """Count what stays; one random id in V is the same, too."""
    scored = (labels != -100) & ~is_special
    kept = int((read[scored] == ids[scored]).sum())
    return near(kept, int(scored.sum()), 0.1 + 0.1 / V)


@on_texts
def whole_vocabulary(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Look for ids below 4 among the random ones: 4 of V, and each of them."""
    changed = (read != ids) & (read != MASK) & ~is_special
    if not changed.any():
        return True
    counts = torch.bincount(read[changed].clamp(min=0), minlength=V)[:4]
    number = int(changed.sum())
    return bool(counts.all()) and near(int(counts.sum()), number, 4 / (V - 2))


@on_texts
def up_to_the_last(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Look for the last id among the random ones, and for none behind it."""
    changed = (read != ids) & (read != MASK) & ~is_special
    return not changed.any() or int(read[changed].max()) == V - 1


@on_texts
def words_differ(ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor) -> bool:
    """Compare random ids of one text, and of one column: one pair in V is alike."""
    changed = (read != ids) & (read != MASK) & ~is_special
    for number in changed.nonzero().unbind(dim=1):
        key = number * V + read[changed].clamp(0, V - 1)
        alike = torch.bincount(key).double()
        there = torch.bincount(number).double()
        pairs = (there * (there - 1)).sum()
        if pairs and (alike * (alike - 1)).sum() / pairs > 0.2:
            return False
    return True


@on_texts
def texts_differ(ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor) -> bool:
    """Compare the positions of two texts: 0.15 squared of them are chosen in both."""
    scored = labels != -100
    both = scored[0::2] & scored[1::2] & ~is_special[1::2]
    number = int((~is_special[1::2]).sum())
    share = float(scored[~is_special].float().mean())
    return near(int(both.sum()), number, share**2)


def coins_are_tossed(answer: Any) -> bool:
    """Ask often with one generator: how many are chosen differs from text to text."""
    generator = torch.Generator().manual_seed(12)
    ids, is_special = (one[:1].clone() for one in texts())
    made = [answer(ids.clone(), is_special, MASK, V, generator) for _ in range(40)]
    return len({int((labels != -100).sum()) for _, labels in made}) > 1


def the_generator_goes_on(answer: Any) -> bool:
    """Ask twice with one generator: it must not be set back."""
    generator = torch.Generator().manual_seed(13)
    ids, is_special = (one[:50] for one in texts())
    one, two = (answer(ids.clone(), is_special, MASK, V, generator) for _ in range(2))
    return not torch.equal(one[1], two[1])


def words_from_elsewhere(answer: Any) -> bool:
    """Give a text of one word: random ids are others, too."""
    ids = torch.full((50, 128), 7)
    is_special = torch.zeros_like(ids, dtype=torch.bool)
    generator = torch.Generator().manual_seed(14)
    read, _ = answer(ids.clone(), is_special, MASK, V, generator)
    return len(set(read.flatten().tolist()) - {7, MASK}) > 10


def same_again(answer: Any) -> bool:
    """Use two generators of one seed."""
    ids, is_special = texts()
    ids, is_special = ids[:50], is_special[:50]

    def once(seed: int) -> Answer:
        result: Answer = answer(
            ids.clone(), is_special, MASK, V, torch.Generator().manual_seed(seed)
        )
        return result

    (a, b), (c, d) = once(3), once(3)
    return torch.equal(a, c) and torch.equal(b, d)


MISTAKES = """
two independent draws: fate = torch.rand(input_ids.shape, generator=generator) =>
| fate = torch.rand(input_ids.shape, generator=generator)
|     is_other = torch.rand(input_ids.shape, generator=generator) < 0.1
|     fate = torch.where(fate < 0.1, 1.0, torch.where(is_other, 0.85, 0.0))
    Keeping and swapping are drawn independently, so 81 % become [MASK] and 9 % are
    swapped. Let one number decide: below 0.8, below 0.9, the rest.
special tokens hidden: is_chosen &= ~is_special =>
    [CLS], [SEP] or padding was chosen. Leave special tokens out: is_chosen &
    ~is_special.
labels everywhere: ~is_chosen => is_special
    Every token has a label, so the model would be scored on words that it can see.
    Labels are -100 wherever nothing was chosen.
labels at [MASK] only: ~is_chosen => ~(is_chosen & (read == mask_id))
    Only tokens that became [MASK] have a label. All chosen tokens have one, also those
    that were swapped or stayed.
always [MASK]: fate < 0.8 => fate < 1.0
    All chosen tokens become [MASK]. Only 80 % do; 10 % become a random id and 10 %
    stay.
none stays: fate < 0.9 => fate < 1.0
    No chosen token stays as it is. 10 % do, and are scored all the same.
specials never swapped in: torch.randint( => torch.randint(5,
    Some of the first ids, those of special tokens, never come up among the random ones.
    The published code draws from the whole vocabulary, special tokens included:
    torch.randint(vocab_size, input_ids.shape).
the same positions in all texts:
- torch.rand(input_ids.shape, generator=generator) < 0.15 =>
| (torch.rand(input_ids.shape[1:], generator=generator) < 0.15).expand_as(input_ids)
|     is_chosen = is_chosen.clone()
    All texts of the batch are hidden at the same positions. Draw for every token:
    torch.rand(input_ids.shape).
labels from what is read: input_ids.masked_fill(~ => read.masked_fill(~
    Labels were taken after the words had been hidden, so the model is asked to guess
    [MASK]. Take them from the true ids.
another source of randomness: return (read =>
| read = torch.where(is_chosen & (torch.rand(fate.shape) < 0.8), mask_id, read)
|     return (read
    Some draws do not come from the generator: two runs of one seed differ. Pass
    generator=generator to each draw.
a tenth of the rate: 0.15 => 0.12
    The share of chosen tokens is wrong. It is 15 % of the tokens that are not special:
    of those, not of what became [MASK].
the last id missing: vocab_size, input_ids => vocab_size - 1, input_ids
    The last id of the vocabulary never comes up among the random ones, or one that is
    none does. torch.randint(n, shape) gives 0 to n - 1: the end is left out already.
one random word for all:
- is_chosen & (fate < 0.9), others => is_chosen & (fate < 0.9), others[:1, :1]
    Many swapped tokens became the same word. Draw a random id for each token: a shape
    of input_ids.shape for torch.randint.
input changed: return … => labels = input_ids.masked_fill(~is_chosen, -100)
|     input_ids.copy_(read)
|     return read, labels
    input_ids or is_special was changed in place, so the true text is lost to whoever
    called. Work on a copy: masked_fill and torch.where make one.
a fixed number:
- is_chosen &= ~is_special => draws = torch.rand(input_ids.shape, generator=generator)
|     draws = draws.masked_fill(is_special, 2.0)
|     number = round(0.15 * int((~is_special).sum()))
|     is_chosen = draws <= draws.flatten().sort().values[max(number, 1) - 1]
    Exactly 15 % are chosen. Here each token has a coin of its own, so the number
    varies; the fixed number of the published code is another exercise.
words of the batch: torch.randint(vocab_size, input_ids.shape, generator=generator) =>
|     input_ids.flatten()[torch.randint(input_ids.numel(), input_ids.shape,
|         generator=generator)]
    The random ids are words of the batch, so frequent words come up more often. Draw
    from the whole vocabulary, each id as likely as the others.
generator set back: … => generator.manual_seed(0)
|     return right(input_ids, is_special, mask_id, vocab_size, generator)
    The generator is set back at every call, so each batch is hidden at the same
    positions. The seed is the caller's affair.
0 where nothing is scored: ~is_chosen, -100 => ~is_chosen, 0
    Where nothing is chosen the label is 0, which is an id like any other. The loss
    passes over -100.
"""

EXERCISE = Exercise(
    id="hide-tokens",
    chapter=10,
    title="Hide fifteen tokens in a hundred",
    difficulty=2,
    minutes=20,
    stub=STUB,
    solution=hide_tokens,
    accepted={"one draw": one_draw},
    judged_by="properties",
    mutants=mistakes(MISTAKES),
    properties=[
        Property(
            "special tokens stay",
            "Special tokens must stay as they are, with the label -100.",
            specials_stay,
        ),
        Property(
            "labels are the true ids",
            "A label must be the true id, and a token without a label must be read as "
            "it is.",
            labels_are_true,
        ),
        Property("15 % are chosen", "15 % of the tokens must be chosen.", right_rate),
        Property(
            "80 % become [MASK]", "80 % of the chosen must be [MASK].", right_masked
        ),
        Property("10 % stay", "10 % of the chosen must stay as they are.", right_kept),
        Property(
            "random ids come from the whole vocabulary",
            "Random ids must come from the whole vocabulary.",
            whole_vocabulary,
        ),
        Property(
            "random ids do not depend on the text",
            "Random ids must be able to be words that the batch does not hold.",
            words_from_elsewhere,
        ),
        Property(
            "each token has its own coin",
            "How many tokens of a text are chosen must differ from call to call: "
            "each has a probability, none a place in a count.",
            coins_are_tossed,
        ),
        Property(
            "each call draws anew",
            "Called again with the same generator, it must choose other tokens: "
            "never seed it.",
            the_generator_goes_on,
        ),
        Property(
            "texts are drawn apart",
            "The positions of one text must not depend on those of another.",
            texts_differ,
        ),
        Property(
            "the same seed, the same masks",
            "With two generators of one seed, the results must be equal.",
            same_again,
        ),
        Property(
            "random ids go up to the last",
            "Random ids must go up to vocab_size - 1, and no further.",
            up_to_the_last,
        ),
        Property(
            "random ids are drawn one by one",
            "Two tokens that were swapped must not always get the same random id.",
            words_differ,
        ),
    ],
    waived={
        "torch.rand(input_ids.shape,  ... => torch.rand(input_ids.shape,  ...": (
            "one draw in 2^24 hits the border itself"
        ),
        "fate < 0.9 => fate <= 0.9": ("one draw in 2^24 hits the border itself"),
        "fate < 0.8 => fate <= 0.8": ("one draw in 2^24 hits the border itself"),
    },
    hints=(
        "Two questions for each token: is it chosen, and what becomes of it?",
        "Draw one number for the choice, and one that decides among the three fates: "
        "below 0.8, from 0.8 to 0.9, above.",
        "torch.where for the random ids, masked_fill for mask_id, and labels from the "
        "ids as they were.",
    ),
)
