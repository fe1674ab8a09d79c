// Runs before the page is drawn, so that the chosen colours are there from the start.
(() => {
  const stored = (key) => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const mode = stored("mode") || "auto";
  document.documentElement.dataset.mode = mode;
  document.documentElement.dataset.theme = mode === "auto" ? (prefersDark ? "dark" : "light") : mode;
})();
