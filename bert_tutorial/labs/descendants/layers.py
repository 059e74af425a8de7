"""A gated feed-forward part, norms that come first, and tables of fewer parameters.

Chapter: 23
"""

from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.embeddings import BertEmbeddings
from bert_tutorial.model.encoder import Encoder, EncoderLayer
from bert_tutorial.model.objectives import MaskedLMHead

__all__ = [
    "FactorisedEmbeddings",
    "FactorisedHead",
    "GatedFeedForward",
    "PreNormEncoder",
    "PreNormEncoderLayer",
    "gated_gelu",
]


def gated_gelu(x: Tensor) -> Tensor:
    """Let one half of the numbers open or close the other (Shazeer 2020, section 2).

    Args:
        x: (..., 2 I).

    Returns:
        (..., I): GELU of the first half times the second half, number by number.
    """
    first, gate = x.chunk(2, dim=-1)
    return F.gelu(first) * gate


class GatedFeedForward(nn.Module):
    """GeGLU: up to 2 I numbers, gated down to I, then to H.

    It has three matrices of H x I where `FeedForward` has two. With two thirds of the
    width, rounded, both have the same number of weights.
    """

    def __init__(self, config: BertConfig) -> None:
        """Make the matrices at two thirds of the configuration's width."""
        super().__init__()
        inner = round(config.intermediate_size * 2 / 3)
        self.up = nn.Linear(config.hidden_size, 2 * inner)
        self.down = nn.Linear(inner, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (B, T, H) to (B, T, H)."""
        mapped: Tensor = self.down(gated_gelu(self.up(hidden)))
        return mapped


class PreNormEncoderLayer(EncoderLayer):
    """A layer that normalises what goes into each part, and not the sum.

    x + f(norm(x)) twice (Xiong et al. 2020, table 1): nothing stands in the way of the
    residual from the embeddings to the top.
    """

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
        positions: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Map (B, T, H) to (B, T, H), and the attention weights if asked for.

        Raises:
            ValueError: only some positions are asked for; here all are computed.
        """
        if positions is not None:
            raise ValueError("positions must be None: all are computed (lean=False)")
        normed = self.attention_norm(hidden)
        mixed, weights = self.attention(normed, is_token, output_attentions)
        hidden = hidden + self.dropout(mixed)
        worked = self.feed_forward(self.feed_forward_norm(hidden))
        return hidden + self.dropout(worked), weights


class PreNormEncoder(Encoder):
    """A stack of pre-norm layers, and the one norm that they need after the last."""

    def __init__(self, config: BertConfig) -> None:
        """Make layers and norm; the embeddings are normed, so the first norm goes."""
        super().__init__(config)
        self.layers = nn.ModuleList(
            PreNormEncoderLayer(config) for _ in range(config.num_hidden_layers)
        )
        if len(self.layers):
            self.layers[0].attention_norm = nn.Identity()
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        positions: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Run all layers, then norm; arguments and results as of `Encoder`."""
        last, states, attentions = super().forward(
            hidden, is_token, output_attentions, output_hidden_states, positions
        )
        return self.norm(last), states, attentions


class FactorisedEmbeddings(BertEmbeddings):
    """Tables of E numbers a row, and one matrix that makes H of them.

    V E + E H weights for V H (Lan et al. 2020, section 3.1).
    """

    def __init__(self, config: BertConfig, E: int) -> None:
        """Make the tables (V, E), (P, E), (types, E) and the matrix."""
        super().__init__(config.changed(hidden_size=E, num_attention_heads=1))
        self.projection = nn.Linear(E, config.hidden_size)

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Map ids (B, T) to (B, T, H)."""
        projected: Tensor = self.projection(super().forward(input_ids, token_type_ids))
        return projected


class FactorisedHead(MaskedLMHead):
    """The masked-LM head for such tables: down to E numbers, then the word table."""

    def __init__(self, config: BertConfig, E: int) -> None:
        """Make the transform and the bias."""
        super().__init__(config)
        self.dense = nn.Linear(config.hidden_size, E)
        self.layer_norm = nn.LayerNorm(E, eps=config.layer_norm_eps)
