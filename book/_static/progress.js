// A tick for each page that the reader calls done, and the route that the reader took,
// kept in this browser only. Where the browser keeps nothing, no tick is offered, and a
// chapter names all of its routes.
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

  routes(done, nameOf);
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

// On the first page: a link of a route's card is the choice of that route, and the card
// says how much of it is done. On a chapter: only the line of the chosen route is left.
const routes = (done, nameOf) => {
  const KEY = "build-bert-route";
  for (const card of document.querySelectorAll(".route-card")) {
    const name = card.className.match(/route-is-(\S+)/)?.[1];
    const links = [...card.querySelectorAll("a")].filter(nameOf);
    for (const link of links) link.addEventListener("click", () => localStorage.setItem(KEY, name));
    const ticked = links.filter((link) => done.has(nameOf(link)));
    ticked.forEach((link) => link.toggleAttribute("data-done", true));
    if (links.length > 1 && ticked.length) {
      const told = document.createElement("p");
      told.className = "route-done";
      told.textContent = `You have done ${ticked.length} of ${links.length}.`;
      card.querySelector(".sd-card-body").append(told);
    }
  }
  const chosen = document.querySelector(`.route-places [data-route="${localStorage.getItem(KEY)}"]`);
  if (!chosen) return;
  for (const one of chosen.parentElement.children) one.hidden = one !== chosen;
  const told = chosen.closest("nav").querySelector(".route-told");
  told.firstChild.textContent = "You are here on your ";
  told.querySelector("a").textContent = "route";
};
