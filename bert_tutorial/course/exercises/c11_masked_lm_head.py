"""Exercise: the head that scores words.

Chapter: 11
"""

from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.encoder import gelu
from bert_tutorial.model.objectives import MaskedLMHead

STUB = '''
class MaskedLMHead(nn.Module):
    """Score every word of the vocabulary at every position: (..., H) -> (..., V).

    Dense (H, H), named dense; gelu; LayerNorm, named layer_norm, with
    config.layer_norm_eps; then the word table that tie receives, used as the output
    matrix, and one bias for each word, named bias, initially 0. The embedding belongs
    to its owner: it does not become a part of the head.
    """

    def __init__(self, config: BertConfig) -> None:
        raise NotAttempted

    def tie(self, word_embeddings: nn.Embedding) -> None:
        raise NotAttempted

    def forward(self, hidden: Tensor) -> Tensor:
        raise NotAttempted
'''

CONFIG = BertConfig(
    vocab_size=11, hidden_size=6, num_attention_heads=2, layer_norm_eps=0.1
)


class Hidden(MaskedLMHead):
    """Keeps the table in another way, and names every step."""

    def tie(self, word_embeddings: nn.Embedding) -> None:
        """Hide the table from the module's own list of children."""
        object.__setattr__(self, "_words", word_embeddings)

    def forward(self, hidden: Tensor) -> Tensor:
        """Score."""
        x = self.layer_norm(gelu(self.dense(hidden)))
        words: Any = self._words
        scores: Tensor = x @ words.weight.T + self.bias
        return scores


class Decoder(MaskedLMHead):
    """Ties as Hugging Face does: a layer whose weight is the table."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def tie(self, word_embeddings: nn.Embedding) -> None:
        """Let the layer have the table for its weight."""
        self.decoder.weight = word_embeddings.weight

    def forward(self, hidden: Tensor) -> Tensor:
        """Score."""
        scores: Tensor = self.decoder(self.layer_norm(gelu(self.dense(hidden))))
        return scores + self.bias


def built(answer: Any, dtype: torch.dtype) -> tuple[Any, nn.Embedding]:
    """Build an answer with fixed weights, tied to a fixed table."""
    torch.manual_seed(11)
    reference = MaskedLMHead(CONFIG)
    for parameter in reference.parameters():
        nn.init.normal_(parameter)
    words = nn.Embedding(11, 6).to(dtype)
    head = answer(CONFIG)
    found = head.load_state_dict(reference.state_dict(), strict=False)
    if found.unexpected_keys:
        names = ", ".join(found.unexpected_keys)
        raise LookupError(f"the head has no parameter with the name {names}")
    head = head.to(dtype)
    head.tie(words)
    known = {id(head.bias), id(words.weight)}
    for name, parameter in head.named_parameters():
        if name not in reference.state_dict() and id(parameter) not in known:
            raise ValueError("the head has parameters of other names, too")
    return head, words


def run(answer: Any, case: Case) -> Any:
    """Score the vectors of a case; add to the table; score again."""
    (hidden,) = case.args
    head, words = built(answer, hidden.dtype)
    with torch.no_grad():
        first = head(hidden)
        words.weight.add_(1.0)
        return first, head(hidden)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Chosen positions (M, H), then whole texts (B, T, H)."""
    torch.manual_seed(seed)
    return [
        Case((torch.randn(3, 6, dtype=dtype),), "three positions; the table changes"),
        Case((torch.randn(2, 5, 6, dtype=dtype),), "two texts of five tokens"),
    ]


def the_table_learns(answer: Any) -> bool:
    """Look for a gradient at the table and at each parameter of the head."""
    head, words = built(answer, torch.float64)
    (head(torch.randn(4, 6, dtype=torch.float64)) ** 2).sum().backward()
    own = list(head.parameters())
    return all(p.grad is not None and bool(p.grad.any()) for p in [*own, words.weight])


def table_has_one_owner(answer: Any) -> bool:
    """Look for the table among the head's own; a layer may share its weight."""
    head, words = built(answer, torch.float64)
    layers = [part for part in head.modules() if isinstance(part, nn.Linear)]
    shared = {id(layer.weight) for layer in layers}
    own = {id(parameter) for parameter in head.parameters()} - shared
    return words not in list(head.modules()) and id(words.weight) not in own


def bias_begins_at_zero(answer: Any) -> bool:
    """Look at a new head."""
    return not bool(answer(CONFIG).bias.any())


MISTAKES = """
bias left out: , self.bias) => )
    The bias does nothing. Each word has one, by which frequent words start higher; add
    it to the scores.
untied:
- self.bias = =>
| self.decoder = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
|         self.bias =
- F.linear(transformed, self._table[0].weight, self.bias) =>
| self.decoder(transformed) + self.bias
    The head has an output matrix of its own: V times H numbers more. Score with the
    word table that tie receives.
a copy of the table:
- [word_embeddings] => word_embeddings.weight.detach().clone()
- self._table[0].weight => self._table
    tie made a copy. When the table learns, the copy does not: keep the table itself.
no transform: self.layer_norm(gelu(self.dense(hidden), self.form)) => hidden
    The vectors go straight to the table. Before it come dense, gelu and layer_norm.
no activation: gelu(self.dense(hidden), self.form) => self.dense(hidden)
    gelu is missing between dense and layer_norm.
no norm: self.layer_norm(gelu(self.dense(hidden), self.form)) =>
| gelu(self.dense(hidden), self.form)
    layer_norm is missing after gelu.
norm before gelu: self.layer_norm(gelu(self.dense(hidden), self.form)) =>
| gelu(self.layer_norm(self.dense(hidden)), self.form)
    layer_norm comes before gelu. The order is dense, gelu, layer_norm.
probabilities: self.bias) => self.bias).softmax(dim=-1)
    The head gives probabilities. It gives logits: the loss has the softmax inside, and
    would apply it a second time.
table without gradient:
- [word_embeddings] => word_embeddings.weight.data
- self._table[0].weight => self._table
    The scores are right and the table does not learn from them: .data and detach() cut
    the gradient. Keep the embedding, and take its weight in forward.
the table as a child: self._table = [word_embeddings] => self._table = [word_embeddings]
|         self.table = word_embeddings
    The embedding was set as an attribute, so torch counts it as a part of the head and
    it is saved a second time. Keep it out of torch's sight, for example in a list.
bias not 0 at first: torch.zeros => torch.randn
    The bias does not begin at 0. nn.Parameter(torch.zeros(...)) does.
bias no parameter:
- nn.Parameter(torch.zeros(config.vocab_size)) => torch.zeros(config.vocab_size)
    The head has no parameter named bias, so the bias neither learns nor is saved. Wrap
    the zeros in nn.Parameter.
epsilon of torch: , eps=config.layer_norm_eps =>
    layer_norm has another epsilon than config.layer_norm_eps. torch's own is 1e-5.
gelu by tanh:
- gelu(self.dense(hidden), self.form) => F.gelu(self.dense(hidden), approximate='tanh')
    This is the form of GELU with tanh, close to the exact one and not the same. The
    book's gelu is the exact one.
relu: gelu(self.dense(hidden), self.form) => F.relu(self.dense(hidden))
    The activation is ReLU. BERT has GELU.
"""

EXERCISE = Exercise(
    id="masked-lm-head",
    chapter=11,
    title="The head that scores words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=MaskedLMHead,
    accepted={"named steps": Hidden, "shared weight": Decoder},
    run=run,
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "the table learns",
            "A loss on the scores must reach the word table and every parameter of "
            "the head.",
            the_table_learns,
        ),
        Property(
            "the table has one owner",
            "The embedding handed to tie must not become a part of the head, or "
            "it is saved a second time.",
            table_has_one_owner,
        ),
        Property(
            "the bias begins at 0",
            "The bias of a new head must be 0.",
            bias_begins_at_zero,
        ),
    ],
    waived={
        "config.hidden_act => 'gelu'": ("the task names gelu, and no other"),
        "0 => -1": ("only one table is ever handed in"),
    },
    hints=(
        "Three steps on the vectors, then one comparison with every row of the table.",
        "The table must not become a child of the head, or it is saved twice: keep it "
        "in a list, self._table = [word_embeddings].",
        "F.linear(x, table.weight, self.bias) is x @ table.weight.T + self.bias.",
    ),
)
