// Names for screen readers where the theme leaves them out or contradicts the label;
// figures that scroll on a phone; and paper is white, also for who reads in the dark, and
// has hints, solutions and answers at its end.
document.addEventListener("DOMContentLoaded", () => {
  const each = (css, act) => document.querySelectorAll(css).forEach(act);
  each(".search-button-field", (button) =>
    button.setAttribute("aria-label", button.innerText.replace(/\s+/g, " ").trim()));
  each(".theme-switch-button > *", (icon) => {
    ["title", "role", "aria-labelledby"].forEach((name) => icon.removeAttribute(name));
    icon.setAttribute("aria-hidden", "true");
    icon.querySelectorAll("title").forEach((title) => title.remove());
  });
  each("details.hide > summary[aria-label]", (summary) => summary.removeAttribute("aria-label"));
  each(".task-list-item-checkbox", (box) =>
    box.setAttribute("aria-label", box.parentElement.innerText.trim()));
  each(".bd-links summary", (summary) => {
    const link = summary.closest("li").querySelector("a");
    summary.setAttribute("aria-label", `Pages below ${link.innerText.trim()}`);
  });
  // A figure wider than a phone scrolls, also with the arrow keys.
  const figures = () => each(".plot-figure, .cell_output:has(> img)", (figure) => {
    const about = { tabindex: "0", role: "group", "aria-label": "figure" };
    const isWide = figure.scrollWidth > figure.clientWidth;
    for (const [name, value] of Object.entries(about)) {
      if (isWide) figure.setAttribute(name, value);
      else figure.removeAttribute(name);
    }
  });
  // A copy for paper of what is folded here, made before the quiz takes it apart.
  const forPaper = () => {
    const folded = [...document.querySelectorAll(".bd-article details:is(.hint, .solution, .answer)")];
    if (!folded.length) return;
    const end = document.createElement("section");
    end.className = "for-paper";
    end.innerHTML = "<h2>Hints, solutions and answers</h2>";
    for (const details of folded) {
      const part = document.createElement("div");
      const copy = details.cloneNode(true);
      copy.querySelectorAll("details, summary").forEach((one) => one.remove());
      copy.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
      const told = document.createElement("p");
      told.className = "for-paper-title";
      told.textContent = details.querySelector("summary").textContent;
      part.append(told, ...copy.childNodes);
      end.append(part);
    }
    document.querySelector(".bd-article").append(end);
  };
  forPaper();
  const page = document.documentElement.dataset;
  let before = null;
  const print = (isPrinting) => {
    if (isPrinting) before ??= page.theme;
    if (before) page.theme = isPrinting ? "light" : before;
    if (!isPrinting) before = null;
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  matchMedia("print").addEventListener("change", (event) => print(event.matches));
  addEventListener("load", figures);
  addEventListener("resize", figures);
  each(".bd-sidebar-primary .navbar-brand", (brand) => {
    brand.parentElement.setAttribute("role", "region");
    brand.parentElement.setAttribute("aria-label", "Book title");
  });
});
