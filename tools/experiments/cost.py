"""Estimate what pretraining costs on rented GPUs, from stated assumptions.

    python tools/experiments/cost.py --parameters 110e6 --tokens 42.6e9 --peak 989
        --price 3.00

A training step takes about six operations for each parameter and token: two forward,
four backward. Utilisation is the share of the GPU's peak that a run reaches.
"""

import argparse

__all__ = ["gpu_hours"]

BERT_TOKENS = 256 * (900_000 * 128 + 100_000 * 512)  # Devlin et al. 2019, A.2


def gpu_hours(
    parameters: float, tokens: float, peak_tflops: float, utilisation: float
) -> float:
    """Give the hours of one GPU.

    Args:
        parameters: of the model.
        tokens: read in the whole run, each time that they are read.
        peak_tflops: dense bf16 peak of the GPU, 10^12 operations a second.
        utilisation: share of it that the run reaches, above 0 and at most 1.

    Raises:
        ValueError: utilisation is out of its range.
    """
    if not 0 < utilisation <= 1:
        raise ValueError(
            f"utilisation must be above 0 and at most 1, got {utilisation}"
        )
    seconds = 6 * parameters * tokens / (peak_tflops * 1e12 * utilisation)
    return seconds / 3600


def main() -> None:
    """Print hours and price."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--parameters", type=float, default=110e6)
    parser.add_argument("--tokens", type=float, default=float(BERT_TOKENS))
    parser.add_argument("--peak", type=float, default=989, help="TFLOPS in bf16")
    parser.add_argument("--utilisation", type=float, default=0.35)
    parser.add_argument("--price", type=float, required=True, help="dollars an hour")
    options = parser.parse_args()
    hours = gpu_hours(
        options.parameters, options.tokens, options.peak, options.utilisation
    )
    print(f"{hours:.0f} GPU-hours, {hours * options.price:.0f} dollars")


if __name__ == "__main__":
    main()
