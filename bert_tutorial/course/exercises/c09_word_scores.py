"""Exercise: from the last vectors to words, by the published names.

Chapter: 9
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
tied bias lost: words, tensors[f'{head}.bias'] => words
    cls.predictions.bias is missing. The matrix is tied to the word table; the bias is a
    tensor of its own, and loaders that tie the decoder lose it easily.
no transform: x, words => hidden, words
    The vectors go straight to the words. dense, GELU and LayerNorm of
    cls.predictions.transform come first.
gain and shift swapped: gain.shape, gain, shift => gain.shape, shift, gain
    Gain and shift of the LayerNorm are swapped: .weight multiplies, .bias is added.
kernel turned:
- hidden, tensors[f'{dense}.weight'] => hidden, tensors[f'{dense}.weight'].T
    The dense matrix is turned. In the published layout it is (out, in), as F.linear
    wants it; only the original release has it the other way.
cased vocabulary: … => return right(hidden, tensors).roll(1, dims=-1)
    The right scores stand at the wrong ids, as with the vocabulary of another model:
    cased and uncased have the same words on other lines. Score v belongs to row v of
    the table.
no GELU: F.gelu =>
    Between the dense layer and the LayerNorm GELU is missing.
no LayerNorm: F.layer_norm(x, gain.shape, gain, shift, eps=1e-12) => x
    After GELU the LayerNorm of cls.predictions.transform is missing.
wrong epsilon: 1e-12 => 1e-5
    The epsilon of LayerNorm is 1e-12; torch's default is 1e-5.
probabilities: … => return right(hidden, tensors).softmax(dim=-1)
    These are probabilities. Scores are asked for: leave the softmax out.
one token only: … => return right(hidden[:, 0], tensors)
    The first token of each text is scored alone. Score every token: (B, T, V).
tanh for GELU: F.gelu => torch.tanh
    The activation is tanh, that of the pooler. Here it is GELU.
tanh form of GELU:
- tensors[f'{dense}.bias']) => tensors[f'{dense}.bias']), approximate='tanh'
    The GELU is the form with tanh. These weights want the exact one: F.gelu as it is.
ReLU: F.gelu => F.relu
    Behind the dense layer stands ReLU. It is GELU.
bias of the dense layer lost: , tensors[f'{dense}.bias'] =>
    The bias of cls.predictions.transform.dense is missing.
best words: … => return right(hidden, tensors).argmax(dim=-1)
    These are the ids of the best words. Scores are asked for, (B, T, V): leave argmax
    out.
table not turned:
- F.linear(x, words, tensors[f'{head}.bias']) => torch.zeros_like(x) @ words
    The product with the word table does not fit: (H) meets (V, H). F.linear turns its
    matrix, or write @ table.T.
"""

EXERCISE = Exercise(
    id="word-scores",
    chapter=9,
    title="From the last vectors to words",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=word_scores,
    accepted={"products": by_products},
    mutants=mistakes(MISTAKES),
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
