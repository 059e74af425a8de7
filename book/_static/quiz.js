// Turns the quiz of a page, a list and a closed answer for each question, into a form.
// Where a question has not exactly that shape, or without script, it stays as it is.
// What was answered is kept in this browser only, and after two tries the answer is offered.
"use strict";

(() => {
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // The lines of the answer: one for each option, each with its letter in front.
  const explanations = (details) => {
    const lines = [[]];
    for (const paragraph of details.querySelectorAll(":scope > p")) {
      for (const node of [...paragraph.childNodes]) {
        if (node.nodeType !== Node.TEXT_NODE) {
          lines.at(-1).push(node);
          continue;
        }
        node.textContent.split("\n").forEach((text, index) => {
          if (index) lines.push([]);
          if (text) lines.at(-1).push(document.createTextNode(text));
        });
      }
      lines.push([]);
    }
    const byLetter = new Map();
    for (const nodes of lines.filter((line) => line.length)) {
      const letter = nodes.map((node) => node.textContent).join("").match(/^([A-F])\b/);
      if (!letter || byLetter.has(letter[1])) return null;
      byLetter.set(letter[1], element("p", {}, ...nodes));
    }
    return byLetter;
  };

  const readQuestion = (details) => {
    const list = details.previousElementSibling;
    const title = list?.previousElementSibling;
    const strong = title?.querySelector(":scope > strong:first-child");
    const right = details.querySelector(":scope > p:first-of-type > strong:first-child");
    if (list?.tagName !== "UL" || !strong || !right) return null;
    const options = [...list.children].map((item) => {
      const home = item.querySelector(":scope > p") ?? item;
      const letter = home.textContent.match(/^([A-F])\. /);
      return letter && { letter: letter[1], home };
    });
    const answer = right.textContent.trim().charAt(0);
    if (options.includes(null) || !options.some((one) => one.letter === answer)) return null;
    const why = explanationsOf(details, options);
    return why && { title, strong, list, details, options, answer, why };
  };

  // Reading the lines moves their nodes, so a copy is tried first.
  const explanationsOf = (details, options) => {
    const trial = explanations(details.cloneNode(true));
    const fits = trial?.size === options.length && options.every((one) => trial.has(one.letter));
    return fits ? explanations(details) : null;
  };

  const optionLabel = (one, name) => {
    const input = element("input", { type: "radio", name, value: one.letter, required: true });
    return element("label", { className: "quiz-option" }, input,
      element("span", {}, ...one.home.childNodes));
  };

  const copyOf = (paragraph) => {
    const copy = paragraph.cloneNode(true);
    copy.querySelectorAll("[tabindex]").forEach((node) => node.removeAttribute("tabindex"));
    copy.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
    return copy;
  };

  // What this browser keeps of a page's quiz: for each question's text its letter and tries.
  // Where a browser keeps nothing, the quiz works without.
  const memory = () => {
    const page = location.pathname.split("/").pop().replace(/\.html$/, "");
    const key = `build-bert-quiz-${page}`;
    let kept = {};
    try {
      const found = JSON.parse(localStorage.getItem(key) ?? "{}");
      if (found && typeof found === "object" && !Array.isArray(found)) kept = found;
    } catch { /* nothing is kept, or something else is */ }
    const write = () => {
      try {
        if (Object.keys(kept).length) localStorage.setItem(key, JSON.stringify(kept));
        else localStorage.removeItem(key);
      } catch { /* the answer holds until the page is left */ }
    };
    return {
      get: (question) => kept[question],
      set: (question, answered) => { kept[question] = answered; write(); },
      clear: () => { kept = {}; write(); },
    };
  };

  const TRIES = 2;  // then the answer is offered

  const buildForm = (question, number, tell, kept) => {
    const { title, strong, list, details, options, answer, why } = question;
    const labels = options.map((one) => optionLabel(one, `quiz-${number}`));
    const legend = element("legend", {}, ...strong.childNodes);
    const feedback = element("div", { className: "quiz-feedback" });
    feedback.setAttribute("role", "status");
    const button = element("button", { type: "submit", className: "quiz-check" }, "Check");
    const give = element("button", { type: "button", className: "quiz-check quiz-show", hidden: true }, "Show me");
    const form = element("form", { className: "quiz-question" },
      element("fieldset", {}, legend, ...labels), button, give, feedback);
    const text = legend.textContent;
    const inputs = labels.map((label) => label.querySelector("input"));
    let tries = 0;
    let right = 0;  // the try that was right; 0: none yet
    let isShown = false;

    const show = (chosen) => {
      const isRight = chosen === answer;
      const verdict = element("strong", {}, isRight ? "✓ Right." : "✗ Not this one.");
      form.dataset.state = isRight ? "right" : "wrong";
      feedback.replaceChildren(element("p", {}, verdict), copyOf(why.get(chosen)));
      details.hidden = !isRight && !isShown;
      give.hidden = Boolean(right) || isShown || tries < TRIES;
    };
    const reveal = () => {
      form.dataset.state = "shown";
      feedback.replaceChildren(
        element("p", {}, element("strong", {}, `The answer is ${answer}.`)), copyOf(why.get(answer)));
      details.hidden = false;
      give.hidden = true;
    };
    const keep = (chosen) => kept.set(text, { chosen, tries, right, isShown });

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = new FormData(form).get(`quiz-${number}`);
      tries += 1;
      if (chosen === answer && !right && !isShown) right = tries;
      keep(chosen);
      show(chosen);
      tell(number, right, isShown);
    });
    form.addEventListener("change", () => {
      delete form.dataset.state;
      feedback.replaceChildren();
    });
    give.addEventListener("click", () => {
      isShown = true;
      inputs.find((input) => input.value === answer).checked = true;
      keep(answer);
      reveal();
      button.focus();
      tell(number, right, isShown);
    });
    const restore = () => {
      const old = kept.get(text);
      const input = inputs.find((one) => one.value === old?.chosen);
      if (!input) return;
      ({ tries = 0, right = 0, isShown = false } = old);
      input.checked = true;
      if (isShown && old.chosen === answer) reveal();
      else show(old.chosen);
      tell(number, right, isShown);
    };
    const reset = () => {
      form.reset();
      tries = right = 0;
      isShown = false;
      delete form.dataset.state;
      feedback.replaceChildren();
      details.open = false;
      details.hidden = give.hidden = true;
    };
    details.querySelector("summary").textContent = "Every option explained";
    details.querySelectorAll(":scope > p").forEach((old) => old.remove());
    details.append(...options.map((one) => why.get(one.letter)));
    details.hidden = true;
    title.replaceWith(form);
    list.remove();
    form.append(details);
    return { restore, reset };
  };

  document.addEventListener("DOMContentLoaded", () => {
    const section = document.querySelector("section#quiz");
    if (!section) return;
    const found = [...section.querySelectorAll(":scope > details.answer")];
    const questions = found.map(readQuestion).filter(Boolean);
    if (!questions.length) return;
    const kept = memory();
    const answered = new Map();  // number -> the try that was right, 0 where it was shown
    const result = element("p", { className: "quiz-result" });
    result.setAttribute("role", "status");
    const again = element("button", { type: "button", className: "quiz-check", hidden: true }, "Start over");
    const tell = (number, right, isShown) => {
      if (right || isShown) answered.set(number, right);
      const all = [...answered.values()];
      const first = all.filter((one) => one === 1).length;
      const shown = all.filter((one) => one === 0).length;
      result.textContent = !all.length ? "" :
        `${all.length - shown} of ${questions.length} answered right, ` +
        `${first} of them at the first try${shown ? `; ${shown} shown` : ""}.`;
      again.hidden = false;
    };
    const forms = questions.map((question, index) => buildForm(question, index + 1, tell, kept));
    section.append(result, again);
    forms.forEach((form) => form.restore());
    again.addEventListener("click", () => {
      kept.clear();
      answered.clear();
      forms.forEach((form) => form.reset());
      result.textContent = "";
      again.hidden = true;
      section.querySelector("form.quiz-question input").focus();
    });
  });
})();
