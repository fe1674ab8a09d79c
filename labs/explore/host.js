// Brings the explorables of a page of the book to life: each gets what a Jupyter front end would give it, a model with
// get, set, on, off and save_changes, and takes the place of its picture (which stays for print).
(() => {
  "use strict";

  const createModel = (values) => {
    const listeners = new Map();
    return {
      get: (name) => values[name],
      set(name, value) {
        values[name] = value;
        for (const listener of listeners.get(`change:${name}`) ?? []) listener();
      },
      on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
      off: (name, listener) => listeners.set(name, (listeners.get(name) ?? []).filter((other) => other !== listener)),
      save_changes() {},
    };
  };

  const start = (place) => {
    const { kind, config } = place.dataset;
    const render = (window.labsExplorables ?? {})[kind];
    if (!render) return; // its script did not arrive: the picture stays
    const el = document.createElement("div");
    el.className = "labs-explorable-live";
    place.append(el);
    render({ model: createModel({ kind, config: JSON.parse(config) }), el });
    place.classList.add("labs-explorable-started");
  };

  const startAll = () => document.querySelectorAll(".labs-explorable[data-kind]").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
