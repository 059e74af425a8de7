"""Exercise: make the batch that every BERT expects.

Chapter: 18
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def pad_batch(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Stack rows of ids and their token types, padded at the right to the longest.

    Returns input_ids (filled with pad_id), token_type_ids (filled with 0) and
    attention_mask (1 for what was in a row, 0 for what was added), in this order, all
    (B, T) whole numbers. [[5, 6], [7]] with pad_id 9 gives the ids [[5, 6], [7, 9]]
    and the mask [[1, 1], [1, 0]].
    """
    raise NotAttempted
'''

Answer = Callable[[list[list[int]], list[list[int]], int], dict[str, Tensor]]


def pad_batch(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Fill each row up to the longest one."""
    T = max(len(row) for row in rows)
    gaps = [T - len(row) for row in rows]
    ids = [row + [pad_id] * gap for row, gap in zip(rows, gaps, strict=True)]
    kinds = [row + [0] * gap for row, gap in zip(types, gaps, strict=True)]
    mask = [[1] * (T - gap) + [0] * gap for gap in gaps]
    return {
        "input_ids": torch.tensor(ids),
        "token_type_ids": torch.tensor(kinds),
        "attention_mask": torch.tensor(mask),
    }


def in_tensors(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Fill tensors row by row."""
    B, T = len(rows), max(map(len, rows))
    ids = torch.full((B, T), pad_id)
    kinds, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for i, (row, kind) in enumerate(zip(rows, types, strict=True)):
        ids[i, : len(row)] = torch.tensor(row)
        kinds[i, : len(row)] = torch.tensor(kind)
        mask[i, : len(row)] = 1
    return {"input_ids": ids, "token_type_ids": kinds, "attention_mask": mask}


def changed(name: str, change: Callable[[dict[str, Tensor]], Tensor]) -> Answer:
    """Answer rightly but for one tensor."""

    def answer(
        rows: list[list[int]], types: list[list[int]], pad_id: int
    ) -> dict[str, Tensor]:
        batch = pad_batch(rows, types, pad_id)
        return batch | {name: change(batch)}

    return answer


def left(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Pad at the left."""
    back = pad_batch([r[::-1] for r in rows], [t[::-1] for t in types], pad_id)
    return {name: value.flip(1) for name, value in back.items()}


def with_zeros(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Pad with 0 whatever pad_id is."""
    return pad_batch(rows, types, 0)


def by_id(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Guess the mask from the ids."""
    batch = pad_batch(rows, types, pad_id)
    return batch | {"attention_mask": (batch["input_ids"] != pad_id).long()}


def shortest(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Cut all rows to the shortest."""
    T = min(len(row) for row in rows)
    return pad_batch([row[:T] for row in rows], [row[:T] for row in types], pad_id)


def as_the_first(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Take the first row for the longest."""
    gaps = [len(rows[0]) - len(row) for row in rows]
    ids = [row + [pad_id] * gap for row, gap in zip(rows, gaps, strict=True)]
    kinds = [row + [0] * gap for row, gap in zip(types, gaps, strict=True)]
    mask = [[1] * len(r) + [0] * gap for r, gap in zip(rows, gaps, strict=True)]
    return {
        "input_ids": torch.tensor(ids),
        "token_type_ids": torch.tensor(kinds),
        "attention_mask": torch.tensor(mask),
    }


def rows_grown(
    rows: list[list[int]], types: list[list[int]], pad_id: int
) -> dict[str, Tensor]:
    """Let the rows themselves grow."""
    batch = pad_batch(rows, types, pad_id)
    for row in rows:
        row += [pad_id] * (batch["input_ids"].shape[1] - len(row))
    return batch


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw two and three rows; one of them holds the padding id as a real token."""
    generator = torch.Generator().manual_seed(seed)

    def draw(T: int) -> list[int]:
        return torch.randint(10, 90, (T,), generator=generator).tolist()

    pairs = [[0, 0, 1, 1, 1], [0, 1], [0, 0, 0]]
    rows = [draw(5), draw(2), draw(3)]
    marked = [[11, 4, 12], [13]]
    return [
        Case((marked, [[0, 1, 1], [0]], 4), "two rows, pad_id 4, and a 4 in the text"),
        Case((rows, pairs, 3), "three pairs of texts of unequal length, pad_id 3"),
        Case(
            ([[21], [22, 23, 24], [25, 26]], [[0], [0, 1, 1], [1, 0]], 0),
            "the longest in the middle, pad_id 0",
        ),
        Case(([[31, 32, 33]], [[0, 0, 1]], 7), "one row"),
    ]


EXERCISE = Exercise(
    id="pad-batch",
    chapter=18,
    title="The batch that every BERT expects",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=pad_batch,
    accepted={"tensors": in_tensors},
    mutants=[
        Mutant(
            "padded at the left",
            left,
            "The padding stands at the left. BERT's positions count from the left end: "
            "[CLS] would not be at position 0, where the pooler looks for it.",
        ),
        Mutant(
            "nothing is masked",
            changed("attention_mask", lambda b: torch.ones_like(b["input_ids"])),
            "The mask is 1 everywhere, so real tokens attend to padding. It is 0 at "
            "what was added.",
        ),
        Mutant(
            "mask inverted",
            changed("attention_mask", lambda b: 1 - b["attention_mask"]),
            "The mask is inverted: 1 is for real tokens.",
        ),
        Mutant(
            "mask of truth values",
            changed("attention_mask", lambda b: b["attention_mask"].bool()),
            "The mask has truth values. Give whole numbers, 1 and 0.",
        ),
        Mutant(
            "types forgotten",
            changed("token_type_ids", lambda b: torch.zeros_like(b["input_ids"])),
            "The token types are all 0: the second text of a pair would be read as a "
            "part of the first, without any error.",
        ),
        Mutant(
            "types padded with 1",
            changed(
                "token_type_ids",
                lambda b: b["token_type_ids"].masked_fill(b["attention_mask"] == 0, 1),
            ),
            "The types of the padding are 1. The tokenizers of the libraries fill with "
            "0; the mask hides these positions, but batches should compare equal.",
        ),
        Mutant(
            "padded with 0",
            with_zeros,
            "The ids are filled with 0. The padding id is an argument: not every "
            "vocabulary has [PAD] at 0.",
        ),
        Mutant(
            "mask guessed from ids",
            by_id,
            "The mask is 0 wherever the id is pad_id, also for a token of the text "
            "that has this id. Make it from the lengths.",
        ),
        Mutant(
            "cut to the shortest",
            shortest,
            "All rows were cut to the shortest. Fill them up to the longest.",
        ),
        Mutant(
            "as long as the first",
            as_the_first,
            "The first row is taken for the longest. T is the largest of all "
            "lengths: max(len(row) for row in rows).",
        ),
        Mutant(
            "rows changed",
            rows_grown,
            "The rows that were handed in have grown: += changes a list itself. "
            "row + [...] makes a new one.",
        ),
    ],
    cases=cases,
    is_ordered=True,
    hints=(
        "What is the length of the batch, and what fills each of the three?",
        "For each row, gap = T - len(row); ids get pad_id, types and mask get 0.",
        "mask = [[1] * (T - gap) + [0] * gap for gap in gaps]",
    ),
)
