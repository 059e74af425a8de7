"""Exercise: the first layer of BERT.

Chapter: 5
"""

from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.embeddings import BertEmbeddings

STUB = '''
class BertEmbeddings(nn.Module):
    """Look up three tables, add, normalise, drop out (Devlin et al. 2019, figure 2).

    The parts are named word_embeddings (V, H) with padding_idx, position_embeddings
    (P, H), token_type_embeddings (config.type_vocab_size, H), layer_norm with
    config.layer_norm_eps, and dropout with config.hidden_dropout_prob. Segments that
    are not given are all 0; more tokens than positions are a ValueError.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        raise NotAttempted

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        raise NotAttempted
'''

CONFIG = BertConfig(
    vocab_size=17,
    hidden_size=12,
    num_attention_heads=3,
    max_position_embeddings=7,
    layer_norm_eps=0.1,
)


class ByLookup(BertEmbeddings):
    """Numbers the positions, and the segments where they are not given."""

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Embed."""
        T = input_ids.shape[1]
        if self.position_embeddings.num_embeddings < T:
            raise ValueError(f"too many tokens: {T}")
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        places = torch.arange(T, device=input_ids.device).expand_as(input_ids)
        x = self.word_embeddings(input_ids) + self.token_type_embeddings(token_type_ids)
        embedded: Tensor = self.layer_norm(x + self.position_embeddings(places))
        return self.dropout(embedded)  # type: ignore[no-any-return]


class Wrong(BertEmbeddings):
    """Frame of the mistakes: each part can be replaced."""

    def words(self, input_ids: Tensor) -> Tensor:
        """Look the words up."""
        found: Tensor = self.word_embeddings(input_ids)
        return found

    def places(self, input_ids: Tensor) -> Tensor:
        """Look the positions up."""
        T, P = input_ids.shape[1], self.position_embeddings.num_embeddings
        if T > P:
            raise ValueError
        return self.position_embeddings.weight[:T]

    def segments(self, input_ids: Tensor, kinds: Tensor | None) -> Tensor:
        """Look the segments up."""
        found: Tensor = self.token_type_embeddings(
            torch.zeros_like(input_ids) if kinds is None else kinds
        )
        return found

    def end(self, words: Tensor, places: Tensor, segments: Tensor) -> Tensor:
        """Add, normalise, drop out."""
        return self.dropout(  # type: ignore[no-any-return]
            self.layer_norm(words + places + segments)
        )

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Embed."""
        return self.end(
            self.words(input_ids),
            self.places(input_ids),
            self.segments(input_ids, token_type_ids),
        )


class AlongBatch(Wrong):
    """Positions run along the batch."""

    def places(self, input_ids: Tensor) -> Tensor:
        """Take the places of the texts."""
        super().places(input_ids)
        return self.position_embeddings.weight[: len(input_ids), None]


class Detached(Wrong):
    """Positions never learn."""

    def places(self, input_ids: Tensor) -> Tensor:
        """Cut the gradient."""
        return super().places(input_ids).detach()


class NoPositions(Wrong):
    """No positions."""

    def places(self, input_ids: Tensor) -> Tensor:
        """Give zeros."""
        return torch.zeros_like(super().places(input_ids))


class AllOnes(Wrong):
    """Missing segments are 1."""

    def segments(self, input_ids: Tensor, kinds: Tensor | None) -> Tensor:
        """Fill in ones."""
        return super().segments(
            input_ids, torch.ones_like(input_ids) if kinds is None else kinds
        )


class NoneIsNothing(Wrong):
    """Missing segments add nothing."""

    def segments(self, input_ids: Tensor, kinds: Tensor | None) -> Tensor:
        """Skip them."""
        found = super().segments(input_ids, kinds)
        return torch.zeros_like(found) if kinds is None else found


class NoSegments(Wrong):
    """Segments are ignored."""

    def segments(self, input_ids: Tensor, kinds: Tensor | None) -> Tensor:
        """Take them all for the first."""
        return super().segments(input_ids, None)


class NormFirst(Wrong):
    """LayerNorm before the sum."""

    def end(self, words: Tensor, places: Tensor, segments: Tensor) -> Tensor:
        """Normalise the words only."""
        return self.dropout(  # type: ignore[no-any-return]
            self.layer_norm(words) + places + segments
        )


class NoNorm(Wrong):
    """No LayerNorm."""

    def end(self, words: Tensor, places: Tensor, segments: Tensor) -> Tensor:
        """Leave the sum."""
        return self.dropout(words + places + segments)  # type: ignore[no-any-return]


class NoDropout(Wrong):
    """No dropout."""

    def end(self, words: Tensor, places: Tensor, segments: Tensor) -> Tensor:
        """Leave it out."""
        return self.layer_norm(  # type: ignore[no-any-return]
            words + places + segments
        )


class Scaled(Wrong):
    """Words times the root of H, as in the Transformer."""

    def words(self, input_ids: Tensor) -> Tensor:
        """Scale."""
        found = super().words(input_ids)
        return found * found.shape[-1] ** 0.5


class UsualEps(Wrong):
    """The eps that torch takes."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size)


class LongTexts(Wrong):
    """Long texts are cut, silently."""

    def places(self, input_ids: Tensor) -> Tensor:
        """Repeat the last position."""
        numbers = torch.arange(input_ids.shape[1])
        last = self.position_embeddings.num_embeddings - 1
        found: Tensor = self.position_embeddings(numbers.clamp(max=last))
        return found


def built(answer: Any, dtype: torch.dtype = torch.float64) -> Any:
    """Build an answer with the weights of one and the same reference."""
    torch.manual_seed(5)
    reference = BertEmbeddings(CONFIG)
    for parameter in reference.parameters():
        nn.init.normal_(parameter)
    model = answer(CONFIG)
    model.load_state_dict(reference.state_dict())
    return model.to(dtype)


def run(answer: Any, case: Case) -> Any:
    """Embed the ids of a case, without dropout."""
    input_ids, kinds, dtype = case.args
    with torch.no_grad():
        return built(answer, dtype).eval()(input_ids, kinds)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One text without segments, then two with them, then padding."""
    torch.manual_seed(seed)
    short = torch.tensor([[2, 5, 3]])
    ids = torch.randint(1, 17, (2, 7))
    kinds = (torch.arange(7) > torch.tensor([[3], [5]])).long()
    padded = torch.tensor([[2, 9, 3, 0, 0], [2, 4, 6, 8, 3], [2, 3, 0, 0, 0]])
    return [
        Case((short, None, dtype), "one text of three tokens, no segments given"),
        Case((ids, kinds, dtype), "two pairs of seven tokens"),
        Case((padded, torch.zeros_like(padded), dtype), "three texts with padding"),
    ]


def refuses_long_texts(answer: Any) -> bool:
    """Give it one token too many."""
    try:
        built(answer)(torch.ones(1, 8, dtype=torch.long))
    except ValueError:
        return True
    return False


def everything_learns(answer: Any) -> bool:
    """Look for a gradient at every parameter."""
    model = built(answer).eval()
    ids = torch.tensor([[2, 5, 3], [2, 7, 3]])
    kinds = torch.tensor([[0, 0, 1], [0, 1, 1]])
    (model(ids, kinds) ** 3).sum().backward()
    return all(
        p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters()
    )


def drops_when_training(answer: Any) -> bool:
    """Run twice in train mode: the results differ, and some numbers are zero."""
    model = built(answer).train()
    ids = torch.randint(1, 17, (4, 7))
    first, second = model(ids), model(ids)
    return not torch.equal(first, second) and bool((first == 0).any())


EXERCISE = Exercise(
    id="bert-embeddings",
    chapter=5,
    title="The first layer of BERT",
    difficulty=2,
    minutes=20,
    stub=STUB,
    solution=BertEmbeddings,
    accepted={"lookup": ByLookup},
    run=run,
    mutants=[
        Mutant(
            "positions along the batch",
            AlongBatch,
            "Positions run along the batch: all tokens of a text get one vector. Take "
            "the first T rows of the table, T = input_ids.shape[1].",
        ),
        Mutant(
            "positions detached",
            Detached,
            "The numbers are right and the position table gets no gradient, so it "
            "would keep its initial noise for ever. Leave out detach() and no_grad().",
        ),
        Mutant(
            "no positions",
            NoPositions,
            "The positions are missing from the sum: the same words in another order "
            "would give the same vectors in another order.",
        ),
        Mutant(
            "missing segments are 1",
            AllOnes,
            "Without token_type_ids, yours takes the second segment. A single text is "
            "all segment 0.",
        ),
        Mutant(
            "missing segments add nothing",
            NoneIsNothing,
            "Without token_type_ids, yours adds no segment vector. None means all 0, "
            "and row 0 of the table is a vector like any other.",
        ),
        Mutant(
            "segments ignored",
            NoSegments,
            "token_type_ids change nothing in yours. Look them up and add them.",
        ),
        Mutant(
            "norm before the sum",
            NormFirst,
            "The norm is applied to the words and not to the sum. Add all three "
            "first, then normalise once.",
        ),
        Mutant(
            "no norm",
            NoNorm,
            "There is no LayerNorm after the sum. A widely read book leaves it out; "
            "BERT has it, and its weights are made for it.",
        ),
        Mutant(
            "no dropout",
            NoDropout,
            "In train mode nothing is dropped. self.dropout stands last.",
        ),
        Mutant(
            "words scaled",
            Scaled,
            "The words are multiplied by the root of H, as the first Transformer did. "
            "BERT does not: the three are added as they are.",
        ),
        Mutant(
            "torch's own eps",
            UsualEps,
            "The LayerNorm has torch's eps, 1e-5. Pass eps=config.layer_norm_eps: BERT "
            "has 1e-12, and the check 0.1.",
        ),
        Mutant(
            "long texts accepted",
            LongTexts,
            "A text with more tokens than positions is taken without a word. Raise "
            "ValueError: the user must know that the text has to be cut.",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "everything learns",
            "After a backward pass every parameter must have a gradient.",
            everything_learns,
        ),
        Property(
            "drops out in train mode",
            "In train mode two runs must differ, and some numbers must be zero.",
            drops_when_training,
        ),
        Property(
            "long texts are refused",
            "More tokens than positions must be a ValueError.",
            refuses_long_texts,
        ),
    ],
    hints=(
        "Three lookups of shape (B, T, H), or shapes that broadcast to it; one sum; "
        "one norm; one dropout.",
        "The positions need no ids: they are the first T rows of their table. Where "
        "token_type_ids is None, take row 0 of its table.",
        "word_embeddings(input_ids) plus position_embeddings.weight[:T] plus the "
        "segments, then layer_norm, then dropout.",
    ),
)
