"""Exercise: the pooler.

Chapter: 8
"""

from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


MISTAKES = """
on the mean: hidden[:, 0] => hidden.mean(dim=1)
    The mean of all tokens is pooled, padding too. BERT takes the first token, [CLS]:
    hidden[:, 0].
on the last token: hidden[:, 0] => hidden[:, -1]
    The last token is pooled, which is [SEP] or padding. [CLS] is the first.
no tanh: torch.tanh =>
    After the dense layer, tanh is missing.
no dense layer: self.dense(hidden[:, 0]) => hidden[:, 0]
    The dense layer is not used: torch.tanh(self.dense(hidden[:, 0])).
tanh first: torch.tanh(self.dense(hidden[:, 0])) => self.dense(torch.tanh(hidden[:, 0]))
    tanh stands before the dense layer. First dense, then tanh.
GELU for tanh: torch.tanh => F.gelu
    The pooler ends in GELU, the function of the feed-forward part. It ends in tanh.
sigmoid for tanh: tanh => sigmoid
    The pooler ends in a sigmoid, from 0 to 1. It ends in tanh, from -1 to 1.
on the maximum: hidden[:, 0] => hidden.amax(dim=1)
    The largest number of all tokens is pooled. BERT takes the first token, [CLS]:
    hidden[:, 0].
axis kept: [:, 0] => [:, :1]
    The result is (B, 1, H): a slice keeps its axis. hidden[:, 0] takes the token out of
    it.
first numbers: [:, 0] => [:, :, 0]
    hidden[:, :, 0] is the first number of every token. The first token of every text is
    hidden[:, 0].
no bias: nn.Linear(config.hidden_size, config.hidden_size =>
| nn.Linear(config.hidden_size, config.hidden_size, bias=False
    The dense layer has no bias. Every dense layer of BERT has one: leave nn.Linear as
    it is.
all tokens: [:, 0] =>
    All tokens are kept, (B, T, H). Take the first one: hidden[:, 0].
first text: [:, 0] => [0]
    hidden[0] is the first text, all its tokens. The first token of every text is
    hidden[:, 0].
axes of size 1 dropped: hidden[:, 0])) => hidden[:, :1])).squeeze()
    An axis of size 1 is gone where there is a single text. hidden[:, 0] takes the token
    and nothing else; leave squeeze out.
ReLU for tanh: torch.tanh => F.relu
    The pooler ends in ReLU: negative numbers became 0. It ends in tanh.
second token: [:, 0] => [:, 1]
    The second token is pooled. [CLS] is the first: hidden[:, 0].
tanh twice: hidden[:, 0] => torch.tanh(hidden[:, 0])
    tanh stands before the dense layer and behind it. It belongs behind only.
on the sum: hidden[:, 0] => hidden.sum(dim=1)
    The sum of all tokens is pooled. BERT takes the first token, [CLS]: hidden[:, 0].
"""

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
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which token stands at the same position in every text?",
        "Take the first token of every text, then the dense layer, then tanh.",
        "torch.tanh(self.dense(hidden[:, 0]))",
    ),
)
