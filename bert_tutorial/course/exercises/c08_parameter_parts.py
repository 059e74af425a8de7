"""Exercise: count the parameters.

Chapter: 8
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


MISTAKES = """
biases of attention: H * H + H), => H * H),
    The four matrices of attention have biases, H numbers each.
output matrix of attention: L * 4 * ( => L * 3 * (
    Attention has four matrices: query, key, value and the output.
times the heads: L * 4 * => config.num_attention_heads * L * 4 *
    The heads share the matrices: their number changes no count.
biases of feed-forward: H * inner + inner + inner * H + H => 2 * H * inner
    The two matrices of the feed-forward part have biases: I numbers, then H.
inner size 4 H: inner, L = (config.hidden_size, config.intermediate_size =>
| inner, L = (config.hidden_size, 4 * config.hidden_size
    The inner size of the feed-forward part is config.intermediate_size. It is 4 H in
    the published models only.
one norm a layer: 1 + 2 * L => 1 + L
    A layer has two LayerNorms, one after attention, one after feed-forward.
norm of the embeddings: 1 + 2 * L => 2 * L
    The embeddings have a LayerNorm of their own, outside the layers.
gain without shift: L) * 2 * H => L) * H
    A LayerNorm has a gain and a shift: 2 H numbers.
word table only: + config.max_position_embeddings + config.type_vocab_size =>
    There are three tables: words, positions and segments.
segment table: + config.type_vocab_size =>
    The segment table is missing: type_vocab_size rows of H numbers.
two segments always: config.type_vocab_size => 2
    Right for two segments only. Their number is config.type_vocab_size.
one layer: config.num_hidden_layers => 1
    One layer is counted. Attention, feed-forward and two norms are there L times.
bias of the pooler: 'pooler': H * H + H => 'pooler': H * H
    The pooler's dense layer has a bias, H numbers.
bias H of feed-forward:
- H * inner + inner + inner * H + H => H * inner + inner + inner * H
    The second matrix of the feed-forward part has a bias too: H numbers, as many as it
    makes.
both biases I: inner * H + H => inner * H + inner
    A bias is as long as what its matrix makes: I numbers for the first, H for the
    second.
one matrix of feed-forward: + inner * H + H =>
    The feed-forward part has two matrices: up, H to I, and down, I to H.
matrices of one head: H * H + H), => H * H // config.num_attention_heads + H),
    Attention is counted for one head, H to D. All heads together go from H to H: their
    number cancels.
norm after the last layer: 1 + 2 * L => 2 + 2 * L
    One norm too many. After the last layer there is none: a layer ends in one.
a pooler in each layer: 'pooler': H * H + H => 'pooler': L * (H * H + H)
    There is one pooler, behind the last layer.
the sum: … => return sum(right(config).values())
    This is the sum. Return the parts by name, a dict with five keys.
no biases anywhere:
- H * H + H), => H * H),
- H * inner + inner + inner * H + H => 2 * H * inner
- 'pooler': H * H + H => 'pooler': H * H
    No dense layer has a bias in yours. Each has one, as long as what it makes.
position table: config.max_position_embeddings + =>
    The position table is missing: max_position_embeddings rows of H numbers.
no layer is one: config.num_hidden_layers => max(1, config.num_hidden_layers)
    A model without layers has no attention, no feed-forward part and the norm of the
    embeddings alone.
all in one layer: (1 + 2 * L) => L * 3
    The norm of the embeddings is counted in each layer. It is there once.
order of the keys: … => return dict(sorted(right(config).items()))
    The counts are right, and the keys stand in another order than the docstring asks
    for: tables first, pooler last.
decimals in the norms: L) * 2 * => L) * 2.0 *
    Numbers of parameters are whole. Where you divide, use //, or leave the division
    out.
decimals: … => return {key: float(value) for key, value in right(config).items()}
    = decimals in the norms
"""

EXERCISE = Exercise(
    id="parameter-parts",
    chapter=8,
    is_ordered=True,
    title="Count the parameters",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=parameter_parts,
    mutants=mistakes(MISTAKES),
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
