"""Exercise: what a patch is, where it is, and that it is no word.

Chapter: 22
"""

from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.pictures.model import PatchEmbeddings
from bert_tutorial.model.config import BertConfig

STUB = '''
class PatchEmbeddings(nn.Module):
    """Project patches to H numbers, add their position and type, normalise.

    The parts are named projection (patch_values to H), position_embeddings
    (num_patches, H), layer_norm with config.layer_norm_eps, and dropout with
    config.hidden_dropout_prob. The positions are counted from 0, whatever the length of
    the text. The type is row 1 of the text's table, token_types; words have row 0.
    """

    def __init__(self, config: BertConfig, patch_values: int, num_patches: int) -> None:
        super().__init__()
        raise NotAttempted

    def forward(self, patches: Tensor, token_types: nn.Embedding) -> Tensor:
        raise NotAttempted
'''

CONFIG = BertConfig(
    vocab_size=17,
    hidden_size=12,
    num_attention_heads=3,
    max_position_embeddings=7,
    layer_norm_eps=0.1,
    hidden_dropout_prob=0.4,
)
VALUES, N = 5, 6


class ByLookup(PatchEmbeddings):
    """Numbers the positions and the types."""

    def forward(self, patches: Tensor, token_types: nn.Embedding) -> Tensor:
        """Embed."""
        positions = self.position_embeddings(torch.arange(patches.shape[1]))
        kinds = token_types(torch.ones(patches.shape[:2], dtype=torch.long))
        embedded: Tensor = self.layer_norm(self.projection(patches) + positions + kinds)
        return self.dropout(embedded)  # type: ignore[no-any-return]


def built(answer: Any, dtype: torch.dtype = torch.float64) -> tuple[Any, nn.Embedding]:
    """Build an answer with the weights of one and the same reference, and a table."""
    torch.manual_seed(22)
    reference = PatchEmbeddings(CONFIG, VALUES, N)
    for parameter in reference.parameters():
        nn.init.normal_(parameter)
    model = answer(CONFIG, VALUES, N)
    mine, right = dict(model.named_parameters()), dict(reference.named_parameters())
    if mine.keys() != right.keys():
        names = ", ".join(sorted(mine.keys() ^ right.keys()))
        raise AttributeError(f"parameters that are missing, or too many: {names}")
    for name, value in right.items():
        if mine[name].shape != value.shape:
            sizes = f"{tuple(mine[name].shape)}, expected {tuple(value.shape)}"
            raise RuntimeError(f"{name} has the shape {sizes}")
    model.load_state_dict(reference.state_dict(), strict=False)
    return model.to(dtype), nn.Embedding(3, 12).to(dtype)


def run(answer: Any, case: Case) -> Any:
    """Embed the patches of a case, without dropout."""
    patches, dtype = case.args
    model, types = built(answer, dtype)
    parts = {name for name, _ in model.named_parameters()}
    with torch.no_grad():
        made = model.eval()(patches, types)
    added = {name for name, _ in model.named_parameters()} - parts
    return {"added": added, "made": made} if added else made


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One picture of three patches, four of six."""
    torch.manual_seed(seed)
    small, large = torch.randn(1, 3, VALUES), torch.randn(4, N, VALUES)
    return [
        Case((small.to(dtype), dtype), "one picture of three patches"),
        Case((large.to(dtype), dtype), "four pictures of six patches"),
    ]


def everything_learns(answer: Any) -> bool:
    """Look for a gradient at every parameter, and at row 1 of the types."""
    model, types = built(answer)
    (model.eval()(torch.randn(2, N, VALUES).double(), types) ** 3).sum().backward()
    grads = [p.grad for p in model.parameters()]
    learns = all(g is not None and bool(g.abs().sum() > 0) for g in grads)
    return learns and types.weight.grad is not None and bool(types.weight.grad[1].any())


def share_dropped(answer: Any) -> float:
    """Count the zeros in train mode."""
    model, types = built(answer)
    made = model.train()(torch.randn(200, N, VALUES).double(), types)
    return float((made == 0).double().mean())


def drops_when_training(answer: Any) -> bool:
    """Some numbers are zero."""
    return share_dropped(answer) > 0


def drops_as_configured(answer: Any) -> bool:
    """The share of zeros is near the config's: over 7 deviations are allowed."""
    return abs(share_dropped(answer) - CONFIG.hidden_dropout_prob) < 0.03


MISTAKES = """
positions of the text: self.position_embeddings.weight[:patches.shape[1]] =>
| self.position_embeddings.weight.roll(-3, 0)[:patches.shape[1]]
    The positions go on counting from somewhere, as if the patches were words 3, 4, 5,
    ... of the text: the upper left patch would get another vector behind a longer
    caption. Patches are counted from 0.
no positions: summed + self.position_embeddings.weight[:patches.shape[1]] => summed
    The positions are missing from the sum: left and right could not be told apart,
    since attention does not know the order.
positions along the batch: weight[:patches.shape[1]] => weight[:len(patches), None]
    The positions run along the batch: all patches of a picture get one vector. Take the
    first N rows of the table, N = patches.shape[1].
type of words: token_types.weight[1] => token_types.weight[0]
    The patches have row 0 of token_types, the type of words. Theirs is row 1.
no type: summed + token_types.weight[1] => summed
    The type is missing from the sum. Add row 1 of token_types.
norm before the sum:
- self.projection(patches) => self.layer_norm(self.projection(patches))
- self.layer_norm(summed) => summed
    The norm is applied to the projected patches only. Add all three first, then
    normalise once, as for words.
no norm: self.layer_norm(summed) => summed
    There is no LayerNorm after the sum. Words have one, and a patch stands beside them
    in one sequence.
type detached: token_types.weight[1] => token_types.weight[1].detach()
    The numbers are right, and the type gets no gradient from the patches. Leave out
    detach() and torch.no_grad().
no dropout: self.dropout(self.layer_norm(summed)) => self.layer_norm(summed)
    In train mode nothing is dropped. self.dropout comes last.
last row of the types: token_types.weight[1] => token_types.weight[-1]
    The patches have the last row of token_types. The table may have more than two rows;
    theirs is row 1.
epsilon of torch: , eps=config.layer_norm_eps =>
    layer_norm has another epsilon than config.layer_norm_eps. torch's own is 1e-5.
another rate of dropout: config.hidden_dropout_prob => 0.1
    Another fraction drops out than config.hidden_dropout_prob says.
type behind the norm:
- summed = summed + token_types.weight[1] => pass
- self.layer_norm(summed) => self.layer_norm(summed) + token_types.weight[1]
    The type is added after the norm. Add all three first, then normalise once.
"""

EXERCISE = Exercise(
    id="embed-patches",
    chapter=22,
    title="Position and type of a patch",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=PatchEmbeddings,
    accepted={"lookup": ByLookup},
    run=run,
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "everything learns",
            "After a backward pass all parameters, and row 1 of the types, must have a "
            "gradient.",
            everything_learns,
        ),
        Property(
            "drops out in train mode",
            "In train mode some numbers must be zero.",
            drops_when_training,
        ),
        Property(
            "drops out as configured",
            "In train mode the fraction config.hidden_dropout_prob of the numbers "
            "must be zero.",
            drops_as_configured,
        ),
    ],
    hints=(
        "BertEmbeddings once more, with a projection where it looks words up.",
        "projection is nn.Linear(patch_values, H); the positions are the first N rows "
        "of their table; the type is one row, the same for all patches.",
        "projection(patches) plus position_embeddings.weight[:N] plus "
        "token_types.weight[1], then layer_norm, then dropout.",
    ),
)
