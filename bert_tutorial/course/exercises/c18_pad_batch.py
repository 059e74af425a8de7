"""Exercise: make the batch that every BERT expects.

Chapter: 18
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
padded at the left:
- row + [pad_id] * gap => [pad_id] * gap + row
- row + [0] * gap => [0] * gap + row
- [1] * (T - gap) + [0] * gap => [0] * gap + [1] * (T - gap)
    The padding stands at the left. BERT's positions count from the left end: [CLS]
    would not be at position 0, where the pooler looks for it.
nothing is masked: (T - gap) + [0] * gap => T
    The mask is 1 everywhere, so real tokens attend to padding. It is 0 at what was
    added.
mask inverted: [1] * (T - gap) + [0] * gap => [0] * (T - gap) + [1] * gap
    The mask is inverted: 1 is for real tokens.
mask of truth values: torch.tensor(mask) => torch.tensor(mask).bool()
    The mask has truth values. Give whole numbers, 1 and 0.
types forgotten: torch.tensor(kinds) => torch.tensor(kinds) * 0
    The token types are all 0: the second text of a pair would be read as a part of the
    first, without any error.
types padded with 1: row + [0] * gap => row + [1] * gap
    The types of the padding are 1. The tokenizers of the libraries fill with 0; the
    mask hides these positions, but batches should compare equal.
padded with 0: [pad_id] * gap => [0] * gap
    The ids are filled with 0. The padding id is an argument: not every vocabulary has
    [PAD] at 0.
mask guessed from ids: torch.tensor(mask) => (torch.tensor(ids) != pad_id).long()
    The mask is 0 wherever the id is pad_id, also for a token of the text that has this
    id. Make it from the lengths.
cut to the shortest: … => T = min(len(row) for row in rows)
|     return right([row[:T] for row in rows], [row[:T] for row in types], pad_id)
    All rows were cut to the shortest. Fill them up to the longest.
as long as the first: max((len(row) for row in rows)) => len(rows[0])
    The first row is taken for the longest. T is the largest of all lengths:
    max(len(row) for row in rows).
lists of lists: … =>
| return {name: one.tolist() for name, one in right(rows, types, pad_id).items()}
    The three are lists of lists. torch.tensor makes a tensor of each.
rows changed: return => for row, gap in zip(rows, gaps):
|         row += [pad_id] * gap
|     return
    The rows that were handed in have grown: +=, append and extend change a list itself.
    row + [...] makes a new one.
"""

EXERCISE = Exercise(
    id="pad-batch",
    chapter=18,
    title="The batch that every BERT expects",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=pad_batch,
    accepted={"tensors": in_tensors},
    mutants=mistakes(MISTAKES),
    cases=cases,
    is_ordered=True,
    hints=(
        "What is the length of the batch, and what fills each of the three?",
        "For each row, gap = T - len(row); ids get pad_id, types and mask get 0.",
        "mask = [[1] * (T - gap) + [0] * gap for gap in gaps]",
    ),
)
