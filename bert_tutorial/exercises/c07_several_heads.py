"""Exercise: attention with several heads.

Chapter: 7
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.attention import (
    SelfAttention,
    attention_weights,
    merge_heads,
    split_heads,
)
from bert_tutorial.config import BertConfig
from bert_tutorial.judging.exercise import Case, Exercise, Mutant, Property

STUB = '''
class SelfAttention(nn.Module):
    """Attention with several heads: (B, T, H) -> (B, T, H), and the weights.

    Four nn.Linear from H to H, named query, key, value and output. The weights
    (B, A, T, T), before dropout, are returned if output_attentions is set, else None.
    In training, dropout with config.attention_probs_dropout_prob hits the weights.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        raise NotAttempted

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        raise NotAttempted
'''

CONFIG = BertConfig(vocab_size=11, hidden_size=12, num_attention_heads=3)


class InSteps(SelfAttention):
    """Every step in the open; the mistakes change one of them."""

    dropped = True
    scale = 1.0
    masked = True

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give queries, keys and values to the heads."""
        A = self.num_heads
        return (
            split_heads(self.query(hidden), A),
            split_heads(self.key(hidden), A),
            split_heads(self.value(hidden), A),
        )

    def join(self, mixed: Tensor) -> Tensor:
        """Join the heads."""
        return self.output(merge_heads(mixed))

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        query, key, value = self.parts(hidden)
        seen = is_token if self.masked else None
        weights = attention_weights(query * self.scale, key, seen)
        kept = weights
        if self.dropped:
            kept = nn.functional.dropout(weights, self.dropout_prob, self.training)
        return self.join(kept @ value), weights if output_attentions else None


class ByModelSize(InSteps):
    """Divide by the root of H: one root of A more."""

    scale = 1 / math.sqrt(CONFIG.num_attention_heads)


class NoOutput(InSteps):
    """Leave the output matrix out."""

    def join(self, mixed: Tensor) -> Tensor:
        """Join only."""
        return merge_heads(mixed)


class Repeated(InSteps):
    """Let every head see the whole vector, and average the heads."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Repeat."""
        A = self.num_heads
        query, key, value = (
            linear(hidden)[:, None].expand(-1, A, -1, -1)
            for linear in (self.query, self.key, self.value)
        )
        return query, key, value

    def join(self, mixed: Tensor) -> Tensor:
        """Average."""
        return self.output(mixed.mean(dim=1))


class CutAcross(InSteps):
    """Join without moving the heads back."""

    def join(self, mixed: Tensor) -> Tensor:
        """Reshape only."""
        B, A, T, D = mixed.shape
        return self.output(mixed.reshape(B, T, A * D))


class KeyForValue(InSteps):
    """Mix the keys."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take the key twice."""
        query, key, _ = super().parts(hidden)
        return query, key, key


class NoMask(InSteps):
    """Forget is_token."""

    masked = False


class NoDropout(InSteps):
    """Forget dropout."""

    dropped = False


def built(answer: Any, dtype: torch.dtype) -> nn.Module:
    """Build with the reference's weights."""
    torch.manual_seed(3)
    state = SelfAttention(CONFIG).state_dict()
    layer = answer(CONFIG)
    layer.load_state_dict({k: v * 3 for k, v in state.items()}, strict=False)
    return layer.to(dtype).eval()


def run(answer: Any, case: Case) -> Any:
    """Build, load, run."""
    layer = built(answer, case.args[0].dtype)
    with torch.no_grad():
        return layer(*case.args, **case.kwargs)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One text, then a batch with padding."""
    torch.manual_seed(seed)
    is_token = torch.arange(5) < torch.tensor([[5], [3]])
    batch = torch.randn(2, 5, 12, dtype=dtype)
    return [
        Case((torch.randn(1, 3, 12, dtype=dtype),), "one text of 3 tokens"),
        Case((batch, is_token), "texts of 5 and 3 tokens"),
        Case((batch, is_token, True), "output_attentions set"),
    ]


def train_drops(answer: Any) -> bool:
    """Two runs in training differ, two in eval agree."""
    layer = built(answer, torch.float64)
    hidden = torch.randn(2, 5, 12, dtype=torch.float64)
    same = torch.equal(layer(hidden)[0], layer(hidden)[0])
    layer.train()
    return same and not torch.equal(layer(hidden)[0], layer(hidden)[0])


EXERCISE = Exercise(
    id="several-heads",
    chapter=7,
    title="Attention with several heads",
    difficulty=3,
    minutes=20,
    stub=STUB,
    solution=SelfAttention,
    accepted={"in steps": InSteps},
    run=run,
    mutants=[
        Mutant(
            "scale by the model's size",
            ByModelSize,
            "The scores are divided by the root of H. A score is a sum of one head's "
            "D products: divide by the root of D.",
        ),
        Mutant(
            "output matrix missing",
            NoOutput,
            "The heads are put side by side, and the output matrix is not used. Take "
            "the joined vectors through self.output.",
        ),
        Mutant(
            "heads repeated",
            Repeated,
            "Each head works on the whole vector, so all heads do the same. Split the "
            "queries, keys and values: a head has D = H / A numbers of each.",
        ),
        Mutant(
            "heads not moved back",
            CutAcross,
            "The heads are joined without moving them behind the tokens first, so "
            "vectors of several tokens are mixed up. Use merge_heads.",
        ),
        Mutant(
            "keys mixed",
            KeyForValue,
            "The weights mix the keys. What they mix are the values, self.value.",
        ),
        Mutant(
            "mask not used",
            NoMask,
            "is_token is not used: real tokens take from padding.",
        ),
        Mutant(
            "no dropout",
            NoDropout,
            "In training, the weights go through dropout before they mix the values; "
            "yours do not.",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "dropout in training only",
            "In training two calls must differ, in eval mode they must agree.",
            train_drops,
        ),
    ],
    hints=(
        "Five steps: three matrices, split, weights, mix, merge; and a last matrix.",
        "split_heads gives (B, A, T, D); attention_weights of chapter 6 does scale, "
        "mask and softmax. Merge what the weights mix, then self.output.",
        "The return line is: self.output(merge_heads(weights @ value)), weights",
    ),
)
