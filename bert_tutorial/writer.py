"""A model that writes summaries: the encoder reads, the decoder writes.

Chapter: 17
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.checkpoint import PreTrained
from bert_tutorial.config import BertConfig
from bert_tutorial.decoder import Decoder, KeysValues
from bert_tutorial.heads import MaskedLMHeads
from bert_tutorial.model import BertModel, initialise
from bert_tutorial.task_data import Example
from bert_tutorial.tasks import LogitsOutput
from bert_tutorial.tokenizer import BertTokenizer

__all__ = ["BertWithDecoder", "encode_writing", "greedy_ids", "write_summary"]


class BertWithDecoder(PreTrained):
    """Encoder and decoder; word table and output head are those of pretraining.

    The decoder is new: loaded from a pretrained folder it starts from random weights.
    """

    _optional = ("decoder.", "cls.")

    def __init__(self, config: BertConfig) -> None:
        """Make the encoder, a decoder of as many layers, and the head over words."""
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.decoder = Decoder(config)
        self.cls = MaskedLMHeads(config)
        initialise(self.decoder, config)
        initialise(self.cls, config)
        self.cls.predictions.tie(self.bert.embeddings.word_embeddings)

    def read(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> tuple[list[KeysValues], Tensor]:
        """Encode the source (B, S): each layer's memory, and (B, S) bool."""
        out = self.bert(input_ids, attention_mask, token_type_ids)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        return self.decoder.read(out.last_hidden_state), mask.bool()

    def next_logits(
        self,
        written: Tensor,
        source: tuple[list[KeysValues], Tensor],
        past: list[KeysValues] | None = None,
    ) -> tuple[Tensor, list[KeysValues]]:
        """Score the word that follows each place.

        Args:
            written: (B, T) all ids so far, from [CLS] on.
            source: from `read`.
            past: from the call before; then only the places since are computed.

        Returns:
            Logits (B, new places, V), and what the next call takes as `past`.
        """
        before = past[0].key.shape[2] if past else 0
        embedded = self.bert.embeddings(written)[:, before:]  # (B, T - before, H)
        hidden, kept = self.decoder(embedded, *source, past)
        return self.cls.predictions(hidden), kept

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> LogitsOutput:
        """Score each word of a given summary from the words before it.

        Args:
            input_ids: (B, S), the source.
            attention_mask: (B, S), 1 for real tokens, or None.
            token_type_ids: (B, S), or None.
            labels: (B, T), [CLS] summary [SEP], -100 after it.

        Returns:
            Logits (B, T - 1, V) for the words after the first, where T is the longest
            summary's length, and their mean loss.

        Raises:
            ValueError: labels are missing; to write without them see `greedy_ids`.
        """
        if labels is None:
            raise ValueError("labels must be given; write_summary works without them")
        source = self.read(input_ids, attention_mask, token_type_ids)
        labels = labels[:, : int((labels != -100).sum(dim=1).max())]
        given = labels[:, :-1].clamp(min=0)  # what stands for -100 is never scored
        logits, _ = self.next_logits(given, source)
        loss = F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        return LogitsOutput(logits, loss)


def source_ids(
    tokenizer: BertTokenizer, sentences: Sequence[str], max_length: int
) -> list[int]:
    """Encode a document as one text: [CLS] sentences [SEP], cut to max_length."""
    if isinstance(sentences, str) or not sentences:
        raise ValueError(
            f"sentences must be a list of at least one text, got {sentences!r:.40}"
        )
    ids = tokenizer.encode(" ".join(sentences)).ids
    return ids if len(ids) <= max_length else [*ids[: max_length - 1], ids[-1]]


def encode_writing(
    tokenizer: BertTokenizer,
    sentences: Sequence[str],
    summary: str,
    max_length: int = 512,
) -> Example:
    """Make an example of a document and the summary to write.

    The source is [CLS] document [SEP]; what does not fit max_length is cut, so the
    writer never sees it. The target is [CLS] summary [SEP].

    Raises:
        ValueError: the summary has more tokens than the document.
    """
    source = source_ids(tokenizer, sentences, max_length)
    target = tokenizer.encode(summary).ids
    if len(target) > len(source):
        raise ValueError(
            f"a summary must not be longer than its document: {len(source)} tokens, "
            f"got {len(target)} of {summary!r:.40}"
        )
    return Example(source, [0] * len(source), {"labels": target})


@torch.no_grad()
def greedy_ids(
    model: BertWithDecoder,
    input_ids: Tensor,
    attention_mask: Tensor | None = None,
    token_type_ids: Tensor | None = None,
    *,
    start_id: int,
    end_id: int,
    max_new: int = 30,
) -> list[list[int]]:
    """Write the likeliest next word, again and again, until the end mark.

    Args:
        model: in eval mode.
        input_ids: (B, S), the sources.
        attention_mask: (B, S), or None.
        token_type_ids: (B, S), or None.
        start_id: the first id, [CLS].
        end_id: what ends a summary, [SEP].
        max_new: no more words than these.

    Returns:
        The ids of each summary, without the two marks.

    Raises:
        ValueError: max_new is less than 1 or more than there are positions.
    """
    most = model.config.max_position_embeddings
    if not 1 <= max_new <= most:
        raise ValueError(f"max_new must be from 1 to {most}, got {max_new}")
    source = model.read(input_ids, attention_mask, token_type_ids)
    written = torch.full_like(input_ids[:, :1], start_id)
    past: list[KeysValues] | None = None
    for _ in range(max_new):
        logits, past = model.next_logits(written, source, past)
        written = torch.cat([written, logits[:, -1:].argmax(dim=-1)], dim=1)
        if (written == end_id).any(dim=1).all():
            break
    rows = [row[1:] for row in written.tolist()]
    return [row[: row.index(end_id)] if end_id in row else row for row in rows]


def write_summary(
    model: BertWithDecoder,
    tokenizer: BertTokenizer,
    sentences: Sequence[str],
    max_new: int = 30,
) -> str:
    """Write a summary of one document, cut to the model's positions.

    Dropout is off meanwhile.
    """
    most = model.config.max_position_embeddings
    device = next(model.parameters()).device
    ids = torch.tensor([source_ids(tokenizer, sentences, most)], device=device)
    was_training = model.training
    model.eval()
    (row,) = greedy_ids(
        model,
        ids,
        start_id=tokenizer.cls_id,
        end_id=tokenizer.sep_id,
        max_new=max_new,
    )
    model.train(was_training)
    return tokenizer.decode(row)
