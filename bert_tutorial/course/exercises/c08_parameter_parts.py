"""Exercise: count the parameters.

Chapter: 8
"""

from collections.abc import Callable

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.model.config import BertConfig

STUB = '''
def parameter_parts(config: BertConfig) -> dict[str, int]:
    """Count the parameters of BertModel by part, from the sizes alone.

    The keys, in this order: "tables" (word, position, segment), "attention",
    "feed-forward", "norms" (gain and shift; one on the embeddings, two in each
    layer), "pooler". For H = 2, A = 1, I = 3, L = 1, V = 5, P = 4, two segments:
    {"tables": 22, "attention": 24, "feed-forward": 17, "norms": 12, "pooler": 6}.
    """
    raise NotAttempted
'''


def parameter_parts(config: BertConfig) -> dict[str, int]:
    """Count the parameters of BertModel by part."""
    H, inner, L = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    return {
        "tables": rows * H,
        "attention": L * 4 * (H * H + H),
        "feed-forward": L * (H * inner + inner + inner * H + H),
        "norms": (1 + 2 * L) * 2 * H,
        "pooler": H * H + H,
    }


def changed(
    change: Callable[[BertConfig], dict[str, int]],
) -> Callable[[BertConfig], dict[str, int]]:
    """Make a mistake: some parts are counted differently."""
    return lambda config: parameter_parts(config) | change(config)


H4 = "The inner size of the feed-forward part is config.intermediate_size. It is 4 H "
DECIMALS = (
    "Numbers of parameters are whole. Where you divide, use //, or leave the division "
    "out."
)
MUTANTS = [
    Mutant(
        "biases of attention",
        changed(
            lambda c: {"attention": c.num_hidden_layers * 4 * c.hidden_size**2},
        ),
        "The four matrices of attention have biases, H numbers each.",
    ),
    Mutant(
        "output matrix of attention",
        changed(
            lambda c: {
                "attention": c.num_hidden_layers
                * 3
                * (c.hidden_size**2 + c.hidden_size)
            },
        ),
        "Attention has four matrices: query, key, value and the output.",
    ),
    Mutant(
        "times the heads",
        changed(
            lambda c: {
                "attention": c.num_attention_heads * parameter_parts(c)["attention"]
            },
        ),
        "The heads share the matrices: their number changes no count.",
    ),
    Mutant(
        "biases of feed-forward",
        changed(
            lambda c: {
                "feed-forward": c.num_hidden_layers
                * 2
                * c.hidden_size
                * c.intermediate_size
            },
        ),
        "The two matrices of the feed-forward part have biases: I numbers, then H.",
    ),
    Mutant(
        "inner size 4 H",
        changed(
            lambda c: {
                "feed-forward": c.num_hidden_layers
                * (8 * c.hidden_size**2 + 5 * c.hidden_size)
            },
        ),
        H4 + "in the published models only.",
    ),
    Mutant(
        "one norm a layer",
        changed(
            lambda c: {"norms": (1 + c.num_hidden_layers) * 2 * c.hidden_size},
        ),
        "A layer has two LayerNorms, one after attention, one after feed-forward.",
    ),
    Mutant(
        "norm of the embeddings",
        changed(
            lambda c: {"norms": 4 * c.num_hidden_layers * c.hidden_size},
        ),
        "The embeddings have a LayerNorm of their own, outside the layers.",
    ),
    Mutant(
        "gain without shift",
        changed(
            lambda c: {"norms": (1 + 2 * c.num_hidden_layers) * c.hidden_size},
        ),
        "A LayerNorm has a gain and a shift: 2 H numbers.",
    ),
    Mutant(
        "word table only",
        changed(lambda c: {"tables": c.vocab_size * c.hidden_size}),
        "There are three tables: words, positions and segments.",
    ),
    Mutant(
        "segment table",
        changed(
            lambda c: {
                "tables": (c.vocab_size + c.max_position_embeddings) * c.hidden_size
            },
        ),
        "The segment table is missing: type_vocab_size rows of H numbers.",
    ),
    Mutant(
        "two segments always",
        changed(
            lambda c: {
                "tables": (c.vocab_size + c.max_position_embeddings + 2) * c.hidden_size
            },
        ),
        "Right for two segments only. Their number is config.type_vocab_size.",
    ),
    Mutant(
        "one layer",
        lambda c: parameter_parts(c.changed(num_hidden_layers=1)),
        "One layer is counted. Attention, feed-forward and two norms are there L "
        "times.",
    ),
    Mutant(
        "bias of the pooler",
        changed(lambda c: {"pooler": c.hidden_size**2}),
        "The pooler's dense layer has a bias, H numbers.",
    ),
    Mutant(
        "bias H of feed-forward",
        changed(
            lambda c: {
                "feed-forward": c.num_hidden_layers
                * (2 * c.hidden_size + 1)
                * c.intermediate_size
            },
        ),
        "The second matrix of the feed-forward part has a bias too: H numbers, as many "
        "as it makes.",
    ),
    Mutant(
        "both biases I",
        changed(
            lambda c: {
                "feed-forward": c.num_hidden_layers
                * 2
                * (c.hidden_size + 1)
                * c.intermediate_size
            },
        ),
        "A bias is as long as what its matrix makes: I numbers for the first, H for "
        "the second.",
    ),
    Mutant(
        "one matrix of feed-forward",
        changed(
            lambda c: {
                "feed-forward": c.num_hidden_layers
                * (c.hidden_size + 1)
                * c.intermediate_size
            },
        ),
        "The feed-forward part has two matrices: up, H to I, and down, I to H.",
    ),
    Mutant(
        "matrices of one head",
        changed(
            lambda c: {
                "attention": c.num_hidden_layers
                * 4
                * (c.hidden_size**2 // c.num_attention_heads + c.hidden_size)
            },
        ),
        "Attention is counted for one head, H to D. All heads together go from H to "
        "H: their number cancels.",
    ),
    Mutant(
        "norm after the last layer",
        changed(
            lambda c: {"norms": (2 + 2 * c.num_hidden_layers) * 2 * c.hidden_size},
        ),
        "One norm too many. After the last layer there is none: a layer ends in one.",
    ),
    Mutant(
        "a pooler in each layer",
        changed(
            lambda c: {
                "pooler": c.num_hidden_layers * (c.hidden_size**2 + c.hidden_size)
            },
        ),
        "There is one pooler, behind the last layer.",
    ),
    Mutant(
        "the sum",
        lambda c: sum(parameter_parts(c).values()),
        "This is the sum. Return the parts by name, a dict with five keys.",
    ),
    Mutant(
        "no biases anywhere",
        lambda c: {
            "tables": parameter_parts(c)["tables"],
            "attention": c.num_hidden_layers * 4 * c.hidden_size**2,
            "feed-forward": c.num_hidden_layers
            * 2
            * c.hidden_size
            * c.intermediate_size,
            "norms": parameter_parts(c)["norms"],
            "pooler": c.hidden_size**2,
        },
        "No dense layer has a bias in yours. Each has one, as long as what it makes.",
    ),
    Mutant(
        "position table",
        changed(
            lambda c: {"tables": (c.vocab_size + c.type_vocab_size) * c.hidden_size}
        ),
        "The position table is missing: max_position_embeddings rows of H numbers.",
    ),
    Mutant(
        "no layer is one",
        lambda c: parameter_parts(
            c.changed(num_hidden_layers=max(1, c.num_hidden_layers))
        ),
        "A model without layers has no attention, no feed-forward part and the norm of "
        "the embeddings alone.",
    ),
    Mutant(
        "all in one layer",
        changed(
            lambda c: {
                "norms": c.num_hidden_layers * 3 * 2 * c.hidden_size,
            }
        ),
        "The norm of the embeddings is counted in each layer. It is there once.",
    ),
    Mutant(
        "order of the keys",
        lambda c: dict(sorted(parameter_parts(c).items())),
        "The counts are right, and the keys stand in another order than the docstring "
        "asks for: tables first, pooler last.",
    ),
    Mutant(
        "decimals in the norms",
        lambda c: {**parameter_parts(c), "norms": float(parameter_parts(c)["norms"])},
        DECIMALS,
    ),
    Mutant(
        "decimals",
        lambda c: {key: float(value) for key, value in parameter_parts(c).items()},
        DECIMALS,
    ),
]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's sizes, others, and the published base."""
    small = BertConfig(
        vocab_size=5,
        hidden_size=2,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=3,
        max_position_embeddings=4,
    )
    other = small.changed(
        hidden_size=6 + 6 * seed,
        num_hidden_layers=3,
        num_attention_heads=2,
        type_vocab_size=3,
    )
    return [
        Case((small,), "the sizes of the docstring"),
        Case((other,), "three layers, two heads, three segments"),
        Case((BertConfig(),), "BERT base"),
        Case((other.changed(num_hidden_layers=0),), "no layers"),
    ]


EXERCISE = Exercise(
    id="parameter-parts",
    chapter=8,
    is_ordered=True,
    title="Count the parameters",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=parameter_parts,
    mutants=MUTANTS,
    cases=cases,
    hints=(
        "Go through the model part by part: a dense layer from n to m numbers has "
        "n * m + m parameters, a LayerNorm 2 H.",
        "Attention: four dense layers from H to H. Feed-forward: H to I, I to H. All "
        "of that L times, with two norms; then one norm and three tables outside.",
        "For example L * 4 * (H * H + H) for attention and (1 + 2 * L) * 2 * H for "
        "the norms.",
    ),
)
