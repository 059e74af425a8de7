"""Compare two models' vectors for the same tokens.

Chapter: 19
"""

from torch import Tensor

__all__ = ["linear_cka"]


def linear_cka(x: Tensor, y: Tensor) -> float:
    """Say how alike two sets of vectors for the same N things are, from 0 to 1.

    Centered kernel alignment with a linear kernel (Kornblith et al. 2019, section 3).
    Turning all vectors, or scaling them together, changes nothing: models whose axes
    are numbered otherwise can be compared.

    Args:
        x: (N, H)
        y: (N, K), for the same things in the same order.
    """
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    together = (x.mT @ y).square().sum()
    alone = (x.mT @ x).norm() * (y.mT @ y).norm()
    return float(together / alone)
