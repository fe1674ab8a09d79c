// The live question: the same folds as in the page, and a line that says how the first guess was.
export default {
  render({ model, el }) {
    el.innerHTML = model.get("card"); // labs.exercises.predict wrote it, with every text escaped
    const question = el.firstElementChild;
    const line = Object.assign(document.createElement("p"), { className: "predict-tally" });
    line.setAttribute("role", "status");
    question.append(line);
    takeThePlace(el, model.get("name")); // labs.cards: hides the question that needs no widget
    const say = () => { line.textContent = model.get("said"); };
    say();
    model.on("change:said", say);

    const choices = [...question.querySelectorAll("details.predict-choice")];
    if (choices[model.get("opened")]) choices[model.get("opened")].open = true;
    // The click, not the toggle: it comes before the toggle, and only from a mouse or a key.
    choices.forEach((choice, index) => choice.querySelector("summary").addEventListener("click", () => {
      model.set("opened", choice.open ? -1 : index);
      model.save_changes();
    }));
    return () => model.off("change:said", say);
  },
};
