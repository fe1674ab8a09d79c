// Boxes that scroll sideways can be reached and scrolled with the keyboard; those that do not stay out of its way.
(() => {
  const SELECTOR = "pre, div.math, .pst-scrollable-table-container, .cell_output .output, span.math";
  const mark = () => {
    for (const box of document.querySelectorAll(SELECTOR)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
      if (scrolls) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  };
  // A link to something inside a folded part opens it.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folds = [];
    for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) folds.push(fold);
    for (const fold of folds) fold.open = true;
    if (folds.length) target.scrollIntoView();
  };
  mark();
  unfold();
  addEventListener("load", mark);
  addEventListener("resize", mark);
  addEventListener("hashchange", unfold);
  document.addEventListener("toggle", mark, true);
  // Printing shows what is folded, also of parts of which only one is open at a time, in the colours of paper.
  let opened = [], groups = [], theme = "";
  const root = document.documentElement;
  addEventListener("beforeprint", () => {
    groups = [...document.querySelectorAll("details[name]")].map((fold) => [fold, fold.getAttribute("name")]);
    for (const [fold] of groups) fold.removeAttribute("name");
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const fold of opened) fold.open = true;
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
    for (const [fold, name] of groups) fold.setAttribute("name", name);
    if (theme) root.dataset.theme = theme;
    opened = groups = [];
  });
  const search = location.pathname.endsWith("search.html") && document.querySelector(".bd-search-container input");
  if (search) addEventListener("shown", () => search.focus(), { once: true });
})();
