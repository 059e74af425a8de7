// The panels of the page in which a reader tries the model of bert.js. Each
// <div class="bert-panel" data-panel="NAME"> becomes one; until then, and without
// scripts, it shows what it holds. The weights load when the first panel is near.
"use strict";

(() => {
  const HOME = new URL(".", document.currentScript.src);
  const LONGEST = 240; // letters of a sentence: enough for all positions

  // ---- pieces of a page --------------------------------------------------------------
  const element = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in made && name !== "style" && name !== "list") made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };
  const drawn = (tag, properties, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const percent = (share) => {
    if (share < 0.005) return "under 1%";
    return share < 0.995 ? `${Math.round(100 * share)}%` : "over 99%";
  };
  let numbers = 0;
  const fresh = (name) => `bert-${name}-${numbers += 1}`;

  const choice = (label, options, change) => {
    const select = element("select", {}, ...options.map(([value, text]) =>
      element("option", { value }, text)));
    select.addEventListener("change", change);
    return { select, row: element("label", { className: "bert-choice" }, label, " ", select) };
  };
  const button = (text, act, properties = {}) => {
    const made = element("button", { type: "button", className: "bert-button", ...properties }, text);
    made.addEventListener("click", act);
    return made;
  };
  const tick = (text, change, isOn = true) => {
    const box = element("input", { type: "checkbox", checked: isOn });
    box.addEventListener("change", change);
    return { box, row: element("label", { className: "bert-tick" }, box, element("span", {}, text)) };
  };
  const said = () => element("p", { className: "bert-said", role: "status" });
  const ground = (share) => `--share:${Math.round(100 * Math.min(1, share))}%`;
  const scroller = (label, ...children) =>
    element("div", { className: "bert-scroll", tabIndex: 0, role: "region", "aria-label": label },
      ...children);

  const sentence = (text, change, label = "Sentence") => {
    const input = element("input", {
      type: "text", value: text, maxLength: LONGEST, id: fresh("text"),
      autocomplete: "off", spellcheck: false,
    });
    let waiting;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(change, 150);
    });
    const row = element("div", { className: "bert-field" },
      element("label", { htmlFor: input.id }, label), input);
    return { input, row, set: (value) => { input.value = value; change(); } };
  };

  const bars = (guesses) => element("ol", { className: "bert-bars" },
    ...guesses.map(({ token, probability }) => element("li", {},
      element("span", { className: "bert-word" }, token),
      element("span", { className: "bert-rail" },
        element("span", { style: `width:${(100 * probability).toFixed(1)}%` })),
      element("span", { className: "bert-share" }, percent(probability)))));

  const heads = ({ num_hidden_layers: L, num_attention_heads: A }) =>
    Array.from({ length: L * A }, (_, i) => {
      const [layer, head] = [Math.floor(i / A), i % A];
      return { key: `${layer}.${head}`, layer, head, name: `layer ${layer}, head ${head}` };
    });

  // ---- the model with a sentence -----------------------------------------------------
  const read = (model, text, pair = "") => {
    const encoded = model.tokenizer.encode(text, pair);
    const limit = model.config.max_position_embeddings;
    const isCut = encoded.ids.length > limit;
    for (const key of ["tokens", "ids", "types"]) encoded[key] = encoded[key].slice(0, limit);
    return { ...encoded, isCut, limit };
  };
  const masksOf = ({ tokens }) => tokens.flatMap((token, i) => (token === "[MASK]" ? [i] : []));
  const remarks = ({ tokens, isCut, limit }) => [
    tokens.includes("[UNK]") && "[UNK]: the vocabulary has no pieces for a word.",
    tokens.filter((token) => token.startsWith("##")).length > 2 &&
      "Many ## pieces: the model hardly knows these words, and babbles.",
    isCut && `The model reads ${limit} tokens at most; the rest is left out.`,
  ].filter(Boolean).join(" ");

  // Mask the word with this number in the text, or bring it back.
  const toggled = (text, number, hidden) => {
    let at = -1;
    return text.replace(/\[MASK\]|[^\s.,?!]+|[.,?!]/g, (word) => {
      at += 1;
      if (at !== number) return word;
      if (word === "[MASK]") return hidden.get(number) ?? word;
      hidden.set(number, word);
      return "[MASK]";
    });
  };
  const wordsOf = (text) => text.match(/\[MASK\]|[^\s.,?!]+|[.,?!]/g) ?? [];

  // The words as buttons: a click hides one, or shows it again.
  const wordButtons = (field) => {
    const home = element("div", {
      className: "bert-words", role: "group", "aria-label": "Click a word to hide it",
    });
    const hidden = new Map();
    let shown = [];
    const show = () => {
      const words = wordsOf(field.input.value);
      if (words.length !== shown.length) hidden.clear();
      const last = home.contains(document.activeElement)
        ? [...home.children].indexOf(document.activeElement) : -1;
      shown = words;
      home.replaceChildren(...words.map((word, i) => button(word,
        () => field.set(toggled(field.input.value, i, hidden)),
        { ariaPressed: String(word === "[MASK]") })));
      home.children[last]?.focus();
    };
    return { home, show };
  };

  // Arcs from one token to all; the columns are measured, so that words keep their width.
  const arcs = (row, from, weights) => {
    const middles = [...row.children].map((one) => one.offsetLeft + one.offsetWidth / 2);
    const height = 84, start = middles[from];
    const reach = Math.max(...middles.map((x) => Math.abs(x - start)), 1);
    return drawn("svg", {
      class: "bert-arcs", width: row.scrollWidth, height, "aria-hidden": "true",
    }, ...middles.map((end, i) => drawn("path", {
      d: `M${start} ${height}Q${(start + end) / 2} ` +
        `${height - 24 - (1.3 * height * Math.abs(end - start)) / reach} ${end} ${height}`,
      "stroke-width": Math.max(0.5, 8 * weights[i]).toFixed(1),
    })));
  };

  const attentionRow = (layer, head, position, T) =>
    layer.heads[head].weights.slice(position * T, position * T + T);

  // ---- panels ------------------------------------------------------------------------
  const PANELS = {};

  // Switches for heads, with a button for the one whose arcs are drawn.
  const headSwitches = (model, chosen, change) => {
    const name = fresh("head");
    const tiles = heads(model.config).map((one) => {
      const radio = element("input", { type: "radio", name, value: one.key, checked: one.key === chosen });
      radio.addEventListener("change", change);
      const on = tick("on", change);
      on.box.ariaLabel = `${one.name}: on`;
      return { ...one, radio, box: on.box, tile: element("div", { className: "bert-head" },
        element("label", { className: "bert-tick" }, radio,
          element("span", {}, `${one.layer}.${one.head}`,
            element("span", { className: "visually-hidden" }, ` draw ${one.name}`))),
        on.row) };
    });
    const home = element("fieldset", { className: "bert-heads bert-grid" },
      element("legend", {}, "Heads, as layer.head: choose one for the arcs, switch any off"),
      ...tiles.map((one) => one.tile));
    return {
      home,
      chosen: () => tiles.find((one) => one.radio.checked) ?? tiles[0],
      off: () => tiles.filter((one) => !one.box.checked).map((one) => one.key),
    };
  };

  PANELS.live = (model, panel) => {
    const chips = JSON.parse(panel.dataset.chips ?? "{}");
    const status = said(), answers = element("div"), note = element("p", { className: "bert-note" });
    const tokens = element("div", { className: "bert-tokens" });
    const stage = scroller("Arcs of attention", tokens);
    const show = () => {
      const encoded = read(model, field.input.value), masks = masksOf(encoded);
      words.show();
      const { hidden, attentions } = Bert.run(model, encoded.ids, { ...encoded, heads: switches.off() });
      const { layer, head, name } = switches.chosen(), from = masks[0] ?? 0;
      tokens.replaceChildren(...encoded.tokens.map((one, i) =>
        element("span", { className: i === from ? "bert-from" : "" }, one)));
      stage.querySelector("svg")?.remove();
      const row = attentionRow(attentions[layer], head, from, encoded.ids.length);
      stage.prepend(arcs(tokens, from, row));
      const marked = tokens.children[from];
      stage.scrollLeft = marked.offsetLeft + marked.offsetWidth / 2 - stage.clientWidth / 2;
      const most = row.indexOf(Math.max(...row));
      note.textContent = `Arcs: attention weights of ${name}, from ${encoded.tokens[from]}; ` +
        `the widest goes to ${encoded.tokens[most]} (${percent(row[most])}). ${remarks(encoded)}`;
      const found = masks.map((mask) => Bert.guesses(model, hidden, mask));
      answers.replaceChildren(...found.map(bars));
      status.textContent = found.length
        ? `First answer: ${found.map(([one]) => `${one.token}, ${percent(one.probability)}`).join("; ")}.`
        : "Click a word to hide it, and the model says what it would put there.";
    };
    const field = sentence(panel.dataset.text ?? Object.values(chips)[0], show);
    const words = wordButtons(field);
    const switches = headSwitches(model, panel.dataset.head ?? "0.0", show);
    const row = element("div", { className: "bert-chips", role: "group", "aria-label": "Examples" },
      ...Object.entries(chips).map(([name, text]) => button(name, () => field.set(text))));
    panel.replaceChildren(row, field.row, words.home, status, answers, stage, note, switches.home);
    show();
    let width = stage.clientWidth;
    new ResizeObserver(() => {
      if (stage.clientWidth === width) return;
      width = stage.clientWidth;
      show();
    }).observe(stage);
  };

  PANELS.pieces = (model, panel) => {
    const out = element("tbody"), status = said();
    const show = () => {
      const found = model.tokenizer.words(field.input.value);
      out.replaceChildren(...found.map(({ word, pieces, tries }) => element("tr", {},
        element("td", {}, word),
        element("td", {}, ...tries.flatMap((tried, i) => {
          const isHit = pieces.length > i && pieces[0] !== "[UNK]";
          const missed = isHit ? tried.slice(0, -1) : tried;
          const shown = missed.length > 4
            ? [...missed.slice(0, 2), `(${missed.length - 3} more)`, ...missed.slice(-1)] : missed;
          return [element("div", {}, shown.join(" "), " ",
            isHit ? element("strong", {}, tried.at(-1)) : element("em", {}, "nothing fits"))];
        })),
        element("td", {}, ...pieces.map((piece) => element("span", {
          className: piece === "[UNK]" ? "bert-piece bert-unknown" : "bert-piece",
        }, piece, " ", element("small", {}, String(model.tokenizer.ids.get(piece)))))))));
      const count = found.flatMap((one) => one.pieces).length;
      const unknown = found.filter((one) => one.pieces[0] === "[UNK]").length;
      status.textContent = `${found.length} words, ${count} pieces` +
        (unknown ? `, of which ${unknown} [UNK]: ${found.find((one) => one.pieces[0] === "[UNK]").word}` +
          " cannot be put together." : ".");
    };
    const field = sentence(panel.dataset.text ?? "The lions eat cheese in Oslo €", show, "Text");
    const head = ["word", "looked up, the longest first", "pieces and ids"];
    const table = element("table", { className: "table bert-table" }, element("thead", {},
      element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))), out);
    panel.replaceChildren(field.row, status, scroller("Pieces", table));
    show();
  };

  PANELS.fill = (model, panel) => {
    const answers = element("div", { className: "bert-pair" }), status = said();
    const show = () => {
      const encoded = read(model, field.input.value), masks = masksOf(encoded);
      words.show();
      const { hidden } = Bert.run(model, encoded.ids, encoded);
      const found = masks.map((mask) => Bert.guesses(model, hidden, mask));
      answers.replaceChildren(...found.map(bars));
      status.textContent = (found.length
        ? `First answers: ${found.map(([one]) => `${one.token}, ${percent(one.probability)}`).join("; ")}. `
        : "Click a word to hide it. ") + remarks(encoded);
    };
    const field = sentence(panel.dataset.text ?? "The capital of Japan is [MASK].", show);
    const words = wordButtons(field);
    panel.replaceChildren(field.row, words.home, status, answers);
    show();
  };

  PANELS.attention = (model, panel) => {
    const grid = element("div"), status = said();
    const show = () => {
      const encoded = read(model, field.input.value), T = encoded.ids.length;
      const { attentions } = Bert.run(model, encoded.ids, encoded);
      const { layer, head, name } = heads(model.config)[Number(pick.select.value)];
      const { weights } = attentions[layer].heads[head];
      const cell = (i, j) => element("td", { style: ground(weights[i * T + j]) },
        String(Math.round(100 * weights[i * T + j])));
      grid.replaceChildren(element("table", { className: "bert-map" },
        element("thead", {}, element("tr", {}, element("td", {}, "from, to"), ...encoded.tokens.map((one) =>
          element("th", { scope: "col" }, element("span", {}, one))))),
        element("tbody", {}, ...encoded.tokens.map((one, i) => element("tr", {},
          element("th", { scope: "row" }, one), ...encoded.tokens.map((_, j) => cell(i, j)))))));
      const best = weights.indexOf(Math.max(...weights));
      status.textContent = `${name}, in percent: each row sums to 100. The largest weight, ` +
        `${percent(weights[best])}, goes from ${encoded.tokens[Math.floor(best / T)]} to ` +
        `${encoded.tokens[best % T]}. ${remarks(encoded)}`;
    };
    const field = sentence(panel.dataset.text ?? "The language of Cuba is [MASK].", show);
    const pick = choice("Head", heads(model.config).map((one, i) => [i, one.name]), show);
    const first = heads(model.config).findIndex((one) => one.key === (panel.dataset.head ?? "1.2"));
    pick.select.value = Math.max(0, first);
    panel.replaceChildren(field.row, pick.row, status, scroller("Attention weights", grid));
    show();
  };

  PANELS.ablation = (model, panel) => {
    const before = element("div"), after = element("div"), status = said();
    const show = () => {
      const encoded = read(model, field.input.value), [mask] = masksOf(encoded);
      if (mask === undefined) {
        status.textContent = "Write [MASK] into the sentence.";
        return;
      }
      const switches = {
        types: encoded.types,
        heads: headBoxes.filter((one) => !one.box.checked).map((one) => one.key),
        layers: layerBoxes.flatMap((one, i) => (one.box.checked ? [] : [i])),
        positions: positions.box.checked,
      };
      const whole = Bert.guesses(model, Bert.run(model, encoded.ids, encoded).hidden, mask);
      const { hidden } = Bert.run(model, encoded.ids, switches);
      const left = Bert.guesses(model, hidden, mask);
      const [{ id, token, probability }] = whole;
      const now = Bert.softmax(Bert.wordLogits(model, hidden, mask))[id];
      before.replaceChildren(element("p", { className: "bert-title" }, "all on"), bars(whole));
      after.replaceChildren(element("p", { className: "bert-title" }, "as switched"), bars(left));
      status.textContent = `${token}: ${percent(probability)} with all on, ${percent(now)} as switched` +
        (left[0].id === id ? "; still the first answer." : `; the first answer is now ${left[0].token}.`);
    };
    const field = sentence(panel.dataset.text ?? "The capital of France is [MASK].", show);
    const headBoxes = heads(model.config).map((one) => ({ ...one,
      ...tick(`head ${one.layer}.${one.head}`, show, one.key !== panel.dataset.off) }));
    const layerBoxes = Array.from({ length: model.config.num_hidden_layers }, (_, i) =>
      tick(`layer ${i}`, show));
    const positions = tick("positions", show);
    const rows = [...headBoxes, ...layerBoxes, positions];
    const reset = button("All on", () => {
      for (const { box } of rows) box.checked = true;
      show();
    });
    panel.replaceChildren(field.row, element("fieldset", { className: "bert-heads" },
      element("legend", {}, "On"), ...rows.map((one) => one.row), reset), status,
      element("div", { className: "bert-pair" }, before, after));
    show();
  };

  const short = (x) => (x >= 1000 ? x.toFixed(0) : String(Number(x.toPrecision(3))));
  const strip = (values) => element("span", { className: "bert-strip", "aria-hidden": "true" },
    ...values.map((value) => element("span", {
      className: value > 0 ? "bert-up" : "bert-down", style: `opacity:${Math.min(1, 0.1 + Math.abs(value) / 2).toFixed(2)}`,
    })));

  PANELS.steps = (model, panel) => {
    const out = element("div"), status = said();
    const show = () => {
      const encoded = read(model, field.input.value), T = encoded.ids.length;
      const D = model.config.hidden_size / model.config.num_attention_heads;
      const H = model.config.hidden_size;
      if (who.select.options.length !== T || who.tokens !== encoded.tokens.join(" ")) {
        const keep = masksOf(encoded)[0] ?? 0;
        who.tokens = encoded.tokens.join(" ");
        who.select.replaceChildren(...encoded.tokens.map((one, i) => element("option", { value: i }, one)));
        who.select.value = keep;
      }
      const from = Number(who.select.value);
      const { layer, head, name } = heads(model.config)[Number(pick.select.value)];
      const { attentions } = Bert.run(model, encoded.ids, encoded);
      const { heads: all, value } = attentions[layer], { scores, weights, mixed } = all[head];
      const score = scores.slice(from * T, from * T + T), weight = weights.slice(from * T, from * T + T);
      const powers = score.map((one) => Math.exp(one / Math.sqrt(D)));
      const titles = ["token", "1. score q·k", `2. scaled, / √${D}`, "3. exp", "softmax", "4. value"];
      out.replaceChildren(element("table", { className: "table bert-table" },
        element("thead", {}, element("tr", {}, ...titles.map((one) => element("th", { scope: "col" }, one)))),
        element("tbody", {}, ...encoded.tokens.map((one, i) => element("tr", {},
          element("th", { scope: "row" }, one),
          element("td", {}, score[i].toFixed(2)),
          element("td", {}, (score[i] / Math.sqrt(D)).toFixed(2)),
          element("td", {}, short(powers[i])),
          element("td", { className: "bert-ground", style: ground(weight[i]) }, weight[i].toFixed(3)),
          element("td", {}, strip([...value.slice(i * H + head * D, i * H + head * D + D)]))))),
        element("tfoot", {}, element("tr", {}, element("th", { scope: "row" }, "sum or mixture"),
          element("td"), element("td"),
          element("td", {}, short(powers.reduce((a, b) => a + b, 0))),
          element("td", {}, weight.reduce((a, b) => a + b, 0).toFixed(3)),
          element("td", {}, strip([...mixed.slice(from * D, from * D + D)]))))));
      const most = weight.indexOf(Math.max(...weight));
      status.textContent = `${encoded.tokens[from]} in ${name}: what it takes is ${percent(weight[most])} ` +
        `the value of ${encoded.tokens[most]}.`;
    };
    const field = sentence(panel.dataset.text ?? "The capital of France is [MASK].", show);
    const who = choice("Query", [], show);
    const pick = choice("Head", heads(model.config).map((one, i) => [i, one.name]), show);
    const first = heads(model.config).findIndex((one) => one.key === (panel.dataset.head ?? "1.2"));
    pick.select.value = Math.max(0, first);
    panel.replaceChildren(field.row, element("div", { className: "bert-row" }, who.row, pick.row), status,
      scroller("The steps of one head", out));
    show();
  };

  PANELS.masking = (model, panel) => {
    const out = element("tbody"), status = said();
    const SPECIAL = ["[CLS]", "[SEP]", "[PAD]"];
    const draw = () => {
      const encoded = read(model, field.input.value), V = model.config.vocab_size;
      const rate = Number(pick.select.value), input = [...encoded.ids], chosen = [];
      for (let tries = 0; !chosen.length && tries < 1000; tries += 1) {
        encoded.tokens.forEach((token, i) => {
          if (!SPECIAL.includes(token) && Math.random() < rate) chosen.push(i);
        });
      }
      const kinds = new Map(chosen.map((i) => {
        const u = Math.random();
        if (u < 0.8) input[i] = model.tokenizer.ids.get("[MASK]");
        else if (u < 0.9) input[i] = Math.floor(Math.random() * V);
        return [i, u < 0.8 ? "[MASK], 80%" : u < 0.9 ? "random, 10%" : "kept, 10%"];
      }));
      const { hidden } = Bert.run(model, input, encoded);
      let sum = 0;
      out.replaceChildren(...encoded.tokens.map((token, i) => {
        const row = [token, model.tokenizer.tokens[input[i]]];
        if (kinds.has(i)) {
          const share = Bert.softmax(Bert.wordLogits(model, hidden, i))[encoded.ids[i]];
          sum -= Math.log(share);
          row.push(kinds.get(i), percent(share), (-Math.log(share)).toFixed(3));
        } else row.push("", "", "");
        return element("tr", { className: kinds.has(i) ? "bert-chosen" : "" },
          ...row.map((text, at) => element(at ? "td" : "th", at ? {} : { scope: "row" }, text)));
      }));
      status.textContent = chosen.length ? `${chosen.length} of ${encoded.tokens.length} tokens chosen; ` +
        `the mean of their losses is ${(sum / chosen.length).toFixed(3)} nats. ${remarks(encoded)}`
        : "There is nothing to choose.";
    };
    const field = sentence(panel.dataset.text ?? "The duck lives in the pond and quacks.", draw);
    const pick = choice("Chosen", [["0.15", "15%, as BERT"], ["0.4", "40%"], ["0.8", "80%"]], draw);
    const titles = ["token", "the model reads", "drawn", "probability of the token", "loss in nats"];
    panel.replaceChildren(field.row, element("div", { className: "bert-row" }, pick.row,
      button("Draw again", draw)), status, scroller("Masked tokens", element("table", {
      className: "table bert-table" }, element("thead", {}, element("tr", {},
      ...titles.map((one) => element("th", { scope: "col" }, one)))), out)));
    draw();
  };

  // ---- tasks: weights of their own ---------------------------------------------------
  const unpacked = new Map();
  const fetched = async (name, file = `${name}.js`) => {
    await load(file);
    if (!unpacked.has(name)) unpacked.set(name, Bert.unpack(globalThis.bertWeights[name]));
    return unpacked.get(name);
  };
  const examples = (panel, set) => element("div", {
    className: "bert-chips", role: "group", "aria-label": "Examples",
  }, ...JSON.parse(panel.dataset.chips ?? "[]").map((text) => button(text, () => set(text))));

  PANELS.sentiment = async (_, panel) => {
    const model = await fetched("sentiment"), told = await results();
    const NAMES = ["negative", "positive"], answers = element("div"), status = said();
    const parts = element("div", { className: "bert-words" });
    const shares = (encoded) => [...Bert.softmax(Bert.classLogits(model,
      Bert.run(model, encoded.ids, encoded).hidden))];
    const show = () => {
      const text = field.input.value, encoded = read(model, text), both = shares(encoded);
      const winner = both[1] > both[0] ? 1 : 0;
      const sorted = [winner, 1 - winner].map((i) => ({ token: NAMES[i], probability: both[i] }));
      answers.replaceChildren(bars(sorted));
      const words = wordsOf(text);
      parts.replaceChildren(...words.map((word, i) => {
        const left = shares(read(model, toggled(text, i, new Map())))[winner];
        return element("span", { className: "bert-piece bert-ground",
          style: ground(Math.max(0, both[winner] - left)) }, word, " ",
        element("small", {}, percent(left)));
      }));
      status.textContent = `${NAMES[winner]}, ${percent(both[winner])}. ${remarks(encoded)}`;
    };
    const field = sentence(panel.dataset.text ?? "The film was not boring.", show, "Review");
    panel.replaceChildren(examples(panel, field.set), field.row, status, answers,
      element("p", { className: "bert-note" }, "Below each word: what is left of the answer's ",
        "probability when the word becomes [MASK]. The stronger its colour, the more is lost."), parts,
      element("p", { className: "bert-note" }, `Trained with ${told.sentiment.labels} labelled reviews. `,
        `Right in ${percent(told.sentiment.right)} of ${told.held_out} others, whose adjectives none of `,
        "those reviews has."));
    show();
  };

  PANELS.questions = async (_, panel) => {
    const model = await fetched("questions"), told = await results();
    const passage = element("div", { className: "bert-words" }), status = said();
    const show = () => {
      const encoded = read(model, question.input.value, context.input.value);
      const { hidden } = Bert.run(model, encoded.ids, encoded);
      const logits = Bert.spanLogits(model, hidden);
      const may = encoded.types.map((type, i) => type === 1 && encoded.tokens[i] !== "[SEP]");
      const best = Bert.bestSpan(logits, may, 5);
      const [start, end] = [logits.start, logits.end].map((row) => Bert.softmax(row));
      passage.replaceChildren(...encoded.tokens.flatMap((token, i) => (!may[i] ? [] : [
        element(best && i >= best.first && i <= best.last ? "mark" : "span",
          { className: "bert-piece bert-ground", style: ground(Math.max(start[i], end[i])) }, token)])));
      const answer = best && encoded.tokens.slice(best.first, best.last + 1).join(" ").replaceAll(" ##", "");
      status.textContent = (best
        ? `Answer: ${answer}. Start ${percent(start[best.first])}, end ${percent(end[best.last])}. `
        : "Write a passage, in which the answer stands. ") + remarks(encoded);
    };
    const context = sentence(panel.dataset.text ?? "", show, "Passage");
    const question = sentence(panel.dataset.question ?? "", show, "Question");
    panel.replaceChildren(context.row, examples(panel, question.set), question.row, status, passage,
      element("p", { className: "bert-note" }, "The stronger the colour of a piece, the likelier it is the answer's first ",
        `or last one. Trained with ${told.questions.labels} passages. Of ${told.held_out} others with new `,
        `values and wordings, ${percent(told.questions.right_1)} are right if they are about one person, `,
        `${percent(told.questions.right_2)} if about two.`));
    show();
  };

  PANELS.english = (_, panel) => {
    const status = said();
    const open = button("Load the English model (1.5 MB)", async () => {
      open.disabled = true;
      status.textContent = "Loading …";
      try {
        const model = await fetched("english");
        const inner = element("div");
        Object.assign(inner.dataset, panel.dataset);
        PANELS.fill(model, inner);
        const field = inner.querySelector("input");
        panel.replaceChildren(examples(panel, (text) => {
          field.value = text;
          field.dispatchEvent(new Event("input"));
        }), ...inner.children);
        field.focus();
      } catch {
        open.disabled = false;
        status.textContent = "The English model could not be loaded.";
      }
    });
    panel.replaceChildren(element("p", { className: "bert-row" }, open), status);
  };

  // ---- a training, step by step ------------------------------------------------------
  const curve = ({ loss, recall, kept }, step) => {
    const width = 560, height = 150, last = loss.at(-1)[0], top = Math.max(...loss.map(([, y]) => y));
    const x = (at) => 36 + ((width - 50) * at) / last;
    const line = (points, peak) => points.map(([at, y]) =>
      `${x(at).toFixed(1)},${(height - 24 - ((height - 40) * y) / peak).toFixed(1)}`).join(" ");
    return drawn("svg", { class: "bert-curve", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      drawn("path", { class: "bert-axis", d: `M36 10V${height - 24}H${width - 10}` }),
      drawn("polyline", { class: "bert-loss", points: line(loss, top) }),
      drawn("polyline", { class: "bert-recall", points: line(recall, 1) }),
      ...recall.filter(([at]) => kept.includes(at)).map(([at, y]) => drawn("circle", {
        class: "bert-recall", r: at === step ? 6 : 3, cx: x(at), cy: height - 24 - (height - 40) * y })),
      drawn("path", { class: "bert-now", d: `M${x(step)} 10V${height - 24}` }),
      ...[[width - 14, height - 8, `step ${last}`, "end"], [36, height - 8, "0", "middle"]].map(
        ([at, y, text, anchor]) => {
          const made = drawn("text", { x: at, y, "text-anchor": anchor });
          made.textContent = text;
          return made;
        }));
  };

  PANELS.learning = async (model, panel) => {
    await load("training.js");
    const told = globalThis.bertTraining, models = new Map();
    const answers = element("div"), picture = element("div"), status = said();
    let turn = 0;
    const show = async () => {
      const mine = turn += 1, at = told.kept[Number(slider.value)];
      slider.setAttribute("aria-valuetext", `step ${at}`);
      output.textContent = `step ${at}`;
      if (!models.has(at)) {
        status.textContent = `Loading step ${at} …`;
        const name = `step_${String(at).padStart(4, "0")}`;
        try {
          await load(`${name}.js`);
        } catch {
          if (mine === turn) status.textContent = `Step ${at} could not be loaded.`;
          return;
        }
        models.set(at, Bert.unpack(globalThis.bertWeights[name]));
      }
      if (mine !== turn) return; // the slider has moved on
      const one = models.get(at), encoded = read(one, field.input.value), [mask] = masksOf(encoded);
      picture.replaceChildren(curve(told, at));
      if (mask === undefined) {
        status.textContent = "Write [MASK] into the sentence.";
        return;
      }
      const found = Bert.guesses(one, Bert.run(one, encoded.ids, encoded).hidden, mask);
      answers.replaceChildren(bars(found));
      status.textContent = `After ${at} steps: ${found[0].token}, ${percent(found[0].probability)}. ` +
        `Of ${told.probes} facts in new wordings, ${percent(new Map(told.recall).get(at))} are right; always giving a ` +
        `wording's most frequent answer gets ${percent(told.majority)}.`;
    };
    const field = sentence(panel.dataset.text ?? "The capital of France is [MASK].", show);
    const slider = element("input", { type: "range", min: 0, max: told.kept.length - 1, step: 1,
      value: 0, id: fresh("step") });
    slider.addEventListener("input", show);
    const output = element("output", { htmlFor: slider.id });
    panel.replaceChildren(field.row, element("div", { className: "bert-field" },
      element("label", { htmlFor: slider.id }, "Training"), slider, output), status, answers, picture,
      element("p", { className: "bert-note" }, "Falling line: masked-LM loss, from ",
        `${told.loss[0][1].toFixed(1)} to ${told.loss.at(-1)[1].toFixed(1)} nats. `,
        "Line with dots: facts that the model recalls in new wordings, 0 to 100%."));
    show();
  };

  // ---- loading -----------------------------------------------------------------------
  const loads = new Map();
  const load = (name) => {
    if (!loads.has(name)) {
      loads.set(name, new Promise((done, fail) => {
        const script = element("script", { src: new URL(name, HOME).href });
        script.addEventListener("load", done);
        script.addEventListener("error", () => {
          loads.delete(name);
          fail(new Error(name));
        });
        document.head.append(script);
      }));
    }
    return loads.get(name);
  };
  const results = async () => {
    await load("tasks.js");
    return globalThis.bertTasks;
  };
  const OWN_WEIGHTS = ["learning", "sentiment", "questions", "english"];
  const start = async (panel) => {
    try {
      const kind = panel.dataset.panel;
      const model = OWN_WEIGHTS.includes(kind) ? null : await fetched("mini-world", "mini_world.js");
      await PANELS[kind](model, panel);
      panel.dataset.ready = "yes";
    } catch (error) {
      panel.append(element("p", { className: "bert-note", role: "status" },
        "The model could not be started here. ", String(error.message)));
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        watch.unobserve(entry.target);
        start(entry.target);
      }
    }, { rootMargin: "300px" });
    document.querySelectorAll(".bert-panel").forEach((panel) => watch.observe(panel));
  });
})();
