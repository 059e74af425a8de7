"""A pretrained model to go on from, on texts of another kind.

Chapter: 12
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import read_json, weight_files
from bert_tutorial.files.hub import find_folder
from bert_tutorial.model.config import BertConfig, dropout_changes
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.tokenization.vocabulary import check_vocabulary_size

__all__ = ["Start"]

# Choices of a recipe that a pretrained model has made already.
OF_A_NEW_MODEL = (
    "config",
    "vocab_size",
    "cased",
    "initializer_range",
    "position_initializer_range",
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """A pretrained model to go on from; `find` makes it.

    Attributes:
        name: the folder or hub id that was asked for.
        folder: where its files are.
        new_heads: let pretraining heads that the files lack start fresh.
        allow_bin: read an old pytorch_model.bin where there is nothing better.
    """

    name: str
    folder: Path
    new_heads: bool = False
    allow_bin: bool = False

    @classmethod
    def find(
        cls,
        name: str | Path,
        *,
        revision: str | None = None,
        new_heads: bool = False,
        allow_bin: bool = False,
    ) -> "Start":
        """Find the model's folder on disk, or fetch it from the hub.

        Args:
            name: a folder, or a hub id.
            revision: commit, branch or tag on the hub.
            new_heads: see above.
            allow_bin: see above.

        Raises:
            CheckpointError: there is neither.
        """
        folder = find_folder(name, revision, allow_bin)
        return cls(
            name=str(name), folder=folder, new_heads=new_heads, allow_bin=allow_bin
        )

    @property
    def config(self) -> BertConfig:
        """Read its configuration."""
        return BertConfig.from_dict(read_json(self.folder / "config.json"))

    def defaults(self) -> dict[str, Any]:
        """Choose what suits this model: its length, and a rate by its size.

        Published models of 512 dimensions and more go on with 1e-4 or less; the
        small ones of this package stand a third of what they were trained with.
        """
        config = self.config
        size = config.hidden_size
        return {
            "max_length": min(CorpusRecipe.max_length, config.max_position_embeddings),
            "learning_rate": 5e-5 if size >= 512 else 3e-4 if size >= 128 else 1e-3,
        }

    def check(self, recipe: CorpusRecipe) -> None:
        """Refuse what cannot be loaded, before any work is done.

        Raises:
            UserError: the model has fewer positions than `max_length`, a choice of
                the recipe is out of its range, or is one that only a new model has.
        """
        usual = CorpusRecipe()
        for name in OF_A_NEW_MODEL:
            if getattr(recipe, name) != getattr(usual, name):
                raise UserError(
                    f"{name} does nothing in a run that goes on from a model, which "
                    f"brings its own; got {getattr(recipe, name)!r}, leave it out"
                )
        config = self.config.changed(**dropout_changes(recipe.dropout))
        weight_files(self.folder, self.allow_bin)
        if recipe.max_length > config.max_position_embeddings:
            raise UserError(
                f"max_length must be at most {config.max_position_embeddings}, the "
                f"positions of the model, got {recipe.max_length}"
            )

    def load(self, recipe: CorpusRecipe, pieces: int) -> BertForPreTraining:
        """Load the weights; what the files lack starts fresh, in `missing_keys`.

        Args:
            recipe: says the dropout, if another than the model's own.
            pieces: of its vocabulary.

        Raises:
            CheckpointError: naming the file and what does not fit.
        """
        check_vocabulary_size(self.folder, pieces, self.config.vocab_size)
        return BertForPreTraining.from_pretrained(
            self.folder,
            new_heads=self.new_heads,
            allow_bin=self.allow_bin,
            **dropout_changes(recipe.dropout),
        )

    def digest(self) -> str:
        """Compute the SHA-256 of the weight files."""
        return weights_digest(self.folder, self.allow_bin)


def weights_digest(folder: Path, allow_bin: bool) -> str:
    """Compute one SHA-256 of all weight files of a model, however many there are.

    Args:
        folder: of the model.
        allow_bin: read an old pytorch_model.bin where there is nothing better.
    """
    digest = hashlib.sha256()
    for file in weight_files(folder, allow_bin):
        with open(file, "rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()
