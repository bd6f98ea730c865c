// Pointing at a trial, in any figure, marks it in every one. A click or Enter opens it; arrow keys go from one to the next.

const figures = []; // { svg, marks: () => [{ trial, x, y }], trace: (trial) => element or null }
const hint = document.getElementById("hint");
let pointed = null;

function can_be_pointed_at(svg, marks, { trace, brushed } = {}) {
  const figure = { svg, marks, trace: trace ?? ((trial) => ring(marks().find((mark) => mark.trial === trial))) };
  figures.push(figure);
  svg.addEventListener("pointermove", (event) => point(nearest(figure, event)?.trial ?? null, event));
  svg.addEventListener("pointerleave", () => point(null));
  svg.addEventListener("keydown", (event) => step(figure, event));
  svg.addEventListener("blur", () => point(null));
  svg.addEventListener("click", (event) => {
    const mark = nearest(figure, event);
    if (mark && !svg.was_brushed) open_trial(mark.trial);
    svg.was_brushed = false;
  });
  if (brushed) can_be_brushed(svg, brushed);
}

// The marks of figures that Python drew name their trials.
const trial_by_name = new Map(names.map((name, trial) => [name, trial]));
const drawn_trial = ({ target }) => trial_by_name.get(target.closest("use[data-trial]")?.dataset.trial) ?? null;

function drawn_marks_point() {
  document.addEventListener("pointerover", (event) => { if (drawn_trial(event) !== null) point(drawn_trial(event), event); });
  document.addEventListener("pointerout", (event) => { if (drawn_trial(event) !== null) point(null); });
  document.addEventListener("click", (event) => { if (drawn_trial(event) !== null) open_trial(drawn_trial(event)); });
}

const ring = (mark) => mark && draw("circle", { cx: round(mark.x), cy: round(mark.y), r: 9, class: "ring" });

function place_in(svg, event) {
  const box = svg.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function nearest(figure, event) {
  const [x, y] = place_in(figure.svg, event);
  let best = null, reach = (event.pointerType === "touch" ? 22 : 12) ** 2;
  for (const mark of figure.marks()) {
    const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
    if (distance <= reach) [best, reach] = [mark, distance];
  }
  return best;
}

function point(trial, event = null) {
  if (trial !== pointed) mark_everywhere(trial);
  for (const { svg } of figures) svg.classList.toggle("over", trial !== null);
  hint.hidden = trial === null;
  if (trial !== null && event) place_hint(event.clientX, event.clientY);
}

function mark_everywhere(trial) {
  pointed = trial;
  for (const { svg, trace } of figures) {
    svg.querySelector(".pointed")?.remove();
    const made = trial === null || !svg.isConnected ? null : trace(trial);
    if (made) svg.append(draw("g", { class: "pointed" }, made));
  }
  if (trial !== null) hint.replaceChildren(...described(trial));
}

function described(trial) {
  const rows = [...new Set([quality, state.y, state.x, ...known.objectives])].filter((key) => has(key, trial) && !columns.get(key).is_setting);
  const shown_settings = differing.filter((one) => has(one.key, trial)).slice(0, 14);
  return [
    element("b", {}, names[trial]),
    element("div", { class: "muted" }, [set_name(trial), status_name(statuses[trial]), start_of(trial), of_code(known.trials.network, trial)].filter(Boolean).join(" · ")),
    ...rows.map((key) => fact(columns.get(key).title, `${told(key, trial)}${with_brackets(told_interval(key, trial))}`)),
    ...shown_settings.map((one) => fact(one.title, told(one.key, trial))),
    ...(of_code(known.trials.reason, trial) ? [element("div", {}, of_code(known.trials.reason, trial))] : []),
  ];
}

const fact = (title, text) => element("div", {}, element("span", { class: "muted" }, `${title}: `), text);
const with_brackets = (text) => (text ? ` (${text})` : "");

function place_hint(x, y) {
  const right = x + 16 + hint.offsetWidth > innerWidth, below = y + 16 + hint.offsetHeight > innerHeight;
  hint.style.left = `${Math.max(4, right ? x - hint.offsetWidth - 12 : x + 16)}px`;
  hint.style.top = `${Math.max(4, below ? y - hint.offsetHeight - 12 : y + 16)}px`;
}

const STEPS = { ArrowRight: ["x", 1], ArrowLeft: ["x", -1], ArrowUp: ["y", -1], ArrowDown: ["y", 1] };

function step(figure, event) {
  if (event.key === "Enter" && pointed !== null) open_trial(pointed);
  if (!(event.key in STEPS) && event.key !== "Home" && event.key !== "End") return;
  event.preventDefault();
  const [axis, way] = STEPS[event.key] ?? ["x", 1];
  const ordered_marks = [...figure.marks()].sort((a, b) => a[axis] - b[axis] || a.trial - b.trial);
  if (!ordered_marks.length) return;
  const at = ordered_marks.findIndex((mark) => mark.trial === pointed);
  const last = ordered_marks.length - 1;
  const next = event.key === "Home" ? 0 : event.key === "End" ? last : at < 0 ? (way > 0 ? 0 : last) : at + way;
  const mark = ordered_marks[Math.min(last, Math.max(0, next))], box = figure.svg.getBoundingClientRect();
  point(mark.trial, { clientX: box.left + mark.x, clientY: box.top + mark.y });
  announce([...hint.children].map((child) => child.textContent).join(". "));
}

// A rectangle that is drawn with the mouse. On a touch screen the page scrolls: there, numbers select.
function can_be_brushed(svg, brushed) {
  let from = null, box = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" && event.button === 0) from = place_in(svg, event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place_in(svg, event);
    if (!box && Math.hypot(to[0] - from[0], to[1] - from[1]) < 5) return;
    if (!box) { box = draw("rect", { class: "brush" }); svg.append(box); svg.setPointerCapture(event.pointerId); }
    const [x, y] = [0, 1].map((axis) => Math.min(from[axis], to[axis]));
    for (const [key, number] of Object.entries({ x, y, width: Math.abs(to[0] - from[0]), height: Math.abs(to[1] - from[1]) })) box.setAttribute(key, number);
  });
  svg.addEventListener("pointerup", (event) => {
    if (box) { box.remove(); svg.was_brushed = true; brushed(from, place_in(svg, event)); }
    [from, box] = [null, null];
  });
}
