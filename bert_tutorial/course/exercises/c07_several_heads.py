"""Exercise: attention with several heads.

Chapter: 7
"""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
from bert_tutorial.model.attention import (
    SelfAttention,
    attention_weights,
    merge_heads,
    split_heads,
)
from bert_tutorial.model.config import BertConfig

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
# With every weight dropped, training is no game of chance: the last bias is left.
ALL_DROPPED = copy.copy(CONFIG)
object.__setattr__(ALL_DROPPED, "attention_probs_dropout_prob", 1.0)


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

    def forward(  # type: ignore[override]
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


class DropoutAlways(InSteps):
    """Drop in eval mode too."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        query, key, value = self.parts(hidden)
        weights = attention_weights(query, key, is_token)
        kept = nn.functional.dropout(weights, self.dropout_prob)
        return self.join(kept @ value), weights if output_attentions else None


class DroppedWeights(InSteps):
    """Return the weights after dropout."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        query, key, value = self.parts(hidden)
        weights = attention_weights(query, key, is_token)
        weights = nn.functional.dropout(weights, self.dropout_prob, self.training)
        return self.join(weights @ value), weights if output_attentions else None


class DroppedResult(InSteps):
    """Drop numbers of the result."""

    dropped = False

    def join(self, mixed: Tensor) -> Tensor:
        """Join, and drop."""
        result = super().join(mixed)
        return nn.functional.dropout(result, self.dropout_prob, self.training)


class DealtOut(InSteps):
    """Give head 0 the numbers 0, A, 2A, and so on."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Deal out."""
        B, T = hidden.shape[:2]
        query, key, value = (
            linear(hidden).view(B, T, -1, self.num_heads).permute(0, 3, 1, 2)
            for linear in (self.query, self.key, self.value)
        )
        return query, key, value


class TextCut(InSteps):
    """View straight to (B, A, T, D)."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cut the text."""
        B, T = hidden.shape[:2]
        query, key, value = (
            linear(hidden).view(B, self.num_heads, T, -1)
            for linear in (self.query, self.key, self.value)
        )
        return query, key, value


class OneHead(InSteps):
    """Do not split at all."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keep the vectors whole."""
        query, key, value = (
            linear(hidden)[:, None] for linear in (self.query, self.key, self.value)
        )
        return query, key, value


class QueryIsKey(InSteps):
    """Make the keys with the matrix of the queries."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take the query twice."""
        query, _, value = super().parts(hidden)
        return query, query, value


class Swapped(InSteps):
    """Let the keys ask."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Exchange query and key."""
        query, key, value = super().parts(hidden)
        return key, query, value


class SplitFirst(InSteps):
    """Split the vectors before the matrices."""

    def parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split first."""
        split = split_heads(hidden, self.num_heads)
        return self.query(split), self.key(split), self.value(split)


class WithInput(InSteps):
    """Add the input to the result."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        mixed, weights = super().forward(hidden, is_token, output_attentions)
        return hidden + mixed, weights


class WeightsAlways(InSteps):
    """Return the weights each time."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        return super().forward(hidden, is_token, True)


class WeightsNever(InSteps):
    """Never return the weights."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        return super().forward(hidden, is_token)


class VectorsOnly(InSteps):
    """Return the vectors alone."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Tensor:
        """Run."""
        return super().forward(hidden, is_token, output_attentions)[0]


class NoBiases(InSteps):
    """Make query, key and value without biases."""

    def __init__(self, config: BertConfig) -> None:
        """Make the matrices."""
        super().__init__(config)
        H = config.hidden_size
        self.query, self.key, self.value = (
            nn.Linear(H, H, bias=False) for _ in range(3)
        )


class OtherProbability(InSteps):
    """Take the dropout of the other layers."""

    def __init__(self, config: BertConfig) -> None:
        """Make the matrices."""
        super().__init__(config)
        self.dropout_prob = config.hidden_dropout_prob


class OwnProbability(InSteps):
    """Drop a fifth, whatever the configuration says."""

    def __init__(self, config: BertConfig) -> None:
        """Make the matrices."""
        super().__init__(config)
        self.dropout_prob = 0.2


class SoftmaxAgain(InSteps):
    """Take the softmax of the mixture's weights once more."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        query, key, value = self.parts(hidden)
        weights = attention_weights(query, key, is_token).softmax(dim=-1)
        kept = nn.functional.dropout(weights, self.dropout_prob, self.training)
        return self.join(kept @ value), weights if output_attentions else None


class OutputNoBias(InSteps):
    """Make the output without a bias."""

    def __init__(self, config: BertConfig) -> None:
        """Make the matrices."""
        super().__init__(config)
        self.output = nn.Linear(config.hidden_size, config.hidden_size, bias=False)


class ScaledTwice(InSteps):
    """Divide by the root of D once more."""

    scale = (CONFIG.hidden_size // CONFIG.num_attention_heads) ** -0.5


class MeanWeights(InSteps):
    """Return the mean of the heads' weights."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        mixed, weights = super().forward(hidden, is_token, output_attentions)
        return mixed, None if weights is None else weights.mean(dim=1)


def built(answer: Any, dtype: torch.dtype, config: BertConfig = CONFIG) -> nn.Module:
    """Build with the reference's weights."""
    torch.manual_seed(3)
    state = SelfAttention(config).state_dict()
    layer = answer(config)
    layer.load_state_dict({k: v * 3 for k, v in state.items()}, strict=False)
    return layer.to(dtype).eval()


def run(answer: Any, case: Case) -> Any:
    """Build, load, run."""
    given = dict(case.kwargs)
    drops = given.pop("drops", False)
    layer = built(answer, case.args[0].dtype, ALL_DROPPED if drops else CONFIG)
    with torch.no_grad():
        return layer.train(drops)(*case.args, **given)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One text, then a batch with padding."""
    torch.manual_seed(seed)
    is_token = torch.arange(5) < torch.tensor([[5], [3]])
    batch = torch.randn(2, 5, 12, dtype=dtype)
    return [
        Case((torch.randn(1, 3, 12, dtype=dtype),), "one text of 3 tokens"),
        Case((batch, is_token), "texts of 5 and 3 tokens"),
        Case((batch, is_token, True), "output_attentions set"),
        Case(
            (torch.randn(1, 3, 12, dtype=dtype), None, True),
            "training with a dropout of 1, in which no weight is left",
            {"drops": True},
        ),
    ]


def parts_are_named(answer: Any) -> bool:
    """The parameters have the reference's names."""
    mine, right = (built(one, torch.float64) for one in (answer, SelfAttention))
    return mine.state_dict().keys() == right.state_dict().keys()


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
        Mutant(
            "dropout in eval mode",
            DropoutAlways,
            "Weights are dropped in eval mode too. Ask self.training: "
            "self.dropout_prob if self.training else 0.0.",
        ),
        Mutant(
            "dropped weights returned",
            DroppedWeights,
            "The weights that come back are those after dropout. Return them as they "
            "were before, and mix with the dropped ones.",
        ),
        Mutant(
            "dropout of the result",
            DroppedResult,
            "Numbers of the result are dropped. The dropout of attention hits the "
            "weights, before they mix the values.",
        ),
        Mutant(
            "numbers dealt out",
            DealtOut,
            "The numbers of a vector are dealt out to the heads in turn. A head has "
            "neighbours, the first D, the next D: use split_heads.",
        ),
        Mutant(
            "text cut",
            TextCut,
            "A view straight to (B, A, T, D) cuts the text instead of the vectors. Use "
            "split_heads.",
        ),
        Mutant(
            "a single head",
            OneHead,
            "All numbers of a vector work as one head. Split queries, keys and values "
            "with split_heads.",
        ),
        Mutant(
            "query matrix twice",
            QueryIsKey,
            "The keys are made with the matrix of the queries. They have their own, "
            "self.key.",
        ),
        Mutant(
            "query and key swapped",
            Swapped,
            "The keys ask and the queries answer. The first argument of "
            "attention_weights is the query.",
        ),
        Mutant(
            "split before the matrices",
            SplitFirst,
            "The vectors are split before they go through the matrices, which take H "
            "numbers. First self.query(hidden), then split_heads.",
        ),
        Mutant(
            "input added",
            WithInput,
            "The input is added to the result. That is the encoder layer's work "
            "(chapter 8); return what self.output gives.",
        ),
        Mutant(
            "weights always",
            WeightsAlways,
            "The weights come back although nobody asked. Return None in their place "
            "unless output_attentions is set.",
        ),
        Mutant(
            "weights never",
            WeightsNever,
            "output_attentions is set, and None comes back in place of the weights.",
        ),
        Mutant(
            "vectors only",
            VectorsOnly,
            "forward returns two things: the vectors, and the weights or None.",
        ),
        Mutant(
            "no biases",
            NoBiases,
            "Query, key and value have no biases. Each of the four is a plain "
            "nn.Linear(H, H), which has one.",
        ),
        Mutant(
            "dropout of the other layers",
            OtherProbability,
            "The share that is dropped is not config.attention_probs_dropout_prob. "
            "hidden_dropout_prob is that of the other layers.",
        ),
        Mutant(
            "own dropout",
            OwnProbability,
            "The share that is dropped is not the configuration's: "
            "config.attention_probs_dropout_prob.",
        ),
        Mutant(
            "softmax twice",
            SoftmaxAgain,
            "The weights went through a softmax once more, which makes every row "
            "nearly even. attention_weights has done it already.",
        ),
        Mutant(
            "output without bias",
            OutputNoBias,
            "The output matrix has no bias. Each of the four is a plain "
            "nn.Linear(H, H), which has one.",
        ),
        Mutant(
            "scaled twice",
            ScaledTwice,
            "The scores are divided by the root of D twice. attention_weights does it "
            "already.",
        ),
        Mutant(
            "mean of the weights",
            MeanWeights,
            "The weights of the heads are averaged. Return those of each head, "
            "(B, A, T, T).",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "the parts are named",
            "The parts with parameters must be query, key, value and output, each with "
            "a weight and a bias, and no others.",
            parts_are_named,
        ),
        Property(
            "dropout in training only",
            "In training two calls must differ, in eval mode they must agree.",
            train_drops,
        ),
    ],
    waived={
        "hidden if asking is None els ... => hidden if True else asking": (
            "the task does not ask for chosen positions"
        ),
        "if dropout or output_attenti ... => if True: ...": (
            "the fused and the written-out attention give the same numbers"
        ),
        "dropout or output_attentions => dropout": (
            "the fused and the written-out attention give the same numbers"
        ),
    },
    hints=(
        "Five steps: three matrices, split, weights, mix, merge; and a last matrix.",
        "split_heads gives (B, A, T, D); attention_weights of chapter 6 does scale, "
        "mask and softmax. Merge what the weights mix, then self.output.",
        "The return line is: self.output(merge_heads(weights @ value)), weights",
    ),
)
