"""A question that only order can answer: which word stands three positions before?

The words are drawn, so nothing but the position says which one is asked for. A model
learns it on short texts and is asked on longer ones.

Chapter: 23
"""

import torch
from torch import Tensor

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.embeddings import BertEmbeddings
from bert_tutorial.model.objectives import BertForPreTraining

__all__ = ["LOOK_BACK", "RandomStart", "look_back_accuracy", "look_back_batch"]

BACK = 3
LOOK_BACK = BertConfig(
    vocab_size=25,
    hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=128,
    max_position_embeddings=256,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    initializer_range=0.125,
    position_initializer_range=0.125,
)


def look_back_batch(B: int, T: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw texts of random words; each label is the word three positions before.

    Args:
        B: texts.
        T: words of each, at least 4.
        generator: source of the words.

    Returns:
        A batch for `pretraining_loss`: input_ids and labels (B, T). The first three
        positions are not asked.
    """
    ids = torch.randint(5, LOOK_BACK.vocab_size, (B, T), generator=generator)
    labels = torch.full_like(ids, -100)
    labels[:, BACK:] = ids[:, :-BACK]
    return {"input_ids": ids, "labels": labels}


@torch.no_grad()
def look_back_accuracy(
    model: BertForPreTraining, T: int, start: int = BACK, B: int = 32
) -> float:
    """Say how often a model is right on texts of T words, from a position on.

    Guessing would be right once in 20 times.
    """
    was_training = model.training
    model.eval()
    batch = look_back_batch(B, T, torch.Generator().manual_seed(T))
    hidden = model.bert(batch["input_ids"].to(model.device)).last_hidden_state
    best = model.cls.predictions(hidden[:, start:]).argmax(dim=-1).cpu()
    model.train(was_training)
    return (best == batch["labels"][:, start:]).float().mean().item()


class RandomStart(BertEmbeddings):
    """Learned positions, all of which are trained: each batch begins at a drawn row.

    The control: short texts see every row of the table. When evaluating, texts begin
    at row 0 as ever.
    """

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Map ids (B, T) to (B, T, H); all tokens are of the first segment."""
        table, T = self.position_embeddings.weight, input_ids.shape[1]
        start = int(torch.randint(len(table) - T + 1, ())) if self.training else 0
        summed = self.word_embeddings(input_ids) + table[start : start + T]
        summed = summed + self.token_type_embeddings.weight[0]
        embedded: Tensor = self.dropout(self.layer_norm(summed))
        return embedded
