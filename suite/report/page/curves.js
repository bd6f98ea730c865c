// What happened over time: learning curves over epochs, and the hypervolume over trials.

const learning = document.getElementById("learning-drawing");
const growing = document.getElementById("hypervolume-drawing");
const OVER_TIME_HIGH = 330;
let ends_of_curves = [], steps_of_growth = [], curve_panels = new Map(); // set -> panel

const has_curve = (trial) => known.curves.values[trial].length > 0;

function curve_path(trial, x, y) {
  const { epochs, values } = known.curves;
  return `M${epochs[trial].map((epoch, place) => `${round(x.at(epoch))} ${round(y.at(values[trial][place]))}`).join("L")}`;
}

// Fitted to the better three quarters of what was reached: early epochs and failures do not press the rest together.
function curve_range(trials) {
  const tops = trials.map((trial) => extremes(known.curves.values[trial])[1]).sort((a, b) => a - b);
  const low = tops[tops.length >> 2] ?? 0, high = tops.at(-1) ?? 1;
  return with_room(Math.max(extremes(trials.flatMap((trial) => known.curves.values[trial]))[0], low - 1.2 * (high - low || high / 5 || 1)), high);
}

function paint_learning() {
  const trials = shown.filter(has_curve), { epochs, values } = known.curves;
  const across = trials.length ? extremes(trials.flatMap((trial) => epochs[trial])) : [0, 1];
  const up = trials.length ? curve_range(trials) : [0, 1];
  const drawn = panels(learning, OVER_TIME_HIGH).map(({ set, box }) => ({ set, box, x: scale(null, across, [box.left, box.right]), y: scale(null, up, [box.bottom, box.top]) }));
  curve_panels = new Map(drawn.map((panel) => [panel.set, panel]));
  ends_of_curves = trials.flatMap((trial) => marks_of_curve(trial, curve_panels.get(set_of(trial))));
  learning.replaceChildren(...drawn.flatMap((panel) => [
    draw("clipPath", { id: `inside-${panel.set}` }, draw("rect", { x: panel.box.left, y: panel.box.top - 4, width: panel.box.right - panel.box.left, height: panel.box.bottom - panel.box.top + 4 })),
    ...panel_axes(panel, say("Epoch"), known.curves.axis),
    draw("g", { "clip-path": `url(#inside-${panel.set})` }, ...paths_of_curves(trials.filter((trial) => set_of(trial) === panel.set), panel)),
  ]));
}

function marks_of_curve(trial, { x, y, box }) {
  const marks = known.curves.epochs[trial].map((epoch, place) => ({ trial, x: x.at(epoch), y: y.at(known.curves.values[trial][place]) }));
  return marks.filter((mark) => mark.y <= box.bottom);
}

// One path for each look; pale ones lie below.
function paths_of_curves(trials, { x, y }) {
  const paths = new Map();
  for (const trial of trials) {
    const strong = is_selecting() ? selected.has(trial) : on_front.has(trial);
    const look = strong ? `curve ${colour_of(kind_of(trial))}` : "curve pale";
    paths.set(look, (paths.get(look) ?? "") + curve_path(trial, x, y));
  }
  const sorted = [...paths].sort(([a], [b]) => b.includes("pale") - a.includes("pale"));
  return sorted.map(([look, d]) => draw("path", { d, class: look }));
}

function traced_curve(trial) {
  const panel = curve_panels.get(set_of(trial));
  if (!panel || !has_curve(trial) || !shown.includes(trial)) return null;
  return draw("path", { d: curve_path(trial, panel.x, panel.y), class: "traced", "clip-path": `url(#inside-${panel.set})` });
}

function paint_growth() {
  const most = extremes(known.hypervolume.trained)[1], is_shown = new Set(shown);
  const drawn = panels(growing, OVER_TIME_HIGH).map(({ set, box }) => ({ set, box, x: scale(null, [0, most], [box.left, box.right]), y: scale(null, [0, 100], [box.bottom, box.top]) }));
  steps_of_growth = [];
  growing.replaceChildren(...drawn.flatMap((panel) => [...panel_axes(panel, say("Candidates trained"), say("Hypervolume, % of the box")), ...paths_of_growth(panel, is_shown)]));
}

function paths_of_growth({ set, box, x, y }, is_shown) {
  const { trial: trials, trained, values } = known.hypervolume, paths = new Map(), looks = new Map(), marks = [];
  trials.forEach((trial, place) => {
    const run = known.trials.run[trial], kind = known.kinds[kind_of(trial)];
    if (set_of(trial) !== set || !is_on("kind", known.kinds_are_runs ? known.runs[run].name : kind)) return;
    const [at, up] = [round(x.at(trained[place])), round(y.at(values[place]))];
    paths.set(run, paths.has(run) ? `${paths.get(run)}H${at}V${up}` : `M${at} ${up}`);
    looks.set(run, !looks.has(run) || looks.get(run) === colour_of(kind_of(trial)) ? colour_of(kind_of(trial)) : "kind-0");
    if (is_shown.has(trial)) marks.push({ trial, x: at, y: up });
  });
  steps_of_growth.push(...marks);
  const chosen = is_selecting() ? marks.filter((mark) => selected.has(mark.trial)) : [];
  return [
    ...[...paths].map(([run, d]) => draw("path", { d: `${d}H${box.right}`, class: `curve thick ${looks.get(run)}` })),
    ...chosen.map((mark) => draw("path", { d: SHAPES[0](mark.x, mark.y, 3), class: `crowd strong ${colour_of(kind_of(mark.trial))}` })),
  ];
}

function lay_out_over_time() {
  document.getElementById("learning").hidden = !known.curves.values?.some((curve) => curve.length);
  if (!document.getElementById("learning").hidden) {
    can_be_pointed_at(learning, () => ends_of_curves, { trace: traced_curve });
    keep_drawn(learning, OF_THE_SELECTION, paint_learning);
  }
  document.getElementById("hypervolume").hidden = !known.hypervolume.values.length || known.runs.every((run) => !run.export); // rows of a table have no order
  if (document.getElementById("hypervolume").hidden) return;
  const measured_in = known.hypervolume.measures.map((key) => columns.get(key)?.word ?? key);
  document.getElementById("hypervolume-measures").textContent = say("In {measures}.", { measures: listed(measured_in) });
  can_be_pointed_at(growing, () => steps_of_growth);
  keep_drawn(growing, OF_THE_SELECTION, paint_growth);
}
