// Families at an equal budget: how their errors are distributed, and the best of each within limits.

const families_drawing = document.getElementById("families-drawing");
const FAMILIES_HIGH = 300;
let error_marks = [];

const with_accuracy = (trial) => fits(trial) && has("accuracy", trial);
const sets_with_families = () => shown_sets().filter((set) => known.families[set]);

function paint_families() {
  const width = Math.max(280, families_drawing.clientWidth || 640), beside = width >= 700, head = sets.length ? 24 : 0, those = sets_with_families();
  const high = (beside ? 1 : 2) * FAMILIES_HIGH + head, wide = beside ? width / 2 : width;
  size(families_drawing, Math.max(1, those.length) * high);
  error_marks = [];
  families_drawing.replaceChildren(...those.flatMap((set, place) => {
    const above = place * high + head;
    const box = (start, top) => ({ start, left: start + 50, right: start + wide - 20, top: top + 28, bottom: top + FAMILIES_HIGH - 44 });
    const title = sets.length ? [words(2, above - 8, sets[set], "name")] : [];
    return [...title, ...errors_of_families(set, box(0, above)), ...best_of_families(known.families[set], beside ? box(wide, above) : box(0, above + FAMILIES_HIGH))];
  }));
}

// How many of the trials of a family have less error than that; of what is selected.
function errors_of_families(set, box) {
  const trials = shown.filter((trial) => set_of(trial) === set && with_accuracy(trial) && selected.has(trial)), error = (trial) => 100 - value("accuracy", trial);
  const range = trials.length ? with_room(...extremes(trials.map(error))) : [0, 1];
  const x = scale(null, [Math.max(0, range[0]), range[1]], [box.left, box.right]), y = scale(null, [0, 100], [box.bottom, box.top]);
  const lines = [...new Set(trials.map(kind_of))].sort((a, b) => a - b).map((kind) => {
    const own = trials.filter((trial) => kind_of(trial) === kind).sort((a, b) => error(a) - error(b));
    const marks = own.map((trial, place) => ({ trial, x: x.at(error(trial)), y: y.at((100 * (place + 1)) / own.length) }));
    error_marks.push(...marks);
    return draw("path", { d: `M${round(marks[0].x)} ${box.bottom}${marks.map((mark) => `H${round(mark.x)}V${round(mark.y)}`).join("")}`, class: `curve thick ${colour_of(kind)}` });
  });
  return [axes(box, x, y), labels(box, say("Error, validation, %"), say("Share of the trials with less error, %")), ...lines];
}

// The best within each limit with its 95 % interval: found in Python, from all trials.
function best_of_families({ cost, budgets, kinds, best }, box) {
  const ends_of_all = best.flat().filter(Boolean).flat(), step = (box.right - box.left) / budgets.length;
  const y = scale(null, ends_of_all.length ? with_room(...extremes(ends_of_all)) : [0, 100], [box.bottom, box.top]);
  const at = (place) => box.left + (place + 0.5) * step;
  const x = { at, ticks: budgets.map((budget, place) => ({ value: place, text: short(Number(budget.toPrecision(3))) })) };
  const marks = kinds.flatMap((kind, row) => best[row].flatMap((found, place) => {
    if (!found) return [];
    const [share, low, high] = found, there = at(place) + (row - (kinds.length - 1) / 2) * Math.min(14, step / (kinds.length + 1));
    return [line(there, y.at(low), there, y.at(high), `bar ${colour_of(kind)}`), draw("path", { d: shape_of(kind)(there, y.at(share), 4.5), class: `crowd strong ${colour_of(kind)}` })];
  }));
  return [axes(box, x, y), labels(box, say("Limit: {cost}", { cost: columns.get(cost).axis }), say("Best accuracy within it, %")), ...marks];
}

function lay_out_families() {
  document.getElementById("families").hidden = !known.families?.some(Boolean);
  if (document.getElementById("families").hidden) return;
  document.getElementById("families-kinds").replaceChildren(...known.kinds.flatMap((kind, place) => [swatch(place), ` ${kind}  `]));
  can_be_pointed_at(families_drawing, () => error_marks);
  keep_drawn(families_drawing, OF_THE_SELECTION, paint_families);
}
