"""The command cost: what pretraining costs on rented GPUs, from stated assumptions.

Chapter: 0
"""

import argparse
from typing import Any

__all__ = ["add_cost_command"]


def add_cost_command(commands: Any) -> None:
    """Declare the command and its options."""
    cost = commands.add_parser("cost", help="estimate what pretraining costs on GPUs")
    cost.add_argument(
        "--parameters",
        type=float,
        default=110e6,
        help="of the model (default: 110e6, base)",
    )
    cost.add_argument(
        "--tokens",
        type=float,
        help="read in the whole run (default: those that BERT read)",
    )
    cost.add_argument(
        "--peak",
        type=float,
        default=989.0,
        help="TFLOPS of a GPU in bf16 (default: 989, H100)",
    )
    cost.add_argument(
        "--utilisation",
        type=float,
        default=0.35,
        help="share of the peak (default: 0.35)",
    )
    cost.add_argument("--price", type=float, required=True, help="dollars an hour")
    cost.set_defaults(run=run_cost)


def run_cost(options: argparse.Namespace) -> None:
    """Print hours and price."""
    from bert_tutorial.labs.efficiency.cost import BERT_TOKENS, gpu_hours

    tokens = BERT_TOKENS if options.tokens is None else options.tokens
    hours = gpu_hours(options.parameters, tokens, options.peak, options.utilisation)
    print(f"{hours:.0f} GPU-hours, {hours * options.price:.0f} dollars")
