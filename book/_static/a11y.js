// Names for screen readers where the theme leaves them out or contradicts the label.
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
  each(".bd-sidebar-primary .navbar-brand", (brand) => {
    brand.parentElement.setAttribute("role", "region");
    brand.parentElement.setAttribute("aria-label", "Book title");
  });
});
