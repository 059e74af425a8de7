"""Exercise: the pooler.

Chapter: 8
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.model.bert import Pooler
from bert_tutorial.model.config import BertConfig

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


class TanhFirst(Pooler):
    """Put tanh before the dense layer."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return self.dense(torch.tanh(hidden[:, 0]))


class WithGelu(Pooler):
    """Take the function of the feed-forward part."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return F.gelu(self.dense(hidden[:, 0]))


class WithSigmoid(Pooler):
    """Take a sigmoid."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.sigmoid(self.dense(hidden[:, 0]))


class OnMaximum(Pooler):
    """Pool the largest numbers."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden.amax(dim=1)))


class AxisKept(Pooler):
    """Keep an axis of one token."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden[:, :1]))


class FirstNumbers(Pooler):
    """Take the first number of every token."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden[:, :, 0]))


class NoBias(Pooler):
    """Make the layer without a bias."""

    def __init__(self, config: BertConfig) -> None:
        """Make the layer."""
        super().__init__(config)
        H = config.hidden_size
        self.dense = nn.Linear(H, H, bias=False)


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


class Squeezed(Pooler):
    """Drop the axes of size 1."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden[:, :1])).squeeze()


class WithRelu(Pooler):
    """Take ReLU."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return F.relu(self.dense(hidden[:, 0]))


class SecondToken(Pooler):
    """Count tokens from 1."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden[:, 1]))


class TanhTwice(Pooler):
    """Put tanh on both sides."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(torch.tanh(hidden[:, 0])))


class OnSum(Pooler):
    """Pool the sum."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool."""
        return torch.tanh(self.dense(hidden.sum(dim=1)))


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
            "The dense layer is not used: torch.tanh(self.dense(hidden[:, 0])).",
        ),
        Mutant(
            "tanh first",
            TanhFirst,
            "tanh stands before the dense layer. First dense, then tanh.",
        ),
        Mutant(
            "GELU for tanh",
            WithGelu,
            "The pooler ends in GELU, the function of the feed-forward part. It ends "
            "in tanh.",
        ),
        Mutant(
            "sigmoid for tanh",
            WithSigmoid,
            "The pooler ends in a sigmoid, from 0 to 1. It ends in tanh, from -1 to 1.",
        ),
        Mutant(
            "on the maximum",
            OnMaximum,
            "The largest number of all tokens is pooled. BERT takes the first token, "
            "[CLS]: hidden[:, 0].",
        ),
        Mutant(
            "axis kept",
            AxisKept,
            "The result is (B, 1, H): a slice keeps its axis. hidden[:, 0] takes the "
            "token out of it.",
        ),
        Mutant(
            "first numbers",
            FirstNumbers,
            "hidden[:, :, 0] is the first number of every token. The first token of "
            "every text is hidden[:, 0].",
        ),
        Mutant(
            "no bias",
            NoBias,
            "The dense layer has no bias. Every dense layer of BERT has one: leave "
            "nn.Linear as it is.",
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
        Mutant(
            "axes of size 1 dropped",
            Squeezed,
            "An axis of size 1 is gone where there is a single text. hidden[:, 0] "
            "takes the token and nothing else; leave squeeze out.",
        ),
        Mutant(
            "ReLU for tanh",
            WithRelu,
            "The pooler ends in ReLU: negative numbers became 0. It ends in tanh.",
        ),
        Mutant(
            "second token",
            SecondToken,
            "The second token is pooled. [CLS] is the first: hidden[:, 0].",
        ),
        Mutant(
            "tanh twice",
            TanhTwice,
            "tanh stands before the dense layer and behind it. It belongs behind only.",
        ),
        Mutant(
            "on the sum",
            OnSum,
            "The sum of all tokens is pooled. BERT takes the first token, [CLS]: "
            "hidden[:, 0].",
        ),
    ],
    cases=cases,
    hints=(
        "Which token stands at the same position in every text?",
        "Take the first token of every text, then the dense layer, then tanh.",
        "torch.tanh(self.dense(hidden[:, 0]))",
    ),
)
