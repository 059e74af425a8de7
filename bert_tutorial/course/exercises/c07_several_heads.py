"""Exercise: attention with several heads.

Chapter: 7
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
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
    """Every step in the open; most mistakes change one of them."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run."""
        linears = (self.query, self.key, self.value)
        A = self.num_heads
        query, key, value = (split_heads(linear(hidden), A) for linear in linears)
        weights = attention_weights(query, key, is_token)
        kept = nn.functional.dropout(weights, self.dropout.p, self.training)
        mixed: Tensor = self.output(merge_heads(kept @ value))
        return mixed, weights if output_attentions else None


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
        Case((batch, is_token), "training, no weights asked for", {"drops": True}),
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


MISTAKES = """
scale by the model's size (of in steps):
- attention_weights(query => attention_weights(query * A ** -0.5
    The scores are divided by the root of H. A score is a sum of one head's D products:
    divide by the root of D.
output matrix missing (of in steps):
- self.output(merge_heads(kept @ value)) => merge_heads(kept @ value)
    The heads are put side by side, and the output matrix is not used. Take the joined
    vectors through self.output.
heads repeated (of in steps):
- split_heads(linear(hidden), A) => linear(hidden)[:, None].expand(-1, A, -1, -1)
- merge_heads(kept @ value) => (kept @ value).mean(dim=1)
    Each head works on the whole vector, so all heads do the same. Split the queries,
    keys and values: a head has D = H / A numbers of each.
heads not moved back (of in steps):
- merge_heads(kept @ value) => (kept @ value).reshape(hidden.shape)
    The heads are joined without moving them behind the tokens first, so vectors of
    several tokens are mixed up. Use merge_heads.
keys mixed (of in steps): kept @ value => kept @ key
    The weights mix the keys. What they mix are the values, self.value.
mask not used (of in steps): key, is_token) => key, None)
    is_token is not used: real tokens take from padding.
no dropout (of in steps):
- nn.functional.dropout(weights, self.dropout.p, self.training) => weights
    In training, the weights go through dropout before they mix the values; yours do
    not.
dropout in eval mode (of in steps): self.training => True
    Weights are dropped in eval mode too. Drop them only where self.training is True.
dropped weights returned (of in steps): kept = => kept = weights =
    The weights that come back are those after dropout. Return them as they were before,
    and mix with the dropped ones.
dropout of the result (of in steps):
- nn.functional.dropout(weights, self.dropout.p, self.training) => weights
- return (mixed => return (F.dropout(mixed, self.dropout.p, self.training)
    Numbers of the result are dropped. The dropout of attention hits the weights, before
    they mix the values.
numbers dealt out (of in steps):
- split_heads(linear(hidden), A) =>
| linear(hidden).unflatten(-1, (-1, A)).permute(0, 3, 1, 2)
    The numbers of a vector are dealt out to the heads in turn. A head has neighbours,
    the first D, the next D: use split_heads.
text cut (of in steps):
- split_heads(linear(hidden), A) =>
| linear(hidden).view(len(hidden), A, hidden.shape[1], -1)
    A view straight to (B, A, T, D) cuts the text instead of the vectors. Use
    split_heads.
a single head (of in steps): split_heads(linear(hidden), A) => linear(hidden)[:, None]
    All numbers of a vector work as one head. Split queries, keys and values with
    split_heads.
query matrix twice (of in steps): (self.query, self.key, => (self.query, self.query,
    The keys are made with the matrix of the queries. They have their own, self.key.
query and key swapped (of in steps):
- attention_weights(query, key => attention_weights(key, query
    The keys ask and the queries answer. The first argument of attention_weights is the
    query.
split before the matrices (of in steps):
- split_heads(linear(hidden), A) => linear(split_heads(hidden, A))
    The vectors are split before they go through the matrices, which take H numbers.
    First self.query(hidden), then split_heads.
input added (of in steps): return (mixed => return (hidden + mixed
    The input is added to the result. That is the encoder layer's work (chapter 8);
    return what self.output gives.
weights always (of in steps): if output_attentions else None =>
    The weights come back although nobody asked. Return None in their place unless
    output_attentions is set.
weights never (of in steps): weights if output_attentions else None => None
    output_attentions is set, and None comes back in place of the weights.
vectors only (of in steps): return … => return mixed
    forward returns two things: the vectors, and the weights or None.
no biases:
- self.query = nn.Linear(H, H) => self.query = nn.Linear(H, H, bias=False)
- self.key = nn.Linear(H, H) => self.key = nn.Linear(H, H, bias=False)
- self.value = nn.Linear(H, H) => self.value = nn.Linear(H, H, bias=False)
    Query, key and value have no biases. Each of the four is a plain nn.Linear(H, H),
    which has one.
dropout of the other layers: attention_probs_dropout_prob => hidden_dropout_prob
    The share that is dropped is not config.attention_probs_dropout_prob.
    hidden_dropout_prob is that of the other layers.
own dropout: config.attention_probs_dropout_prob => 0.2
    The share that is dropped is not the configuration's:
    config.attention_probs_dropout_prob.
softmax twice (of in steps):
- (query, key, is_token) => (query, key, is_token).softmax(dim=-1)
    The weights went through a softmax once more, which makes every row nearly even.
    attention_weights has done it already.
output without bias:
- self.output = nn.Linear(H, H) => self.output = nn.Linear(H, H, bias=False)
    The output matrix has no bias. Each of the four is a plain nn.Linear(H, H), which
    has one.
scaled twice (of in steps):
- attention_weights(query => attention_weights(query * query.shape[-1] ** -0.5
    The scores are divided by the root of D twice. attention_weights does it already.
mean of the weights (of in steps):
- weights if output_attentions => weights.mean(dim=1) if output_attentions
    The weights of the heads are averaged. Return those of each head, (B, A, T, T).
"""

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
    mutants=mistakes(MISTAKES),
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
    waived=dict.fromkeys(
        (
            "if not (is_dropping or outpu ... => if False: ...",
            "if not (is_dropping or outpu ... => pass",
            "self.training and self.dropo ... => self.training or self.dropou ...",
            "self.training and self.dropo ... => self.dropout.p > 0",
            "self.training and self.dropo ... => self.training",
            "self.dropout.p > 0 => self.dropout.p >= 0",
            "0 => -1",
        ),
        "the fused and the written-out attention give the same numbers",
    )
    | {
        "hidden if asking is None els ... => hidden if True else asking": (
            "the task does not ask for chosen positions"
        ),
    },
    hints=(
        "Five steps: three matrices, split, weights, mix, merge; and a last matrix.",
        "split_heads gives (B, A, T, D); attention_weights of chapter 6 does scale, "
        "mask and softmax. Merge what the weights mix, then self.output.",
        "The return line is: self.output(merge_heads(weights @ value)), weights",
    ),
)
