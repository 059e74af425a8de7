"""Exercise: one vector for each text, the mean of its tokens' vectors.

Chapter: 14
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def text_vectors(encoder: nn.Module, batches: list[dict[str, Tensor]]) -> Tensor:
    """Average the last vectors of the tokens of every text: (N, H).

    encoder(**batch).last_hidden_state is (B, T, H), batch["attention_mask"] is (B, T),
    1 at tokens and 0 at [PAD], which has no part in the mean. The tokens' vectors (1),
    (3) and a [PAD] of (9) give (2). No dropout and no gradients meanwhile; afterwards
    the encoder is in the mode, train or eval, in which it came.
    """
    raise NotAttempted
'''

Batches = list[dict[str, Tensor]]
H = 3


class Output(NamedTuple):
    """What an encoder returns."""

    last_hidden_state: Tensor


class Encoder(nn.Module):
    """A table of vectors behind a dropout; [PAD] has a vector like any other."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(7)
        table = torch.randn(12, H, generator=generator)
        self.table = nn.Parameter(table.to(dtype))
        self.dropout = nn.Dropout(0.5)
        self.asked_for_gradients = False

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
    ) -> Output:
        """Look the vectors up."""
        self.asked_for_gradients |= torch.is_grad_enabled()
        hidden = self.table[input_ids]
        if token_type_ids is not None:
            hidden = hidden - token_type_ids[:, :, None] / 4
        return Output(self.dropout(hidden))


def text_vectors(encoder: nn.Module, batches: list[dict[str, Tensor]]) -> Tensor:
    """Sum where the mask is 1, divide by how many those are."""
    was_training = encoder.training
    encoder.eval()
    means = []
    with torch.no_grad():
        for batch in batches:
            hidden = encoder(**batch).last_hidden_state  # (B, T, H)
            weights = batch["attention_mask"][:, :, None].to(hidden.dtype)  # (B, T, 1)
            means.append((hidden * weights).sum(dim=1) / weights.sum(dim=1))
    encoder.train(was_training)
    return torch.cat(means)


def text_by_text(encoder: nn.Module, batches: Batches) -> Tensor:
    """Pick the tokens of each text."""
    was_training = encoder.training
    rows = []
    with torch.inference_mode():
        for batch in batches:
            hidden = encoder.eval()(**batch).last_hidden_state
            masks = batch["attention_mask"].bool()
            rows += [row[mask].mean(0) for row, mask in zip(hidden, masks, strict=True)]
    encoder.train(was_training)
    return torch.stack(rows)


def by_measure(
    measure: Callable[[Tensor, Tensor, Tensor], Tensor],
    is_quiet: bool = True,
    has_gradients: bool = False,
    puts_back: bool = True,
) -> Callable[[nn.Module, Batches], Tensor]:
    """Average in another way; the measure takes vectors, mask and ids."""

    def answer(encoder: nn.Module, batches: Batches) -> Tensor:
        was_training = encoder.training
        if is_quiet:
            encoder.eval()
        rows = []
        with torch.set_grad_enabled(has_gradients):
            for batch in batches:
                hidden = encoder(**batch).last_hidden_state
                mask = batch["attention_mask"].to(hidden.dtype)
                rows.append(measure(hidden, mask, batch["input_ids"]))
        if puts_back:
            encoder.train(was_training)
        return torch.cat(rows).detach()

    return answer


def right(hidden: Tensor, mask: Tensor, ids: Tensor) -> Tensor:
    """Average as asked."""
    return torch.einsum("bth,bt->bh", hidden, mask) / mask.sum(1, keepdim=True)


def run(answer: Any, case: Case) -> tuple[Any, bool, bool]:
    """Average; tell the mode afterwards, and whether gradients were asked for."""
    batches, is_training, dtype = case.args
    encoder = Encoder(dtype).train(is_training)
    torch.manual_seed(14)
    vectors = answer(encoder, batches)
    return vectors, encoder.training, encoder.asked_for_gradients


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two padded batches of unequal size, from both modes; one token has the id 0."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for lengths in ([5, 2, 4], [3, 1]):
        T = max(lengths)
        mask = (torch.arange(T) < torch.tensor(lengths)[:, None]).long()
        ids = torch.randint(1, 12, (len(lengths), T), generator=generator) * mask
        kinds = (torch.arange(T) > 1).long() * mask
        batches.append(
            {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}
        )
    batches[0]["input_ids"][0, 1] = 0
    return [
        Case((batches, False, dtype), "texts of 5, 2, 4 and of 3, 1 tokens, in eval"),
        Case((batches, True, dtype), "the same, the encoder in train mode"),
    ]


def observed(answer: Any, is_training: bool) -> tuple[bool, bool]:
    """Tell the mode afterwards, and whether gradients were asked for."""
    batches = cases(0, torch.float32)[0].args[0]
    return run(answer, Case((batches, is_training, torch.float32)))[1:]


def puts_mode_back(answer: Any) -> bool:
    """Look at the mode of an encoder that came in train mode, and in eval mode."""
    return all(observed(answer, mode)[0] == mode for mode in (True, False))


def asks_for_no_gradients(answer: Any) -> bool:
    """See whether the encoder ran without recording."""
    return not observed(answer, False)[1]


MISTAKES = """
[PAD] counted in the mean:
- (hidden * weights).sum(dim=1) / weights.sum(dim=1) => hidden.mean(dim=1)
    [PAD] is counted in the mean: the encoder gives a vector there, too, and the same
    text gets another mean beside a longer one. Weigh with the mask.
divided by T: .sum(dim=1) / weights.sum(dim=1) => .mean(dim=1)
    [PAD] is out of the sum, but you still divide by all T positions, so short texts get
    short vectors. Divide by the sum of the mask.
not divided: / weights.sum(dim=1) =>
    This is the sum; it grows with the length of a text. Divide by the number of its
    tokens.
divided by the batch: weights.sum(dim=1) => weights.sum()
    You divide by the tokens of the whole batch. Each text is divided by its own number
    of tokens: sum the mask along axis 1.
vector of [CLS]: (hidden * weights).sum(dim=1) / weights.sum(dim=1) => hidden[:, 0]
    This is the vector at position 0, that of [CLS]. The mean is over all tokens of a
    text.
mask from the ids: batch['attention_mask'][ => (batch['input_ids'] != 0)[
    You took the padding from the ids. A real token may have any id: the attention_mask
    says what is a token.
dropout on: encoder.eval() =>
    The encoder came in train mode and was run in it: dropout changes the vectors from
    run to run. Call encoder.eval() first.
stays in eval: encoder.train(was_training) =>
    The encoder is left in eval mode although it came in train mode. Remember
    encoder.training and put it back.
gradients kept:
- with torch.no_grad(): => if True:
- torch.cat(means) => torch.cat(means).detach()
    The vectors are right, and torch kept everything for a backward pass that never
    comes. Run the encoder inside torch.no_grad().
first batch only: in batches => in batches[:1]
    Only the texts of the first batch have a vector. Return after the loop, with all
    batches joined.
not joined: torch.cat(means) => means
    You give a list with a tensor for each batch. Join them along axis 0: torch.cat.
stacked: torch.cat(means) => torch.stack(means)
    torch.stack wants tensors of one shape and adds an axis; these batches have
    different sizes. torch.cat joins them along axis 0.
axis kept:
- .sum(dim=1) / weights.sum(dim=1) =>
| .sum(dim=1, keepdim=True) / weights.sum(dim=1, keepdim=True)
    The axis of the tokens is still there, of length 1. The result is (N, H).
one vector a batch: (hidden * weights).sum(dim=1) / weights.sum(dim=1) =>
| hidden[batch['attention_mask'].bool()].mean(dim=0, keepdim=True)
    All tokens of a batch went into one mean. Each text has a mean of its own.
averaged over the texts:
- (hidden * weights).sum(dim=1) / weights.sum(dim=1) =>
| (hidden * weights).sum(dim=0) / weights.sum(dim=0)
    You average over the texts, axis 0. Average over the tokens of each text, axis 1.
largest numbers: (hidden * weights).sum(dim=1) / weights.sum(dim=1) =>
| hidden.masked_fill(weights == 0, -torch.inf).amax(dim=1)
    These are the largest numbers, max pooling. The mean is asked for.
vector of the last token: (hidden * weights).sum(dim=1) / weights.sum(dim=1) =>
| hidden[torch.arange(len(hidden)), batch['attention_mask'].sum(dim=1) - 1]
    This is the vector of each text's last token. The mean is over all of them.
without [CLS]: (hidden * weights).sum(dim=1) / weights.sum(dim=1) =>
| (hidden * weights)[:, 1:].sum(dim=1) / weights[:, 1:].sum(dim=1).clamp(min=1)
    Position 0, [CLS], is left out. All tokens count.
mask only in the number: (hidden * weights) => hidden
    The number leaves [PAD] out, the sum does not. Multiply by the mask before you sum.
length 1: return torch.cat(means) => return F.normalize(torch.cat(means), dim=-1)
    The means are right, and then brought to length 1. The mean itself is asked for.
as it came:
- encoder.eval() =>
- with torch.no_grad(): => if True:
    The encoder is run as it came, in train mode with dropout, and torch records what a
    backward pass would need. Call encoder.eval(), and run it inside torch.no_grad().
left in eval, gradients kept:
- with torch.no_grad(): => if True:
- encoder.train(was_training) =>
    The encoder is left in eval mode, and torch kept everything for a backward pass that
    never comes. Put the mode back, and run it inside torch.no_grad().
always in train mode: encoder.train(was_training) => encoder.train()
    The encoder is left in train mode although it came in eval mode. Put back the mode
    in which it came.
batch changed: encoder.train(was_training) => encoder.train(was_training)
|     for batch in batches:
|         batch.pop('attention_mask')
    The mask was taken out of the batch itself: whoever called has lost it. Read it with
    batch[...] instead of pop.
types not given: encoder(**batch) =>
| encoder(batch['input_ids'], attention_mask=batch['attention_mask'])
    The encoder got ids and mask and nothing else of the batch. Pass all of it:
    encoder(**batch).
"""

EXERCISE = Exercise(
    id="text-vectors",
    chapter=14,
    title="One vector for each text",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=text_vectors,
    accepted={"text by text": text_by_text, "einsum": by_measure(right)},
    run=run,
    properties=[
        Property(
            "the mode comes back",
            "Afterwards the encoder must be in the mode, train or eval, in which it "
            "came.",
            puts_mode_back,
        ),
        Property(
            "no gradients",
            "The encoder must run inside torch.no_grad() or torch.inference_mode().",
            asks_for_no_gradients,
        ),
    ],
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "batch['attention_mask'][:, : ... => batch['attention_mask'][:, : ...": (
            "float vectors times an integer mask are the same numbers"
        ),
    },
    hints=(
        "The loop of predict_labels, with a mean over tokens in place of the argmax.",
        "Make the mask (B, T, 1), multiply, sum over axis 1; divide by the mask's sum.",
        'weights = batch["attention_mask"][:, :, None]; torch.cat joins the batches.',
    ),
)
