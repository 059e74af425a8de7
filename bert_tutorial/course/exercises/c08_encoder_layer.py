"""Exercise: one layer of the encoder.

Chapter: 8
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
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


MISTAKES = """
norm before the addition:
- hidden = self.attention_norm(hidden + self.dropout(mixed)) =>
| hidden = hidden + self.dropout(self.attention_norm(mixed))
- self.feed_forward_norm(hidden + self.dropout(worked)) =>
| hidden + self.dropout(self.feed_forward_norm(worked))
    The norm stands before the addition: x + norm(f(x)). BERT norms the sum: norm(x +
    f(x)).
pre-LN:
- self.attention(hidden, is_token, output_attentions) =>
| self.attention(self.attention_norm(hidden), is_token, output_attentions)
- self.attention_norm(hidden + self.dropout(mixed)) => hidden + self.dropout(mixed)
- self.feed_forward(hidden) => self.feed_forward(self.feed_forward_norm(hidden))
- self.feed_forward_norm(hidden + self.dropout(worked)) => hidden + self.dropout(worked)
    The norm stands at the input of each half: x + f(norm(x)), pre-LN. BERT is post-LN:
    norm(x + f(x)).
one norm for both: self.feed_forward_norm(hidden => self.attention_norm(hidden
    One LayerNorm is used for both halves. Each half has its own: attention_norm and
    feed_forward_norm.
first residual dropped: hidden + self.dropout(mixed) => self.dropout(mixed)
    The input of attention is not added to its output. The first half is
    self.attention_norm(hidden + self.dropout(mixed)).
second residual dropped: hidden + self.dropout(worked) => self.dropout(worked)
    The input of the feed-forward part is not added to its output. Add it, then norm.
second residual from the layer's input:
- hidden = self.attention_norm => x = self.attention_norm
- self.feed_forward(hidden) => self.feed_forward(x)
    The second addition takes the input of the layer. It takes the output of the first
    half, which is also what feed_forward works on.
ReLU: self.feed_forward(hidden) =>
| self.feed_forward.down(F.relu(self.feed_forward.up(hidden)))
    The feed-forward part uses ReLU. BERT uses GELU; FeedForward does it.
no activation:
- self.feed_forward(hidden) => self.feed_forward.down(self.feed_forward.up(hidden))
    Nothing stands between the two matrices of the feed-forward part, so they are as
    good as one. GELU belongs between them.
layers made inside forward: hidden = self.attention_norm => H = hidden.shape[-1]
|         mixed = nn.Linear(H, H).to(hidden)(mixed)
|         hidden = nn.LayerNorm(H).to(hidden)
    Layers are made inside forward: new random numbers at each call, which no optimizer
    ever sees. Make every layer in __init__.
mask not handed on: self.attention(hidden, is_token, output_attentions) =>
| self.attention(hidden, None, output_attentions)
    is_token is not handed to attention: real tokens take from padding.
halves side by side:
- hidden = self.attention_norm => first = hidden
|         hidden = self.attention_norm
- self.feed_forward(hidden) => self.feed_forward(first)
    The feed-forward part works on the layer's input. It works on the output of the
    first half.
norms exchanged:
- self.attention_norm(hidden => self.exchanged(hidden
- self.feed_forward_norm(hidden => self.attention_norm(hidden
- self.exchanged(hidden => self.feed_forward_norm(hidden
    Each half uses the norm of the other. The sum with attention goes into
    attention_norm, the sum with the feed-forward part into feed_forward_norm.
first sum not normed:
- self.attention_norm(hidden + self.dropout(mixed)) => hidden + self.dropout(mixed)
    The sum with attention goes on without a norm. Each half ends in one: first
    attention_norm, then feed_forward_norm.
feed-forward first:
- if positions is None: =>
| hidden = self.feed_forward_norm(hidden + self.dropout(self.feed_forward(hidden)))
|         if positions is None:
- worked = self.feed_forward(hidden) =>
- self.feed_forward_norm(hidden + self.dropout(worked)) => hidden
    The halves are in the other order. Attention is first, and the feed-forward part
    works on what it has mixed.
epsilon left to torch:
- self.attention_norm = nn.LayerNorm(H, eps=epsilon) =>
| self.attention_norm = nn.LayerNorm(H)
- self.feed_forward_norm = nn.LayerNorm(H, eps=epsilon) =>
| self.feed_forward_norm = nn.LayerNorm(H)
    The norms use torch's epsilon, 1e-5. BERT's stands in the configuration:
    nn.LayerNorm(H, eps=config.layer_norm_eps).
no dropout:
- self.dropout(mixed) => mixed
- self.dropout(worked) => worked
    In training nothing is dropped. The result of each half goes through self.dropout,
    with config.hidden_dropout_prob, before it is added: norm(x + dropout(f(x))).
dropout in the first half only: self.dropout(worked) => worked
    The result of the feed-forward part is added without dropout. It goes through
    self.dropout too.
dropout of the sum:
- hidden + self.dropout(mixed) => self.dropout(hidden + mixed)
- hidden + self.dropout(worked) => self.dropout(hidden + worked)
    Dropout hits the sum, and so the layer's input too. Drop what is added, not what it
    is added to: norm(x + dropout(f(x))).
dropout after the norm:
- self.attention_norm(hidden + self.dropout(mixed)) =>
| self.dropout(self.attention_norm(hidden + mixed))
- self.feed_forward_norm(hidden + self.dropout(worked)) =>
| self.dropout(self.feed_forward_norm(hidden + worked))
    Dropout stands behind the norm. It belongs on the result of each half, before it is
    added: norm(x + dropout(f(x))).
weights not asked for: (hidden, is_token, output_attentions) => (hidden, is_token)
    output_attentions is not handed to attention, so the second result is None even
    where the weights are wanted.
weights always: (hidden, is_token, output_attentions) => (hidden, is_token, True)
    The weights come back although nobody asked. Hand output_attentions on as it is;
    attention then gives None.
vectors only: return (self.feed_forward_norm(hidden + self.dropout(worked)), weights) =>
| return self.feed_forward_norm(hidden + self.dropout(worked))
    forward returns two things: the vectors, and the weights of attention or None.
pair not unpacked:
- mixed, weights = self.attention(hidden, is_token, output_attentions) =>
| mixed = self.attention(hidden, is_token, output_attentions)
    self.attention returns a pair, and dropout got the whole of it. Take it apart:
    mixed, weights = self.attention(...).
dropout in the second half only: self.dropout(mixed) => mixed
    The result of attention is added without dropout. It goes through self.dropout too.
another dropout: config.hidden_dropout_prob => config.attention_probs_dropout_prob + 0.1
    Numbers are dropped, and not the share of config.hidden_dropout_prob.
second sum not normed:
- self.feed_forward_norm(hidden + self.dropout(worked)) => hidden + self.dropout(worked)
    The sum with the feed-forward part goes on without a norm. Each half ends in one.
input added twice:
- hidden = self.attention_norm => first = hidden
|         hidden = self.attention_norm
- hidden + self.dropout(worked) => first + hidden + self.dropout(worked)
    The layer's input is added in the second half too. What is added there is the output
    of the first half alone.
no second half: self.feed_forward_norm(hidden + self.dropout(worked)) => hidden
    The feed-forward part is not used. After attention comes self.feed_forward_norm(x +
    self.dropout(self.feed_forward(x))).
"""

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
    mutants=mistakes(MISTAKES),
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
