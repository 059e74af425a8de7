// Turns the quiz of a page, a list and a closed answer for each question, into a form.
// Where a question has not exactly that shape, or without script, it stays as it is.
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

  const buildForm = (question, number, tell) => {
    const { title, strong, list, details, options, answer, why } = question;
    const labels = options.map((one) => optionLabel(one, `quiz-${number}`));
    const legend = element("legend", {}, ...strong.childNodes);
    const feedback = element("div", { className: "quiz-feedback" });
    feedback.setAttribute("role", "status");
    const button = element("button", { type: "submit", className: "quiz-check" }, "Check");
    const form = element("form", { className: "quiz-question" },
      element("fieldset", {}, legend, ...labels), button, feedback);
    let tries = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = new FormData(form).get(`quiz-${number}`);
      const isRight = chosen === answer;
      tries += 1;
      const verdict = element("strong", {}, isRight ? "✓ Right." : "✗ Not this one.");
      form.dataset.state = isRight ? "right" : "wrong";
      feedback.replaceChildren(element("p", {}, verdict), copyOf(why.get(chosen)));
      details.hidden = !isRight;
      if (isRight) tell(number, tries);
    });
    form.addEventListener("change", () => {
      delete form.dataset.state;
      feedback.replaceChildren();
    });
    details.querySelector("summary").textContent = "Every option explained";
    details.querySelectorAll(":scope > p").forEach((old) => old.remove());
    details.append(...options.map((one) => why.get(one.letter)));
    details.hidden = true;
    title.replaceWith(form);
    list.remove();
    form.append(details);
  };

  document.addEventListener("DOMContentLoaded", () => {
    const section = document.querySelector("section#quiz");
    if (!section) return;
    const found = [...section.querySelectorAll(":scope > details.answer")];
    const questions = found.map(readQuestion).filter(Boolean);
    if (!questions.length) return;
    const tries = new Map();
    const result = element("p", { className: "quiz-result" });
    result.setAttribute("role", "status");
    const tell = (number, count) => {
      if (!tries.has(number)) tries.set(number, count);
      const first = [...tries.values()].filter((one) => one === 1).length;
      result.textContent = `${tries.size} of ${questions.length} answered right, ` +
        `${first} of them at the first try.`;
    };
    questions.forEach((question, index) => buildForm(question, index + 1, tell));
    section.append(result);
  });
})();
