"""Exercise: count the operations of a forward pass.

Chapter: 20
"""

from collections.abc import Callable

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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

Change = Callable[[BertConfig, int, int, int], dict[str, int]]


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


def changed(change: Change) -> Change:
    """Make a mistake: some parts are counted differently."""
    return lambda config, B, T, M: (
        forward_operations(config, B, T, M) | change(config, B, T, M)
    )


def with_tables(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
    """Count the look-up of a word as a product with its table."""
    parts = forward_operations(config, B, T, M)
    product = 2 * B * T * config.hidden_size * config.vocab_size
    return parts | {"projections": parts["projections"] + product}


def single(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
    """Count a multiplication and its addition as one."""
    return {k: v // 2 for k, v in forward_operations(config, B, T, M).items()}


def part_times(name: str, times: int, by: int = 1) -> Change:
    """Multiply one part."""

    def wrong(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
        parts = forward_operations(config, B, T, M)
        return parts | {name: parts[name] * times // by}

    return wrong


def one_layer(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
    """Leave out the number of layers."""
    return forward_operations(config.changed(num_hidden_layers=1), B, T, M)


MUTANTS = [
    Mutant(
        "tables as products",
        with_tables,
        "Looking a word up in the table is no product: a row is read, nothing is "
        "multiplied. The table costs operations in the head alone.",
    ),
    Mutant(
        "head at all positions",
        lambda c, B, T, M: forward_operations(c, B, T, B * T),
        "The head works at the M predicted positions only, not at all B * T.",
    ),
    Mutant(
        "M positions in each text",
        lambda c, B, T, M: forward_operations(c, B, T, B * M),
        "M counts the predicted positions of the whole batch: B is in it already.",
    ),
    Mutant(
        "one operation for two",
        single,
        "Each multiplication comes with an addition: 2 n m k operations.",
    ),
    Mutant(
        "T instead of T squared",
        changed(
            lambda c, B, T, M: {
                "attention": c.num_hidden_layers * 4 * B * T * c.hidden_size
            }
        ),
        "Every token asks every token: attention grows with T * T.",
    ),
    Mutant(
        "scores without mixture",
        part_times("attention", 1, 2),
        "Attention has two products: query times key, and weights times value.",
    ),
    Mutant(
        "attention times heads",
        lambda c, B, T, M: part_times("attention", c.num_attention_heads)(c, B, T, M),
        "Each head works with D = H / A numbers. All A heads together: H, whatever A.",
    ),
    Mutant(
        "three projections",
        part_times("projections", 3, 4),
        "There are four projections: query, key, value, and the output.",
    ),
    Mutant(
        "inner size 4 H",
        changed(
            lambda c, B, T, M: {
                "feed-forward": c.num_hidden_layers * 16 * B * T * c.hidden_size**2
            }
        ),
        "The inner size is config.intermediate_size. It is 4 H in the published models "
        "only.",
    ),
    Mutant(
        "up without down",
        part_times("feed-forward", 1, 2),
        "The feed-forward part has two products: up to I numbers, and down again.",
    ),
    Mutant(
        "head without its dense layer",
        changed(lambda c, B, T, M: {"head": 2 * M * c.hidden_size * c.vocab_size}),
        "Before the word table the head has a dense layer from H to H.",
    ),
    Mutant(
        "pooler at every token",
        lambda c, B, T, M: part_times("pooler", T)(c, B, T, M),
        "The pooler reads only [CLS]: one position of each text.",
    ),
    Mutant(
        "pooler without the pair",
        changed(lambda c, B, T, M: {"pooler": 2 * B * c.hidden_size**2}),
        "After the pooler's dense layer come the two scores of the pair: H to 2.",
    ),
    Mutant(
        "one layer",
        one_layer,
        "One layer is counted. Projections, attention and feed-forward are there L "
        "times.",
    ),
    Mutant(
        "the sum",
        lambda c, B, T, M: sum(forward_operations(c, B, T, M).values()),
        "This is the sum. Return the parts by name, a dict with five keys.",
    ),
    Mutant(
        "forward and backward",
        lambda c, B, T, M: {
            k: 3 * v for k, v in forward_operations(c, B, T, M).items()
        },
        "This is three times as much: a training step. Count the forward pass alone.",
    ),
]


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


EXERCISE = Exercise(
    id="forward-operations",
    chapter=20,
    title="Count the operations",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=forward_operations,
    accepted={"by tokens": by_tokens},
    mutants=MUTANTS,
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
