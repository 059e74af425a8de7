"""The encoder: layers of attention and feed-forward, each with residual and norm.

Chapter: 8
Used from: 1
"""

from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.attention import SelfAttention
from bert_tutorial.model.config import BertConfig

__all__ = ["Encoder", "EncoderLayer", "FeedForward", "gelu"]


def gelu(x: Tensor, form: str = "gelu") -> Tensor:
    """Apply GELU, x times the normal distribution function of x, to each number.

    Hendrycks and Gimpel 2016 give both forms. "gelu" is exact (erf), as in the first
    release of BERT; the original code since February 2019 uses the tanh approximation
    ("gelu_new", "gelu_pytorch_tanh"), which differs by at most 4.7e-4.
    """
    return F.gelu(x, approximate="none" if form == "gelu" else "tanh")


class FeedForward(nn.Module):
    """Work on each token alone: up to I dimensions, GELU, down to H."""

    def __init__(self, config: BertConfig) -> None:
        """Make the two matrices."""
        super().__init__()
        self.up = nn.Linear(config.hidden_size, config.intermediate_size)
        self.down = nn.Linear(config.intermediate_size, config.hidden_size)
        self.form = config.hidden_act

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (B, T, H) to (B, T, H)."""
        return self.down(gelu(self.up(hidden), self.form))


class EncoderLayer(nn.Module):
    """One layer, post-LN: norm(x + dropout(f(x))) twice (Vaswani et al. 2017, 3.1)."""

    def __init__(self, config: BertConfig) -> None:
        """Make attention, feed-forward and the two LayerNorms."""
        super().__init__()
        H, epsilon = config.hidden_size, config.layer_norm_eps
        self.attention = SelfAttention(config)
        self.attention_norm = nn.LayerNorm(H, eps=epsilon)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = nn.LayerNorm(H, eps=epsilon)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
        positions: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Map (B, T, H) to (B, T, H), and the attention weights if asked for.

        With positions (B, M), only what comes out there is computed: (B, M, H).
        """
        if positions is None:
            mixed, weights = self.attention(hidden, is_token, output_attentions)
        else:  # all tokens still answer, with their keys and values
            asking = hidden.take_along_dim(positions[:, :, None], dim=1)
            mixed, weights = self.attention(hidden, is_token, output_attentions, asking)
            hidden = asking
        hidden = self.attention_norm(hidden + self.dropout(mixed))
        worked = self.feed_forward(hidden)
        return self.feed_forward_norm(hidden + self.dropout(worked)), weights


class Encoder(nn.Module):
    """A stack of layers; there is no norm after the last one."""

    def __init__(self, config: BertConfig) -> None:
        """Make the layers."""
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(config) for _ in range(config.num_hidden_layers)
        )

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        positions: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Run all layers.

        Args:
            hidden: (B, T, H), the embeddings.
            is_token: (B, T) bool or None.
            output_attentions: keep the weights of each layer.
            output_hidden_states: keep the output of each layer.
            positions: (B, M), where the last layer is to be computed; None: everywhere.

        Returns:
            The output of the last layer (B, T, H), or (B, M, H) at the positions; the
            embeddings and the output of each layer: L + 1 tensors, or none; the weights
            of each layer: L tensors (B, A, T, T), or none.
        """
        states = [hidden] if output_hidden_states else []
        attentions = []
        if positions is not None and not self.layers:  # no layer that would choose
            hidden = hidden.take_along_dim(positions[:, :, None], dim=1)  # (B, M, H)
        for number, layer in enumerate(self.layers, start=1):
            if positions is not None and number == len(self.layers):
                hidden, weights = layer(hidden, is_token, output_attentions, positions)
            else:  # the next layer needs the keys and values of all tokens
                hidden, weights = layer(hidden, is_token, output_attentions)
            if output_hidden_states:
                states.append(hidden)
            if weights is not None:
                attentions.append(weights)
        return hidden, states, attentions
