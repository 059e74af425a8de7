// Names for screen readers where the theme leaves them out or contradicts the label;
// figures that scroll on a phone; and paper is white, also for who reads in the dark.
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
  const figures = () => each(".cell_output:has(> img)", (figure) => {
    const about = { tabindex: "0", role: "group", "aria-label": "figure" };
    const isWide = figure.scrollWidth > figure.clientWidth;
    for (const [name, value] of Object.entries(about)) {
      if (isWide) figure.setAttribute(name, value);
      else figure.removeAttribute(name);
    }
  });
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
