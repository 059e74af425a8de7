"""Exercise: the first layer of BERT.

Chapter: 5
"""

from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
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


MISTAKES = """
positions along the batch: weight[:T] => weight[:len(input_ids), None]
    Positions run along the batch: all tokens of a text get one vector. Take the first T
    rows of the table, T = input_ids.shape[1].
positions detached: weight[:T] => weight[:T].detach()
    The numbers are right and the position table gets no gradient, so it would keep its
    initial noise for ever. Leave out detach() and torch.no_grad().
no positions: summed + self.position_embeddings.weight[:T] => summed
    The positions are missing from the sum: the same words in another order would give
    the same vectors in another order.
missing segments are 1: weight[0] => weight[1]
    Without token_type_ids, yours takes the second segment. A single text is all segment
    0.
missing segments add nothing: self.token_type_embeddings.weight[0] => 0
    Without token_type_ids, yours adds no segment vector. None means all 0, and row 0 of
    the table is a vector like any other.
segments ignored: token_type_ids is None => True
    token_type_ids change nothing in yours. Look them up and add them.
norm before the sum:
- summed = self.word_embeddings(input_ids) =>
| summed = self.layer_norm(self.word_embeddings(input_ids))
- self.layer_norm(summed) => summed
    The norm is applied to the words and not to the sum. Add all three first, then
    normalise once.
no norm: self.layer_norm(summed) => summed
    There is no LayerNorm after the sum. BERT has one, and its weights are made for it.
no dropout: self.dropout(self.layer_norm(summed)) => self.layer_norm(summed)
    In train mode nothing is dropped. self.dropout stands last.
words scaled: self.word_embeddings(input_ids) =>
| self.word_embeddings(input_ids) * self.layer_norm.weight.numel() ** 0.5
    The words are multiplied by the root of H, as the first Transformer did. BERT does
    not: the three are added as they are.
torch's own eps: , eps=config.layer_norm_eps =>
    The LayerNorm has torch's eps, 1e-5. Pass eps=config.layer_norm_eps: BERT has 1e-12,
    and the check 0.1.
long texts accepted:
- if T > P => if False
- weight[:T] => weight[torch.arange(T).clamp(max=P - 1)]
    A text with more tokens than positions is taken without a word. Raise ValueError:
    the user must know that the text has to be cut.
padding is row 0: config.pad_token_id => 0
    The numbers are right, and the wrong row of the word table learns. The row of [PAD]
    gets no gradient, and its number is in the configuration:
    padding_idx=config.pad_token_id.
no padding row: , padding_idx=config.pad_token_id =>
    = padding is row 0
two segments always: config.type_vocab_size => 2
    The segment table has two rows whatever the configuration says. Their number is
    config.type_vocab_size; the check has three.
512 positions always: config.max_position_embeddings => 512
    The position table has 512 rows whatever the configuration says. Their number is
    config.max_position_embeddings.
a tenth is dropped: config.hidden_dropout_prob => 0.1
    Numbers are dropped, and not the right share: it is config.hidden_dropout_prob.
dropout before the norm:
- self.dropout(self.layer_norm(summed)) => self.layer_norm(self.dropout(summed))
    Two runs in train mode differ, and no number of the result is zero: the norm after
    dropout fills the zeros again. Dropout stands last.
dropout in eval mode: self.dropout(self.layer_norm(summed)) =>
| F.dropout(self.layer_norm(summed), self.dropout.p)
    Numbers are dropped in eval mode too. nn.Dropout, made in __init__, knows the mode;
    F.dropout must be told.
no ValueError:
- if T > P => if False
- self.position_embeddings.weight[:T] => self.position_embeddings(torch.arange(T))
    A text that is too long ends in an error, and not in a ValueError. Ask first, before
    the look-up, and say in the message how many tokens fit.
as many refused:
- T > P => T >= P
- ValueError(f … max_position_embeddings') => ValueError
    A text with exactly as many tokens as positions is refused. It fits: refuse more
    only.
positions from 1: weight[:T] => weight[(torch.arange(T) + 1) % P]
    Token 0 gets row 1 of the position table. BERT counts from 0.
padding blanked: return embedded => padding = self.word_embeddings.padding_idx or 0
|         return embedded * input_ids.ne(padding)[:, :, None]
    The vectors of padding are set to zero. They are embedded like any other; attention
    hides them later (chapter 6).
names of the published layout:
- self.layer_norm = => self.LayerNorm =
- self.layer_norm(summed) => self.LayerNorm(summed)
    The norm is named LayerNorm, as in the published files. Here it is layer_norm.
products:
- summed + self.position => summed * self.position
- summed + self.token_type_embeddings.weight =>
| summed * self.token_type_embeddings.weight
- summed + self.token_type_embeddings( => summed * self.token_type_embeddings(
    The three vectors are multiplied. BERT adds them.
"""

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
    mutants=mistakes(MISTAKES),
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
