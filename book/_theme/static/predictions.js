// Remembers, in this browser only, what the reader guessed before the first plot, and how often the guess was right.
(() => {
  const KEY = "course-predictions";
  let guesses = {}; // "page#question" → {right: whether the first guess was, open: which choice stands open}
  let kept = true; // where the browser stores nothing, guesses last as long as the page

  const isGuess = ([, guess]) => guess && typeof guess.right === "boolean";
  const load = () => {
    if (!kept) return;
    try {
      guesses = Object.fromEntries(Object.entries(JSON.parse(localStorage.getItem(KEY)) || {}).filter(isGuess));
    } catch { /* no storage, or nothing of ours in it */ }
  };
  const save = () => {
    try { localStorage.setItem(KEY, JSON.stringify(guesses)); } catch { kept = false; }
  };

  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  const nameOf = (question) => `${page}#${question.id}`;
  const tally = () => {
    const all = Object.values(guesses);
    const right = all.filter((guess) => guess.right).length;
    return `Your first guess was right in ${right} of ${all.length} question${all.length === 1 ? "" : "s"} so far.`;
  };
  const wordsUnder = (question) => {
    const guess = guesses[nameOf(question)];
    return guess ? `Your first guess here was ${guess.right ? "right" : "wrong"}. ${tally()}` : "";
  };
  const wordsForAll = () => (Object.keys(guesses).length ? tally()
    : "This browser remembers no guess yet: answer the question at the start of a chapter.");

  const lines = [];
  const showAll = () => {
    for (const { line, button, words } of lines) {
      line.textContent = words();
      line.hidden = !line.textContent;
      button.hidden = !Object.keys(guesses).length;
    }
  };
  const forget = (place, line) => {
    guesses = {};
    save();
    for (const choice of document.querySelectorAll("details.predict-choice[open]")) choice.open = false;
    showAll();
    (place.querySelector("summary") || line).focus(); // the button that had the focus is gone
  };
  const addLine = (place, words) => {
    const line = Object.assign(document.createElement("p"), { className: "predict-tally", tabIndex: -1 });
    line.setAttribute("role", "status");
    const button = Object.assign(document.createElement("button"), { className: "predict-forget", type: "button" });
    button.textContent = "Forget all my guesses";
    button.addEventListener("click", () => forget(place, line));
    place.append(line, button);
    lines.push({ line, button, words });
  };
  const addQuestion = (question) => {
    const choices = [...question.querySelectorAll("details.predict-choice")];
    const last = choices[(guesses[nameOf(question)] || {}).open];
    if (last) last.open = true;
    addLine(question, () => wordsUnder(question));
    // The click, not the toggle: choices that open for printing, or by a link, are no guesses.
    choices.forEach((choice, index) => choice.querySelector("summary").addEventListener("click", () => {
      load(); // another page may have added to it
      const first = guesses[nameOf(question)] || { right: choice.dataset.right === "true" };
      guesses[nameOf(question)] = { right: first.right, open: choice.open ? -1 : index };
      save();
      showAll();
    }));
  };

  load();
  document.querySelectorAll(".predict[id]").forEach(addQuestion);
  for (const place of document.querySelectorAll(".predictions")) addLine(place, wordsForAll);
  showAll();
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    guesses = {};
    load();
    showAll();
  });
})();
