"""A model that writes summaries: the encoder reads, the decoder writes.

Each layer of the decoder looks three times: at what is written so far, at the source,
and at each position alone (Vaswani et al. 2017, section 3.1). Post-LN, as the encoder.

Chapter: 17
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.attention import attention, merge_heads, split_heads
from bert_tutorial.model.bert import BertModel, initialise
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.encoder import FeedForward
from bert_tutorial.model.objectives import MaskedLMHeads
from bert_tutorial.model.task_heads import LogitsOutput
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "BertWithDecoder",
    "Decoder",
    "DecoderLayer",
    "KeysValues",
    "LookBack",
    "decoder_masks",
    "encode_writing",
    "greedy_ids",
    "write_summary",
]


class KeysValues(NamedTuple):
    """Keys and values that a layer looks at: (B, A, S, D) each."""

    key: Tensor
    value: Tensor


def decoder_masks(T: int, source_is_token: Tensor) -> tuple[Tensor, Tensor]:
    """Say what the T positions of the target may see; True is visible.

    A position sees itself and those before it, and all of the source but the padding.
    Padding of the target needs no mask of its own: it stands after the real words.

    Args:
        T: positions of the target.
        source_is_token: (B, S) bool.

    Returns:
        (1, 1, T, T) for the target and (B, 1, 1, S) for the source: rows ask,
        columns answer.
    """
    position = torch.arange(T, device=source_is_token.device)
    is_past = position[None, :] <= position[:, None]  # (T, T)
    return is_past[None, None], source_is_token[:, None, None, :]


class LookBack(nn.Module):
    """Attention whose queries and keys may come from different texts."""

    def __init__(self, config: BertConfig) -> None:
        """Make four square matrices with biases."""
        super().__init__()
        H = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.dropout_prob = config.attention_probs_dropout_prob
        self.query = nn.Linear(H, H)
        self.key = nn.Linear(H, H)
        self.value = nn.Linear(H, H)
        self.output = nn.Linear(H, H)

    def remember(self, hidden: Tensor, past: KeysValues | None = None) -> KeysValues:
        """Make keys and values of (B, S, H), after those of the past if there are."""
        key = split_heads(self.key(hidden), self.num_heads)  # (B, A, S, D)
        value = split_heads(self.value(hidden), self.num_heads)
        if past is None:
            return KeysValues(key, value)
        return KeysValues(
            torch.cat([past.key, key], 2), torch.cat([past.value, value], 2)
        )

    def forward(self, hidden: Tensor, memory: KeysValues, is_visible: Tensor) -> Tensor:
        """Let each position of (B, T, H) look at a memory; gives (B, T, H)."""
        query = split_heads(self.query(hidden), self.num_heads)  # (B, A, T, D)
        dropout = self.dropout_prob if self.training else 0.0
        mixed = attention(query, *memory, is_visible, dropout)
        out: Tensor = self.output(merge_heads(mixed))
        return out


class DecoderLayer(nn.Module):
    """Three steps, each norm(x + dropout(f(x))): target, source, each alone."""

    def __init__(self, config: BertConfig) -> None:
        """Make two attentions, feed-forward and three LayerNorms."""
        super().__init__()
        H, epsilon = config.hidden_size, config.layer_norm_eps
        self.self_attention = LookBack(config)
        self.self_norm = nn.LayerNorm(H, eps=epsilon)
        self.cross_attention = LookBack(config)
        self.cross_norm = nn.LayerNorm(H, eps=epsilon)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = nn.LayerNorm(H, eps=epsilon)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self,
        hidden: Tensor,
        source: KeysValues,
        masks: tuple[Tensor, Tensor],
        past: KeysValues | None = None,
    ) -> tuple[Tensor, KeysValues]:
        """Run the layer on T new positions.

        Args:
            hidden: (B, T, H).
            source: keys and values of the source, from `cross_attention.remember`.
            masks: for the target (1, 1, T, T + past) and the source (B, 1, 1, S).
            past: keys and values of the positions before, or None.

        Returns:
            (B, T, H), and keys and values of all positions so far.
        """
        own = self.self_attention.remember(hidden, past)
        mixed = self.self_attention(hidden, own, masks[0])
        hidden = self.self_norm(hidden + self.dropout(mixed))
        mixed = self.cross_attention(hidden, source, masks[1])
        hidden = self.cross_norm(hidden + self.dropout(mixed))
        worked = self.feed_forward(hidden)
        return self.feed_forward_norm(hidden + self.dropout(worked)), own


class Decoder(nn.Module):
    """A stack of layers."""

    def __init__(self, config: BertConfig) -> None:
        """Make as many layers as the encoder has."""
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(config) for _ in range(config.num_hidden_layers)
        )

    def read(self, source: Tensor) -> list[KeysValues]:
        """Make each layer's keys and values of the source (B, S, H), once a text."""
        memories = []
        for layer in self.layers:
            assert isinstance(layer, DecoderLayer)
            memories.append(layer.cross_attention.remember(source))
        return memories

    def forward(
        self,
        hidden: Tensor,
        source: list[KeysValues],
        source_is_token: Tensor,
        past: list[KeysValues] | None = None,
    ) -> tuple[Tensor, list[KeysValues]]:
        """Run all layers on T new positions.

        Args:
            hidden: (B, T, H), the embeddings of the new positions.
            source: from `read`.
            source_is_token: (B, S) bool.
            past: what an earlier call gave for the positions before, or None.

        Returns:
            (B, T, H), and the keys and values of each layer for the next call.
        """
        T = hidden.shape[1]
        before = past[0].key.shape[2] if past else 0
        target_mask, source_mask = decoder_masks(before + T, source_is_token)
        masks = target_mask[:, :, before:], source_mask
        kept = []
        for number, layer in enumerate(self.layers):
            own = past[number] if past else None
            hidden, present = layer(hidden, source[number], masks, own)
            kept.append(present)
        return hidden, kept


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
        """Score the word that follows each position.

        Args:
            written: (B, T) all ids so far, from [CLS] on.
            source: from `read`.
            past: from the call before; then only the positions since are computed.

        Returns:
            Logits (B, new positions, V), and what the next call takes as `past`.
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
