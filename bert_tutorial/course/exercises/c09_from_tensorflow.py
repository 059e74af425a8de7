"""Exercise: names and kernels of the original release.

Chapter: 9
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def untransposed(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Leave kernels as they are."""
    return from_tensorflow(name, value)[0], value


def all_transposed(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Turn every matrix."""
    return from_tensorflow(name, value)[0], value.T if value.dim() == 2 else value


def reshaped(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Give the right shape to numbers in the old order."""
    new, turned = from_tensorflow(name, value)
    return new, value.reshape(turned.shape)


def gamma_beta_swapped(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Take gamma for the shift."""
    swapped = name.replace("gamma", "?").replace("beta", "gamma").replace("?", "beta")
    return from_tensorflow(swapped, value)


def query_key_swapped(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Take the query for the key."""
    swapped = name.replace("/query/", "/?/").replace("/key/", "/query/")
    return from_tensorflow(swapped.replace("/?/", "/key/"), value)


def keeps_prefix(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Keep bert."""
    new, turned = from_tensorflow(name, value)
    return ("bert." if name.startswith("bert/") else "") + new, turned


def table_without_weight(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Forget the tables' ending."""
    new, turned = from_tensorflow(name, value)
    return new.replace("_embeddings.weight", "_embeddings"), turned


def layer_with_line(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Keep layer_3."""
    new, turned = from_tensorflow(name, value)
    return new.replace("layer.", "layer_"), turned


def gamma_kept(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Keep the old names of a norm."""
    new, turned = from_tensorflow(name, value)
    for old in ("gamma", "beta"):
        if name.endswith(old):
            new = f"{new.rsplit('.', 1)[0]}.{old}"
    return new, turned


def weight_for_all(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Give .weight to everything under the embeddings."""
    new, turned = from_tensorflow(name, value)
    if "embeddings" in name and not new.endswith(".weight"):
        new += ".weight"
    return new, turned


def slashes_kept(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Leave the slashes."""
    new, turned = from_tensorflow(name, value)
    return new.replace(".", "/").replace("layer/", "layer."), turned


def tensor_first(name: str, value: Tensor) -> tuple[Tensor, str]:
    """Return the two the other way round."""
    new, turned = from_tensorflow(name, value)
    return turned, new


def name_only(name: str, value: Tensor) -> str:
    """Return the name alone."""
    return from_tensorflow(name, value)[0]


def one_digit(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Look for layers of one digit."""
    new, turned = from_tensorflow(name, value)
    parts = name.split("/")
    for part in parts:
        if part.startswith("layer_") and len(part) > len("layer_0"):
            new = new.replace(part.replace("_", "."), part)
    return new, turned


def words_only(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Give .weight to the word table alone."""
    new, turned = from_tensorflow(name, value)
    if not name.endswith("word_embeddings"):
        new = new.removesuffix("_embeddings.weight") + (
            "_embeddings" if new.endswith("_embeddings.weight") else ""
        )
    return new, turned


def kernel_kept(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Transpose kernels and keep their name."""
    new, turned = from_tensorflow(name, value)
    if name.endswith("/kernel"):
        new = new.removesuffix("weight") + "kernel"
    return new, turned


def prefix_everywhere(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Cut the first part of every name off."""
    new, turned = from_tensorflow(name, value)
    return (new if name.startswith("bert/") else new.split(".", 1)[1]), turned


def all_underscores(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Turn every _ into a dot."""
    new, turned = from_tensorflow(name, value)
    return new.replace("_", "."), turned


def weights_turned(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Transpose everything but tables."""
    new, turned = from_tensorflow(name, value)
    is_table = name.endswith("_embeddings")
    return new, value.T if value.dim() == 2 and not is_table else turned


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


EXERCISE = Exercise(
    id="from-tensorflow",
    chapter=9,
    title="Names and kernels of the original release",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=from_tensorflow,
    accepted={"by replacing": by_replacing},
    mutants=[
        Mutant(
            "kernels not transposed",
            untransposed,
            "A kernel is (in, out), a weight (out, in): transpose it. In a square one "
            "no shape complains.",
        ),
        Mutant(
            "everything transposed",
            all_transposed,
            "Tables are (rows, H) in both layouts: transpose kernels only.",
        ),
        Mutant(
            "reshaped",
            reshaped,
            "reshape keeps the numbers in their old order. Transpose with value.T.",
        ),
        Mutant(
            "gamma and beta swapped",
            gamma_beta_swapped,
            "gamma is the gain, called weight; beta is the shift, called bias.",
        ),
        Mutant(
            "gamma and beta kept",
            gamma_kept,
            "gamma and beta are old names: the published layout has weight and bias.",
        ),
        Mutant(
            "query and key swapped",
            query_key_swapped,
            "Query and key have changed places. Their shapes are equal, so only "
            "numbers can tell.",
        ),
        Mutant("prefix kept", keeps_prefix, 'The prefix "bert/" is to be removed.'),
        Mutant(
            "table without weight",
            table_without_weight,
            'A table has no last part of its own: add ".weight" to its name.',
        ),
        Mutant(
            "every part of the embeddings",
            weight_for_all,
            'Everything under "embeddings" gets ".weight", the LayerNorm too. Only a '
            'table does: its own last part ends in "_embeddings".',
        ),
        Mutant("slashes", slashes_kept, 'The parts are joined by ".", not by "/".'),
        Mutant(
            "tensor first",
            tensor_first,
            "The two results stand the other way round: first the name, then the "
            "tensor.",
        ),
        Mutant(
            "name only",
            name_only,
            "Return both, the new name and the tensor, which is transposed if it is a "
            "kernel.",
        ),
        Mutant(
            "layer_3",
            layer_with_line,
            'A layer\'s number stands after a dot: "layer_3" becomes "layer.3".',
        ),
        Mutant(
            "layers of one digit",
            one_digit,
            'Right for layers 0 to 9: "layer_11" is still there. A number may have two '
            "digits.",
        ),
        Mutant(
            "word table only",
            words_only,
            'Only the word table gets ".weight". Every name that ends in "_embeddings" '
            "is a table: positions and segments too.",
        ),
        Mutant(
            "kernel kept",
            kernel_kept,
            "The kernels are transposed and keep their old name. Here a kernel is "
            "called weight.",
        ),
        Mutant(
            "first part cut off",
            prefix_everywhere,
            'The first part of every name is cut off. Only "bert/" is; "cls" stays.',
        ),
        Mutant(
            "all underscores",
            all_underscores,
            "Every underscore became a dot. Only that between layer and its number "
            "does.",
        ),
        Mutant(
            "all but tables transposed",
            weights_turned,
            "A matrix that is no kernel is transposed too. output_weights is (2, H) in "
            "both layouts: ask for the name kernel.",
        ),
    ],
    cases=cases,
    hints=(
        "Which parts of a name decide what happens to the numbers?",
        "Split at '/', look at the last part: kernel (transpose), gamma, beta, or a "
        "table's name.",
        '*path, end = name.split("/"), after the prefix and the number of the layer',
    ),
)
