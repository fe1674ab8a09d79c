// Runs before the page is drawn, so that its colours and fonts are there from the start.
(() => {
  // Where a browser keeps nothing for this site, asking it throws: the theme and the search get a memory of the page then.
  for (const name of ["localStorage", "sessionStorage"]) {
    try { window[name].getItem("mode"); } catch {
      const kept = new Map();
      const memory = {
        getItem: (key) => (kept.has(String(key)) ? kept.get(String(key)) : null),
        setItem: (key, value) => { kept.set(String(key), String(value)); },
        removeItem: (key) => { kept.delete(String(key)); },
        clear: () => kept.clear(),
        key: (index) => [...kept.keys()][index] ?? null,
        get length() { return kept.size; },
      };
      Object.defineProperty(window, name, { value: memory, configurable: true });
    }
  }
  const root = document.documentElement;
  const stored = (key) => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const mode = stored("mode") || "auto";
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? (prefersDark ? "dark" : "light") : mode;

  // The page is shown when its fonts are there, or it has waited long enough: no line breaks anew before a reader's eyes.
  const LONG_ENOUGH = 2500; // milliseconds
  const FONTS = ["1em 'Source Serif 4'", "700 1em 'Source Serif 4'", "italic 1em 'Source Serif 4'", "1em 'JetBrains Mono'",
    "1em KaTeX_Main", "italic 1em KaTeX_Math", "1em KaTeX_Size1", "1em KaTeX_Size2", "1em KaTeX_AMS"];
  const show = () => {
    root.classList.remove("waiting");
    dispatchEvent(new Event("shown"));
  };
  root.classList.add("waiting");
  setTimeout(show, LONG_ENOUGH);
  addEventListener("DOMContentLoaded", () => {
    Promise.all(FONTS.map((font) => document.fonts.load(font, "θa"))).then(show, show);
  });
})();
