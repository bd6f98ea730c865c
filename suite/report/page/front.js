// The front on two axes, with intervals: what each trial costs and gives.

const chart = document.getElementById("chart");
const MANY = 150; // marks; above it, only those on the front have intervals
let placed = []; // marks of the chart: { trial, x, y, is_out }
let painted = []; // its panels: { set, box, x, y }

function axis_log(axis) {
  const asked = state[`${axis}log`], one = columns.get(state[axis]);
  const numbers = everyone.map((trial) => one.values[trial]).filter((number) => number !== null);
  if (one.levels || !numbers.length || extremes(numbers)[0] <= 0) return false;
  return asked ?? (one.log || (one.unit !== "%" && spans_decades(numbers)));
}

const FEW = 40; // trials; above it, the axes need not hold most of them

// The range of an axis: every trial; or the front, with the better part of all so that it has a place to stand. A member
// of the front that is far worse than the others does not stretch the axis: it stands at the border.
function axis_range(axis, trials, log) {
  const one = columns.get(state[axis]), numbers = trials.map((trial) => value(one.key, trial));
  if (one.levels) return [0, 1];
  if (!numbers.length) return log ? [1, 10] : [0, 1];
  const best = trials.filter((trial) => on_front.has(trial));
  const is_fitted = !state.all && best.length && [state.x, state.y].every((key) => columns.get(key).goal);
  const [low, high] = with_room(...extremes(is_fitted ? fitted_to_sets(one, trials, best) : with_intervals(one.key, numbers, best, log)), log);
  return one.unit === "%" ? [Math.max(low, high - 105), Math.min(high, 100 + 0.04 * (100 - low))] : [low, high];
}

// What every data set that is shown needs of an axis.
function fitted_to_sets(one, trials, best) {
  return shown_sets().flatMap((set) => {
    const [own, members] = [trials, best].map((each) => each.filter((trial) => set_of(trial) === set));
    return members.length ? fitted_ends(one, own.map((trial) => value(one.key, trial)), members) : [];
  });
}

function fitted_ends(one, numbers, best) {
  const sign = one.goal === "max" ? -1 : 1, ascending = (a, b) => a - b; // the better end is the first
  const ranked = numbers.map((number) => sign * number).sort(ascending);
  const members = best.map((trial) => sign * value(one.key, trial)).sort(ascending);
  if (one.goal === "max") while (members.length > 3 && members.at(-1) - members.at(-2) > 2 * (members.at(-2) - members[0])) members.pop();
  return [ranked[0], Math.max(members.at(-1), ranked[Math.floor((ranked.length - 1) * (ranked.length > FEW ? 0.3 : 0.8))])].map((number) => sign * number);
}

function with_intervals(key, numbers, best, log) {
  return [...numbers, ...best.flatMap((trial) => interval(key, trial) ?? [])].filter((end) => !log || end > 0);
}

function paint_front() {
  const trials = shown.filter((trial) => has(state.x, trial) && has(state.y, trial));
  const [xlog, ylog] = [axis_log("x"), axis_log("y")];
  const [across, up] = [axis_range("x", trials, xlog), axis_range("y", trials, ylog)];
  painted = panels(chart, chart.clientWidth < 520 || shown_sets().length > 1 ? 340 : 460).map(({ set, box }) => ({
    set, box, x: scale(state.x, across, [box.left, box.right], xlog), y: scale(state.y, up, [box.bottom, box.top], ylog),
  }));
  const panel_of = new Map(painted.map((panel) => [panel.set, panel]));
  placed = trials.map((trial) => put(trial, panel_of.get(set_of(trial))));
  chart.replaceChildren(
    ...painted.flatMap((panel) => [...panel_axes(panel, axis_title("x", xlog), axis_title("y", ylog)), ...beyond(panel), ...bars(panel)]),
    ...crowd(), ...painted.flatMap(staircases), ...members(), ...painted.flatMap(best_ring),
  );
  describe_front(trials);
}

const axis_title = (axis, log) => columns.get(state[axis]).axis + (log ? say(" (logarithmic)") : "");
const jitter = (trial) => ((trial * 0.618034) % 1 - 0.5) * 0.5;

function put(trial, { x, y, box }) {
  const at = [[x, state.x], [y, state.y]].map(([axis, key]) => axis.at(value(key, trial) + (columns.get(key).levels ? jitter(trial) : 0)));
  const inside = [Math.min(box.right, Math.max(box.left, at[0])), Math.min(box.bottom, Math.max(box.top, at[1]))];
  return { trial, x: inside[0], y: inside[1], is_out: Math.hypot(at[0] - inside[0], at[1] - inside[1]) > 0.5 };
}

// What lies beyond the limits of the sliders is shaded.
function beyond({ box, x, y }) {
  return [[state.x, x], [state.y, y]].flatMap(([key, axis], place) => {
    const limit = state.limits[key];
    if (limit === undefined || !columns.get(key).goal || !(limit > axis.low && limit < axis.high)) return [];
    const at = axis.at(limit), most = columns.get(key).goal === "min";
    const [left, right] = place ? [box.left, box.right] : most ? [at, box.right] : [box.left, at];
    const [top, bottom] = place ? (most ? [box.top, at] : [at, box.bottom]) : [box.top, box.bottom];
    return [
      draw("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "beyond" }),
      place ? line(box.left, at, box.right, at, "limit") : line(at, box.top, at, box.bottom, "limit"),
    ];
  });
}

function bars({ set, box, x, y }) {
  const drawn = placed.filter(({ trial, is_out }) => !is_out && set_of(trial) === set && (on_front.has(trial) || placed.length <= MANY) && fits(trial));
  const clip = (at, low, high) => Math.min(high, Math.max(low, at));
  return drawn.flatMap((mark) => {
    const look = `bar ${on_front.has(mark.trial) ? colour_of(kind_of(mark.trial)) : "pale"} ${faded(mark.trial)}`;
    const [across, up] = [interval(state.x, mark.trial), interval(state.y, mark.trial)];
    return [
      ...(across ? [line(clip(x.at(across[0]) || box.left, box.left, box.right), mark.y, clip(x.at(across[1]), box.left, box.right), mark.y, look)] : []),
      ...(up ? [line(mark.x, clip(y.at(up[0]), box.top, box.bottom), mark.x, clip(y.at(up[1]), box.top, box.bottom), look)] : []),
    ];
  });
}

const faded = (trial) => (is_selecting() && !selected.has(trial) ? "faded" : "");

// All marks but the front's: one path for each look.
function crowd() {
  const paths = new Map();
  for (const mark of placed) {
    if (on_front.has(mark.trial) && !mark.is_out) continue;
    const [look, path] = look_of(mark);
    paths.set(look, (paths.get(look) ?? "") + path);
  }
  const ordered_looks = [...paths].sort(([a], [b]) => b.includes("faded") - a.includes("faded"));
  return ordered_looks.map(([look, d]) => draw("path", { d, class: look }));
}

function look_of({ trial, x, y, is_out }) {
  const kind = colour_of(kind_of(trial)), fade = faded(trial), small = placed.length > 1500 ? 2.2 : placed.length > MANY ? 2.8 : 3.6;
  if (is_out) return [`crowd out ${kind} ${fade} ${placed.length > 1500 ? "pressed" : ""}`, SHAPES[3](x, y, 2.8)];
  if (statuses[trial] === "broken") return [`open ${kind} ${fade}`, cross(x, y, 3)];
  if (statuses[trial] === "refused") return [`open grey ${fade}`, cross(x, y, 2.4)];
  if (statuses[trial] === "dominated") return [`crowd ${kind} ${fade}`, shape_of(kind_of(trial))(x, y, small)];
  return [`open ${kind} ${fade}`, shape_of(kind_of(trial))(x, y, small)];
}

function staircases({ set, box }) {
  if (!columns.get(state.x).goal || !columns.get(state.y).goal) return [];
  return front_groups.filter((group) => group.length && set_of(group[0]) === set).map((group, number) => {
    const way = columns.get(state.x).goal === "min" ? 1 : -1, up = columns.get(state.y).goal === "max" ? -1 : 1;
    const marks = placed.filter((mark) => group.includes(mark.trial)).sort((a, b) => way * (a.x - b.x) || up * (b.y - a.y));
    const d = marks.map((mark, place) => (place ? `H${round(mark.x)}V${round(mark.y)}` : `M${round(mark.x)} ${round(mark.y)}`)).join("");
    return draw("path", { d: `${d}H${way > 0 ? box.right : box.left}`, class: `steps steps-${number % 4}` });
  });
}

function members() {
  return placed.filter((mark) => on_front.has(mark.trial) && !mark.is_out).map(({ trial, x, y }) => draw(
    "g", { class: `member ${is_sure(trial) ? "" : "hollow"} ${colour_of(kind_of(trial))} ${faded(trial)}`, "data-trial": names[trial] },
    draw("path", { d: shape_of(kind_of(trial))(x, y, 5.5) }), ...start_mark(trial, x, y),
  ));
}

const is_sure = (trial) => [state.x, state.y].every((key) => is_stable(key, trial));

// A dot upon what is frozen, a plus upon what is tuned.
function start_mark(trial, x, y) {
  const how = known.trials.start ? start_of(trial) : "";
  if (how === "frozen") return [draw("circle", { cx: round(x), cy: round(y), r: 1.7, class: "begun" })];
  return how === "tuned" ? [draw("path", { d: `M${round(x - 3)} ${round(y)}h6m-3 -3v6`, class: "begun" })] : [];
}

function best_ring({ set, box }) {
  const mark = placed.find(({ trial }) => trial === bests[set]);
  if (!mark) return [];
  const text = cut(names[mark.trial], 28), { x, y, side } = place_of_name(mark, text.length * LETTER, box);
  return [
    draw("circle", { cx: round(mark.x), cy: round(mark.y), r: 10, class: "best" }),
    words(x, y, text, "name", side < 0 ? "end" : "start"),
  ];
}

const LETTER = 7.4; // pixels of a letter of a name
const AROUND = [[-1, -8], [1, -8], [1, 16], [-1, 16], [1, 32], [-1, 32]]; // of a mark: left or right of it, pixels down

// Where a name hides least: marks, those of the front above all, and the steps between them.
function place_of_name({ x, y }, wide, box) {
  const places = AROUND.map(([side, down]) => ({ side, x: x + 14 * side, y: y + down, left: side > 0 ? x + 14 : x - 14 - wide }));
  const inside = places.filter((place) => place.left >= box.left && place.left + wide <= box.right && place.y - 12 >= box.top);
  const is_member = (mark) => on_front.has(mark.trial) && !mark.is_out;
  const hidden = ({ left, y: base }) => {
    const level = placed.filter((mark) => Math.abs(mark.y - base + 4) < 12);
    const before = placed.filter((mark) => is_member(mark) && mark.x <= left - 6).reduce((last, mark) => (last && last.x > mark.x ? last : mark), null);
    const under = level.filter((mark) => mark.x > left - 6 && mark.x < left + wide + 6);
    return under.reduce((sum, mark) => sum + (is_member(mark) ? 5 : 1), level.includes(before) ? 1 : 0);
  };
  return inside.sort((a, b) => hidden(a) - hidden(b))[0] ?? places[x > box.right - 116 ? 3 : 2];
}

function describe_front(trials) {
  const out = placed.filter((mark) => mark.is_out).length;
  const outside = document.getElementById("outside");
  outside.textContent = out ? called.outside(out) : "";
  document.getElementById("all").hidden = !out && !state.all;
  document.getElementById("all").textContent = state.all ? say("Fit to the front") : say("Show all");
  const number = front_groups.flat().length, axes_said = { y: columns.get(state.y).title, x: columns.get(state.x).title };
  chart.setAttribute("aria-label", called.drawn(trials.length, { ...axes_said, front: whole(number) }));
  document.getElementById("how-to-read").textContent = front_words(number).join(" ");
}

function front_words(number) {
  const both = front_keys().every((key) => key === state.x || key === state.y);
  const place = known.places.length > 1 && [state.x, state.y].some((key) => columns.get(key).per_device);
  return [
    called.front(number),
    both ? say("None of the shown is better in one measure and as good in the other.") : say("The front is that of {measures}, not of these axes.", { measures: listed(front_keys().map((key) => columns.get(key)?.word ?? key)) }),
    chart.querySelector(".bar") && say("Bars are 95 % intervals; two measured values whose intervals overlap count as equal."),
    ...(placed.some(({ trial }) => on_front.has(trial) && !is_sure(trial)) ? [say("A hollow mark is unstable: its interval is wider than 3 % to either side.")] : []),
    ...(placed.some(({ trial }) => statuses[trial] === "apart") ? [say("Open marks may not be compared: they are on no front, and no limit names them.")] : []),
    ...(shown_sets().length > 1 ? [called.apart()] : []),
    ...(place ? [say("Each place of measurement has its own front: values of different devices are not compared.")] : []),
  ].filter(Boolean);
}

// A network that was trained on several data sets is marked in each.
function rings(trial) {
  const net = known.trials.net?.[trial] ?? null;
  const marks = placed.filter((mark) => mark.trial === trial || (net !== null && known.trials.net[mark.trial] === net));
  return marks.length ? draw("g", {}, ...marks.map(ring)) : null;
}

can_be_pointed_at(chart, () => placed, {
  trace: rings,
  brushed(from, to) {
    const { x, y } = painted.find((panel) => in_panel(panel, from)) ?? painted[0], ranges = { ...state.ranges };
    for (const [place, axis, key] of [[0, x, state.x], [1, y, state.y]]) {
      ranges[key] = [from[place], to[place]].map(axis.value).sort((a, b) => a - b).map((end) => Number(end.toPrecision(5)));
    }
    change({ ranges });
  },
});
document.getElementById("all").addEventListener("click", () => change({ all: !state.all }));
document.getElementById("png").addEventListener("click", () => save_png(chart, `${state.y}-${state.x}.png`));
