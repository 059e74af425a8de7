"""Exercise: the pooler.

Chapter: 8
"""

from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.config import BertConfig
from bert_tutorial.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.model import Pooler

STUB = '''
class Pooler(nn.Module):
    """Take the vector of [CLS] through a dense layer and tanh: (B, T, H) -> (B, H).

    The layer is named dense and maps H numbers to H numbers.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        raise NotAttempted

    def forward(self, hidden: Tensor) -> Tensor:
        raise NotAttempted
'''

CONFIG = BertConfig(vocab_size=11, hidden_size=6, num_attention_heads=3)


class TanhLater(Pooler):
    """Take the row after the dense layer."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return self.dense(hidden).tanh()[:, 0]


class OnMean(Pooler):
    """Pool the mean."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden.mean(dim=1)))


class OnLast(Pooler):
    """Pool the last token."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden[:, -1]))


class NoTanh(Pooler):
    """Leave tanh out."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return self.dense(hidden[:, 0])


class NoDense(Pooler):
    """Leave the layer out."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(hidden[:, 0])


class AllTokens(Pooler):
    """Keep all tokens."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool nothing."""
        return torch.tanh(self.dense(hidden))


class FirstText(Pooler):
    """Take the first text for the first token."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden[0]))


def run(answer: Any, case: Case) -> Any:
    """Build, load, run."""
    torch.manual_seed(3)
    state = nn.Linear(6, 6).state_dict(prefix="dense.")
    pooler = answer(CONFIG)
    pooler.load_state_dict(state, strict=False)
    with torch.no_grad():
        return pooler.to(case.args[0].dtype).eval()(*case.args)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One text, then a batch."""
    torch.manual_seed(seed)
    return [
        Case((torch.randn(1, 3, 6, dtype=dtype) * 3,), "one text of 3 tokens"),
        Case((torch.randn(2, 5, 6, dtype=dtype) * 3,), "two texts of 5 tokens"),
    ]


EXERCISE = Exercise(
    id="pooler",
    chapter=8,
    title="The pooler",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=Pooler,
    accepted={"row taken last": TanhLater},
    run=run,
    mutants=[
        Mutant(
            "on the mean",
            OnMean,
            "The mean of all tokens is pooled, padding too. BERT takes the first "
            "token, [CLS]: hidden[:, 0].",
        ),
        Mutant(
            "on the last token",
            OnLast,
            "The last token is pooled, which is [SEP] or padding. [CLS] is the first.",
        ),
        Mutant("no tanh", NoTanh, "After the dense layer, tanh is missing."),
        Mutant(
            "no dense layer",
            NoDense,
            "The dense layer is not used: tanh(dense(vector of [CLS])).",
        ),
        Mutant(
            "all tokens",
            AllTokens,
            "All tokens are kept, (B, T, H). Take the first one: hidden[:, 0].",
        ),
        Mutant(
            "first text",
            FirstText,
            "hidden[0] is the first text, all its tokens. The first token of every "
            "text is hidden[:, 0].",
        ),
    ],
    cases=cases,
    hints=(
        "Which token stands at the same place in every text?",
        "Take the first token of every text, then the dense layer, then tanh.",
        "torch.tanh(self.dense(hidden[:, 0]))",
    ),
)
