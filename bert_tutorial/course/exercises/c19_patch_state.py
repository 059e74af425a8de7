"""Exercise: patch one vector of each text.

Chapter: 19
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.inside.interventions import patch_state

STUB = '''
def patch_state(state: Tensor, source: Tensor, at: Tensor) -> Tensor:
    """Put one vector a text from another run into this one.

    state and source are hidden states (B, T, H) of two runs; at (B,) names one
    position for each text. Text b of the result has source[b] at position at[b] and
    state[b] everywhere else. Returns a new (B, T, H). With H = 1, state
    [[[1], [2]], [[3], [4]]], source [[[5], [6]], [[7], [8]]] and at [1, 0]:
    [[[1], [6]], [[7], [4]]].
    """
    raise NotAttempted
'''


def by_where(state: Tensor, source: Tensor, at: Tensor) -> Tensor:
    """Choose with a mask."""
    is_patched = torch.arange(state.shape[1]) == at[:, None]  # (B, T)
    return source.where(is_patched[:, :, None], state)


def by_loop(state: Tensor, source: Tensor, at: Tensor) -> Tensor:
    """Go text by text."""
    changed = state.clone()
    for row, position in enumerate(at.tolist()):
        changed[row, position] = source[row, position]
    return changed


def by_scatter(state: Tensor, source: Tensor, at: Tensor) -> Tensor:
    """Scatter along the positions."""
    index = at[:, None, None].expand(-1, 1, state.shape[-1])
    return state.scatter(1, index, source.gather(1, index))


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Sizes that all differ; the texts have other positions."""
    torch.manual_seed(seed)
    small = torch.arange(1, 9, dtype=dtype).view(2, 2, 2, 1)
    at = torch.tensor([4, 1, 2])
    return [
        Case((small[0], small[1], torch.tensor([1, 0])), "two texts, H = 1"),
        Case((*torch.randn(2, 3, 6, 4, dtype=dtype), at), "three texts, H = 4"),
        Case(
            (*torch.randn(2, 2, 5, 7, dtype=dtype), torch.tensor([3, 3])),
            "two texts, the same position in both",
        ),
    ]


MISTAKES = """
all positions in all texts:
- changed[rows, at] = source[rows, at] => changed[:, at] = source[:, at]
    state[:, at] names every position of the list in every text. Pair text b with at[b]:
    changed[rows, at], rows = torch.arange(B).
all positions in all texts, from the right ones:
- changed[rows, at] = source[rows, at] => changed[:, at] = source[rows, at]
    = all positions in all texts
the first text's position:
- changed[rows, at] = source[rows, at] => changed[:, at[0]] = source[:, at[0]]
    The first text's position is used for all. Each text has its own.
the whole state: return changed => return source.clone()
    The whole state was replaced. Then the answer must become the other one, and you
    learn nothing about positions.
the other way round: … => return right(source, state, at)
    You patched the source: everything but one vector comes from the other run. The run
    that goes on is `state`.
added: changed[rows, at] = => changed[rows, at] +=
    The vector was added. A patch replaces it: what this run had there must be gone.
halfway: = source[rows, at] => = (state[rows, at] + source[rows, at]) / 2
    The two vectors are averaged. A patch replaces the one by the other.
off by one: rows = => at = (at + 1) % state.shape[1]
|     rows =
    The position after the named one was patched. Positions are counted from 0, [CLS]
    included.
from the first text: source[rows, at] => source[0, at]
    All vectors come from the first text of the source. Text b takes from source[b].
the vector of [CLS]: source[rows, at] => source[:, 0]
    The patch takes the source's vector at position 0. Take it from the same position,
    at[b].
the vectors alone: return changed => return source[rows, at]
    These are the vectors to put in, (B, H). The run goes on with the whole state, (B,
    T, H).
from there on (of where): ) == => ) >=
    Everything from that position on was replaced. Replace one position.
in place: state.clone() => state
    The state that came in was changed, so that the run without the patch is lost. Work
    on a clone.
"""

EXERCISE = Exercise(
    id="patch-state",
    chapter=19,
    title="Patch one vector of each text",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=patch_state,
    accepted={"where": by_where, "loop": by_loop, "scatter": by_scatter},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Two lists of numbers that are read in pairs: texts and positions.",
        "rows = torch.arange(len(state)); state[rows, at] is (B, H).",
        "Clone state, then changed[rows, at] = source[rows, at].",
    ),
)
