"""A pretraining model in the manner of nanoGPT, for `bench.py` to hold against.

Everything that a step needs and nothing else: one matrix for query, key and value,
torch's fused attention, batches as they come, scores at every position, AdamW in one
pass. It is what an engineer writes in an evening, with plain modules of torch.

Its tensors are those of `BertForPreTraining`, so that both start from the same weights.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining

__all__ = ["LeanBert", "lean_twin"]


class Block(nn.Module):
    """Attention and feed-forward, post-LN."""

    def __init__(self, config: BertConfig) -> None:
        """Make three matrices, and one for the way back."""
        super().__init__()
        H, I = config.hidden_size, config.intermediate_size  # noqa: E741
        self.heads = config.num_attention_heads
        self.attention_dropout = config.attention_probs_dropout_prob
        self.qkv = nn.Linear(H, 3 * H)
        self.output = nn.Linear(H, H)
        self.attention_norm = nn.LayerNorm(H, eps=config.layer_norm_eps)
        self.up = nn.Linear(H, I)
        self.down = nn.Linear(I, H)
        self.norm = nn.LayerNorm(H, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, x: Tensor, penalty: Tensor) -> Tensor:
        """Map (B, T, H) to (B, T, H)."""
        B, T, H = x.shape
        parts = self.qkv(x).view(B, T, 3, self.heads, H // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, A, T, D) each
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            penalty.to(query.dtype),
            dropout_p=self.attention_dropout if self.training else 0.0,
        )
        mixed = self.output(mixed.transpose(1, 2).reshape(B, T, H))
        x = self.attention_norm(x + self.dropout(mixed))
        return self.norm(x + self.dropout(self.down(F.gelu(self.up(x)))))  # type: ignore[no-any-return]


class LeanBert(nn.Module):
    """BERT with both pretraining losses."""

    def __init__(self, config: BertConfig) -> None:
        """Make tables, blocks and heads; the word table is the output's, too."""
        super().__init__()
        H, epsilon = config.hidden_size, config.layer_norm_eps
        self.words = nn.Embedding(config.vocab_size, H)
        self.positions = nn.Embedding(config.max_position_embeddings, H)
        self.types = nn.Embedding(config.type_vocab_size, H)
        self.norm = nn.LayerNorm(H, eps=epsilon)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.blocks = nn.ModuleList(
            Block(config) for _ in range(config.num_hidden_layers)
        )
        self.pooler = nn.Linear(H, H)
        self.relation = nn.Linear(H, 2)
        self.head = nn.Linear(H, H)
        self.head_norm = nn.LayerNorm(H, eps=epsilon)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        labels: Tensor,
        next_sentence_label: Tensor,
    ) -> Tensor:
        """Give the sum of both losses: ()."""
        T = input_ids.shape[1]
        x = self.words(input_ids) + self.positions.weight[:T]
        x = self.dropout(self.norm(x + self.types(token_type_ids)))
        lowest = torch.finfo(torch.float32).min / 2  # finite in bfloat16, too
        penalty = (attention_mask == 0)[:, None, None, :] * lowest
        for block in self.blocks:
            x = block(x, penalty)
        relation = self.relation(torch.tanh(self.pooler(x[:, 0])))
        scored = self.head_norm(F.gelu(self.head(x)))
        logits = F.linear(scored, self.words.weight, self.bias)  # (B, T, V)
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return loss + F.cross_entropy(relation, next_sentence_label)


def lean_twin(model: BertForPreTraining) -> LeanBert:
    """Make a lean model with the weights of one of the package's."""
    lean: Any = LeanBert(model.config)
    here: Any = model
    tables = here.bert.embeddings
    predictions = here.cls.predictions
    pairs = [
        (lean.words, tables.word_embeddings),
        (lean.positions, tables.position_embeddings),
        (lean.types, tables.token_type_embeddings),
        (lean.norm, tables.layer_norm),
        (lean.pooler, here.bert.pooler.dense),
        (lean.relation, here.cls.seq_relationship),
        (lean.head, predictions.dense),
        (lean.head_norm, predictions.layer_norm),
    ]
    for block, layer in zip(lean.blocks, here.bert.encoder.layers, strict=True):
        parts = [getattr(layer.attention, n) for n in ("query", "key", "value")]
        for name in ("weight", "bias"):
            joined = torch.cat([getattr(part, name).data for part in parts])
            getattr(block.qkv, name).data.copy_(joined)
        pairs += [
            (block.output, layer.attention.output),
            (block.attention_norm, layer.attention_norm),
            (block.up, layer.feed_forward.up),
            (block.down, layer.feed_forward.down),
            (block.norm, layer.feed_forward_norm),
        ]
    for mine, original in pairs:
        mine.load_state_dict(original.state_dict())
    lean.bias.data.copy_(predictions.bias.data)
    return lean  # type: ignore[no-any-return]
