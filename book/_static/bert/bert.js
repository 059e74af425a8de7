// BERT in plain JavaScript: tokenizer, encoder, both pretraining heads, and switches.
// A classic script without any dependency, so that it also runs from a file. It follows
// the package step by step (tokenization/, model/); tests/book/test_browser_model.py
// compares the two: the same ids, and logits equal to the rounding of doubles.
"use strict";

globalThis.Bert = (() => {
  // ---- characters: tokenization/unicode_tables.py ------------------------------------
  const SPACES = "\t\n\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007" +
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";
  const AFTER_UNICODE_9 = "5C8-5C9 61D-61D 7FD-7FD 890-8D3 8E2-8E2 9FD-9FE A76-A76 " +
    "AFA-AFF B53-B55 C04-C3C C77-C77 C84-C84 D00-D00 D3B-D3C D81-D81 EBA-EBA ECE-ECE " +
    "1715-1715 180F-1886 1ABF-1AF0 1B4E-1B4F 1B7D-1B7F 1DF6-1DFA 2E43-2E63 A82C-A82C " +
    "A8C5-A8C5 A8FF-A8FF A9BD-A9BD 105C9-105E4 10D24-10F89 11070-11074 110C2-110CD " +
    "111CF-111CF 1123E-11241 1133B-1133B 11383-1143F 11443-11444 1144B-1145E 11660-1166C " +
    "116B9-116B9 1182F-11C3D 11C41-11FFF 12FF1-1612F 16D68-16F4F 16FE2-16FF1 1CF00-1D128 " +
    "1D250-1D281 1E08F-1E6F5 1E95E-1E95F";
  const ONLY_UNICODE_9 = "8D4-8E1 1DFB-1DFB 11442-11442 11446-11446 11C3F-11C3F " +
    "1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E944-1E94A";
  const IDEOGRAPHS = "3400-4DBF 4E00-9FFF F900-FAFF 20000-2A6DF 2A700-2B73F " +
    "2B740-2B81F 2B920-2CEAF 2F800-2FA1F";
  const OLD_MARKS = "\u1734\u{1171e}";
  const OLD_PUNCTUATION = "\u166d\u{111c9}";
  const ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

  const isIn = (ranges) => {
    const spans = ranges.split(" ").map((one) => one.split("-").map((x) => parseInt(x, 16)));
    return (char) => {
      const code = char.codePointAt(0);
      return spans.some(([first, last]) => first <= code && code <= last);
    };
  };
  const isAfter9 = isIn(AFTER_UNICODE_9);
  const isOnly9 = isIn(ONLY_UNICODE_9);
  const isIdeograph = isIn(IDEOGRAPHS);
  const isPlain = (char) => isAfter9(char) || isOnly9(char); // like a letter
  const isSpace = (char) => SPACES.includes(char);
  const isMark = (char) => OLD_MARKS.includes(char) ||
    (/\p{Mn}/u.test(char) && !isPlain(char) && !OLD_PUNCTUATION.includes(char));
  const isDropped = (char) => !isSpace(char) && (char === "\ufffd" ||
    (/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(char) && !isPlain(char)));
  const isPunctuation = (char) => ASCII_PUNCTUATION.includes(char) ||
    OLD_PUNCTUATION.includes(char) ||
    (/\p{P}/u.test(char) && !isPlain(char) && !OLD_MARKS.includes(char));

  // ---- words: tokenization/normalizer.py ---------------------------------------------
  const clean = (text) => {
    let out = "";
    for (const char of text) {
      if (isSpace(char)) out += " ";
      else if (isIdeograph(char)) out += ` ${char} `;
      else if (!isDropped(char)) out += char;
    }
    return out;
  };

  // Canonical decomposition, but for characters that old tables do not know: those stay,
  // and no mark moves across them.
  const decompose = (text) => {
    let out = "", run = "";
    for (const char of text) {
      if (!isAfter9(char)) {
        run += char;
        continue;
      }
      out += run.normalize("NFD") + char;
      run = "";
    }
    return out + run.normalize("NFD");
  };

  const lowerAndStrip = (text) => {
    let out = "";
    for (const char of decompose(text)) if (!isMark(char)) out += char.toLowerCase();
    return out;
  };

  const splitWords = (text) => {
    let out = "";
    for (const char of lowerAndStrip(clean(text))) {
      out += isPunctuation(char) ? ` ${char} ` : char;
    }
    return out.split(" ").filter(Boolean);
  };

  // ---- pieces: tokenization/wordpiece.py, tokenizer.py -------------------------------
  const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const CUT = /(\[(?:PAD|UNK|CLS|SEP|MASK)\])/;
  const LONGEST_WORD = 100;

  // Cut a word into the longest pieces there are. `tries` lists what was looked up:
  // for each start the candidates, of which only the last one may be in the vocabulary.
  const matchPieces = (word, ids, tries = []) => {
    const chars = [...word], pieces = [];
    if (chars.length > LONGEST_WORD) return ["[UNK]"];
    for (let start = 0, end; start < chars.length; start = end) {
      const tried = [];
      tries.push(tried);
      for (end = chars.length; end > start; end -= 1) {
        const piece = (start ? "##" : "") + chars.slice(start, end).join("");
        tried.push(piece);
        if (ids.has(piece)) break;
      }
      if (end === start) return ["[UNK]"];
      pieces.push(tried.at(-1));
    }
    return pieces;
  };

  class Tokenizer {
    constructor(vocabulary) {
      this.tokens = vocabulary;
      this.ids = new Map(vocabulary.map((token, id) => [token, id]));
    }

    // The words of a text, each with its pieces and all that was tried to find them.
    words(text) {
      const found = [];
      const chunks = text.split(new RegExp(`[${SPACES}]+`, "u")).filter(Boolean);
      for (const chunk of chunks) {
        for (const part of chunk.split(CUT)) {
          if (SPECIAL.includes(part)) {
            found.push({ word: part, pieces: [part], tries: [[part]] });
            continue;
          }
          for (const word of splitWords(part)) {
            const tries = [];
            found.push({ word, pieces: matchPieces(word, this.ids, tries), tries });
          }
        }
      }
      return found;
    }

    tokenize(text) {
      return this.words(text).flatMap((one) => one.pieces);
    }

    // [CLS] text [SEP], or [CLS] text [SEP] pair [SEP].
    encode(text, pair = "") {
      const first = ["[CLS]", ...this.tokenize(text), "[SEP]"];
      const second = pair ? [...this.tokenize(pair), "[SEP]"] : [];
      const tokens = [...first, ...second];
      return {
        tokens,
        ids: tokens.map((token) => this.ids.get(token)),
        types: tokens.map((_, index) => Number(index >= first.length)),
      };
    }
  }

  // ---- weights -----------------------------------------------------------------------
  const half = (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, rest = bits & 1023;
    if (exponent === 0) return sign * rest * 2 ** -24;
    return sign * (1 + rest / 1024) * 2 ** (exponent - 15);
  };

  // Each format: how the values of one tensor are read from the bytes. In "byte" a row of
  // a matrix is a scale, then whole numbers from -127 to 127; vectors are as in "half".
  const READERS = {
    double: (view, at, size) => [Float64Array.from({ length: size },
      (_, i) => view.getFloat64(at + 8 * i, true)), at + 8 * size],
    half: (view, at, size) => [Float64Array.from({ length: size },
      (_, i) => half(view.getUint16(at + 2 * i, true))), at + 2 * size],
    byte: (view, at, size, shape) => {
      if (shape.length === 1) return READERS.half(view, at, size);
      const [rows, columns] = shape, values = new Float64Array(size);
      for (let row = 0; row < rows; row += 1, at += 4 + columns) {
        const scale = view.getFloat32(at, true);
        for (let i = 0; i < columns; i += 1) {
          values[row * columns + i] = scale * view.getInt8(at + 4 + i);
        }
      }
      return [values, at];
    },
  };

  const unpack = ({ config, vocabulary, format, tensors, data }) => {
    const text = atob(data), bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    const view = new DataView(bytes.buffer), weights = {};
    let at = 0;
    for (const [name, shape] of tensors) {
      const size = shape.reduce((a, b) => a * b, 1);
      [weights[name], at] = READERS[format](view, at, size, shape);
    }
    if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are left over`);
    return { config, weights, tokenizer: new Tokenizer(vocabulary) };
  };

  // ---- numbers -----------------------------------------------------------------------
  // The error function to the rounding of doubles: a series of positive terms near 0, a
  // continued fraction far out, where the series would need too many.
  const erf = (x) => {
    const a = Math.abs(x);
    if (a < 3) {
      let term = a, sum = a;
      for (let n = 1; term > sum * 1e-17; n += 1) sum += term *= (2 * a * a) / (2 * n + 1);
      return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
    }
    let fraction = a;
    for (let n = 60; n > 0; n -= 1) fraction = a + n / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction);
  };
  const gelu = (x) => x * 0.5 * (1 + erf(x / Math.SQRT2));

  const softmax = (scores) => {
    const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = Float64Array.from(scores, (score) => Math.exp(score - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  };

  // x (T, in) times the transpose of weight (out, in), plus bias (out): (T, out).
  const linear = (x, weight, bias, outputs) => {
    const inputs = weight.length / outputs, T = x.length / inputs;
    const y = new Float64Array(T * outputs);
    for (let t = 0; t < T; t += 1) {
      for (let o = 0; o < outputs; o += 1) {
        let sum = bias ? bias[o] : 0;
        for (let i = 0; i < inputs; i += 1) sum += x[t * inputs + i] * weight[o * inputs + i];
        y[t * outputs + o] = sum;
      }
    }
    return y;
  };

  const layerNorm = (x, gain, shift, epsilon) => {
    const H = gain.length, y = new Float64Array(x.length);
    for (let start = 0; start < x.length; start += H) {
      const row = x.subarray(start, start + H);
      const mean = row.reduce((a, b) => a + b, 0) / H;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / H;
      const scale = 1 / Math.sqrt(variance + epsilon);
      for (let i = 0; i < H; i += 1) y[start + i] = (row[i] - mean) * scale * gain[i] + shift[i];
    }
    return y;
  };

  const add = (x, y) => x.map((value, i) => value + y[i]);

  // ---- the model: model/embeddings.py, attention.py, encoder.py, bert.py -------------
  const part = ({ weights }, name) => (end) => {
    const found = weights[`${name}.${end}`];
    if (!found) throw new Error(`no weights named ${name}.${end}`);
    return found;
  };

  const embed = (model, ids, types, withPositions) => {
    const of = part(model, "bert.embeddings"), H = model.config.hidden_size;
    const word = of("word_embeddings.weight"), type = of("token_type_embeddings.weight");
    const position = of("position_embeddings.weight"), sum = new Float64Array(ids.length * H);
    for (let t = 0; t < ids.length; t += 1) {
      for (let i = 0; i < H; i += 1) {
        sum[t * H + i] = word[ids[t] * H + i] + type[types[t] * H + i] +
          (withPositions ? position[t * H + i] : 0);
      }
    }
    return layerNorm(sum, of("layer_norm.weight"), of("layer_norm.bias"),
      model.config.layer_norm_eps);
  };

  // One head: all scores, their softmax, and the mixture of the values.
  const head = (query, key, value, H, D, number) => {
    const T = query.length / H, first = number * D;
    const scores = new Float64Array(T * T), weights = new Float64Array(T * T);
    const mixed = new Float64Array(T * D);
    for (let t = 0; t < T; t += 1) {
      for (let s = 0; s < T; s += 1) {
        let dot = 0;
        for (let i = 0; i < D; i += 1) dot += query[t * H + first + i] * key[s * H + first + i];
        scores[t * T + s] = dot;
      }
      const row = scores.slice(t * T, t * T + T).map((score) => score / Math.sqrt(D));
      weights.set(softmax(row), t * T);
      for (let s = 0; s < T; s += 1) {
        for (let i = 0; i < D; i += 1) {
          mixed[t * D + i] += weights[t * T + s] * value[s * H + first + i];
        }
      }
    }
    return { scores, weights, mixed };
  };

  const attend = (model, hidden, layer, isOff) => {
    const of = part(model, `bert.encoder.layers.${layer}.attention`);
    const { hidden_size: H, num_attention_heads: A } = model.config, D = H / A;
    const [query, key, value] = ["query", "key", "value"].map((name) =>
      linear(hidden, of(`${name}.weight`), of(`${name}.bias`), H));
    const merged = new Float64Array(hidden.length), heads = [];
    for (let number = 0; number < A; number += 1) {
      const one = head(query, key, value, H, D, number);
      heads.push(one);
      if (isOff(layer, number)) continue; // what a head that is off hands on is 0
      for (let t = 0; t < hidden.length / H; t += 1) {
        merged.set(one.mixed.subarray(t * D, t * D + D), t * H + number * D);
      }
    }
    const output = linear(merged, of("output.weight"), of("output.bias"), H);
    return { output, heads, query, key, value };
  };

  const runLayer = (model, hidden, layer, isOff) => {
    const of = part(model, `bert.encoder.layers.${layer}`);
    const { intermediate_size: I, hidden_size: H, layer_norm_eps: epsilon } = model.config;
    const attention = attend(model, hidden, layer, isOff);
    const middle = layerNorm(add(hidden, attention.output), of("attention_norm.weight"),
      of("attention_norm.bias"), epsilon);
    const up = linear(middle, of("feed_forward.up.weight"), of("feed_forward.up.bias"), I);
    const down = linear(up.map(gelu), of("feed_forward.down.weight"),
      of("feed_forward.down.bias"), H);
    const output = layerNorm(add(middle, down), of("feed_forward_norm.weight"),
      of("feed_forward_norm.bias"), epsilon);
    return { output, attention };
  };

  // Run the encoder. Switches: `heads` off, as "layer.head"; `layers` off, which hand on
  // what they get; `positions` false leaves the position table out.
  const run = (model, ids, { types, heads = [], layers = [], positions = true } = {}) => {
    const { config } = model, off = new Set(heads);
    if (config.hidden_act !== "gelu") throw new Error(`unknown: ${config.hidden_act}`);
    if (ids.length > config.max_position_embeddings) throw new Error("too many tokens");
    let hidden = embed(model, ids, types ?? ids.map(() => 0), positions);
    const states = [hidden], attentions = [];
    for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
      const one = runLayer(model, hidden, layer, (l, h) => off.has(`${l}.${h}`));
      if (!layers.includes(layer)) hidden = one.output;
      states.push(hidden);
      attentions.push(one.attention);
    }
    return { hidden, states, attentions };
  };

  // ---- the heads: model/objectives.py ------------------------------------------------
  const wordLogits = (model, hidden, position) => {
    const of = part(model, "cls.predictions"), H = model.config.hidden_size;
    const row = hidden.slice(position * H, position * H + H);
    const dense = linear(row, of("dense.weight"), of("dense.bias"), H).map(gelu);
    const normal = layerNorm(dense, of("layer_norm.weight"), of("layer_norm.bias"),
      model.config.layer_norm_eps);
    const table = model.weights["bert.embeddings.word_embeddings.weight"];
    return linear(normal, table, of("bias"), model.config.vocab_size);
  };

  const pooled = (model, hidden) => {
    const of = part(model, "bert.pooler.dense"), H = model.config.hidden_size;
    return linear(hidden.slice(0, H), of("weight"), of("bias"), H).map(Math.tanh);
  };

  // Class 0: the second text follows the first; class 1: it is a random one.
  const pairLogits = (model, hidden) => {
    const of = part(model, "cls.seq_relationship");
    return linear(pooled(model, hidden), of("weight"), of("bias"), 2);
  };

  // ---- the heads of tasks: model/task_heads.py, tasks/questions/answers.py -----------
  const classLogits = (model, hidden) => {
    const of = part(model, "classifier"), bias = of("bias");
    return linear(pooled(model, hidden), of("weight"), bias, bias.length);
  };

  // For each token the logits of being the first and the last one of the answer.
  const spanLogits = (model, hidden) => {
    const of = part(model, "qa_outputs"), both = linear(hidden, of("weight"), of("bias"), 2);
    return { start: both.filter((_, i) => i % 2 === 0), end: both.filter((_, i) => i % 2) };
  };

  // The span of tokens with the largest start + end, among those that may be an answer;
  // of equals the first one. Null if there is none.
  const bestSpan = ({ start, end }, mayAnswer, longest) => {
    let best = null;
    for (let first = 0; first < start.length; first += 1) {
      if (!mayAnswer[first]) continue;
      for (let last = first; last < Math.min(start.length, first + longest); last += 1) {
        const score = start[first] + end[last];
        if (mayAnswer[last] && (!best || score > best.score)) best = { first, last, score };
      }
    }
    return best;
  };

  // The likeliest tokens behind a position, the likeliest first.
  const guesses = (model, hidden, position, count = 5) =>
    [...softmax(wordLogits(model, hidden, position))]
      .map((probability, id) => ({ id, token: model.tokenizer.tokens[id], probability }))
      .sort((a, b) => b.probability - a.probability || a.id - b.id)
      .slice(0, count);

  const tables = { SPACES, AFTER_UNICODE_9, ONLY_UNICODE_9, IDEOGRAPHS, ASCII_PUNCTUATION };
  return {
    Tokenizer, unpack, run, wordLogits, pairLogits, classLogits, spanLogits, bestSpan, guesses,
    softmax, linear, erf, tables,
  };
})();
