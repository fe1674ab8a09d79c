// The switch in the page's head folds all code of the page or shows all of it, and stays so on the next page.
(() => {
  const KEY = "course-code";
  const root = document.documentElement;
  const button = document.querySelector(".code-switch");
  if (!button) return;
  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const store = (value) => {
    try { localStorage.setItem(KEY, value); } catch { /* it lasts as long as the page */ }
  };
  // The code of a question holds its answer: it opens only by itself.
  const folds = () => [...document.querySelectorAll("div.cell details.hide")].filter((fold) => !fold.closest(".cell").querySelector(".predict"));
  const show = (state) => {
    root.dataset.code = state;
    button.setAttribute("aria-pressed", String(state === "hidden"));
    button.textContent = state === "hidden" ? "Show code" : "Hide code";
    for (const fold of folds()) fold.open = state === "shown";
  };
  button.addEventListener("click", () => {
    const state = root.dataset.code === "hidden" ? "shown" : "hidden";
    // What the reader looks at stays where it is, also when the browser, which tries the same, has moved it once more.
    const marks = [...document.querySelectorAll("article :is(h1, h2, h3, p, figure, .claim)")].filter((part) => !part.closest("details"));
    const mark = marks.find((part) => part.getClientRects().length && part.getBoundingClientRect().top >= 0);
    const before = mark && mark.getBoundingClientRect().top;
    const hold = (frames) => {
      scrollBy({ top: mark.getBoundingClientRect().top - before, behavior: "instant" });
      if (frames) requestAnimationFrame(() => hold(frames - 1));
    };
    store(state);
    show(state);
    if (mark) hold(2);
  });
  const kept = stored();
  if (kept === "hidden" || kept === "shown") show(kept);
  addEventListener("storage", (event) => {
    if (event.key === KEY && ["hidden", "shown"].includes(event.newValue)) show(event.newValue);
  });
})();
