"""Exercise: give every token its position's vector.

Chapter: 5
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def add_positions(words: Tensor, table: Tensor) -> Tensor:
    """Add to each token the vector of its position: (B, T, H), (P, H) -> (B, T, H).

    Positions count from 0 in each text: row t of the table is added to token t of
    every text. With the table ((10), (20), (30)), texts of two tokens (1), (2) become
    (11), (22). More tokens than positions: ValueError.
    """
    raise NotAttempted
'''


def add_positions(words: Tensor, table: Tensor) -> Tensor:
    """Add to each token the vector of its position."""
    T, P = words.shape[1], len(table)
    if T > P:
        raise ValueError(f"a text must have at most {P} tokens, got {T}")
    return words + table[:T]


def with_lookup(words: Tensor, table: Tensor) -> Tensor:
    """Number the positions and look them up."""
    T = words.shape[1]
    if len(table) < T:
        raise ValueError(f"too long: {T}")
    numbers = torch.arange(T).expand(len(words), T)  # (B, T)
    return words + torch.nn.functional.embedding(numbers, table)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two texts of two tokens, then sizes that all differ."""
    torch.manual_seed(seed)
    words = torch.zeros(2, 2, 1, dtype=dtype)
    table = torch.tensor([[10.0], [20.0], [30.0]], dtype=dtype)
    return [
        Case((words, table), "two texts of two zeros, positions 10, 20, 30"),
        Case(
            (torch.randn(3, 5, 4, dtype=dtype), torch.randn(7, 4, dtype=dtype)),
            "B=3, T=5, H=4, P=7",
        ),
        Case(
            (torch.randn(2, 6, 3, dtype=dtype), torch.randn(6, 3, dtype=dtype)),
            "as many tokens as positions",
        ),
    ]


def stops_at_long_texts(answer: object) -> bool:
    """Give it one token too many."""
    assert callable(answer)
    try:
        answer(torch.zeros(1, 4, 2), torch.zeros(3, 2))
    except Exception:
        return True
    return False


def refuses_long_texts(answer: object) -> bool:
    """Ask for the right error; a table of one row can be added to any text."""
    assert callable(answer)
    for T, P in ((4, 3), (2, 1)):
        try:
            answer(torch.zeros(1, T, 2), torch.zeros(P, 2))
        except ValueError:
            continue
        return False
    return True


def table_learns(answer: object) -> bool:
    """Look for a gradient at each row that was used, and nowhere else."""
    assert callable(answer)
    table = torch.randn(4, 2, requires_grad=True)
    result = answer(torch.randn(2, 3, 2), table)
    if not result.requires_grad:
        return False
    result.square().sum().backward()
    assert table.grad is not None
    used = table.grad.abs().sum(dim=1) > 0
    return used.tolist() == [True, True, True, False]


MISTAKES = """
positions along the batch: table[:T] => table[:len(words), None]
    All tokens of a text get one vector, that of the text's place in the batch: the
    positions run along the first axis. Tokens are axis 1: T rows.
counted from one: table[:T] => table[(torch.arange(T) + 1) % P]
    Token 0 gets row 1. BERT counts positions from 0.
the first for all: table[:T] => table[0]
    Every token gets the vector of position 0, so the order of the words is lost. Take
    the first T rows, one for each token: table[:T].
backwards: table[:T] => table[:T].flip(0)
    Positions run from the end of the text. Token 0 has position 0, however long the
    text is.
detached: table[:T] => table[:T].detach()
    The numbers are right, but no gradient reaches the table, so positions never learn.
    Leave out detach() and torch.no_grad().
the last again and again:
- … => return words + table[torch.arange(words.shape[1]).clamp(max=len(table) - 1)]
    A text longer than the table gets the last position again and again, and nobody is
    told. Refuse it: raise ValueError if T > P.
multiplied: words + table => words * table
    Positions are multiplied with the words. BERT adds them.
written into the words: return => words += table[:T]
|     return words
|     return
    The sums are right, but += writes them into the tensor of the caller. Use words +
    ...
slice along the batch: :T] => :len(words)]
    table[:len(words)] has as many rows as there are texts. Tokens are axis 1 of the
    words: take T = words.shape[1] rows.
rows from 1: :T] => 1:T + 1]
    The rows begin at 1, so token 0 gets row 1 and the last row is missing. BERT counts
    positions from 0: table[:T].
as many refused:
- T > P => T >= P
- ValueError(f'a text must have at most {P} tokens, got {T}') => ValueError
    A text with exactly as many tokens as the table has rows is refused. It fits: refuse
    T > P only.
whole table: [:T] =>
    All P rows of the table are added. A text of T tokens needs the first T: table[:T].
last rows: :T] => P - T:]
    The last T rows of the table are added. Positions count from 0: take the first T.
not checked: … => return words + table[:words.shape[1]]
    The sums are right, and a text that is too long does not end in a ValueError. Ask
    first, before the sum, if T > P: raise ValueError(...). An assert, or what torch
    says when shapes do not fit, is another error, and a table of one row fits any text.
assert: … => assert words.shape[1] <= len(table)
|     return words + table[:words.shape[1]]
    = not checked
an error of no kind: ValueError => Exception
    = not checked
positions only: words + table[:T] => table[:T].expand_as(words)
    These are the positions alone. Add them to the words.
"""

EXERCISE = Exercise(
    id="add-positions",
    chapter=5,
    title="Give every token its position's vector",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=add_positions,
    accepted={"lookup": with_lookup},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "the table learns",
            "A loss on the result must give a gradient to the first T rows of the "
            "table, and to no others.",
            table_learns,
        ),
        Property(
            "long texts stop",
            "A text with more tokens than the table has rows must be an error.",
            stops_at_long_texts,
        ),
        Property(
            "long texts are refused",
            "A text with more tokens than the table has rows must be a ValueError.",
            refuses_long_texts,
        ),
    ],
    hints=(
        "Which axis of the words do positions run along? The table has no batch axis.",
        "The first T rows of the table are (T, H); broadcasting repeats them for every "
        "text.",
        "words + table[:T], after a check that T is at most the number of rows.",
    ),
)
