"""Exercise: from the last vectors to words, by the published names.

Chapter: 9
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def word_scores(hidden: Tensor, tensors: dict[str, Tensor]) -> Tensor:
    """Score all words from the tensors of a file: (B, T, H) -> (B, T, V).

    cls.predictions.transform.dense (.weight, .bias), exact GELU,
    cls.predictions.transform.LayerNorm (.weight, .bias; epsilon 1e-12), then the dot
    product with each row of bert.embeddings.word_embeddings.weight, plus
    cls.predictions.bias.
    """
    raise NotAttempted
'''

HEAD = "cls.predictions"
WORDS = "bert.embeddings.word_embeddings.weight"
Tensors = dict[str, Tensor]


def word_scores(hidden: Tensor, tensors: dict[str, Tensor]) -> Tensor:
    """Transform, compare with every word, add each word's bias."""
    head = "cls.predictions"
    dense, norm = f"{head}.transform.dense", f"{head}.transform.LayerNorm"
    x = F.gelu(F.linear(hidden, tensors[f"{dense}.weight"], tensors[f"{dense}.bias"]))
    gain, shift = tensors[f"{norm}.weight"], tensors[f"{norm}.bias"]
    x = F.layer_norm(x, gain.shape, gain, shift, eps=1e-12)
    words = tensors["bert.embeddings.word_embeddings.weight"]  # (V, H)
    return F.linear(x, words, tensors[f"{head}.bias"])


def by_products(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Write the products out."""
    dense, norm = (f"{HEAD}.transform.{part}" for part in ("dense", "LayerNorm"))
    x = hidden @ tensors[f"{dense}.weight"].T + tensors[f"{dense}.bias"]
    x = F.gelu(x)
    x = x - x.mean(-1, keepdim=True)
    x = x / (x.square().mean(-1, keepdim=True) + 1e-12).sqrt()
    x = x * tensors[f"{norm}.weight"] + tensors[f"{norm}.bias"]
    return torch.einsum("bth,vh->btv", x, tensors[WORDS]) + tensors[f"{HEAD}.bias"]


def with_tensors(hidden: Tensor, tensors: Tensors, name: str, value: Tensor) -> Tensor:
    """Score with one tensor replaced."""
    return word_scores(hidden, {**tensors, name: value})


def bias_lost(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Lose the tied decoder's bias."""
    name = f"{HEAD}.bias"
    return with_tensors(hidden, tensors, name, torch.zeros_like(tensors[name]))


def no_transform(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Go straight to the words."""
    return F.linear(hidden, tensors[WORDS], tensors[f"{HEAD}.bias"])


def gains_swapped(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Mix up gain and shift."""
    norm = f"{HEAD}.transform.LayerNorm"
    other = dict(tensors)
    other[f"{norm}.weight"] = tensors[f"{norm}.bias"]
    other[f"{norm}.bias"] = tensors[f"{norm}.weight"]
    return word_scores(hidden, other)


def kernel_turned(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Turn the square matrix."""
    name = f"{HEAD}.transform.dense.weight"
    return with_tensors(hidden, tensors, name, tensors[name].T)


def other_vocabulary(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Put the rows in the order of another vocabulary."""
    return word_scores(hidden, tensors).roll(1, dims=-1)


def with_tanh(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Use tanh for GELU."""
    dense, norm = (f"{HEAD}.transform.{part}" for part in ("dense", "LayerNorm"))
    x = F.linear(hidden, tensors[f"{dense}.weight"], tensors[f"{dense}.bias"]).tanh()
    gain, shift = tensors[f"{norm}.weight"], tensors[f"{norm}.bias"]
    x = F.layer_norm(x, gain.shape, gain, shift, 1e-12)
    return F.linear(x, tensors[WORDS], tensors[f"{HEAD}.bias"])


def without(skipped: str) -> Callable[[Tensor, Tensors], Tensor]:
    """Leave one step out, or take torch's epsilon."""

    def answer(hidden: Tensor, tensors: Tensors) -> Tensor:
        dense, norm = (f"{HEAD}.transform.{part}" for part in ("dense", "LayerNorm"))
        x = F.linear(hidden, tensors[f"{dense}.weight"], tensors[f"{dense}.bias"])
        x = x if skipped == "gelu" else F.gelu(x)
        gain, shift = tensors[f"{norm}.weight"], tensors[f"{norm}.bias"]
        epsilon = 1e-5 if skipped == "epsilon" else 1e-12
        if skipped != "norm":
            x = F.layer_norm(x, gain.shape, gain, shift, epsilon)
        return F.linear(x, tensors[WORDS], tensors[f"{HEAD}.bias"])

    return answer


def probabilities(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Take the softmax as well."""
    return word_scores(hidden, tensors).softmax(dim=-1)


def first_token(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Score the first token only."""
    return word_scores(hidden[:, 0], tensors)


def with_activation(change: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """Take another function for GELU."""

    def answer(hidden: Tensor, tensors: Tensors) -> Tensor:
        dense, norm = (f"{HEAD}.transform.{part}" for part in ("dense", "LayerNorm"))
        x = F.linear(hidden, tensors[f"{dense}.weight"], tensors[f"{dense}.bias"])
        gain, shift = tensors[f"{norm}.weight"], tensors[f"{norm}.bias"]
        x = F.layer_norm(change(x), gain.shape, gain, shift, 1e-12)
        return F.linear(x, tensors[WORDS], tensors[f"{HEAD}.bias"])

    return answer


def dense_bias_lost(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Lose the dense layer's bias."""
    name = f"{HEAD}.transform.dense.bias"
    return with_tensors(hidden, tensors, name, torch.zeros_like(tensors[name]))


def best_words(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Give the best word."""
    return word_scores(hidden, tensors).argmax(dim=-1)


def table_turned(hidden: Tensor, tensors: Tensors) -> Tensor:
    """Multiply with the table as it is."""
    x = torch.zeros_like(word_scores(hidden, tensors)[..., : hidden.shape[-1]])
    return x @ tensors[WORDS]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Random tensors of a file with biases and gains that are not 0 and 1."""
    torch.manual_seed(seed)
    H, V = 6, 9
    shapes = {
        WORDS: (V, H),
        f"{HEAD}.bias": (V,),
        f"{HEAD}.transform.dense.weight": (H, H),
        f"{HEAD}.transform.dense.bias": (H,),
        f"{HEAD}.transform.LayerNorm.weight": (H,),
        f"{HEAD}.transform.LayerNorm.bias": (H,),
    }
    tensors = {name: torch.randn(shape, dtype=dtype) for name, shape in shapes.items()}
    return [
        Case((torch.randn(1, 2, H, dtype=dtype), tensors), "one text of two tokens"),
        Case((torch.randn(3, 5, H, dtype=dtype), tensors), "B=3, T=5, H=6, V=9"),
    ]


EXERCISE = Exercise(
    id="word-scores",
    chapter=9,
    title="From the last vectors to words",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=word_scores,
    accepted={"products": by_products},
    mutants=[
        Mutant(
            "tied bias lost",
            bias_lost,
            "cls.predictions.bias is missing. The matrix is tied to the word table; "
            "the bias is a tensor of its own, and loaders that tie the decoder lose "
            "it easily.",
        ),
        Mutant(
            "no transform",
            no_transform,
            "The vectors go straight to the words. dense, GELU and LayerNorm of "
            "cls.predictions.transform come first.",
        ),
        Mutant(
            "gain and shift swapped",
            gains_swapped,
            "Gain and shift of the LayerNorm are swapped: .weight multiplies, .bias is "
            "added.",
        ),
        Mutant(
            "kernel turned",
            kernel_turned,
            "The dense matrix is turned. In the published layout it is (out, in), as "
            "F.linear wants it; only the original release has it the other way.",
        ),
        Mutant(
            "cased vocabulary",
            other_vocabulary,
            "The right scores stand at the wrong ids, as with the vocabulary of "
            "another model: cased and uncased have the same words on other lines. "
            "Score v belongs to row v of the table.",
        ),
        Mutant(
            "no GELU",
            without("gelu"),
            "Between the dense layer and the LayerNorm GELU is missing.",
        ),
        Mutant(
            "no LayerNorm",
            without("norm"),
            "After GELU the LayerNorm of cls.predictions.transform is missing.",
        ),
        Mutant(
            "wrong epsilon",
            without("epsilon"),
            "The epsilon of LayerNorm is 1e-12; torch's default is 1e-5.",
        ),
        Mutant(
            "probabilities",
            probabilities,
            "These are probabilities. Scores are asked for: leave the softmax out.",
        ),
        Mutant(
            "one token only",
            first_token,
            "The first token of each text is scored alone. Score every token: "
            "(B, T, V).",
        ),
        Mutant(
            "tanh for GELU",
            with_tanh,
            "The activation is tanh, that of the pooler. Here it is GELU.",
        ),
        Mutant(
            "tanh form of GELU",
            with_activation(lambda x: F.gelu(x, approximate="tanh")),
            "The GELU is the form with tanh. These weights want the exact one: F.gelu "
            "as it is.",
        ),
        Mutant(
            "ReLU",
            with_activation(F.relu),
            "Behind the dense layer stands ReLU. It is GELU.",
        ),
        Mutant(
            "bias of the dense layer lost",
            dense_bias_lost,
            "The bias of cls.predictions.transform.dense is missing.",
        ),
        Mutant(
            "best words",
            best_words,
            "These are the ids of the best words. Scores are asked for, (B, T, V): "
            "leave argmax out.",
        ),
        Mutant(
            "table not turned",
            table_turned,
            "The product with the word table does not fit: (H) meets (V, H). F.linear "
            "turns its matrix, or write @ table.T.",
        ),
    ],
    cases=cases,
    waived={
        "1e-12 => 2e-12": (
            "vectors of ordinary length do not show so small an epsilon"
        ),
    },
    hints=(
        "It is the head of chapter 11 without a class: two F.linear, a GELU, a "
        "LayerNorm.",
        "The last F.linear has the word table as its matrix, and cls.predictions.bias.",
        "F.linear(x, words, bias) after F.layer_norm(F.gelu(...)).",
    ),
)
