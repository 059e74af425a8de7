"""Names of published models as people write them."""

import pytest

from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import find_folder

OLD = [
    "bert-base-uncased",
    "bert-large-cased-whole-word-masking",
    "bert-base-multilingual-cased",
    "bert-base-chinese",
]


@pytest.mark.parametrize("name", OLD)
def test_a_name_from_before_names_had_owners_is_known(name):
    with pytest.raises(CheckpointError, match=f"did you mean google-bert/{name}[?]$"):
        find_folder(name)


@pytest.mark.parametrize("name", ["bert-tiny", "roberta-base", "a/b/c", "bert-base"])
def test_other_names_are_not_guessed(name):
    with pytest.raises(CheckpointError, match=r"such as owner/name$"):
        find_folder(name)
