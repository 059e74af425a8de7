// The order of what the search finds: first the glossary's entry and the chapter that
// teaches it, then titles, then texts, and the package's modules last.
"use strict";

(() => {
  const WORDS = /[\p{L}\p{N}_]+/gu;
  const stemmer = () => new Stemmer();
  const stems = (text) => {
    const one = stemmer();
    return (text.toLowerCase().match(WORDS) ?? []).map((word) => one.stemWord(word));
  };
  const GLOSSARY = "book/glossary";
  const LAST = /^book\/(api|claims|ledger|reliability|changelog|references)/;
  const TERM = 3000, TITLE = 2000, TEXT = 1000;

  // "layer norm" and "LayerNorm" are the same, and so are "fine-tune" and "Fine-tuning".
  // A bracket behind a term is another name for it.
  const names = (term) => {
    const found = term.match(/^(.+?)(?: \((?!of )(.+)\))?(?: \(of .+\))?$/);
    return [found[1], found[2]].filter(Boolean);
  };
  const joined = (text) => stems(text).join("");

  const place = (index, page) => index.docnames.indexOf(page);
  const row = (index, page, title, anchor, score) => {
    const at = place(index, page);
    return at < 0 ? null : [page, title ?? index.titles[at], anchor, null, score, index.filenames[at]];
  };

  const byTerm = (index, query) => {
    const wanted = joined(query);
    const rows = [];
    for (const [term, label, chapter] of window.BOOK_TERMS ?? []) {
      if (!wanted || !names(term).some((name) => joined(name) === wanted)) continue;
      rows.push(row(index, chapter, null, "", TERM));
      rows.push(row(index, GLOSSARY, `Glossary: ${term}`, `#${label}`, TERM - 1));
    }
    return rows.filter(Boolean);
  };

  // Titles with all words of the query, in any order; a short title first.
  const byTitle = (index, query) => {
    const wanted = stems(query);
    const rows = [];
    if (!wanted.length) return rows;
    for (const [title, found] of Object.entries(index.alltitles)) {
      const there = stems(title);
      if (!wanted.every((word) => there.includes(word))) continue;
      for (const [file, id] of found) {
        const page = index.docnames[file], whole = index.titles[file] === title;
        if (LAST.test(page)) continue;
        const score = TITLE + Math.round((100 * wanted.length) / there.length) + (whole ? 50 : 0);
        rows.push(row(index, page, whole ? title : `${index.titles[file]} > ${title}`,
          whole || id === null ? "" : `#${id}`, score));
      }
    }
    return rows;
  };

  const ordered = (index, query, found) => {
    const rest = found.map((one) => {
      const isLast = LAST.test(one[0]);
      return [...one.slice(0, 4), one[4] + (isLast ? 0 : TEXT), one[5]];
    });
    const all = [...byTerm(index, query), ...byTitle(index, query), ...rest];
    const best = new Map();
    for (const one of all) {
      const key = `${one[0]}${one[2]}`;
      if (!best.has(key) || best.get(key)[4] < one[4]) best.set(key, one);
    }
    // The last one is shown first.
    return [...best.values()].sort((a, b) => a[4] - b[4] || (a[1] < b[1] ? 1 : -1));
  };

  document.addEventListener("DOMContentLoaded", () => {
    const before = Search._performSearch;
    Search._performSearch = (query, ...others) =>
      ordered(Search._index, query, before(query, ...others));
  });
})();
