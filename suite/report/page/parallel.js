// Parallel coordinates: each trial is a line across what differs. Dragging along an axis selects.

const parallel = document.getElementById("parallel-drawing");
const LINES_HIGH = 300, APART = 100; // pixels: how high lines are, and the least between two axes
let crossings = []; // marks: where each line meets each axis
let upright = []; // { key, at, scale }

// The settings that differ, then what they give and cost: what has one value only is hidden.
const coordinates = known.coordinates?.filter((key) => columns.get(key)?.is_measure || differing.includes(columns.get(key))) ?? [...(sets.length ? ["set"] : []), ...differing.slice(0, 10).map((one) => one.key), ...[quality, ...known.objectives].filter((key, place, all) => all.indexOf(key) === place && columns.has(key))];

function coordinate_scale(key, top, bottom) {
  const one = columns.get(key), numbers = one.values.filter((number) => number !== null);
  const [low, high] = extremes(numbers), log = !one.levels && low > 0 && (one.log || (one.unit !== "%" && spans_decades(numbers)));
  const flip = one.is_measure && one.goal === "min"; // better is always up
  return scale(key, low === high ? with_room(low, high, log) : [low, high], flip ? [top, bottom] : [bottom, top], log);
}

function paint_parallel() {
  const needed = coordinates.length * APART;
  parallel.style.minWidth = parallel.parentElement.clientWidth < needed ? `${needed}px` : "";
  const width = size(parallel, LINES_HIGH + 84), top = 58, bottom = top + LINES_HIGH, left = 50, right = width - 54;
  upright = coordinates.map((key, place) => ({ key, at: left + (place * (right - left)) / Math.max(1, coordinates.length - 1), scale: coordinate_scale(key, top, bottom) }));
  const letters = Math.floor((right - left) / Math.max(1, coordinates.length - 1) / 7);
  const lines = new Map();
  crossings = [];
  for (const trial of shown) add_line(lines, trial);
  const order = ["faded", "thin", "thick"];
  const sorted = [...lines].sort(([a], [b]) => order.findIndex((look) => a.includes(look)) - order.findIndex((look) => b.includes(look)));
  parallel.replaceChildren(...sorted.map(([look, d]) => draw("path", { d, class: look })), ...upright.map((one, place) => upright_axis(one, top, bottom, place % (upright.length - 1) ? letters : Math.min(letters, 15))));
}

function crossing(trial, { key, at, scale }) {
  return has(key, trial) ? [at, scale.at(value(key, trial))] : null;
}

function add_line(lines, trial) {
  const points = upright.map((one) => crossing(trial, one)).filter(Boolean);
  if (points.length < 2) return;
  const fade = faded(trial), look = `line ${fade || (on_front.has(trial) ? "thick" : shown.length > 300 ? "thin crowded" : "thin")} ${fade ? "" : colour_of(kind_of(trial))}`;
  lines.set(look, (lines.get(look) ?? "") + line_path(points));
  for (const [x, y] of points) crossings.push({ trial, x, y });
}

const line_path = (points) => `M${points.map(([x, y]) => `${round(x)} ${round(y)}`).join("L")}`;

function upright_axis({ key, at, scale }, top, bottom, letters) {
  const range = state.ranges[key], one = columns.get(key);
  const made = draw("g", { class: "upright", "data-column": key }, line(at, top, at, bottom, "axis"));
  const lines = two_lines(one.title, letters);
  made.append(...lines.map((text, place) => words(at, top - 26 - 15 * (lines.length - 1 - place), text, "label", "middle")), words(at, top - 12, one.unit ?? "", "tick", "middle"));
  for (const { value: number, text } of scale.ticks) made.append(words(at + 5, scale.at(number) + 4, text, "tick"), line(at - 3, scale.at(number), at + 3, scale.at(number), "axis"));
  if (range) {
    const [a, b] = range.map((end) => Math.min(bottom, Math.max(top, scale.at(Math.min(scale.high, Math.max(scale.low, end))))));
    made.append(draw("rect", { x: at - 7, y: Math.min(a, b), width: 14, height: Math.max(3, Math.abs(a - b)), class: "brush" }));
  }
  return made;
}

function selected_on_axis(from, to) {
  const one = upright.reduce((best, each) => (Math.abs(each.at - from[0]) < Math.abs(best.at - from[0]) ? each : best));
  const range = [from[1], to[1]].map(one.scale.value).sort((a, b) => a - b);
  change({ ranges: { ...state.ranges, [one.key]: range.map((end) => Number(end.toPrecision(5))) } });
}

function lay_out_parallel() {
  document.getElementById("parallel").hidden = coordinates.length < 3 || everyone.length < 2;
  if (document.getElementById("parallel").hidden) return;
  const same = settings.filter((one) => !differing.includes(one)).map((one) => `${one.title} ${told(one.key, everyone.find((trial) => has(one.key, trial)))}`);
  const hidden = differing.slice(10).map((one) => one.title);
  document.getElementById("parallel-hidden").textContent = [
    same.length ? say("Hidden, because all have the same: {settings}.", { settings: listed(same) }) : "",
    hidden.length ? say("Hidden, for lack of room: {settings}.", { settings: listed(hidden) }) : "",
  ].filter(Boolean).join(" ");
  can_be_pointed_at(parallel, () => crossings, {
    trace: (trial) => {
      const points = upright.map((one) => crossing(trial, one)).filter(Boolean);
      return shown.includes(trial) && points.length > 1 ? draw("path", { d: line_path(points), class: "traced" }) : null;
    },
    brushed: selected_on_axis,
  });
  keep_drawn(parallel, OF_THE_SELECTION, paint_parallel);
}
