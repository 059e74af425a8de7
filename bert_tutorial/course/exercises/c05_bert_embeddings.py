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
    type_vocab_size=3,
    pad_token_id=4,
    layer_norm_eps=0.1,
    hidden_dropout_prob=0.6,
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
        positions = torch.arange(T, device=input_ids.device).expand_as(input_ids)
        x = self.word_embeddings(input_ids) + self.token_type_embeddings(token_type_ids)
        embedded: Tensor = self.layer_norm(x + self.position_embeddings(positions))
        return self.dropout(embedded)  # type: ignore[no-any-return]


class Wrong(BertEmbeddings):
    """Frame of the mistakes: each part can be replaced."""

    def words(self, input_ids: Tensor) -> Tensor:
        """Look the words up."""
        found: Tensor = self.word_embeddings(input_ids)
        return found

    def positions(self, input_ids: Tensor) -> Tensor:
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

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Add, normalise, drop out."""
        return self.dropout(  # type: ignore[no-any-return]
            self.layer_norm(words + positions + segments)
        )

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Embed."""
        return self.end(
            self.words(input_ids),
            self.positions(input_ids),
            self.segments(input_ids, token_type_ids),
        )


class AlongBatch(Wrong):
    """Positions run along the batch."""

    def positions(self, input_ids: Tensor) -> Tensor:
        """Take the positions of the texts."""
        super().positions(input_ids)
        return self.position_embeddings.weight[: len(input_ids), None]


class Detached(Wrong):
    """Positions never learn."""

    def positions(self, input_ids: Tensor) -> Tensor:
        """Cut the gradient."""
        return super().positions(input_ids).detach()


class NoPositions(Wrong):
    """No positions."""

    def positions(self, input_ids: Tensor) -> Tensor:
        """Give zeros."""
        return torch.zeros_like(super().positions(input_ids))


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

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Normalise the words only."""
        return self.dropout(  # type: ignore[no-any-return]
            self.layer_norm(words) + positions + segments
        )


class NoNorm(Wrong):
    """No LayerNorm."""

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Leave the sum."""
        return self.dropout(words + positions + segments)  # type: ignore[no-any-return]


class NoDropout(Wrong):
    """No dropout."""

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Leave it out."""
        return self.layer_norm(  # type: ignore[no-any-return]
            words + positions + segments
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

    def positions(self, input_ids: Tensor) -> Tensor:
        """Repeat the last position."""
        numbers = torch.arange(input_ids.shape[1])
        last = self.position_embeddings.num_embeddings - 1
        found: Tensor = self.position_embeddings(numbers.clamp(max=last))
        return found


class PaddingIsZero(Wrong):
    """Take row 0 for padding, whatever the configuration says."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        H = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, H, padding_idx=0)


class NoPadding(Wrong):
    """No row is padding."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)


class TwoSegments(Wrong):
    """Two segments, whatever the configuration says."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.token_type_embeddings = nn.Embedding(2, config.hidden_size)


class ManyPositions(Wrong):
    """512 positions, whatever the configuration says."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.position_embeddings = nn.Embedding(512, config.hidden_size)


class UsualDropout(Wrong):
    """Drop a tenth, whatever the configuration says."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(0.1)


class DropoutFirst(Wrong):
    """Dropout before the norm."""

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Drop, then normalise."""
        return self.layer_norm(  # type: ignore[no-any-return]
            self.dropout(words + positions + segments)
        )


class DropoutAlways(Wrong):
    """Dropout in eval mode too."""

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Drop whatever the mode."""
        summed = self.layer_norm(words + positions + segments)
        return nn.functional.dropout(summed, CONFIG.hidden_dropout_prob)


class NoCheck(Wrong):
    """Leave the complaint about long texts to torch."""

    def positions(self, input_ids: Tensor) -> Tensor:
        """Look up."""
        numbers = torch.arange(input_ids.shape[1])
        found: Tensor = self.position_embeddings(numbers)
        return found


class AsManyRefused(Wrong):
    """Refuse a text with as many tokens as positions."""

    def positions(self, input_ids: Tensor) -> Tensor:
        """Refuse too early."""
        if input_ids.shape[1] >= self.position_embeddings.num_embeddings:
            raise ValueError
        return super().positions(input_ids)


class FromOne(Wrong):
    """Count positions from 1."""

    def positions(self, input_ids: Tensor) -> Tensor:
        """Shift the positions."""
        super().positions(input_ids)
        T, P = input_ids.shape[1], self.position_embeddings.num_embeddings
        return self.position_embeddings.weight[(torch.arange(T) + 1) % P]


class PaddingRemoved(Wrong):
    """Make the vectors of padding zero."""

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Embed, then blank the padding."""
        found = super().forward(input_ids, token_type_ids)
        return found * input_ids.ne(CONFIG.pad_token_id or 0)[:, :, None]


class Renamed(Wrong):
    """Name the norm as the published layout does."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.LayerNorm = self.layer_norm
        del self.layer_norm


class Products(Wrong):
    """Multiply the three."""

    def end(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Multiply, normalise, drop out."""
        return self.dropout(  # type: ignore[no-any-return]
            self.layer_norm(words * positions * segments)
        )


def built(answer: Any, dtype: torch.dtype = torch.float64) -> Any:
    """Build an answer with the weights of one and the same reference."""
    torch.manual_seed(5)
    reference = BertEmbeddings(CONFIG)
    for parameter in reference.parameters():
        nn.init.normal_(parameter)
    model = answer(CONFIG)
    mine, right = dict(model.named_parameters()), dict(reference.named_parameters())
    if mine.keys() != right.keys():
        names = ", ".join(sorted(mine.keys() ^ right.keys()))
        raise AttributeError(f"parameters that are missing, or too many: {names}")
    for name, value in right.items():
        if mine[name].shape != value.shape:
            sizes = f"{tuple(mine[name].shape)}, expected {tuple(value.shape)}"
            raise RuntimeError(f"{name} has the shape {sizes}")
    model.load_state_dict(reference.state_dict(), strict=False)
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
    kinds[0, 6] = 2
    padded = torch.tensor([[2, 9, 3, 4, 4], [2, 7, 6, 8, 0], [2, 3, 4, 4, 4]])
    return [
        Case((short, None, dtype), "one text of three tokens, no segments given"),
        Case((ids, kinds, dtype), "two texts of seven tokens, three segments"),
        Case((padded, torch.zeros_like(padded), dtype), "three texts with padding"),
        Case((padded, None, dtype), "three texts with padding, no segments given"),
    ]


def stops_at_long_texts(answer: Any) -> bool:
    """Give it one token too many."""
    model = built(answer)
    try:
        model(torch.ones(1, 8, dtype=torch.long))
    except Exception:
        return True
    return False


def refuses_long_texts(answer: Any) -> bool:
    """Ask for the right error."""
    model = built(answer)
    try:
        model(torch.ones(1, 8, dtype=torch.long))
    except ValueError:
        return True
    return False


def learned(answer: Any) -> dict[str, Tensor]:
    """Give each parameter's gradient, in a text with padding."""
    model = built(answer).eval()
    ids = torch.tensor([[2, 5, 0, 4], [2, 7, 3, 4]])
    kinds = torch.tensor([[0, 0, 1, 0], [0, 1, 2, 0]])
    (model(ids, kinds) ** 3).sum().backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad
        for name, p in model.named_parameters()
    }


def everything_learns(answer: Any) -> bool:
    """Look for a gradient at every parameter."""
    return all(bool(grad.abs().sum() > 0) for grad in learned(answer).values())


def padding_does_not_learn(answer: Any) -> bool:
    """Look for a gradient at the words that were used, but for padding."""
    rows = learned(answer)["word_embeddings.weight"].abs().sum(dim=1)
    return (rows > 0).nonzero().flatten().tolist() in ([0, 2, 3, 5, 7], [])


def in_training(answer: Any) -> tuple[Tensor, Tensor]:
    """Run twice in train mode."""
    model = built(answer).train()
    ids = torch.randint(5, 17, (32, 7))
    return model(ids), model(ids)


def varies_when_training(answer: Any) -> bool:
    """Two runs in train mode differ."""
    first, second = in_training(answer)
    return not torch.equal(first, second)


def drops_when_training(answer: Any) -> bool:
    """Some numbers are zero."""
    return bool((in_training(answer)[0] == 0).any())


def drops_the_right_share(answer: Any) -> bool:
    """The configuration's share is zero; by chance 0.08 is eight deviations."""
    share = (in_training(answer)[0] == 0).double().mean().item()
    return abs(share - CONFIG.hidden_dropout_prob) < 0.08


PADDING = (
    "The numbers are right, and the wrong row of the word table learns. The row of "
    "[PAD] gets no gradient, and its number is in the configuration: "
    "padding_idx=config.pad_token_id."
)

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
            "would keep its initial noise for ever. Leave out detach() and "
            "torch.no_grad().",
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
        Mutant("padding is row 0", PaddingIsZero, PADDING),
        Mutant("no padding row", NoPadding, PADDING),
        Mutant(
            "two segments always",
            TwoSegments,
            "The segment table has two rows whatever the configuration says. Their "
            "number is config.type_vocab_size; the check has three.",
        ),
        Mutant(
            "512 positions always",
            ManyPositions,
            "The position table has 512 rows whatever the configuration says. Their "
            "number is config.max_position_embeddings.",
        ),
        Mutant(
            "a tenth is dropped",
            UsualDropout,
            "Numbers are dropped, and not the right share: it is "
            "config.hidden_dropout_prob.",
        ),
        Mutant(
            "dropout before the norm",
            DropoutFirst,
            "Two runs in train mode differ, and no number of the result is zero: the "
            "norm after dropout fills the zeros again. Dropout stands last.",
        ),
        Mutant(
            "dropout in eval mode",
            DropoutAlways,
            "Numbers are dropped in eval mode too. nn.Dropout, made in __init__, knows "
            "the mode; F.dropout must be told.",
        ),
        Mutant(
            "no ValueError",
            NoCheck,
            "A text that is too long ends in an error, and not in a ValueError. Ask "
            "first, before the look-up, and say in the message how many tokens fit.",
        ),
        Mutant(
            "as many refused",
            AsManyRefused,
            "A text with exactly as many tokens as positions is refused. It fits: "
            "refuse more only.",
        ),
        Mutant(
            "positions from 1",
            FromOne,
            "Token 0 gets row 1 of the position table. BERT counts from 0.",
        ),
        Mutant(
            "padding blanked",
            PaddingRemoved,
            "The vectors of padding are set to zero. They are embedded like any other; "
            "attention hides them later (chapter 6).",
        ),
        Mutant(
            "names of the published layout",
            Renamed,
            "The norm is named LayerNorm, as in the published files. Here it is "
            "layer_norm.",
        ),
        Mutant(
            "products",
            Products,
            "The three vectors are multiplied. BERT adds them.",
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
            "padding does not learn",
            "The row of padding, and no other that is used, must get no gradient.",
            padding_does_not_learn,
        ),
        Property(
            "varies in train mode",
            "In train mode two runs must differ.",
            varies_when_training,
        ),
        Property(
            "drops out in train mode",
            "In train mode some numbers must be zero.",
            drops_when_training,
        ),
        Property(
            "the configuration's dropout",
            "The share of zeros in train mode must be config.hidden_dropout_prob.",
            drops_the_right_share,
        ),
        Property(
            "long texts stop",
            "More tokens than positions must be an error.",
            stops_at_long_texts,
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
