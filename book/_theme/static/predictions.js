// Remembers, in this browser only, what the reader guessed before the first plot, and how often the guess was right.
(() => {
  const KEY = "course-predictions";
  let memory = {}; // where the browser keeps nothing, guesses last as long as the page
  const load = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) || "{}");
      if (kept && typeof kept === "object" && !Array.isArray(kept)) memory = kept;
    } catch { /* no storage, or not ours */ }
    return memory;
  };
  const save = (guesses) => {
    memory = guesses;
    try { localStorage.setItem(KEY, JSON.stringify(guesses)); } catch { /* as above */ }
  };

  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  const nameOf = (question) => `${page}#${question.id}`;
  const choicesOf = (question) => [...question.querySelectorAll("details.predict-choice")];
  const isRight = (choice) => choice.dataset.right === "true";
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  const tally = (guesses) => {
    const all = Object.values(guesses);
    const right = all.filter((guess) => guess && guess.right === true).length;
    return `Your first guess was right in ${right} of ${plural(all.length, "question")} so far.`;
  };

  // The line below a question, and the one on the page of progress: what was guessed, and the button to forget it.
  const footer = (place, words) => {
    const line = document.createElement("p");
    line.className = "predict-tally";
    line.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "predict-forget";
    button.textContent = "Forget all my guesses";
    place.append(line, button);
    const show = () => {
      const text = words();
      line.textContent = text;
      button.hidden = !Object.keys(memory).length;
      line.hidden = !text;
    };
    button.addEventListener("click", () => {
      save({});
      for (const choice of document.querySelectorAll("details.predict-choice[open]")) choice.open = false;
      showAll();
      const first = place.querySelector("summary");
      if (first) first.focus();
      else { line.tabIndex = -1; line.focus(); }
    });
    return show;
  };

  const wordsUnder = (question) => () => {
    const guess = memory[nameOf(question)];
    if (!guess) return "";
    return `Your first guess here was ${guess.right ? "right" : "wrong"}. ${tally(memory)}`;
  };
  const wordsForAll = () =>
    Object.keys(memory).length ? tally(memory) : "This browser remembers no guess yet: answer the question at the start of a chapter.";

  load();
  const shows = [];
  const showAll = () => { for (const show of shows) show(); };
  for (const question of document.querySelectorAll(".predict[id]")) {
    const choices = choicesOf(question);
    const kept = memory[nameOf(question)];
    if (kept && choices[kept.open]) choices[kept.open].open = true;
    shows.push(footer(question, wordsUnder(question)));
    // The click, not the toggle: choices that open for printing, or by a link, are no guesses.
    choices.forEach((choice, index) => choice.querySelector("summary").addEventListener("click", () => {
      const guesses = load();
      const guess = guesses[nameOf(question)] || { right: isRight(choice) };
      save({ ...guesses, [nameOf(question)]: { ...guess, open: choice.open ? -1 : index } });
      showAll();
    }));
  }
  for (const place of document.querySelectorAll("[data-predictions], .predictions")) shows.push(footer(place, wordsForAll));
  showAll();
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    memory = {};
    load();
    showAll();
  });
})();
