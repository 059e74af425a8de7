"""What a tokenizer's folder says is obeyed as `tokenizers` does it, or refused by name.

The right values come from the `tokenizers` library, whose file tokenizer.json is, and
from transformers where only the older files are there.
"""

import json
import re
import warnings

import pytest
from tokenizers import (
    AddedToken,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers import BertTokenizer as PublishedTokenizer

from bert_tutorial.__main__ import main
from bert_tutorial.files.errors import Notice, UserError
from bert_tutorial.tokenization.compiled import encode_corpus, to_tokenizers
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import (
    SPECIAL_TOKENS,
    check_vocabulary_size,
    is_cased,
)

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZéÉ你好_-.,'1239=<>/[]@"
PIECES = [
    *SPECIAL_TOKENS,
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    *("the", "The", "cafe", "café", "##mp", "...", "fox_", "new york"[:3]),
]
TEXTS = (
    "The Quick fox_jumps... over cafe\u0301 É",
    "ÀÉ café  你好 x==y 3.14 don't",
    "the <e1> Paris </e1> COVID19 [MASK] covid19x xcovid19 New York",
    "<E1>\tnew york [E2] \u200bcovid-19 @user",
    "",
    "   ",
    "a\nb\u00a0c",
)
NORMALIZERS = {
    "null": None,
    "NFC": normalizers.NFC(),
    "NFKD": normalizers.NFKD(),
    "Lowercase": normalizers.Lowercase(),
    "course": normalizers.Sequence(
        [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    ),
    "Replace": normalizers.Replace("fox", "cafe"),
    "Strip": normalizers.Sequence([normalizers.Strip(), normalizers.NFC()]),
    "Prepend": normalizers.Prepend("a"),
    "Bert cased": normalizers.BertNormalizer(lowercase=False),
    "Bert accents": normalizers.BertNormalizer(strip_accents=False),
    "Bert no accents": normalizers.BertNormalizer(lowercase=False, strip_accents=True),
    "Bert Chinese": normalizers.BertNormalizer(handle_chinese_chars=False),
    "Bert dirty": normalizers.BertNormalizer(clean_text=False),
    "Bert": normalizers.BertNormalizer(),
}
PRE_TOKENIZERS = {
    "Bert": pre_tokenizers.BertPreTokenizer(),
    "null": None,
    "Whitespace": pre_tokenizers.Whitespace(),
    "WhitespaceSplit": pre_tokenizers.WhitespaceSplit(),
    "Digits": pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)]
    ),
    "Metaspace": pre_tokenizers.Metaspace(),
    "ByteLevel": pre_tokenizers.ByteLevel(),
    "Punctuation": pre_tokenizers.Punctuation(),
}


def build(normalizer=None, pre_tokenizer=None, longest=100):
    tokenizer = Tokenizer(
        models.WordPiece(
            vocab={piece: i for i, piece in enumerate(PIECES)},
            unk_token="[UNK]",
            max_input_chars_per_word=longest,
        )
    )
    tokenizer.add_special_tokens([*SPECIAL_TOKENS])
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    return tokenizer


def save(tokenizer, folder, change=None):
    """Write tokenizer.json, changed by hand if asked for."""
    folder.mkdir(exist_ok=True)
    whole = json.loads(tokenizer.to_str())
    if change is not None:
        change(whole)
    (folder / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")


def assert_same(folder, oracle):
    """Compare every way to encode, and what is saved and read again."""
    ours = BertTokenizer.from_pretrained(folder)
    oracle.no_padding()
    oracle.no_truncation()
    for text in TEXTS:
        right = oracle.encode(text, add_special_tokens=False)
        found = ours.encode(text, add_special_tokens=False)
        assert found.ids == right.ids, text
        # not right.tokens, which holds the text itself where a token was added
        pieces = [oracle.id_to_token(i) for i in right.ids]
        assert found.tokens == pieces == ours.tokenize(text)
        assert found.offsets == right.offsets
        framed = ours.encode(text, "the end")
        second = oracle.encode("the end", add_special_tokens=False).ids
        assert framed.ids == [2, *right.ids, 3, *second, 3]
        if oracle.post_processor is not None:
            assert oracle.encode(text, "the end").ids == framed.ids
    right = [one.ids for one in oracle.encode_batch(TEXTS, add_special_tokens=False)]
    assert ours.encode_lines(TEXTS) == encode_corpus(ours, TEXTS) == right
    twin = to_tokenizers(ours)
    assert [twin.encode(text, add_special_tokens=False).ids for text in TEXTS] == right
    assert len(ours) == oracle.get_vocab_size(with_added_tokens=True)
    return ours


def assert_saved(ours, folder):
    """Saving keeps it all, for this package and for transformers."""
    ours.save(folder, 64)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    again = BertTokenizer.from_pretrained(folder)
    published = AutoTokenizer.from_pretrained(folder)
    assert again.id_to_token == ours.id_to_token and again.max_length == 64
    assert published.model_max_length == 64
    assert again.do_lower_case is ours.do_lower_case
    for text in TEXTS:
        ids = ours.encode(text, "the end").ids
        assert again.encode(text, "the end").ids == ids
        assert published(text, "the end")["input_ids"] == ids, text


@pytest.mark.parametrize("pre", PRE_TOKENIZERS)
@pytest.mark.parametrize("norm", NORMALIZERS)
def test_every_rule_for_text_is_obeyed(norm, pre, tmp_path):
    oracle = build(NORMALIZERS[norm], PRE_TOKENIZERS[pre])
    save(oracle, tmp_path)
    assert_same(tmp_path, oracle)


@pytest.mark.parametrize("norm", ["null", "course", "Bert accents"])
def test_rules_survive_saving(norm, tmp_path):
    oracle = build(NORMALIZERS[norm], PRE_TOKENIZERS["Whitespace"])
    save(oracle, tmp_path / "theirs")
    ours = assert_same(tmp_path / "theirs", oracle)
    assert_saved(ours, tmp_path / "ours")


def test_berts_own_rules_stay_in_python(tmp_path):
    save(build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"]), tmp_path)
    assert BertTokenizer.from_pretrained(tmp_path)._compiled is None
    save(build(None, PRE_TOKENIZERS["Bert"]), tmp_path)
    assert BertTokenizer.from_pretrained(tmp_path)._compiled is not None


def test_the_longest_word_is_obeyed(tmp_path):
    oracle = build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"], longest=3)
    save(oracle, tmp_path)
    assert "[UNK]" in assert_same(tmp_path, oracle).tokenize("quick")


ADDED = [
    ("covid19", {}),
    ("COVID19", {"normalized": False}),
    ("COVID19", {"normalized": True}),
    ("<e1>", {"special": True, "normalized": False}),
    ("new york", {"single_word": False}),
    ("covid19", {"single_word": True}),
    ("[E2]", {"lstrip": True, "rstrip": True, "special": True}),
    ("the", {"special": True}),
    ("[MASK]x", {}),
]


@pytest.mark.parametrize("norm", ["Bert", "Bert cased", "course"])
@pytest.mark.parametrize(("content", "flags"), ADDED, ids=str)
def test_added_tokens_are_obeyed(content, flags, norm, tmp_path):
    oracle = build(NORMALIZERS[norm], PRE_TOKENIZERS["Bert"])
    oracle.add_tokens([AddedToken(content, **flags), AddedToken("</e1>", special=True)])
    oracle.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    save(oracle, tmp_path / "theirs")
    ours = assert_same(tmp_path / "theirs", oracle)
    assert_saved(ours, tmp_path / "ours")
    ids = [*ours.encode("a </e1>").ids]
    assert ours.decode(ids, skip_special_tokens=True) == "a"
    assert ours.convert_tokens_to_ids(["</e1>"]) == [len(ours) - 1]


def old_folder(path, **files):
    """A folder as transformers wrote it before it had tokenizer.json."""
    path.mkdir(exist_ok=True)
    (path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    (path / "config.json").write_text('{"model_type": "bert"}')
    for name, values in files.items():
        (path / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
    return path


N = len(PIECES)
FULL = {
    "content": "<e1>",
    "lstrip": True,
    "rstrip": False,
    "normalized": False,
    "single_word": False,
    "special": True,
}
OLD = {
    "added": {"added_tokens": {"<e1>": N, "COVID19": N + 1}},
    "added and map": {
        "added_tokens": {"covid19": N + 1, "<e1>": N},
        "special_tokens_map": {"additional_special_tokens": ["<e1>"]},
    },
    "map alone": {
        "special_tokens_map": {"additional_special_tokens": ["<e1>", "[E2]"]}
    },
    "config list": {"tokenizer_config": {"additional_special_tokens": ["</e1>"]}},
    "decoder": {"tokenizer_config": {"added_tokens_decoder": {str(N): FULL}}},
    "roles as objects": {
        "special_tokens_map": {"mask_token": {**FULL, "content": "[MASK]"}}
    },
    "extra": {"tokenizer_config": {"extra_special_tokens": ["<e1>"]}},
    "accents": {"tokenizer_config": {"strip_accents": False}},
    "cased": {"tokenizer_config": {"do_lower_case": False}},
    "cased, no accents": {
        "tokenizer_config": {"do_lower_case": False, "strip_accents": True}
    },
    "Chinese": {"tokenizer_config": {"tokenize_chinese_chars": False}},
    "nothing said": {"tokenizer_config": {"strip_accents": None, "never_split": None}},
}


@pytest.mark.filterwarnings("ignore::bert_tutorial.files.errors.Notice")
@pytest.mark.parametrize("name", OLD)
def test_older_files_are_read_as_transformers_reads_them(name, tmp_path):
    folder = old_folder(tmp_path / "old", **OLD[name])
    published = AutoTokenizer.from_pretrained(folder)
    ours = BertTokenizer.from_pretrained(folder)
    for text in TEXTS:
        if name == "added and map":
            # transformers 5 forgets that the map calls "<e1>" special, so it takes
            # "<E1>" for it, too; transformers 4, which wrote such files, did not
            text = text.replace("<E1>", "")
        right = published(text, "the end", return_offsets_mapping=True)
        found = ours.encode(text, "the end")
        assert found.ids == right["input_ids"], text
        assert found.offsets == right["offset_mapping"], text
    assert len(ours) == len(published)
    assert_saved(ours, tmp_path / "ours")


def change(**entries):
    return lambda whole: whole.update(entries)


def template(single, pair, ids=(2, 3)):
    special = {
        name: {"id": name, "ids": [i], "tokens": [name]}
        for name, i in zip(("[CLS]", "[SEP]"), ids, strict=True)
    }

    def parts(text):
        return [
            {kind: {"id": token, "type_id": int(number)}}
            for kind, token, number in (one.split(":") for one in text.split())
        ]

    return change(
        post_processor={
            "type": "TemplateProcessing",
            "single": parts(single),
            "pair": parts(pair),
            "special_tokens": special,
        }
    )


C, S = "SpecialToken:[CLS]", "SpecialToken:[SEP]"
A, B = "Sequence:A", "Sequence:B"
PAIR = f"{C}:0 {A}:0 {S}:0 {B}:1 {S}:1"
REFUSED = {
    "model type": (lambda w: w["model"].update(type="BPE"), r"model\.type"),
    "prefix": (
        lambda w: w["model"].update(continuing_subword_prefix="@@"),
        "continuing_subword_prefix",
    ),
    "unknown token": (lambda w: w["model"].update(unk_token="a"), r"model\.unk_token"),
    "added id": (
        lambda w: w["added_tokens"].append({**FULL, "id": N + 7}),
        "added_tokens gives '<e1>'",
    ),
    "left padding": (
        change(
            padding={
                "strategy": "BatchLongest",
                "direction": "Left",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            }
        ),
        r"padding\.direction",
    ),
    "left truncation": (
        change(
            truncation={
                "direction": "Left",
                "max_length": 8,
                "strategy": "LongestFirst",
                "stride": 0,
            }
        ),
        r"truncation\.direction",
    ),
    "no [SEP]": (template(f"{C}:0 {A}:0", PAIR), "post_processor"),
    "one type": (template(f"{C}:0 {A}:0 {S}:0", PAIR.replace(":1", ":0")), "post_pro"),
    "[CLS] last": (template(f"{A}:0 {S}:0 {C}:0", PAIR), "post_processor"),
    "two [SEP]": (
        template(
            f"{C}:0 {A}:0 {S}:0", PAIR.replace(B, f"{S}:0 {B}").replace("B:1", "B:1")
        ),
        "post_processor",
    ),
    "unreadable": (change(normalizer={"type": "Nobody"}), "tokenizers cannot read it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_obeyed_is_refused_by_its_name(name, tmp_path):
    edit, entry = REFUSED[name]
    save(build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"]), tmp_path, edit)
    with pytest.raises(UserError, match=rf"tokenizer\.json: .*{entry}|{entry}"):
        BertTokenizer.from_pretrained(tmp_path)


def test_berts_template_is_the_post_processor_that_is_taken(tmp_path):
    oracle = build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"])
    save(oracle, tmp_path, template(f"{C}:0 {A}:0 {S}:0", PAIR))
    assert_same(tmp_path, Tokenizer.from_file(str(tmp_path / "tokenizer.json")))


@pytest.mark.parametrize("has_frame", [False, True])
def test_a_file_that_puts_no_frame_around_texts_is_noticed(has_frame, tmp_path):
    oracle = build(NORMALIZERS["course"], PRE_TOKENIZERS["Whitespace"])
    save(oracle, tmp_path, template(f"{C}:0 {A}:0 {S}:0", PAIR) if has_frame else None)
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = BertTokenizer.from_pretrained(tmp_path)
    assert (theirs("the")["input_ids"] == ours.encode("the").ids) == has_frame
    said = [str(one.message) for one in caught if one.category is Notice]
    assert any("no post_processor puts [CLS]" in line for line in said) != has_frame
    ours.save(tmp_path / "again")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        BertTokenizer.from_pretrained(tmp_path / "again")
    assert not [one for one in caught if one.category is Notice]


BAD_SETTINGS = [
    ({"cls_token": "<s>"}, "cls_token"),
    ({"mask_token": {"content": "<mask>"}}, "mask_token"),
    ({"pad_token": "[UNK]"}, "pad_token"),
    ({"padding_side": "left"}, "padding_side"),
    ({"truncation_side": "left"}, "truncation_side"),
    ({"do_basic_tokenize": False}, "do_basic_tokenize"),
    ({"never_split": ["fox"]}, "never_split"),
    ({"clean_text": False}, "clean_text"),
    ({"model_max_length": "512"}, "model_max_length"),
    ({"model_max_length": 0}, "model_max_length"),
    ({"added_tokens_decoder": {str(N + 3): FULL}}, f"id {N}"),
    ({"added_tokens_decoder": {"first": FULL}}, "added_tokens_decoder"),
    ({"additional_special_tokens": [7]}, "additional_special_tokens"),
    ({"additional_special_tokens": [""]}, "additional_special_tokens"),
]


@pytest.mark.parametrize(("settings", "entry"), BAD_SETTINGS, ids=str)
@pytest.mark.parametrize("has_whole", [False, True])
def test_settings_that_cannot_be_obeyed_are_refused(
    settings, entry, has_whole, tmp_path
):
    old_folder(tmp_path, tokenizer_config={"do_lower_case": True, **settings})
    if has_whole:
        save(build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"]), tmp_path)
    with pytest.raises(UserError, match=rf"tokenizer_config\.json: .*{entry}"):
        BertTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("norm", "settings", "key"),
    [
        ("Bert", {"do_lower_case": False}, "do_lower_case"),
        ("Bert cased", {"do_lower_case": True}, "do_lower_case"),
        ("null", {"do_lower_case": True}, "do_lower_case"),
        ("NFC", {"do_lower_case": True}, "do_lower_case"),
        ("course", {"do_lower_case": False}, "do_lower_case"),
        ("Bert", {"strip_accents": False}, "strip_accents"),
        ("Bert accents", {"strip_accents": True}, "strip_accents"),
        ("NFC", {"strip_accents": True}, "strip_accents"),
        ("Bert", {"tokenize_chinese_chars": False}, "tokenize_chinese_chars"),
        ("Bert Chinese", {"tokenize_chinese_chars": True}, "tokenize_chinese_chars"),
    ],
    ids=str,
)
def test_two_files_that_contradict_each_other_are_refused(
    norm, settings, key, tmp_path
):
    oracle = build(NORMALIZERS[norm], PRE_TOKENIZERS["Bert"])
    save(oracle, tmp_path)
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps(settings))
    with pytest.raises(UserError, match=rf"says {key} .*make the two agree") as raised:
        BertTokenizer.from_pretrained(tmp_path)
    if "do_lower_case=" in str(raised.value) and norm.startswith("Bert"):
        # the remedy that the message names
        for lower in (True, False):
            ours = BertTokenizer.from_pretrained(tmp_path, do_lower_case=lower)
            right = build(
                normalizers.BertNormalizer(lowercase=lower), PRE_TOKENIZERS["Bert"]
            )
            assert ours.encode(TEXTS[0]).ids[1:-1] == right.encode(TEXTS[0]).ids
    config.write_text(json.dumps({key: not settings[key]}))
    assert_same(tmp_path, oracle)  # the other remedy: they agree


def test_case_cannot_be_chosen_for_rules_of_another_kind(tmp_path):
    save(build(NORMALIZERS["course"], PRE_TOKENIZERS["Bert"]), tmp_path)
    with pytest.raises(UserError, match="do_lower_case can be chosen"):
        BertTokenizer.from_pretrained(tmp_path, do_lower_case=False)


def test_flags_that_contradict_each_other_are_refused(tmp_path):
    oracle = build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"])
    oracle.add_tokens([AddedToken("<e1>", special=True, normalized=False)])
    save(oracle, tmp_path)
    config = {"added_tokens_decoder": {str(N): FULL}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"'<e1>' has lstrip true, another entry"):
        BertTokenizer.from_pretrained(tmp_path)
    config["added_tokens_decoder"][str(N)] = {**FULL, "lstrip": False}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert_same(tmp_path, oracle)


def test_a_vocabulary_beside_another_tokenizer_is_refused(tmp_path):
    oracle = build(NORMALIZERS["Bert"], PRE_TOKENIZERS["Bert"])
    save(oracle, tmp_path)
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    assert_same(tmp_path, oracle)
    vocabulary.write_text("\n".join([*PIECES[:-2], "x9", PIECES[-1]]), encoding="utf-8")
    with pytest.raises(
        UserError, match=rf"vocab\.txt, line {N - 1}: .*tokenizer\.json"
    ):
        BertTokenizer.from_pretrained(tmp_path)
    vocabulary.unlink()  # the remedy
    assert_same(tmp_path, oracle)


def test_a_published_tokenizer_with_added_tokens_is_read_and_grows(tmp_path):
    (tmp_path / "v").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    published = PublishedTokenizer(vocab=str(tmp_path / "v"))
    published.add_tokens(["covid19"])
    published.add_special_tokens({"additional_special_tokens": ["<e1>", "</e1>"]})
    published.save_pretrained(tmp_path / "m")
    ours = BertTokenizer.from_pretrained(tmp_path / "m")
    for text in TEXTS:
        assert ours.encode(text).ids == published(text)["input_ids"]
    assert ours.decode([2, N, N + 1, 3], True) == "covid19"


def test_a_wrapped_tokenizer_keeps_its_rules(tmp_path):
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=build(NORMALIZERS["course"], PRE_TOKENIZERS["Whitespace"]),
        unk_token="[UNK]",
        mask_token="[MASK]",
        model_max_length=77,
    )
    wrapped.save_pretrained(tmp_path)
    ours = BertTokenizer.from_pretrained(tmp_path)
    assert ours.max_length == 77
    for text in TEXTS:
        right = wrapped(text, add_special_tokens=False)["input_ids"]
        assert ours.encode(text, add_special_tokens=False).ids == right


def test_saving_removes_the_files_of_another_tokenizer(tmp_path):
    oracle = build(None, PRE_TOKENIZERS["Whitespace"])
    save(oracle, tmp_path)
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<e1>": N}))
    other = BertTokenizer([*SPECIAL_TOKENS, "the"])
    other.save(tmp_path)
    assert BertTokenizer.from_pretrained(tmp_path).tokenize("The") == ["the"]
    assert not (tmp_path / "tokenizer.json").exists()


def test_the_length_is_that_of_the_model(tmp_path):
    tokenizer = BertTokenizer([*SPECIAL_TOKENS, "the"])
    tokenizer.save(tmp_path)
    assert "model_max_length" not in (tmp_path / "tokenizer_config.json").read_text()
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 64}')
    tokenizer.save_pretrained(tmp_path)
    assert BertTokenizer.from_pretrained(tmp_path).max_length == 64


def notices(make):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
    return [str(one.message) for one in caught if one.category is Notice]


def test_a_cased_vocabulary_without_a_word_about_case_is_noticed(tmp_path):
    folder = old_folder(tmp_path)
    (told,) = notices(lambda: BertTokenizer.from_pretrained(folder))
    assert "do_lower_case=False" in told and str(folder) in told
    (told,) = notices(lambda: BertTokenizer.from_vocab(folder / "vocab.txt"))
    assert "--cased" in told
    # the remedies
    assert not notices(lambda: BertTokenizer.from_vocab(folder / "vocab.txt", False))
    assert not notices(lambda: BertTokenizer.from_pretrained(folder, False))
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert not notices(lambda: BertTokenizer.from_pretrained(folder))
    assert BertTokenizer.from_pretrained(folder).tokenize("The") == ["The"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([*SPECIAL_TOKENS, "the", "##s"], False),
        ([*SPECIAL_TOKENS, "[unused1]", "[UNUSED2]"], False),
        ([*SPECIAL_TOKENS, "The"], True),
        ([*SPECIAL_TOKENS, "中", "ß"], False),
        ([*SPECIAL_TOKENS, *map(str, range(500)), "T"], False),
        ([*SPECIAL_TOKENS, "Été", *map(str, range(50))], True),
    ],
    ids=str,
)
def test_what_counts_as_cased(pieces, expected):
    assert is_cased(pieces) is expected


@pytest.mark.parametrize(
    ("pieces", "rows", "fits"),
    [
        (66, 66, True),
        (66, 72, True),
        (66, 80, True),
        (66, 128, True),
        (30_522, 30_528, True),
        (30_522, 30_592, True),
        (66, 65, False),
        (66, 67, False),
        (66, 70, False),
        (21_128, 30_522, False),
        (625, 618, False),
        (60, 72, False),
    ],
)
def test_a_table_padded_to_a_multiple_fits(pieces, rows, fits, tmp_path):
    if fits:
        check_vocabulary_size(tmp_path, pieces, rows)
        return
    with pytest.raises(UserError, match=f"must have {rows} pieces.*got {pieces}"):
        check_vocabulary_size(tmp_path, pieces, rows)


def test_the_command_line_prints_a_notice_as_one_line(tmp_path, capsys):
    file = old_folder(tmp_path) / "vocab.txt"
    assert main(["tokenize", "The", "--vocab", str(file)]) == 0
    assert re.fullmatch(rf"note: {re.escape(str(file))}: .*\n", capsys.readouterr().err)
    assert main(["tokenize", "The", "--vocab", str(file), "--cased"]) == 0  # the remedy
    told = capsys.readouterr()
    assert told.err == "" and "The " in told.out
