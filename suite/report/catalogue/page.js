"use strict";
const table = document.getElementById("table");
const body = table.tBodies[0];
const rows = [...body.rows];
const headings = [...table.tHead.rows[0].cells];
const row_of = new Map(rows.map((row) => [row.dataset.trial, row]));
const svgs = [...document.querySelectorAll(".figure svg")];

// Sorting: numbers by value, all else by letters, empty cells always last.
const number = (text) => (/^-?[\d,]*\.?\d+(e[-+]?\d+)?$/i.test(text) ? Number(text.replaceAll(",", "")) : NaN);
const letters = new Intl.Collator("en", { numeric: true });

function sort(column) {
  const downwards = headings[column].ariaSort === "ascending";
  const keyed = rows.map((row) => [row.cells[column].textContent.trim(), row]);
  const numeric = keyed.every(([text]) => !text || !Number.isNaN(number(text)));
  keyed.sort(([a], [b]) => {
    if (!a || !b) return !a - !b;
    const order = numeric ? number(a) - number(b) : letters.compare(a, b);
    return downwards ? -order : order;
  });
  headings.forEach((heading) => heading.removeAttribute("aria-sort"));
  headings[column].ariaSort = downwards ? "descending" : "ascending";
  body.append(...keyed.map(([, row]) => row));
}

headings.forEach((heading, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  heading.addEventListener("click", () => sort(column));
});

// Filters.
const filters = document.querySelector(".filters");
filters.hidden = false;
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", filter);

function filter() {
  const { run, state, text, front } = filters.elements;
  const wanted = text.value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const fits = (!run.value || row.dataset.run === run.value)
      && (!state.value || row.dataset.state === state.value)
      && (!front.checked || row.classList.contains("front"))
      && (!wanted || row.textContent.toLowerCase().includes(wanted));
    row.hidden = !fits;
    shown += fits;
  }
  filters.querySelector("output").value = `${shown} of ${rows.length} shown`;
}
filter();

// Marks: where each trial stands in each figure.
const marks = new Map(svgs.map((svg) => [svg, [...svg.querySelectorAll("use[data-trial]")].map((use) => ({
  x: use.x.baseVal.value, y: use.y.baseVal.value, trial: use.dataset.trial,
}))]));

function circle(svg, mark, name, radius) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [key, value] of Object.entries({ cx: mark.x, cy: mark.y, r: radius, class: name })) made.setAttribute(key, value);
  svg.append(made);
}

const clear = (name) => document.querySelectorAll(`.figure svg .${name}`).forEach((made) => made.remove());

function choose(trial, scroll) {
  const again = row_of.get(trial).classList.contains("chosen");
  clear("halo");
  body.querySelector(".chosen")?.classList.remove("chosen");
  if (again) return;
  for (const [svg, all] of marks) for (const mark of all) if (mark.trial === trial) circle(svg, mark, "halo", 8);
  const row = row_of.get(trial);
  row.classList.add("chosen");
  if (scroll && row.hidden) { filters.reset(); filter(); }
  if (scroll) row.scrollIntoView({ block: "center", behavior: "smooth" });
}

body.addEventListener("click", (event) => {
  if (!getSelection().isCollapsed) return;
  choose(event.target.closest("tr").dataset.trial, false);
});

function nearest(svg, event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  let best = null, reach = 9 ** 2;
  for (const mark of marks.get(svg)) {
    const distance = (mark.x - at.x) ** 2 + (mark.y - at.y) ** 2;
    if (distance <= reach) [best, reach] = [mark, distance];
  }
  return best;
}

const hint = document.getElementById("hint");

function describe(trial) {
  const cells = [...row_of.get(trial).cells];
  const name = document.createElement("b");
  name.textContent = trial;
  hint.replaceChildren(name);
  cells.slice(1).forEach((cell, index) => {
    if (!cell.textContent) return;
    const key = document.createElement("span");
    key.textContent = `${headings[index + 1].textContent}: `;
    const line = document.createElement("div");
    line.append(key, cell.textContent);
    hint.append(line);
  });
}

function point(svg, event) {
  const mark = nearest(svg, event);
  clear("near");
  svg.classList.toggle("over", Boolean(mark));
  hint.hidden = !mark;
  if (!mark) return;
  circle(svg, mark, "near", 7);
  describe(mark.trial);
  const right = event.clientX + 16 + hint.offsetWidth > innerWidth;
  const below = event.clientY + 16 + hint.offsetHeight > innerHeight;
  hint.style.left = `${right ? event.clientX - hint.offsetWidth - 12 : event.clientX + 16}px`;
  hint.style.top = `${below ? Math.max(4, event.clientY - hint.offsetHeight - 12) : event.clientY + 16}px`;
}

for (const svg of svgs) {
  svg.addEventListener("pointermove", (event) => point(svg, event));
  svg.addEventListener("pointerleave", () => { hint.hidden = true; clear("near"); });
  svg.addEventListener("click", (event) => {
    const mark = nearest(svg, event);
    if (mark) choose(mark.trial, true);
  });
}
