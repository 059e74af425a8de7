"""Exercise: names and kernels of the original release.

Chapter: 9
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def from_tensorflow(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Turn a name and tensor of the original release into those of the published
    PyTorch layout, without the prefix "bert".

    "/" becomes "."; "layer_3" becomes "layer.3"; a "kernel" is (in, out) there and a
    "weight", (out, in), here; "gamma" is "weight" and "beta" is "bias"; a table
    (its name ends in "_embeddings") gets ".weight"; the rest stays.
    "bert/encoder/layer_3/output/dense/kernel", (I, H), becomes
    "encoder.layer.3.output.dense.weight", (H, I).
    """
    raise NotAttempted
'''

ENDS = {"kernel": "weight", "gamma": "weight", "beta": "bias"}


def from_tensorflow(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Turn an original name and tensor into the published ones, without "bert"."""
    new_ends = {"kernel": "weight", "gamma": "weight", "beta": "bias"}
    *path, end = name.removeprefix("bert/").replace("layer_", "layer.").split("/")
    if end == "kernel":
        value = value.T
    if end.endswith("_embeddings"):
        end += ".weight"
    return ".".join([*path, new_ends.get(end, end)]), value


def by_replacing(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Replace parts of the text one after the other."""
    value = value.t() if name.endswith("/kernel") else value
    text = name.removeprefix("bert/").replace("layer_", "layer.").replace("/", ".")
    for old, new in ENDS.items():
        text = text.removesuffix(old) + new if text.endswith("." + old) else text
    return text + ".weight" * text.endswith("_embeddings"), value


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Every kind of name; one kernel is square, one is not."""
    torch.manual_seed(seed)
    names = {
        "bert/embeddings/word_embeddings": (7, 4),
        "bert/embeddings/LayerNorm/gamma": (4,),
        "bert/embeddings/LayerNorm/beta": (4,),
        "bert/encoder/layer_3/attention/self/query/kernel": (4, 4),
        "bert/encoder/layer_11/attention/self/key/bias": (4,),
        "bert/encoder/layer_0/attention/output/LayerNorm/gamma": (4,),
        "bert/encoder/layer_3/output/dense/kernel": (6, 4),
        "bert/pooler/dense/kernel": (4, 4),
        "cls/predictions/transform/LayerNorm/beta": (4,),
        "bert/embeddings/position_embeddings": (5, 4),
        "bert/embeddings/token_type_embeddings": (2, 4),
        "bert/encoder/layer_10/intermediate/dense/kernel": (4, 6),
        "cls/predictions/output_bias": (7,),
        "cls/seq_relationship/output_weights": (2, 4),
    }
    return [
        Case((name, torch.randn(shape, dtype=dtype)), name)
        for name, shape in names.items()
    ]


MISTAKES = r"""
kernels not transposed: value.T => value
    A kernel is (in, out), a weight (out, in): transpose it. In a square one no shape
    complains.
everything transposed: end == 'kernel' => value.dim() == 2
    Tables are (rows, H) in both layouts: transpose kernels only.
reshaped: value.T => value.reshape(value.T.shape)
    reshape keeps the numbers in their old order. Transpose with value.T.
gamma and beta swapped:
- 'gamma': 'weight', 'beta': 'bias' => 'gamma': 'bias', 'beta': 'weight'
    gamma is the gain, called weight; beta is the shift, called bias.
gamma and beta kept: 'gamma': 'weight', 'beta': 'bias' =>
    gamma and beta are old names: the published layout has weight and bias.
query and key swapped: if end == 'kernel' =>
| path = [{'query': 'key', 'key': 'query'}.get(one, one) for one in path]
|     if end == 'kernel'
    Query and key have changed places. Their shapes are equal, so only numbers can tell.
prefix kept: name.removeprefix('bert/') => name.replace('bert/', 'bert.')
    The prefix "bert/" is to be removed.
table without weight: end += '.weight' => pass
    A table has no last part of its own: add ".weight" to its name.
every part of the embeddings:
- return ('.'.join([*path, new_ends.get(end, end)]), value) =>
| new = '.'.join([*path, new_ends.get(end, end)])
|     if 'embeddings' in name and not new.endswith('.weight'):
|         new += '.weight'
|     return new, value
    Everything under "embeddings" gets ".weight", the LayerNorm too. Only a table does:
    its own last part ends in "_embeddings".
slashes:
- '.'.join => '/'.join
- '.weight' => '/weight'
    The parts are joined by ".", not by "/".
tensor first: return ('.'.join([*path, new_ends.get(end, end)]), value) =>
| return (value, '.'.join([*path, new_ends.get(end, end)]))
    The two results stand the other way round: first the name, then the tensor.
name only: return ('.'.join([*path, new_ends.get(end, end)]), value) =>
| return '.'.join([*path, new_ends.get(end, end)])
    Return both, the new name and the tensor, which is transposed if it is a kernel.
layer_3: .replace('layer_', 'layer.') =>
    A layer's number stands after a dot: "layer_3" becomes "layer.3".
layers of one digit:
- *path, end = name.removeprefix('bert/').replace('layer_', 'layer.') =>
| name = re.sub('layer_(\\d)(?!\\d)', 'layer.\\1', name)
|     *path, end = name.removeprefix('bert/')
    Right for layers 0 to 9: "layer_11" is still there. A number may have two digits.
word table only: end.endswith('_embeddings') => end == 'word_embeddings'
    Only the word table gets ".weight". Every name that ends in "_embeddings" is a
    table: positions and segments too.
kernel kept: 'kernel': 'weight',  =>
    The kernels are transposed and keep their old name. Here a kernel is called weight.
first part cut off: name.removeprefix('bert/') => name.split('/', 1)[1]
    The first part of every name is cut off. Only "bert/" is; "cls" stays.
all underscores: '.'.join([*path, new_ends.get(end, end)]) =>
| '.'.join([*path, new_ends.get(end, end)]).replace('_', '.')
    Every underscore became a dot. Only that between layer and its number does.
all but tables transposed:
- end == 'kernel' => value.dim() == 2 and not end.endswith('_embeddings')
    A matrix that is no kernel is transposed too. output_weights is (2, H) in both
    layouts: ask for the name kernel.
"""

EXERCISE = Exercise(
    id="from-tensorflow",
    chapter=9,
    title="Names and kernels of the original release",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=from_tensorflow,
    accepted={"by replacing": by_replacing},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which parts of a name decide what happens to the numbers?",
        "Split at '/', look at the last part: kernel (transpose), gamma, beta, or a "
        "table's name.",
        '*path, end = name.split("/"), after the prefix and the number of the layer',
    ),
)
