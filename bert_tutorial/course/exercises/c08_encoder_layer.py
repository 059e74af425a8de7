"""Exercise: one layer of the encoder.

Chapter: 8
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.encoder import EncoderLayer

STUB = '''
class EncoderLayer(nn.Module):
    """One layer, post-LN: norm(x + dropout(f(x))), for attention, then feed-forward.

    Its parts are named attention (SelfAttention), attention_norm, feed_forward
    (FeedForward), feed_forward_norm and dropout. forward maps (B, T, H) to (B, T, H)
    and the attention weights, None unless output_attentions asks for them.
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

CONFIG = BertConfig(
    vocab_size=11,
    hidden_size=12,
    num_attention_heads=3,
    intermediate_size=20,
    layer_norm_eps=0.9,
    attention_probs_dropout_prob=0.0,
)
# With everything dropped, training is no game of chance: only the inputs are left.
ALL_DROPPED = copy.copy(CONFIG)
object.__setattr__(ALL_DROPPED, "hidden_dropout_prob", 1.0)
Result = tuple[Tensor, Tensor | None]


class WithTanh(EncoderLayer):
    """GELU in its tanh form, as in the official code since 2019."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        mixed, weights = self.attention(hidden, is_token, output_attentions)
        x = self.attention_norm(hidden + self.dropout(mixed))
        inner = F.gelu(self.feed_forward.up(x), approximate="tanh")
        worked = self.dropout(self.feed_forward.down(inner))
        return self.feed_forward_norm(x + worked), weights


class Wrong(EncoderLayer):
    """Frame of the mistakes: the two halves can be replaced."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """End the first half."""
        return self.attention_norm(hidden + self.dropout(mixed))

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Do the second half."""
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        mixed, weights = self.attention(hidden, is_token, output_attentions)
        return self.second(self.first(hidden, mixed), hidden), weights


class NormBeforeAdd(Wrong):
    """Norm what is added, not the sum."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """Norm before the addition."""
        return hidden + self.dropout(self.attention_norm(mixed))

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Norm before the addition."""
        return x + self.dropout(self.feed_forward_norm(self.feed_forward(x)))


class PreNorm(Wrong):
    """Norm the input of each half."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        normed = self.attention_norm(hidden)
        mixed, weights = self.attention(normed, is_token, output_attentions)
        x = hidden + self.dropout(mixed)
        worked = self.feed_forward(self.feed_forward_norm(x))
        return x + self.dropout(worked), weights


class SharedNorm(Wrong):
    """Use the first norm twice."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Norm with the wrong one."""
        return self.attention_norm(x + self.dropout(self.feed_forward(x)))


class NoFirstResidual(Wrong):
    """Forget to add the input of attention."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """Add nothing."""
        return self.attention_norm(self.dropout(mixed))


class NoSecondResidual(Wrong):
    """Forget to add the input of the feed-forward part."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Add nothing."""
        return self.feed_forward_norm(self.dropout(self.feed_forward(x)))


class OldResidual(Wrong):
    """Add the layer's input twice."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Add the wrong tensor."""
        return self.feed_forward_norm(hidden + self.dropout(self.feed_forward(x)))


class Relu(Wrong):
    """Take ReLU for GELU."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Use ReLU."""
        worked = self.feed_forward.down(F.relu(self.feed_forward.up(x)))
        return self.feed_forward_norm(x + self.dropout(worked))


class NoActivation(Wrong):
    """Leave GELU out."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Multiply twice."""
        worked = self.feed_forward.down(self.feed_forward.up(x))
        return self.feed_forward_norm(x + self.dropout(worked))


class MadeInForward(Wrong):
    """Make the norms anew in each call."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """Make a matrix and a norm."""
        H = hidden.shape[-1]
        dense = nn.Linear(H, H).to(hidden.dtype)
        norm = nn.LayerNorm(H).to(hidden.dtype)
        return norm(hidden + self.dropout(dense(mixed)))


class NoMask(Wrong):
    """Forget to hand the mask on."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run without the mask."""
        return super().forward(hidden, None, output_attentions)


class Parallel(Wrong):
    """Give both halves the layer's input."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Work on the wrong tensor."""
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(hidden)))


class NormsExchanged(Wrong):
    """Use each norm in the other half."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """Norm with the other one."""
        return self.feed_forward_norm(hidden + self.dropout(mixed))

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Norm with the other one."""
        return self.attention_norm(x + self.dropout(self.feed_forward(x)))


class FirstNotNormed(Wrong):
    """Norm the end of the layer only."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """Add only."""
        return hidden + self.dropout(mixed)


class FeedForwardFirst(Wrong):
    """Take the halves in the other order."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        x = self.second(hidden, hidden)
        mixed, weights = self.attention(x, is_token, output_attentions)
        return self.first(x, mixed), weights


class DefaultEpsilon(Wrong):
    """Leave epsilon to torch."""

    def __init__(self, config: BertConfig) -> None:
        """Make the norms without epsilon."""
        super().__init__(config)
        self.attention_norm = nn.LayerNorm(config.hidden_size)
        self.feed_forward_norm = nn.LayerNorm(config.hidden_size)


class NoDropout(Wrong):
    """Drop nothing."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """End the first half."""
        return self.attention_norm(hidden + mixed)

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Do the second half."""
        return self.feed_forward_norm(x + self.feed_forward(x))


class FirstDropped(Wrong):
    """Drop in the first half only."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Do the second half."""
        return self.feed_forward_norm(x + self.feed_forward(x))


class SumDropped(Wrong):
    """Drop the sum."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """End the first half."""
        return self.attention_norm(self.dropout(hidden + mixed))

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Do the second half."""
        return self.feed_forward_norm(self.dropout(x + self.feed_forward(x)))


class NormDropped(Wrong):
    """Drop what was normed."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """End the first half."""
        return self.dropout(self.attention_norm(hidden + mixed))

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Do the second half."""
        return self.dropout(self.feed_forward_norm(x + self.feed_forward(x)))


class WeightsLost(Wrong):
    """Forget to ask attention for its weights."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        return super().forward(hidden, is_token)


class WeightsAlways(Wrong):
    """Ask attention for its weights each time."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        return super().forward(hidden, is_token, True)


class VectorsOnly(Wrong):
    """Return the vectors alone."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Tensor:
        """Run."""
        return super().forward(hidden, is_token, output_attentions)[0]


class NotUnpacked(Wrong):
    """Take the pair that attention returns for the vectors."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> Result:
        """Run."""
        mixed = self.attention(hidden, is_token, output_attentions)
        return self.second(self.first(hidden, mixed), hidden), mixed[1]


class SecondDropped(Wrong):
    """Drop in the second half only."""

    def first(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """End the first half."""
        return self.attention_norm(hidden + mixed)


class AttentionsProbability(Wrong):
    """Take the dropout of attention's weights."""

    def __init__(self, config: BertConfig) -> None:
        """Make the parts."""
        super().__init__(config)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob + 0.1)


class LastNotNormed(Wrong):
    """Norm the first half only."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Add only."""
        return x + self.dropout(self.feed_forward(x))


class TwiceThrough(Wrong):
    """Add the layer's input as well."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Add both."""
        return self.feed_forward_norm(hidden + x + self.dropout(self.feed_forward(x)))


class NoFeedForward(Wrong):
    """Leave the second half out."""

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Do nothing."""
        return x


def built(
    answer: Any, dtype: torch.dtype, config: BertConfig = CONFIG
) -> tuple[nn.Module, list[str]]:
    """Build a layer with the reference's weights."""
    torch.manual_seed(3)
    reference = EncoderLayer(config)
    for parameter in reference.parameters():
        nn.init.normal_(parameter, std=0.3)
    layer = answer(config)
    names = sorted(name for name, _ in layer.named_parameters())
    layer.load_state_dict(reference.state_dict(), strict=False)
    return layer.to(dtype).eval(), names


def run(answer: Any, case: Case) -> Any:
    """Build, load, run; the names of the parameters count too."""
    given = dict(case.kwargs)
    drops = given.pop("drops", False)
    dtype = case.args[0].dtype
    layer, names = built(answer, dtype, ALL_DROPPED if drops else CONFIG)
    with torch.no_grad():
        result = layer.train(drops)(*case.args, **given)
    return {"result": result, "parameters": names}


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One text, a batch with padding, and training with everything dropped."""
    torch.manual_seed(seed)
    is_token = torch.arange(5) < torch.tensor([[5], [3]])
    return [
        Case((torch.randn(1, 3, 12, dtype=dtype),), "one text of 3 tokens"),
        Case((torch.randn(2, 5, 12, dtype=dtype), is_token), "texts of 5, 3 tokens"),
        Case(
            (torch.randn(2, 5, 12, dtype=dtype), is_token, True),
            "output_attentions set",
        ),
        Case(
            (torch.randn(1, 3, 12, dtype=dtype),),
            "training with a dropout of 1, which leaves the inputs only",
            {"drops": True},
        ),
    ]


def parts_are_named(answer: Any) -> bool:
    """The parameters have the reference's names."""
    return built(answer, torch.float64)[1] == built(EncoderLayer, torch.float64)[1]


def eval_repeats(answer: Any) -> bool:
    """Two runs in eval mode agree."""
    layer, _ = built(answer, torch.float64)
    hidden = torch.randn(2, 5, 12, dtype=torch.float64)
    return bool(torch.equal(layer(hidden)[0], layer(hidden)[0]))


def train_drops(answer: Any) -> bool:
    """Two runs in training mode differ."""
    layer, _ = built(answer, torch.float64)
    hidden = torch.randn(2, 5, 12, dtype=torch.float64)
    layer.train()
    return not torch.equal(layer(hidden)[0], layer(hidden)[0])


def every_parameter_learns(answer: Any) -> bool:
    """Each parameter gets a gradient."""
    layer, _ = built(answer, torch.float64)
    layer(torch.randn(2, 5, 12, dtype=torch.float64))[0].square().sum().backward()
    return all(p.grad is not None for p in layer.parameters())


EXERCISE = Exercise(
    id="encoder-layer",
    chapter=8,
    title="One layer of the encoder",
    difficulty=2,
    minutes=20,
    stub=STUB,
    solution=EncoderLayer,
    accepted={"tanh GELU": WithTanh},
    tolerance=0.01,  # the two forms of GELU are both right here
    run=run,
    mutants=[
        Mutant(
            "norm before the addition",
            NormBeforeAdd,
            "The norm stands before the addition: x + norm(f(x)). BERT norms the sum: "
            "norm(x + f(x)).",
        ),
        Mutant(
            "pre-LN",
            PreNorm,
            "The norm stands at the input of each half: x + f(norm(x)), pre-LN. "
            "BERT is post-LN: norm(x + f(x)).",
        ),
        Mutant(
            "one norm for both",
            SharedNorm,
            "One LayerNorm is used for both halves. Each half has its own: "
            "attention_norm and feed_forward_norm.",
        ),
        Mutant(
            "first residual dropped",
            NoFirstResidual,
            "The input of attention is not added to its output. The first half is "
            "self.attention_norm(hidden + self.dropout(mixed)).",
        ),
        Mutant(
            "second residual dropped",
            NoSecondResidual,
            "The input of the feed-forward part is not added to its output. Add it, "
            "then norm.",
        ),
        Mutant(
            "second residual from the layer's input",
            OldResidual,
            "The second addition takes the input of the layer. It takes the output "
            "of the first half, which is also what feed_forward works on.",
        ),
        Mutant(
            "ReLU",
            Relu,
            "The feed-forward part uses ReLU. BERT uses GELU; FeedForward does it.",
        ),
        Mutant(
            "no activation",
            NoActivation,
            "Nothing stands between the two matrices of the feed-forward part, so "
            "they are as good as one. GELU belongs between them.",
        ),
        Mutant(
            "layers made inside forward",
            MadeInForward,
            "Layers are made inside forward: new random numbers at each call, which "
            "no optimizer ever sees. Make every layer in __init__.",
        ),
        Mutant(
            "mask not handed on",
            NoMask,
            "is_token is not handed to attention: real tokens take from padding.",
        ),
        Mutant(
            "halves side by side",
            Parallel,
            "The feed-forward part works on the layer's input. It works on the output "
            "of the first half.",
        ),
        Mutant(
            "norms exchanged",
            NormsExchanged,
            "Each half uses the norm of the other. The sum with attention goes into "
            "attention_norm, the sum with the feed-forward part into "
            "feed_forward_norm.",
        ),
        Mutant(
            "first sum not normed",
            FirstNotNormed,
            "The sum with attention goes on without a norm. Each half ends in one: "
            "first attention_norm, then feed_forward_norm.",
        ),
        Mutant(
            "feed-forward first",
            FeedForwardFirst,
            "The halves are in the other order. Attention is first, and the "
            "feed-forward part works on what it has mixed.",
        ),
        Mutant(
            "epsilon left to torch",
            DefaultEpsilon,
            "The norms use torch's epsilon, 1e-5. BERT's stands in the configuration: "
            "nn.LayerNorm(H, eps=config.layer_norm_eps).",
        ),
        Mutant(
            "no dropout",
            NoDropout,
            "In training nothing is dropped. The result of each half goes through "
            "self.dropout, with config.hidden_dropout_prob, before it is added: "
            "norm(x + dropout(f(x))).",
        ),
        Mutant(
            "dropout in the first half only",
            FirstDropped,
            "The result of the feed-forward part is added without dropout. It goes "
            "through self.dropout too.",
        ),
        Mutant(
            "dropout of the sum",
            SumDropped,
            "Dropout hits the sum, and so the layer's input too. Drop what is added, "
            "not what it is added to: norm(x + dropout(f(x))).",
        ),
        Mutant(
            "dropout after the norm",
            NormDropped,
            "Dropout stands behind the norm. It belongs on the result of each half, "
            "before it is added: norm(x + dropout(f(x))).",
        ),
        Mutant(
            "weights not asked for",
            WeightsLost,
            "output_attentions is not handed to attention, so the second result is "
            "None even where the weights are wanted.",
        ),
        Mutant(
            "weights always",
            WeightsAlways,
            "The weights come back although nobody asked. Hand output_attentions on "
            "as it is; attention then gives None.",
        ),
        Mutant(
            "vectors only",
            VectorsOnly,
            "forward returns two things: the vectors, and the weights of attention "
            "or None.",
        ),
        Mutant(
            "pair not unpacked",
            NotUnpacked,
            "self.attention returns a pair, and dropout got the whole of it. Take it "
            "apart: mixed, weights = self.attention(...).",
        ),
        Mutant(
            "dropout in the second half only",
            SecondDropped,
            "The result of attention is added without dropout. It goes through "
            "self.dropout too.",
        ),
        Mutant(
            "another dropout",
            AttentionsProbability,
            "Numbers are dropped, and not the share of config.hidden_dropout_prob.",
        ),
        Mutant(
            "second sum not normed",
            LastNotNormed,
            "The sum with the feed-forward part goes on without a norm. Each half ends "
            "in one.",
        ),
        Mutant(
            "input added twice",
            TwiceThrough,
            "The layer's input is added in the second half too. What is added there is "
            "the output of the first half alone.",
        ),
        Mutant(
            "no second half",
            NoFeedForward,
            "The feed-forward part is not used. After attention comes "
            "self.feed_forward_norm(x + self.dropout(self.feed_forward(x))).",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "the parts are named",
            "The parts with parameters must be attention (SelfAttention), "
            "attention_norm, feed_forward (FeedForward) and feed_forward_norm, and "
            "no others.",
            parts_are_named,
        ),
        Property(
            "eval repeats itself",
            "In eval mode, two calls with the same input must agree.",
            eval_repeats,
        ),
        Property(
            "training drops out",
            "In training mode, dropout must make two calls differ.",
            train_drops,
        ),
        Property(
            "every parameter learns",
            "Each parameter of the layer must get a gradient.",
            every_parameter_learns,
        ),
    ],
    waived={
        "if positions is None: ... => if True: ...": (
            "the task does not ask for chosen positions"
        ),
        "hidden.take_along_dim(positi ... => hidden.take_along_dim(positi ...": (
            "the task does not ask for chosen positions"
        ),
        "None => 0 (4)": ("the task does not ask for chosen positions"),
        "1 => 2": ("the task does not ask for chosen positions"),
        "1 => 0": ("the task does not ask for chosen positions"),
    },
    hints=(
        "Two halves of the same form. Write norm(x + dropout(f(x))) for the first, "
        "then for the second, whose x is the result of the first.",
        "Five parts in __init__: SelfAttention, LayerNorm, FeedForward, LayerNorm, "
        "Dropout; the norms take eps=config.layer_norm_eps.",
        "mixed, weights = self.attention(hidden, is_token, output_attentions), then "
        "self.attention_norm(hidden + self.dropout(mixed)), and the same again.",
    ),
)
