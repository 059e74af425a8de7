"""Positions by rotation, and a mask that lets most layers look at neighbours only.

Both go into attention: the rotation changes queries and keys before they meet, the mask
says which of them meet.

Chapter: 23
"""

import torch
from torch import Tensor, nn

from bert_tutorial.model.attention import SelfAttention, merge_heads, split_heads
from bert_tutorial.model.config import BertConfig

__all__ = ["LocalAttention", "RotaryAttention", "Rotated", "local_mask", "rotate"]


def rotate(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Rotate each pair of numbers by an angle that grows with the position.

    Rotary positions (Su et al. 2021, section 3.2.2), with the pairs of today's code: of
    D numbers, number i is paired with number i + D/2. At position p, counted from 0,
    pair i is rotated by p / base^(2 i / D). The score of a query at p and a key at q
    then depends on p and q only through p - q.

    Args:
        x: (..., T, D), queries or keys of a head; D is even.
        base: the larger it is, the more slowly the last pairs rotate.

    Returns:
        (..., T, D), each vector as long as before.
    """
    T, D = x.shape[-2:]
    pair = torch.arange(0, D, 2, dtype=x.dtype, device=x.device)  # 2 i
    position = torch.arange(T, dtype=x.dtype, device=x.device)
    angle = position[:, None] / base ** (pair / D)  # (T, D/2)
    first, second = x.chunk(2, dim=-1)
    turned_first = first * angle.cos() - second * angle.sin()
    turned_second = first * angle.sin() + second * angle.cos()
    return torch.cat([turned_first, turned_second], dim=-1)


def local_mask(is_token: Tensor, reach: int, layer: int, every: int) -> Tensor:
    """Build the mask of a global or a local layer (Warner et al. 2024, section 2.1.2).

    Layers 0, `every`, 2 `every` ... are global: all tokens see all tokens. In the
    others a token sees those that are at most `reach` positions away on either side.
    Padding is never seen.

    Args:
        is_token: (B, T) bool, False at padding.
        reach: positions on each side; a window of 128 is a reach of 64.
        layer: its number, from 0.
        every: each how many layers one is global.

    Returns:
        (B, 1, T, T) bool: rows ask, columns answer.
    """
    position = torch.arange(is_token.shape[1], device=is_token.device)
    distance = (position[:, None] - position).abs()  # (T, T)
    is_near = (distance <= reach) | (layer % every == 0)
    return is_near & is_token[:, None, None, :]


class Rotated(nn.Module):
    """A dense layer whose result is rotated, head by head."""

    def __init__(self, linear: nn.Linear, A: int, base: float) -> None:
        """Keep the layer, the number of heads and the base."""
        super().__init__()
        self.linear, self.num_heads, self.base = linear, A, base

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (B, T, H) to (B, T, H); position 0 is the first of the T."""
        heads = split_heads(self.linear(hidden), self.num_heads)  # (B, A, T, D)
        return merge_heads(rotate(heads, self.base))


class _AllAsk(nn.Module):
    """An attention that depends on positions, so that all tokens have to ask."""

    def attend(
        self, hidden: Tensor, is_token: Tensor | None, output_attentions: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Map (B, T, H) to (B, T, H), and the weights (B, A, T, T) if asked for."""
        raise NotImplementedError

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
        asking: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Let every token look; arguments and results are those of `SelfAttention`.

        Raises:
            ValueError: only some tokens are asking, as in the lean last layer: it hands
                them in without their positions.
        """
        if asking is not None:
            raise ValueError("asking must be None: all tokens ask (lean=False)")
        return self.attend(hidden, is_token, output_attentions)


class RotaryAttention(_AllAsk, SelfAttention):
    """The attention of chapter 7, with rotated queries and keys; values stay."""

    def __init__(self, config: BertConfig, base: float = 10_000.0) -> None:
        """Make the four matrices, and rotate what two of them give."""
        super().__init__(config)
        self.query = Rotated(self.query, self.num_heads, base)  # type: ignore[assignment]
        self.key = Rotated(self.key, self.num_heads, base)  # type: ignore[assignment]

    def attend(
        self, hidden: Tensor, is_token: Tensor | None, output_attentions: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Attend as chapter 7 does."""
        return SelfAttention.forward(self, hidden, is_token, output_attentions)


class LocalAttention(_AllAsk):
    """Any attention, which sees only what `local_mask` lets it see."""

    def __init__(self, inner: nn.Module, reach: int, layer: int, every: int) -> None:
        """Keep the attention, and what its mask depends on."""
        super().__init__()
        self.inner = inner
        self.reach, self.layer, self.every = reach, layer, every

    def attend(
        self, hidden: Tensor, is_token: Tensor | None, output_attentions: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Attend with the layer's mask."""
        if is_token is None:
            is_token = hidden.new_ones(hidden.shape[:2], dtype=torch.bool)
        mask = local_mask(is_token, self.reach, self.layer, self.every)
        mixed: tuple[Tensor, Tensor | None] = self.inner(
            hidden, mask, output_attentions
        )
        return mixed
