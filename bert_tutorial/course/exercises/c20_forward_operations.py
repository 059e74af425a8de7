"""Exercise: count the operations of a forward pass.

Chapter: 20
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.efficiency.cost import forward_operations
from bert_tutorial.model.config import BertConfig

STUB = '''
def forward_operations(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
    """Count the operations of the matrix products of a forward pass, by part.

    B texts of T tokens, M positions of the whole batch are predicted. A product of
    (n, k) and (k, m) takes 2 n m k operations. The keys, in this order:
    "projections" (query, key, value, output), "attention" (scores and mixture),
    "feed-forward", "head" (dense layer and word table), "pooler" (dense layer and the
    two scores of the pair).
    For H = 2, A = 1, I = 3, L = 1, V = 5 and B = 1, T = 4, M = 1: {"projections": 128,
    "attention": 128, "feed-forward": 96, "head": 28, "pooler": 16}.
    """
    raise NotAttempted
'''


def by_tokens(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
    """Go from the weights of each part: two operations a weight and token."""
    H, L, tokens = config.hidden_size, config.num_hidden_layers, B * T
    head = H * H + H * config.vocab_size
    return {
        "projections": 2 * tokens * L * 4 * H**2,
        "attention": 4 * L * B * H * T**2,
        "feed-forward": 2 * tokens * L * 2 * H * config.intermediate_size,
        "head": 2 * M * head,
        "pooler": 2 * B * (H**2 + 2 * H),
    }


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's sizes, others that all differ, and BERT base."""
    small = BertConfig(
        vocab_size=5,
        hidden_size=2,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=3,
        max_position_embeddings=4,
    )
    other = small.changed(
        vocab_size=97,
        hidden_size=6 + 6 * seed,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=23,
    )
    return [
        Case((small, 1, 4, 1), "the sizes of the docstring"),
        Case((other, 5, 11, 7), "three layers, two heads, seven positions"),
        Case((BertConfig(), 8, 128, 152), "BERT base, 8 texts of 128 tokens"),
    ]


MISTAKES = """
tables as products:
- T * H * H, 'attention' => T * H * H + 2 * B * T * H * config.vocab_size, 'attention'
    Looking a word up in the table is no product: a row is read, nothing is multiplied.
    The table costs operations in the head alone.
head at all positions: 2 * M * => 2 * B * T *
    The head works at the M predicted positions only, not at all B * T.
M positions in each text: 2 * M * => 2 * B * M *
    M counts the predicted positions of the whole batch: B is in it already.
one operation for two:
- … => return {name: count // 2 for name, count in right(config, B, T, M).items()}
    Each multiplication comes with an addition: 2 n m k operations.
T instead of T squared: T * T * H => T * H
    Every token asks every token: attention grows with T * T.
scores without mixture: 'attention': L * 2 * 2 => 'attention': L * 2
    Attention has two products: query times key, and weights times value.
attention of one text: 'attention': L * 2 * 2 * B => 'attention': L * 2 * 2
    Attention is counted for one text. There are B of them.
attention times heads: 'attention': L => 'attention': config.num_attention_heads * L
    Each head works with D = H / A numbers. All A heads together: H, whatever A.
three projections: L * 4 * 2 => L * 3 * 2
    There are four projections: query, key, value, and the output.
inner size 4 H: config.intermediate_size => 4 * config.hidden_size
    The inner size is config.intermediate_size. It is 4 H in the published models only.
up without down: 'feed-forward': L * 2 * 2 => 'feed-forward': L * 2
    The feed-forward part has two products: up to I numbers, and down again.
head without its dense layer: H * H + H * config.vocab_size => H * config.vocab_size
    Before the word table the head has a dense layer from H to H.
pooler at every token: 'pooler': 2 * => 'pooler': T * 2 *
    The pooler reads only [CLS]: one position of each text.
pooler without the pair: H * H + H * 2 => H * H
    After the pooler's dense layer come the two scores of the pair: H to 2.
one layer: config.num_hidden_layers => 1
    One layer is counted. Projections, attention and feed-forward are there L times.
the sum: … => return sum(right(config, B, T, M).values())
    This is the sum. Return the parts by name, a dict with five keys.
forward and backward:
- … => return {name: 3 * count for name, count in right(config, B, T, M).items()}
    This is three times as much: a training step. Count the forward pass alone.
"""

EXERCISE = Exercise(
    id="forward-operations",
    chapter=20,
    title="Count the operations",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=forward_operations,
    accepted={"by tokens": by_tokens},
    mutants=mistakes(MISTAKES),
    cases=cases,
    is_ordered=True,
    hints=(
        "Go through the model and write down the two shapes of each product. A dense "
        "layer from n to m numbers on r rows is (r, n) times (n, m).",
        "Attention of one head: (T, D) times (D, T), then (T, T) times (T, D). Add up "
        "the heads, the texts and the layers.",
        "For example L * 4 * 2 * B * T * H * H for the projections, and "
        "L * 2 * 2 * B * T * T * H for attention.",
    ),
)
