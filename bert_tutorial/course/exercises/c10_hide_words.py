"""Exercise: hide whole words.

Chapter: 10
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from bert_tutorial.course.exercises.c10_hide_tokens import near, unwrapped
from bert_tutorial.course.judging.exercise import Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def hide_words(
    input_ids: Tensor,
    first_pieces: Tensor,
    is_special: Tensor,
    mask_id: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Hide 15 % of the words, all pieces of a word or none: ids to read, labels.

    All arguments and both results are (B, T). first_pieces holds, for each piece, the
    position where its word begins: in [0, 1, 1, 3], positions 1 and 2 are one word.
    Each piece of a chosen word becomes mask_id with probability 0.8, else stays, by a
    draw of its own. Labels are the true ids at all pieces of chosen words, -100
    elsewhere. Special tokens are never chosen. All draws come from the generator.
    """
    raise NotAttempted
'''

MASK = 4


def hide_words(
    input_ids: Tensor,
    first_pieces: Tensor,
    is_special: Tensor,
    mask_id: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Let the first piece choose for its word; let each piece draw its fate."""
    is_drawn = torch.rand(input_ids.shape, generator=generator) < 0.15
    is_chosen = is_drawn.gather(1, first_pieces) & ~is_special
    is_masked = torch.rand(input_ids.shape, generator=generator) < 0.8
    read = input_ids.masked_fill(is_chosen & is_masked, mask_id)
    return read, input_ids.masked_fill(~is_chosen, -100)


def word_by_word(
    input_ids: Tensor,
    first_pieces: Tensor,
    is_special: Tensor,
    mask_id: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Compare numbers instead of gathering bools."""
    draw = torch.rand(input_ids.shape, generator=generator).gather(1, first_pieces)
    is_chosen = (draw < 0.15) & ~is_special
    labels = torch.where(is_chosen, input_ids, -100)
    fate = torch.rand(input_ids.shape, generator=generator)
    return torch.where(is_chosen & (fate < 0.8), mask_id, input_ids), labels


@lru_cache(maxsize=1)
def texts() -> tuple[Tensor, Tensor, Tensor]:
    """Give 4,000 texts of [CLS], fifty words of one or two pieces, and [SEP]."""
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(5, 50, (4_000, 77), generator=generator)
    words = [[1 + 3 * i] for i in range(25)] + [[2 + 3 * i] * 2 for i in range(25)]
    positions = sorted(position for word in words for position in word)
    first_pieces = torch.tensor([0, *positions, 76]).expand_as(ids).contiguous()
    is_special = torch.zeros_like(ids, dtype=torch.bool)
    is_special[:, 0] = is_special[:, 76] = True
    return ids.masked_fill(is_special, 2), first_pieces, is_special


DRAWN: dict[str, Any] = {}  # of the last answer: all properties look at the same draws


def drawn_by(answer: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Give the texts, which are special, and what an answer makes of them."""
    if DRAWN.get("answer") is not unwrapped(answer):
        DRAWN.clear()
        ids, first_pieces, is_special = texts()
        generator = torch.Generator().manual_seed(20)
        given = (ids.clone(), first_pieces.clone(), is_special.clone())
        read, labels = answer(*given, MASK, generator)
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
    is_same = torch.equal(read[is_special], ids[is_special])
    return is_same and bool((labels[is_special] == -100).all())


@on_texts
def labels_are_true(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Look at labels, and at what changed without one."""
    scored = labels != -100
    is_true = torch.equal(labels[scored], ids[scored])
    return is_true and torch.equal(read[~scored], ids[~scored])


@on_texts
def words_are_whole(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Compare the two pieces of the words that have two."""
    scored = labels != -100
    return torch.equal(scored[:, 2:76:3], scored[:, 3:76:3])


@on_texts
def right_rate(ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor) -> bool:
    """Count the chosen among the first pieces of the longer words."""
    first = labels[:, 2:76:3] != -100
    return near(int(first.sum()), first.numel(), 0.15)


@on_texts
def pieces_are_masked(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Count [MASK] among the scored."""
    scored = (labels != -100) & ~is_special
    return near(int((read[scored] == MASK).sum()), int(scored.sum()), 0.8)


@on_texts
def fates_are_apart(
    ids: Tensor, is_special: Tensor, read: Tensor, labels: Tensor
) -> bool:
    """Count words of two pieces that became [MASK] twice: 0.8 squared."""
    scored = labels != -100
    both = scored[:, 2:76:3] & scored[:, 3:76:3]
    masked = (read == MASK)[:, 2:76:3] & (read == MASK)[:, 3:76:3]
    share_of_pieces = 0.64
    return near(int((both & masked).sum()), int(both.sum()), share_of_pieces)


def small_texts() -> tuple[Tensor, Tensor, Tensor]:
    """Give 400 texts with words of one to four pieces."""
    generator = torch.Generator().manual_seed(4)
    ids = torch.randint(5, 50, (400, 12), generator=generator)
    starts = torch.tensor([0, 1, 1, 1, 1, 5, 5, 5, 8, 9, 9, 11])
    is_special = torch.zeros_like(ids, dtype=torch.bool)
    is_special[:, 0] = is_special[:, 11] = True
    return ids.masked_fill(is_special, 2), starts.expand_as(ids).clone(), is_special


def long_words_are_whole(answer: Any) -> bool:
    """Look at words of three and four pieces, too."""
    given = small_texts()
    generator = torch.Generator().manual_seed(5)
    _, labels = answer(*(one.clone() for one in given), MASK, generator)
    scored = labels != -100
    is_whole = torch.equal(scored, scored.gather(1, given[1]))
    return bool(words_are_whole(answer)) and is_whole


def same_again(answer: Any) -> bool:
    """Use two generators of one seed."""
    made = []
    for _ in range(2):
        given = [one.clone() for one in small_texts()]
        made += answer(*given, MASK, torch.Generator().manual_seed(6))
    return torch.equal(made[0], made[2]) and torch.equal(made[1], made[3])


def the_generator_goes_on(answer: Any) -> bool:
    """Ask twice with one generator: it must not be set back."""
    generator = torch.Generator().manual_seed(7)
    one, two = (
        answer(*(given.clone() for given in small_texts()), MASK, generator)
        for _ in range(2)
    )
    return not torch.equal(one[1], two[1])


MISTAKES = """
one draw per word: is_masked = torch.rand(input_ids.shape, generator=generator) < 0.8 =>
| is_masked = (torch.rand(input_ids.shape, generator=generator) < 0.8).gather(1,
|     first_pieces)
    A word has one fate for all of its pieces. Whole word masking changes the choice
    only; each piece draws its own fate.
pieces chosen alone: is_drawn.gather(1, first_pieces) => is_drawn
    Pieces are chosen one by one, so that words are hidden in part. Let the draw of the
    first piece count for all: gather(1, first_pieces).
any piece chooses the word:
- is_chosen = => is_drawn = torch.zeros_like(input_ids).scatter_add_(1, first_pieces,
|     is_drawn.long()) > 0
|     is_chosen =
    A word is chosen if any of its pieces is drawn, so long words are chosen more often.
    Only the first piece's draw counts.
only first pieces have labels:
- ~is_chosen => ~(is_chosen & (first_pieces == torch.arange(input_ids.shape[1])))
    The later pieces of a chosen word have no label. The loss is as before, piece by
    piece: every piece of the word is scored.
special tokens hidden: & ~is_special =>
    [CLS] or [SEP] was chosen. Leave special tokens out: & ~is_special.
always [MASK]: is_chosen & is_masked => is_chosen
    Every piece of a chosen word becomes [MASK]. Only 80 % do.
labels from what is read: input_ids.masked_fill(~ => read.masked_fill(~
    Labels were taken after the words had been hidden. Take them from the true ids.
labels at [MASK] only: ~is_chosen => ~(is_chosen & (read == mask_id))
    Only pieces that became [MASK] have a label. All pieces of a chosen word have one,
    also those that stayed.
another source of randomness:
- is_masked = torch.rand(input_ids.shape, generator=generator) =>
| is_masked = torch.rand(input_ids.shape)
    Some draws do not come from the generator: two runs of one seed differ. Pass
    generator=generator to each draw.
input changed: return … => labels = input_ids.masked_fill(~is_chosen, -100)
|     input_ids.copy_(read)
|     return read, labels
    An argument was changed in place, so the true text is lost to whoever called. Work
    on a copy: masked_fill makes one.
generator set back: … => generator.manual_seed(0)
|     return right(input_ids, first_pieces, is_special, mask_id, generator)
    The generator is set back at every call, so each batch is hidden at the same
    positions. The seed is the caller's affair.
only longer words:
- & ~is_special => & ~is_special & (first_pieces != torch.arange(first_pieces.shape[1]))
    The first pieces of words are never chosen. A word is chosen with all of its
    pieces, the first as well, and words of one piece are words, too.
"""

EXERCISE = Exercise(
    id="hide-words",
    chapter=10,
    title="Hide whole words",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=hide_words,
    accepted={"numbers gathered": word_by_word},
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
            "A label must be the true id, and a piece without a label must be read as "
            "it is.",
            labels_are_true,
        ),
        Property(
            "words are whole",
            "All pieces of a word must be scored, or none.",
            long_words_are_whole,
        ),
        Property("15 % are chosen", "15 % of the words must be chosen.", right_rate),
        Property(
            "80 % of the pieces become [MASK]",
            "80 % of the pieces of chosen words must be [MASK].",
            pieces_are_masked,
        ),
        Property(
            "each piece draws its own fate",
            "Of the two-piece words, 64 % must have both pieces masked.",
            fates_are_apart,
        ),
        Property(
            "each call draws anew",
            "Called again with the same generator, it must choose other words: "
            "never seed it.",
            the_generator_goes_on,
        ),
        Property(
            "the same seed, the same masks",
            "With two generators of one seed, the results must be equal.",
            same_again,
        ),
    ],
    waived={
        "torch.rand(input_ids.shape,  ... => torch.rand(input_ids.shape,  ...": (
            "one draw in 2^24 hits the border itself"
        ),
        "torch.rand(input_ids.shape,  ... => torch.rand(input_ids.shape,  ... (2)": (
            "one draw in 2^24 hits the border itself"
        ),
    },
    hints=(
        "Two draws: one that a whole word shares, one that each piece has alone.",
        "Draw a number for every position, and let each piece look at the number of "
        "the position where its word begins.",
        "is_drawn.gather(1, first_pieces) gives every piece the draw of its first.",
    ),
)
