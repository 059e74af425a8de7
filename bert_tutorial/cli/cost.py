"""The command cost: what pretraining costs on rented GPUs, from stated assumptions.

Chapter: 0
"""

import argparse
import math
from pathlib import Path
from typing import Any

__all__ = ["add_cost_command"]


def add_cost_command(commands: Any) -> None:
    """Declare the command and its options."""
    cost = commands.add_parser("cost", help="estimate what pretraining costs on GPUs")
    model = cost.add_mutually_exclusive_group()
    model.add_argument(
        "--config",
        default="base",
        help="tiny, mini, small, medium, base, large, a config.json or a model's "
        "folder (default: base)",
    )
    model.add_argument(
        "--parameters",
        type=float,
        help="weights of another model, at six operations for each weight and token; "
        "for small models that is too many (default: count those of --config)",
    )
    cost.add_argument(
        "--tokens",
        type=float,
        help="tokens of the whole run, repetitions included (default: as many as BERT "
        "read, 42.6e9)",
    )
    cost.add_argument(
        "--peak",
        type=float,
        default=989.0,
        help="peak TFLOPS of a GPU in bf16 (default: 989, an H100)",
    )
    cost.add_argument(
        "--utilisation",
        type=float,
        default=0.35,
        help="fraction of the peak that is reached (default: 0.35)",
    )
    cost.add_argument(
        "--price", type=float, required=True, help="dollars per GPU and hour"
    )
    cost.set_defaults(run=run_cost)


def run_cost(options: argparse.Namespace) -> None:
    """Print operations, hours and price."""
    from bert_tutorial.labs.efficiency.cost import gpu_hours

    operations, how = operations_of(options)
    hours = gpu_hours(operations, options.peak, options.utilisation)
    print(f"{operations:.1e} operations, {how}")
    print(f"{shown(hours)} GPU-hours, {shown(hours * options.price)} dollars")


def shown(number: float) -> str:
    """Write a number to a whole one, or to two digits where that would be few."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def operations_of(options: argparse.Namespace) -> tuple[float, str]:
    """Count the operations of a run, and say how."""
    from bert_tutorial.files.errors import UserError
    from bert_tutorial.files.texts import read_object
    from bert_tutorial.labs.efficiency.cost import BERT_TOKENS, run_operations
    from bert_tutorial.model.config import SIZES, BertConfig

    tokens = BERT_TOKENS if options.tokens is None else options.tokens
    sizes = {"tokens": tokens, "price": options.price}
    if options.parameters is not None:
        sizes["parameters"] = options.parameters
    for name, value in sizes.items():
        if not 0 < value < math.inf:
            raise UserError(f"--{name} must be above 0, got {value:g}")
    if options.parameters is not None:
        return 6 * options.parameters * tokens, "six a parameter and token"
    name = options.config
    if name in SIZES:
        config = BertConfig.named(name)
    else:
        file = Path(name, "config.json") if Path(name).is_dir() else Path(name)
        if not file.is_file():
            sizes_known = ", ".join(SIZES)
            raise UserError(f"--config must be one of {sizes_known} or a file: {name}")
        config = BertConfig.from_dict(read_object(file))
    return run_operations(config, tokens), "counted product by product"
