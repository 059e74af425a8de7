// A tick for each page that the reader calls done, kept in this browser only.
// Where the browser keeps nothing, no tick is offered.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const KEY = "build-bert-pages-done";
  const read = () => {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return new Set(Array.isArray(kept) ? kept : []);
  };
  const nameOf = (link) => new URL(link.href).pathname.match(/notebooks\/([\w-]+)\.html$/)?.[1];
  let done;
  try {
    done = read();
    localStorage.setItem(KEY, JSON.stringify([...done]));
  } catch {
    return;
  }

  const links = [...document.querySelectorAll(".bd-links a")].filter(nameOf);
  const show = () => links.forEach((link) => {
    link.toggleAttribute("data-done", done.has(nameOf(link)));
  });
  show();

  const here = nameOf(document.location);
  const article = document.querySelector("article.bd-article");
  if (!here || !article) return;
  const box = Object.assign(document.createElement("input"), { type: "checkbox" });
  box.checked = done.has(here);
  box.addEventListener("change", () => {
    done = read();
    if (box.checked) done.add(here);
    else done.delete(here);
    localStorage.setItem(KEY, JSON.stringify([...done]));
    show();
  });
  const label = Object.assign(document.createElement("label"), { className: "page-done" });
  label.append(box, "I have worked through this page (kept in this browser only)");
  article.append(label);
});
