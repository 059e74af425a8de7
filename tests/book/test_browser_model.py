"""The BERT in plain JavaScript against the package: ids, logits, switches, files.

Needs Node; skips without.
"""

import ast
import json
import unicodedata

import browser_training
import pytest
import torch
from browser_model import CHIPS, FOLDER, entry, files, fragment, script, shipped
from conftest import tiny_config
from node_engine import ENGINE, compressed, in_node, model_of, needs_node, stored

from bert_tutorial import BertForPreTraining, BertTokenizer
from bert_tutorial.model.fill import fill_masks
from bert_tutorial.tokenization import unicode_tables
from bert_tutorial.tokenization.normalizer import fold
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS
from bert_tutorial.world import World
from bert_tutorial.world.corpus import Mix
from bert_tutorial.world.knowledge import answer_probes, majority_recall, recall
from book_files import ROOT

pytestmark = needs_node
WEIGHTS = FOLDER / "mini_world.js"
NASTY = ROOT / "tests" / "tokenization"


@pytest.fixture(scope="module")
def model_and_tokenizer():
    return shipped()


@pytest.fixture(scope="module")
def world():
    return World(1, Mix(sentences=200, documents=40, residents=True))


# ---- the tokenizer ------------------------------------------------------------------

IDS = """(jobs, Bert) => jobs.map(({vocabulary, texts}) => {
  const one = new Bert.Tokenizer(vocabulary);
  return texts.map(([text, pair]) => {
    const {ids, types} = one.encode(text, pair);
    return [ids, types];
  });
})"""


def expected_ids(vocabulary, texts):
    tokenizer = BertTokenizer(vocabulary)
    found = [tokenizer.encode(text, pair or None) for text, pair in texts]
    return [[one.ids, one.type_ids] for one in found]


def compare_ids(jobs):
    got = in_node(IDS, [{"vocabulary": v, "texts": t} for v, t in jobs])
    for (vocabulary, texts), lists in zip(jobs, got, strict=True):
        wanted = expected_ids(vocabulary, texts)
        for text, mine, theirs in zip(texts, lists, wanted, strict=True):
            assert mine == theirs, ascii(text)


def texts_of_the_tests():
    """Every string in the tokenizer's tests."""
    found = []
    for path in sorted(NASTY.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(as_in_a_page(node.value))
    return sorted(set(found))


def as_in_a_page(text):
    """Join two halves of a surrogate pair, which no page can hold apart."""
    data = text.encode("utf-16-le", "surrogatepass")
    return data.decode("utf-16-le", "surrogatepass")


def rich_vocabulary(texts):
    """Pieces that make differences visible: every character of the folded texts."""
    characters = sorted({part for text in texts for part, _ in fold(text)} - {" "})
    return [*SPECIAL_TOKENS, *characters, *(f"##{one}" for one in characters)]


def test_the_texts_of_the_tests_give_the_same_ids(model_and_tokenizer):
    _, tokenizer = model_and_tokenizer
    texts = texts_of_the_tests()
    assert len(texts) > 100
    pairs = [(text, "") for text in texts]
    compare_ids([(tokenizer.id_to_token, pairs), (rich_vocabulary(texts), pairs)])


def is_known(char):
    return unicodedata.category(char) not in ("Cn", "Cs")


@pytest.mark.parametrize("stride", [8, pytest.param(1, marks=pytest.mark.weekly)])
def test_every_single_character_gives_the_same_ids(stride):
    """Between two letters, and between two marks that may trade places.

    For every change each eighth of them, every week all.

    Left out is what this Python does not know: another one, or a browser, may know a
    lower case for it.
    """
    for start in range(0, 0x20000, 0x8000):
        places = range(start, start + 0x8000, stride)
        known = [char for char in map(chr, places) if is_known(char)]
        texts = [f"a{char}b \u0315{char}\u0301" for char in known]
        compare_ids([(rich_vocabulary(texts), [(text, "") for text in texts])])


def test_any_text_gives_the_same_ids():
    hypothesis = pytest.importorskip("hypothesis", reason="hypothesis makes the texts")
    from fuzz_files import any_text, vocabularies
    from hypothesis import HealthCheck

    jobs = []

    @hypothesis.settings(
        max_examples=300,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(any_text(), any_text(), vocabularies())
    def collect(text, pair, vocabulary):
        text, pair = as_in_a_page(text), as_in_a_page(pair)
        jobs.append((list(vocabulary), [(text, pair)]))
        whole = rich_vocabulary([text, pair])
        jobs.append((whole, [(text, pair)]))

    collect()
    assert len(jobs) >= 600
    compare_ids(jobs)


def test_the_tables_are_those_of_the_package():
    got = in_node("(_, Bert) => Bert.tables", None)
    assert got == {name: getattr(unicode_tables, name) for name in got}
    assert len(got) == 5


def test_the_longest_match_is_shown_with_all_that_was_tried():
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##hap", "##py"]
    (word, bad) = in_node(
        "(v, Bert) => new Bert.Tokenizer(v).words('unhappy unhapx')", vocabulary
    )
    assert word["pieces"] == ["un", "##hap", "##py"]
    assert word["tries"][0] == ["unhappy", "unhapp", "unhap", "unha", "unh", "un"]
    assert [tried[-1] for tried in word["tries"]] == word["pieces"]
    assert bad["pieces"] == ["[UNK]"] and bad["tries"][-1] == ["##x"]


# ---- the model ----------------------------------------------------------------------

RUN = """([name, jobs], Bert, weights) => {
  const model = Bert.unpack(weights[name]);
  return jobs.map(({ids, switches}) => {
    const {hidden, attentions} = Bert.run(model, ids, switches);
    return {
      words: ids.map((_, position) => [...Bert.wordLogits(model, hidden, position)]),
      pair: Bert.pairLogits(model, hidden),
      attentions: attentions.map(({heads}) => heads.map(({weights}) => [...weights])),
    };
  });
}"""
SENTENCES = [
    ("The capital of France is [MASK].", None),
    ("A bee [MASK] and the Duck quacks, zzz!", None),
    ("", None),
    ("The owl eats a mouse.", "It lives in a [MASK]."),
]


def run_both(model, encoded, **switches):
    """Give the package's logits and weights with heads, layers, positions off."""
    model = model.double().eval()
    heads, layers = switches.get("heads", []), switches.get("layers", [])
    hooks = [_silence(model, *map(int, one.split("."))) for one in heads]
    hooks += [_skip(model, layer) for layer in layers]
    table = model.bert.embeddings.position_embeddings.weight
    kept = table.detach().clone()
    if not switches.get("positions", True):
        table.data.zero_()
    with torch.no_grad():
        output = model(
            torch.tensor([encoded.ids]),
            token_type_ids=torch.tensor([encoded.type_ids]),
            output_attentions=True,
        )
    table.data.copy_(kept)
    for hook in hooks:
        hook.remove()
    return output


def _silence(model, layer, head):
    attention = model.bert.encoder.layers[layer].attention
    D = attention.query.out_features // attention.num_heads

    def zero(module, inputs):
        (merged,) = inputs
        merged = merged.clone()
        merged[..., head * D : (head + 1) * D] = 0
        return (merged,)

    return attention.output.register_forward_pre_hook(zero)


def _skip(model, layer):
    def skip(module, inputs, output):
        return inputs[0], output[1]

    return model.bert.encoder.layers[layer].register_forward_hook(skip)


def largest_difference(model, tokenizer, name, text_of_weights, switches):
    jobs, wanted = [], []
    for text, pair in SENTENCES:
        encoded = tokenizer.encode(text, pair)
        given = {**switches, "types": encoded.type_ids}
        jobs.append({"ids": encoded.ids, "switches": given})
        wanted.append(run_both(model, encoded, **switches))
    got = in_node(RUN, [name, jobs], text_of_weights)
    largest = 0.0
    for mine, theirs in zip(got, wanted, strict=True):
        attentions = torch.stack(theirs.attentions)[:, 0].flatten(2)
        for ours, reference in (
            (mine["words"], theirs.prediction_logits[0]),
            (mine["pair"], theirs.seq_relationship_logits[0]),
            (mine["attentions"], attentions),
        ):
            ours = torch.tensor(ours, dtype=torch.float64)
            assert ours.shape == reference.shape
            largest = max(largest, float((ours - reference).abs().max()))
    return largest


SWITCHES = [
    {},
    {"heads": ["1.2"]},
    {"heads": ["0.0", "0.1", "0.2", "0.3", "1.0"]},
    {"layers": [0]},
    {"layers": [1]},
    {"positions": False},
    {"heads": ["0.3"], "layers": [1], "positions": False},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_with_full_weights_the_logits_are_those_of_the_package(
    switches, model_and_tokenizer
):
    model, tokenizer = model_and_tokenizer
    text = script("full", entry(model, tokenizer, "double"), "In a test.")
    largest = largest_difference(model, tokenizer, "full", text, switches)
    assert largest < 1e-10


def test_the_switches_change_something(model_and_tokenizer):
    """Else the test above could pass with switches that do nothing on both sides."""
    model, tokenizer = model_and_tokenizer
    encoded = tokenizer.encode(SENTENCES[0][0])
    plain = run_both(model, encoded).prediction_logits
    for switches in SWITCHES[1:]:
        other = run_both(model, encoded, **switches).prediction_logits
        assert (plain - other).abs().max() > 0.1, switches


def test_another_model_of_other_sizes_agrees_too():
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvw"]
    config = tiny_config(vocab_size=len(tokens), max_position_embeddings=40)
    model = BertForPreTraining(config)
    for table in model.parameters():
        torch.nn.init.normal_(table, std=0.7)
    tokenizer = BertTokenizer(tokens)
    text = script("other", entry(model, tokenizer, "double"), "In a test.")
    assert largest_difference(model, tokenizer, "other", text, {}) < 1e-10


def test_the_error_function_is_exact_to_the_rounding():
    xs = torch.linspace(-7, 7, 2801, dtype=torch.float64)
    got = in_node("(xs, Bert) => xs.map(Bert.erf)", xs.tolist())
    wanted = torch.erf(xs)
    assert (torch.tensor(got, dtype=torch.float64) - wanted).abs().max() < 1e-15 * 4


FIRST = """([name, rows], Bert, weights) => {
  const model = Bert.unpack(weights[name]), mask = model.tokenizer.ids.get("[MASK]");
  return rows.map((text) => {
    const {ids} = model.tokenizer.encode(text);
    const {hidden} = Bert.run(model, ids);
    return Bert.guesses(model, hidden, ids.indexOf(mask), 1)[0].token;
  });
}"""


def first_words(model, tokenizer, texts):
    return [fill_masks(model, tokenizer, text, top=1)[0][0].token for text in texts]


@pytest.mark.weekly
def test_in_half_precision_every_probe_has_the_same_first_word(world):
    model, tokenizer = shipped()
    probes = [p for kind in ("stated", "rephrased") for p in world.probes(kind)]
    texts = [probe.text for probe in probes] + list(CHIPS.values())
    assert len(texts) > 1500
    got = in_node(FIRST, ["mini-world", texts], WEIGHTS.read_text("utf-8"))
    assert got == first_words(model, tokenizer, texts)


# ---- the files ----------------------------------------------------------------------


def test_the_files_are_those_that_the_shipped_weights_give():
    for name, text in files().items():
        assert (FOLDER / name).read_text("utf-8") == text, (
            f"{name}: run tools/book/browser_model.py"
        )


def test_the_files_are_small():
    assert compressed(WEIGHTS) < 320_000 and WEIGHTS.stat().st_size < 430_000
    assert compressed(ENGINE) < 7_000
    assert compressed(FOLDER / "panels.js") < 14_000
    assert compressed(FOLDER / "bert.css") < 3_000


def test_the_picture_without_scripts_says_what_the_model_says(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    text = fragment(model.float(), tokenizer)
    assert "paris" in text and "Norway" in text
    assert text.count("<tr>") == 1 + len(CHIPS)
    assert text.count('class="bert-arc"') == len(tokenizer.encode(CHIPS["France"]).ids)


# ---- the training, step by step -----------------------------------------------------


def told_of_the_training():
    text = (FOLDER / "training.js").read_text("utf-8")
    return json.loads(text.removeprefix("globalThis.bertTraining = ").rstrip(";\n"))


def step(number):
    about = f"The mini-world model after {number} steps"
    return stored(f"step_{number:04d}", about)


def test_every_kept_step_knows_what_is_told_of_it():
    told, probes = told_of_the_training(), World(0).probes("rephrased")
    assert len(probes) == told["probes"]
    assert majority_recall(probes).share == pytest.approx(told["majority"], abs=1e-4)
    shares = dict(told["recall"])
    assert sorted(told["kept"]) == told["kept"] and told["kept"][0] == 0
    for number in told["kept"]:
        values = step(number)
        tokenizer = BertTokenizer(values["vocabulary"])
        found = recall(answer_probes(model_of(values), tokenizer, probes)).share
        assert found == pytest.approx(shares[number], abs=0.02), number
    assert shares[0] < 0.01 and shares[told["kept"][-1]] > 0.97


def test_the_page_reads_the_same_numbers_from_a_step(model_and_tokenizer):
    values = step(1000)
    tokenizer = BertTokenizer(values["vocabulary"])
    text = (FOLDER / "step_1000.js").read_text("utf-8")
    model = model_of(values)
    largest = largest_difference(model, tokenizer, "step_1000", text, {})
    assert largest < 1e-4  # here they are computed from 32 bits, there from 64


def test_the_steps_are_small_and_all_there():
    kept = told_of_the_training()["kept"]
    files = sorted(FOLDER.glob("step_*.js"))
    assert [path.stem for path in files] == [f"step_{step:04d}" for step in kept]
    assert all(compressed(path) < 170_000 for path in files)
    assert sum(path.stat().st_size for path in files) < 1_700_000


@pytest.mark.slow
def test_the_tool_writes_what_the_page_reads(tmp_path):
    browser_training.run(4, {2, 4}, tmp_path)
    told = json.loads((tmp_path / "training.js").read_text("utf-8")[26:-2])
    assert set(told) == set(told_of_the_training())
    assert sorted(path.name for path in tmp_path.glob("step_*")) == [
        *("step_0002.js", "step_0004.js")
    ]
