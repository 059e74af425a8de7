"""What a tokenizer's folder says: pieces, rules for text, added tokens, length.

Most folders say what BERT does, and `BertTokenizer` does it in Python. A folder may say
more: tokens added for a task, letters that keep their case, other rules for words. Then
the `tokenizers` library, whose files these are, reads them and cuts the texts. What
neither can do is refused by the name of its entry: nothing is passed over.

Chapter: 3
Used from: 1
"""

import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from bert_tutorial.files.errors import Notice, UserError
from bert_tutorial.files.texts import instead_of_model, read_object
from bert_tutorial.tokenization.vocabulary import (
    SPECIAL_TOKENS,
    load_vocabulary,
    tokens_of,
)
from bert_tutorial.tokenization.wordpiece import MAX_WORD_LENGTH

__all__ = ["TokenizerFiles", "compile_rules", "read_tokenizer_folder"]

SURROGATE = re.compile("[\ud800-\udfff]")

CONFIG, WHOLE = "tokenizer_config.json", "tokenizer.json"
ADDED, SPECIALS = "added_tokens.json", "special_tokens_map.json"
# Every file by which a folder can describe a tokenizer, beside vocab.txt.
FILES = (CONFIG, WHOLE, ADDED, SPECIALS)
NO_LIMIT = 10**9  # transformers writes 1e30 for "no limit"
# Settings that would change the pieces, or where [PAD] stands, if they were otherwise.
_ONLY: dict[str, tuple[object, ...]] = {
    "do_basic_tokenize": (None, True),
    "never_split": (None, []),
    "wordpieces_prefix": (None, "##"),
    "clean_text": (None, True),
    "padding_side": (None, "right"),
    "truncation_side": (None, "right"),
    "add_prefix_space": (None, False),
    "split_special_tokens": (None, False),
}
_ROLES = dict(
    zip(
        ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"),
        SPECIAL_TOKENS,
        strict=True,
    )
)
_LISTS = ("additional_special_tokens", "extra_special_tokens")
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class TokenizerFiles(NamedTuple):
    """What a folder says.

    Args:
        tokens: the pieces of the vocabulary in the order of their ids, without those
            that were added.
        do_lower_case: whether letters are lower-cased.
        compiled: the tokenizer that does what the folder says, where that is not what
            BERT does; None where it is.
        max_length: tokens that the model reads at most, None where nothing says it.
        is_stated: whether a file says what becomes of capital letters.
    """

    tokens: list[str]
    do_lower_case: bool
    compiled: Tokenizer | None
    max_length: int | None
    is_stated: bool


def read_tokenizer_folder(
    folder: str | os.PathLike[str], do_lower_case: bool | None = None
) -> TokenizerFiles:
    """Read a tokenizer that this package or the transformers library has saved.

    Args:
        folder: holds vocab.txt or tokenizer.json, and perhaps tokenizer_config.json,
            added_tokens.json and special_tokens_map.json.
        do_lower_case: in place of what the files say, or None.

    Returns:
        See TokenizerFiles.

    Raises:
        ValueError: there is no vocabulary, two files contradict each other, or an entry
            cannot be obeyed. The message names file and entry.
    """
    path = Path(folder)
    config, whole, added, specials = (
        read_object(path / name) if (path / name).exists() else {} for name in FILES
    )
    if do_lower_case is not None:
        config["do_lower_case"] = do_lower_case
    settings = _settings(path, config, specials)
    if whole:
        if do_lower_case is not None:
            _set_case(path / WHOLE, whole, do_lower_case)
        tokens, compiled = read_compiled(path / WHOLE, whole)
        _refuse_other_pieces(path / "vocab.txt", tokens)
        rules = _rules_of(whole.get("normalizer"))
        _refuse_contradictions(path, settings, rules)
        lower = bool(rules["do_lower_case"])
    else:
        tokens = _vocabulary(path)
        lower = settings.get("do_lower_case", True)
        compiled = compile_rules(
            {token: i for i, token in enumerate(tokens)},
            lower,
            settings.get("strip_accents"),
            settings.get("tokenize_chinese_chars", True),
        )
    _add_tokens(path, compiled, config, added, specials)
    return TokenizerFiles(
        tokens,
        lower,
        None if _is_plain(compiled, lower) else compiled,
        _length(path, config, whole),
        bool(whole) or "do_lower_case" in config,
    )


def _vocabulary(path: Path) -> list[str]:
    """Read the older file, where there is no tokenizer.json."""
    if not (path / "vocab.txt").exists():
        raise UserError(
            f"{path} must hold vocab.txt or tokenizer.json, got neither; "
            f"{_instead_of_words(path)}"
        )
    return load_vocabulary(path / "vocab.txt")


def _instead_of_words(path: Path) -> str:
    """Say what a folder without a vocabulary of WordPiece has in place of it."""
    for kind in ("merges.txt", "*.model", "vocab.json"):
        for found in sorted(path.glob(kind)):
            return f"its {found.name} is of a tokenizer that is not BERT's WordPiece"
    said = instead_of_model(path).removeprefix("; ")
    return said or "save a tokenizer there first"


def compile_rules(
    vocab: Mapping[str, int],
    do_lower_case: bool,
    strip_accents: bool | None = None,
    handle_chinese_chars: bool = True,
) -> Tokenizer:
    """Build a compiled tokenizer with BERT's rules; special tokens are yet to be added.

    Args:
        vocab: from piece to id.
        do_lower_case: lower the letters.
        strip_accents: take their accents off; None: if they are lowered.
        handle_chinese_chars: set Chinese characters apart.

    Returns:
        The tokenizer.
    """
    compiled = Tokenizer(
        models.WordPiece(
            vocab=dict(vocab),
            unk_token="[UNK]",
            max_input_chars_per_word=MAX_WORD_LENGTH,
        )
    )
    compiled.normalizer = normalizers.BertNormalizer(
        lowercase=do_lower_case,
        strip_accents=strip_accents,
        handle_chinese_chars=handle_chinese_chars,
    )
    compiled.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    compiled.decoder = decoders.WordPiece()
    return compiled


def read_compiled(file: Path, whole: dict[str, Any]) -> tuple[list[str], Tokenizer]:
    """Let the library read a tokenizer.json, and refuse what this package cannot use.

    Args:
        file: named in the error.
        whole: its contents.

    Returns:
        The pieces without those that were added, and the tokenizer.

    Raises:
        UserError: naming the entry.
    """
    model = whole.get("model")
    if not isinstance(model, dict):
        raise UserError(f"{file}: model must be an object, got {model!r:.60}")
    _refuse_unless(file, "model.type", model.get("type", "WordPiece"), ("WordPiece",))
    ids = model.get("vocab")
    if not isinstance(ids, dict) or not all(type(i) is int for i in ids.values()):
        raise UserError(f"{file}: model.vocab must number the pieces")
    tokens = tokens_of(ids, str(file))
    for key, only in (("unk_token", "[UNK]"), ("continuing_subword_prefix", "##")):
        _refuse_unless(file, f"model.{key}", model.get(key, only), (only,))
    try:
        compiled = Tokenizer.from_str(json.dumps(whole))
    except Exception as error:  # the library raises no narrower one
        raise UserError(f"{file}: tokenizers cannot read it ({error})") from None
    for entry in whole.get("added_tokens") or []:
        if compiled.token_to_id(entry["content"]) != entry["id"]:
            raise UserError(
                f"{file}: added_tokens gives {entry['content']!r:.60} the id "
                f"{entry['id']}, but the vocabulary gives it "
                f"{compiled.token_to_id(entry['content'])}; correct the file"
            )
    padding = whole.get("padding") or {}
    _refuse_unless(file, "padding.direction", padding.get("direction"), (None, "Right"))
    _refuse_unless(file, "padding.pad_token", padding.get("pad_token"), (None, "[PAD]"))
    truncation = (whole.get("truncation") or {}).get("direction")
    _refuse_unless(file, "truncation.direction", truncation, (None, "Right"))
    # Whoever encodes says how long: as in transformers, a file pads and cuts nothing.
    compiled.no_padding()
    compiled.no_truncation()
    _check_frame(file, compiled)
    return tokens, compiled


def _check_frame(file: Path, compiled: Tokenizer) -> None:
    """Refuse a post-processor that does not make [CLS] A [SEP] B [SEP]."""
    cls, sep = (compiled.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    (a, b), (one, two) = (
        [compiled.encode(text, add_special_tokens=False).ids for text in ("a", "b .")],
        (compiled.encode("a"), compiled.encode("a", "b .")),
    )
    if (one.ids, two.ids) == (a, a + b):
        warnings.warn(
            f"{file}: no post_processor puts [CLS] and [SEP] around a text, so others "
            "that read this file do not; here they are put, as BERT reads texts",
            Notice,
            stacklevel=6,
        )
        return
    first = [cls, *a, sep]
    types = [0] * len(first) + [1] * (len(b) + 1)
    if (one.ids, two.ids, two.type_ids) != (first, [*first, *b, sep], types):
        raise UserError(
            f"{file}: post_processor must make [CLS] A [SEP] B [SEP] of types 0 and 1, "
            f"as BERT reads a pair, got {' '.join(two.tokens)!r:.80} of types "
            f"{two.type_ids}"
        )


def _refuse_unless(
    path: Path, key: str, value: object, accepted: tuple[object, ...]
) -> None:
    """Raise if a setting is one that this package does not have."""
    if not any(value is one or value == one for one in accepted):
        raise UserError(
            f"{path}: {key} must be {accepted[-1]!r}, as in BERT's tokenizer, got "
            f"{value!r:.60}"
        )


def _settings(
    path: Path, config: dict[str, Any], specials: dict[str, Any]
) -> dict[str, bool]:
    """Check the settings; return those of the rules for text that are stated."""
    for key, accepted in _ONLY.items():
        _refuse_unless(path / CONFIG, key, config.get(key), accepted)
    for source, values in ((CONFIG, config), (SPECIALS, specials)):
        for role, only in _ROLES.items():
            if (value := values.get(role)) is not None:
                content = value.get("content") if isinstance(value, dict) else value
                _refuse_unless(path / source, role, content, (only,))
    stated: dict[str, bool] = {}
    for key, name, may_be_none in (
        ("do_lower_case", "do_lower_case", False),
        ("strip_accents", "strip_accents", True),
        ("handle_chinese_chars", "tokenize_chinese_chars", True),
        ("tokenize_chinese_chars", "tokenize_chinese_chars", True),
    ):
        value = config.get(key)
        if key not in config or (value is None and may_be_none):
            continue
        if not isinstance(value, bool):  # a text "false" would count as true
            raise UserError(
                f"{path / CONFIG}: {key} must be true or false, got {value!r:.60}"
            )
        stated[name] = value
    return stated


def _rules_of(normalizer: Any) -> dict[str, bool | None]:
    """Tell what a normalizer does to case, accents and Chinese; None: nothing known."""
    rules: dict[str, bool | None] = {
        "do_lower_case": False,
        "strip_accents": False,
        "tokenize_chinese_chars": None,
    }
    for part in _parts(normalizer):
        kind = part.get("type")
        if kind == "BertNormalizer":
            lower = bool(part.get("lowercase"))
            strip = part.get("strip_accents")
            rules["do_lower_case"] = rules["do_lower_case"] or lower
            rules["strip_accents"] = lower if strip is None else strip
            rules["tokenize_chinese_chars"] = part.get("handle_chinese_chars")
        elif kind == "Lowercase":
            rules["do_lower_case"] = True
        elif kind == "StripAccents":
            rules["strip_accents"] = True
    return rules


def _parts(normalizer: Any) -> Iterator[dict[str, Any]]:
    """Walk through a normalizer and, if it is a sequence, its parts."""
    if isinstance(normalizer, dict):
        yield normalizer
        for part in normalizer.get("normalizers") or []:
            yield from _parts(part)


def _refuse_contradictions(
    path: Path, settings: Mapping[str, bool], rules: Mapping[str, bool | None]
) -> None:
    """Refuse two files that say different things of the same text."""
    for key, value in settings.items():
        other = rules[key]
        if other is not None and other is not value:
            way_out = (
                ", or decide with from_pretrained(folder, do_lower_case=...)"
                if key == "do_lower_case"
                else ""
            )
            raise UserError(
                f"{path}: {CONFIG} says {key} {json.dumps(value)}, but the normalizer "
                f"of {WHOLE} does the opposite; make the two agree{way_out}"
            )


def _set_case(file: Path, whole: dict[str, Any], do_lower_case: bool) -> None:
    """Change the case in a tokenizer.json whose normalizer is BERT's."""
    normalizer = whole.get("normalizer")
    if not isinstance(normalizer, dict) or normalizer.get("type") != "BertNormalizer":
        raise UserError(
            f"{file}: do_lower_case can be chosen for BERT's normalizer only; this "
            "file has another"
        )
    normalizer["lowercase"] = do_lower_case


def _refuse_other_pieces(file: Path, tokens: Sequence[str]) -> None:
    """Refuse a vocab.txt that names other pieces than the tokenizer.json beside it."""
    lines = load_vocabulary(file) if file.exists() else tokens
    if list(lines) != list(tokens):
        short = min(len(lines), len(tokens))
        pairs = zip(lines, tokens, strict=False)
        line = next((i for i, (a, b) in enumerate(pairs) if a != b), short)
        raise UserError(
            f"{file}, line {line + 1}: vocab.txt must hold the pieces of the "
            f"{WHOLE} beside it, got another or none there; delete the file that is "
            "not the model's"
        )


def _length(path: Path, config: dict[str, Any], whole: dict[str, Any]) -> int | None:
    """Find out how many tokens the model reads at most."""
    value = config.get("model_max_length")
    if value is None:  # the cut that the file was made with
        value = (whole.get("truncation") or {}).get("max_length")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1:
        raise UserError(
            f"{path / CONFIG}: model_max_length must be a number from 1 up, got "
            f"{value!r:.60}"
        )
    return int(value) if value < NO_LIMIT else None


class _Wanted(NamedTuple):
    """A token that a file adds: the file, its content, its id and flags if stated."""

    file: Path
    content: str
    id: int | None
    flags: dict[str, bool]
    is_special: bool


def _wanted(
    path: Path, config: dict[str, Any], added: dict[str, Any], specials: dict[str, Any]
) -> Iterator[_Wanted]:
    """List the tokens that the files add, those with ids first and in order."""
    stated = config.get("added_tokens_decoder") or {}
    if not isinstance(stated, dict):
        raise UserError(f"{path / CONFIG}: added_tokens_decoder must be an object")
    for key, entry in sorted(stated.items(), key=lambda pair: _number(path, pair[0])):
        yield _one(path / CONFIG, "added_tokens_decoder", entry, _number(path, key))
    if not all(type(number) is int for number in added.values()):
        raise UserError(f"{path / ADDED} must give each token its id")
    for content, number in sorted(added.items(), key=lambda pair: pair[1]):
        yield _one(path / ADDED, "tokens", content, number)
    for file, values in ((path / CONFIG, config), (path / SPECIALS, specials)):
        for role in (*_ROLES, "bos_token", "eos_token"):
            if values.get(role) is not None:
                yield _one(file, role, values[role], None, True)
        for key in _LISTS:
            entries = values.get(key) or []
            if isinstance(entries, dict):
                entries = list(entries.values())
            if not isinstance(entries, list):
                raise UserError(f"{file}: {key} must be a list of tokens")
            for entry in entries:
                yield _one(file, key, entry, None, True)


def _number(path: Path, key: str) -> int:
    """Read an id that stands as a key."""
    if not key.isdecimal():
        raise UserError(
            f"{path / CONFIG}: added_tokens_decoder must have ids as keys, got {key!r}"
        )
    return int(key)


def _one(
    file: Path, key: str, entry: Any, number: int | None, is_special: bool = False
) -> _Wanted:
    """Read one added token, a text or an object with a content and flags."""
    content = entry.get("content") if isinstance(entry, dict) else entry
    if not isinstance(content, str) or not content:
        raise UserError(f"{file}: {key} must hold tokens as text, got {entry!r:.60}")
    flags = {}
    if isinstance(entry, dict):
        flags = {name: bool(entry[name]) for name in _FLAGS if name in entry}
        if is_special:  # by its role, whatever an old file says
            flags.pop("special", None)
    return _Wanted(file, content, number, flags, is_special)


def _add_tokens(
    path: Path,
    compiled: Tokenizer,
    config: dict[str, Any],
    added: dict[str, Any],
    specials: dict[str, Any],
) -> None:
    """Add every token that some file adds, and refuse what does not fit."""
    wanted = list(_wanted(path, config, added, specials))
    is_special = {one.content for one in wanted if one.is_special} | {*SPECIAL_TOKENS}
    known = {t.content: t for t in compiled.get_added_tokens_decoder().values()}
    flags_of: dict[str, dict[str, bool]] = {}
    for one in wanted:
        before = flags_of.setdefault(one.content, {})
        for name, value in one.flags.items():
            found = getattr(known.get(one.content), name, before.get(name, value))
            if found is not value:
                raise UserError(
                    f"{one.file}: {one.content!r:.60} has {name} {json.dumps(value)}, "
                    f"another entry says {json.dumps(found)}; make them agree"
                )
        before.update(one.flags)
    standard = [_Wanted(path, token, None, {}, True) for token in SPECIAL_TOKENS]
    for one in [*standard, *wanted]:
        if one.content not in known:
            special = one.content in is_special
            flags = {"special": special, "normalized": not special}
            flags |= flags_of.get(one.content, {})
            known[one.content] = token = AddedToken(one.content, **flags)
            compiled.add_tokens([token])
        number = compiled.token_to_id(one.content)
        if one.id is not None and one.id != number:
            raise UserError(
                f"{one.file}: {one.content!r:.60} must have the id {number}, the next "
                f"after the vocabulary, got {one.id}; correct the file"
            )


def _is_plain(compiled: Tokenizer, do_lower_case: bool) -> bool:
    """Tell whether a tokenizer does what BERT does and nothing else."""
    plain = compile_rules({"[UNK]": 0}, do_lower_case)
    ours, theirs = _state(plain), _state(compiled)
    if ours["normalizer"].get("strip_accents") is None and theirs["normalizer"]:
        stripped = theirs["normalizer"].get("strip_accents")
        if stripped in (None, do_lower_case):  # two ways to say the same
            theirs["normalizer"]["strip_accents"] = None
    tokens = compiled.get_added_tokens_decoder().values()
    standard = all(
        token.content in SPECIAL_TOKENS
        and (token.single_word, token.lstrip, token.rstrip, token.normalized)
        == (False, False, False, False)
        for token in tokens
    )
    return standard and ours == theirs


def _state(compiled: Tokenizer) -> dict[str, Any]:
    """Give what a tokenizer does, apart from its pieces, as JSON has it."""
    state: dict[str, Any] = {
        name: None if part is None else json.loads(part.__getstate__())
        for name, part in (
            ("normalizer", compiled.normalizer),
            ("pre_tokenizer", compiled.pre_tokenizer),
            ("decoder", compiled.decoder),
        )
    }
    # Without one, the words are joined in our own way, which is the usual one.
    state["decoder"] = state["decoder"] or json.loads(
        decoders.WordPiece().__getstate__()
    )
    state["longest"] = compiled.model.max_input_chars_per_word
    return state


def with_frame(compiled: Tokenizer) -> Tokenizer:
    """Copy a compiled tokenizer and let it set [CLS] and [SEP] around its texts."""
    copied: Tokenizer = Tokenizer.from_str(compiled.to_str())
    vocab = copied.get_vocab()
    sep, cls = vocab["[SEP]"], vocab["[CLS]"]
    copied.post_processor = processors.BertProcessing(("[SEP]", sep), ("[CLS]", cls))
    return copied


def compiled_ids(compiled: Tokenizer, lines: Iterable[str]) -> list[list[int]]:
    """Encode lines with a compiled tokenizer, lone surrogates taken as U+FFFD.

    Returns:
        One list of ids a line, without [CLS] and [SEP].
    """
    texts = [SURROGATE.sub("\ufffd", line) for line in lines]
    batch = compiled.encode_batch_fast(texts, add_special_tokens=False)
    return [encoding.ids for encoding in batch]


def compiled_pieces(compiled: Tokenizer, text: str) -> list[tuple[int, int, int]]:
    """Encode a text; give each piece's id, and where it starts and ends in the text."""
    found = compiled.encode(SURROGATE.sub("\ufffd", text), add_special_tokens=False)
    return [(i, *span) for i, span in zip(found.ids, found.offsets, strict=True)]
