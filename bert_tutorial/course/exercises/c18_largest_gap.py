"""Exercise: compare two models fairly.

Chapter: 18
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def largest_gap(ours: nn.Module, theirs: nn.Module, batch: dict[str, Tensor]) -> float:
    """Give the largest absolute difference of last_hidden_state at real tokens.

    batch has input_ids, token_type_ids and attention_mask (1 = real), all (B, T), and
    model(**batch).last_hidden_state is (B, T, H). No dropout and no gradients; each
    model is afterwards in the mode, train or eval, in which it came.
    """
    raise NotAttempted
'''

Batch = dict[str, Tensor]


class Output(NamedTuple):
    """What a model returns."""

    last_hidden_state: Tensor


class Model(nn.Module):
    """Tables, a mean over the real tokens, dropout, and noise at the padding."""

    def __init__(self, seed: int, dtype: torch.dtype) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        small = torch.Generator().manual_seed(seed)
        words = torch.randn(12, 3, generator=generator)
        kinds = torch.randn(2, 3, generator=generator)
        self.words = nn.Parameter(
            (words + 0.01 * torch.randn(12, 3, generator=small)).to(dtype)
        )
        self.kinds = nn.Parameter(
            (kinds + 0.01 * torch.randn(2, 3, generator=small)).to(dtype)
        )
        self.noise = float(seed % 7)
        self.dropout = nn.Dropout(0.3)
        self.asked_for_gradients = False

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> Output:
        """Look up, mix, drop out."""
        self.asked_for_gradients |= torch.is_grad_enabled()
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        mask = attention_mask[:, :, None].to(self.words.dtype)
        hidden = self.words[input_ids] + self.kinds[token_type_ids]  # (B, T, 3)
        mean = (hidden * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        return Output(self.dropout(hidden + mean) + self.noise * (1 - mask))


def largest_gap(ours: nn.Module, theirs: nn.Module, batch: dict[str, Tensor]) -> float:
    """Run both in eval mode, compare at the real tokens."""
    modes = ours.training, theirs.training
    ours.eval()
    theirs.eval()
    with torch.no_grad():
        gap = ours(**batch).last_hidden_state - theirs(**batch).last_hidden_state
    ours.train(modes[0])
    theirs.train(modes[1])
    is_token = batch["attention_mask"].bool()
    return gap[is_token].abs().max().item()


def with_mask_product(ours: nn.Module, theirs: nn.Module, batch: Batch) -> float:
    """Multiply by the mask."""
    modes = [model.training for model in (ours, theirs)]
    with torch.inference_mode():
        a, b = (m.eval()(**batch).last_hidden_state for m in (ours, theirs))
    for model, mode in zip((ours, theirs), modes, strict=True):
        model.train(mode)
    return float(((a - b) * batch["attention_mask"][:, :, None]).abs().amax())


def run(answer: Any, case: Case) -> tuple[Any, list[bool], bool]:
    """Compare; tell the modes afterwards, and whether gradients were asked for."""
    batch, modes, seeds, dtype = case.args
    models = [
        Model(seed, dtype).train(mode) for seed, mode in zip(seeds, modes, strict=True)
    ]
    gap = answer(*models, batch)
    asked = any(model.asked_for_gradients for model in models)
    return gap, [model.training for model in models], asked


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw a padded batch of pairs, for models in both modes."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([[5], [2], [3]])
    batch = {
        "input_ids": torch.randint(12, (3, 5), generator=generator),
        "token_type_ids": torch.tensor(
            [[0, 0, 1, 1, 1], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0]]
        ),
        "attention_mask": (torch.arange(5) < lengths).long(),
    }
    return [
        Case(
            (batch, (True, False), (8, 19), dtype), "ours in train mode, theirs in eval"
        ),
        Case((batch, (False, False), (19, 8), dtype), "both models in eval mode"),
        Case((batch, (False, True), (8, 19), dtype), "theirs in train mode"),
        Case((batch, (True, True), (19, 8), dtype), "both models in train mode"),
    ]


def observed(answer: Any, modes: tuple[bool, bool]) -> tuple[list[bool], bool]:
    """Tell the modes of two models afterwards, and whether gradients were asked for."""
    batch = cases(0, torch.float32)[0].args[0]
    _, found, asked = run(answer, Case((batch, modes, (8, 19), torch.float32)))
    return found, asked


def puts_modes_back(answer: Any) -> bool:
    """Look at the modes of all pairs."""
    pairs = [(a, b) for a in (True, False) for b in (True, False)]
    return all(observed(answer, pair)[0] == [*pair] for pair in pairs)


def asks_for_no_gradients(answer: Any) -> bool:
    """See whether the models ran without recording."""
    return not observed(answer, (False, False))[1]


MISTAKES = """
dropout on: ours.eval()
|     theirs.eval() =>
    A model that came in train mode was run in train mode: what you measured is its
    dropout. Call ours.eval() and theirs.eval().
stays in eval: ours.train(modes[0])
|     theirs.train(modes[1]) =>
    The models are left in eval mode, so training would go on without dropout. Remember
    model.training and put it back.
padding compared: gap[is_token] => gap
    Padded positions count. What a model computes there means nothing, and two right
    models may differ there: compare where the mask is 1.
mean difference: .max() => .mean()
    The mean hides one wrong position among many right ones. Take the largest.
signed difference: .abs() =>
    Where ours is smaller, nothing is seen. Take the absolute value first.
mask not given:
- modes = => whole, batch = batch, dict(batch)
|     del batch['attention_mask']
|     modes =
- batch['attention_mask'].bool() => whole['attention_mask'].bool()
    The models did not get the attention_mask, so the padding took part in the real
    tokens' vectors. Pass the whole batch: model(**batch).
types not given: modes = => batch = dict(batch)
|     del batch['token_type_ids']
|     modes =
    The models did not get the token_type_ids and took all for 0. Pass the whole batch:
    model(**batch).
gradients kept: with torch.no_grad(): => if True:
    The number is right, and torch kept everything for a backward pass that never comes.
    Compare inside torch.no_grad().
one mode for both: modes[1] => modes[0]
    Both models are left in the mode of ours. Each goes back to its own.
both in train mode: ours.train(modes[0])
|     theirs.train(modes[1]) => ours.train()
|     theirs.train()
    Both models are left in train mode, whatever they came in. Remember model.training
    of each.
only ours in eval:
- theirs.eval() =>
- theirs.train(modes[1]) =>
    Theirs was run in the mode in which it came, in train mode with dropout. Call
    theirs.eval(), as ours.eval().
a tensor: .max().item() => .max()
    The result is a tensor. A float is asked for: .item().
the largest, then its size: .abs().max().item() => .max().abs().item()
    = signed difference
length of each difference: .abs().max() => .norm(dim=-1).max()
    You take the length of each token's difference, its norm. The largest single number
    is asked for: the absolute values, then their largest.
squares: .abs().max() => .square().max()
    The differences are squared. The largest absolute difference is asked for.
mean with the padding as zero: gap[is_token].abs().max() =>
| (gap * is_token[:, :, None]).abs().mean()
    = mean difference
the padding alone: gap[is_token] => gap[~is_token]
    = padding compared
[CLS] alone: gap[is_token] => gap[:, 0]
    You compare at position 0 only. All real tokens are asked for.
as they came: … =>
| gap = ours(**batch).last_hidden_state - theirs(**batch).last_hidden_state
|     return gap[batch['attention_mask'].bool()].abs().max().item()
    The models are run as they came, in train mode with dropout, and torch records what
    a backward pass would need. Call ours.eval() and theirs.eval(), and compare inside
    torch.no_grad().
left in eval, gradients kept:
- with torch.no_grad(): => if True:
- ours.train(modes[0]) =>
- theirs.train(modes[1]) =>
    The models are left in eval mode, and torch kept everything for a backward pass that
    never comes. Put each mode back, and compare inside torch.no_grad().
ours left in eval: ours.train(modes[0]) =>
    Ours is left in eval mode. Each model goes back to the mode in which it came.
theirs left in eval: theirs.train(modes[1]) =>
    Theirs is left in eval mode. Each model goes back to the mode in which it came.
padding from the ids: batch['attention_mask'].bool() => batch['input_ids'] != 0
    You took the padding from the ids. The attention_mask says what is a token.
"""

EXERCISE = Exercise(
    id="largest-gap",
    chapter=18,
    title="Compare two models fairly",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=largest_gap,
    accepted={"mask as a factor": with_mask_product},
    run=run,
    properties=[
        Property(
            "the modes come back",
            "Afterwards each model must be in the mode, train or eval, in which it "
            "came.",
            puts_modes_back,
        ),
        Property(
            "no gradients",
            "The models must run inside torch.no_grad() or torch.inference_mode().",
            asks_for_no_gradients,
        ),
    ],
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Three things around the comparison: the modes, the gradients, the padding.",
        "Both in eval, both with **batch, under no_grad; then put both modes back.",
        "gap[batch['attention_mask'].bool()].abs().max().item()",
    ),
)
