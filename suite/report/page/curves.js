// What happened over time: learning curves over epochs, and the hypervolume over trials.

const learning = document.getElementById("learning-drawing");
const growing = document.getElementById("hypervolume-drawing");
const OVER_TIME_HIGH = 330;
let ends_of_curves = [], steps_of_growth = [], curve_scales = null;

const over_time_box = (width) => ({ left: 52, right: width - 14, top: 28, bottom: OVER_TIME_HIGH - 44 });
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
  const width = size(learning, OVER_TIME_HIGH), box = over_time_box(width), trials = shown.filter(has_curve);
  const x = scale(null, trials.length ? extremes(trials.flatMap((trial) => known.curves.epochs[trial])) : [0, 1], [box.left, box.right]);
  const y = scale(null, trials.length ? curve_range(trials) : [0, 1], [box.bottom, box.top]);
  curve_scales = { x, y };
  const paths = new Map();
  for (const trial of trials) {
    const strong = is_selecting() ? selected.has(trial) : on_front.has(trial);
    const look = strong ? `curve ${colour_of(kind_of(trial))}` : "curve pale";
    paths.set(look, (paths.get(look) ?? "") + curve_path(trial, x, y));
  }
  const clip = draw("clipPath", { id: "inside" }, draw("rect", { x: box.left, y: box.top - 4, width: box.right - box.left, height: box.bottom - box.top + 4 }));
  const sorted = [...paths].sort(([a], [b]) => b.includes("pale") - a.includes("pale"));
  ends_of_curves = trials.flatMap((trial) => known.curves.epochs[trial].map((epoch, place) => ({ trial, x: x.at(epoch), y: y.at(known.curves.values[trial][place]) })).filter((mark) => mark.y <= box.bottom));
  learning.replaceChildren(clip, axes(box, x, y), labels(box, say("Epoch"), known.curves.axis), draw("g", { "clip-path": "url(#inside)" }, ...sorted.map(([look, d]) => draw("path", { d, class: look }))));
}

function paint_growth() {
  const { trial: trials, trained, values } = known.hypervolume;
  const width = size(growing, OVER_TIME_HIGH), box = over_time_box(width);
  const x = scale(null, [0, extremes(trained)[1]], [box.left, box.right]), y = scale(null, [0, 100], [box.bottom, box.top]);
  const paths = new Map();
  steps_of_growth = [];
  trials.forEach((trial, place) => {
    const run = known.trials.run[trial];
    if (!is_on("kind", known.kinds_are_runs ? known.runs[run].name : known.kinds[kind_of(trial)])) return;
    const [at, up] = [round(x.at(trained[place])), round(y.at(values[place]))];
    paths.set(run, paths.has(run) ? `${paths.get(run)}H${at}V${up}` : `M${at} ${up}`);
    if (shown.includes(trial)) steps_of_growth.push({ trial, x: at, y: up });
  });
  const chosen = is_selecting() ? steps_of_growth.filter((mark) => selected.has(mark.trial)) : [];
  growing.replaceChildren(axes(box, x, y), labels(box, say("Candidates trained"), say("Hypervolume, % of the box")),
    ...[...paths].map(([run, d]) => draw("path", { d: `${d}H${box.right}`, class: `curve thick ${known.kinds_are_runs ? colour_of(run) : "kind-0"}` })),
    ...chosen.map((mark) => draw("path", { d: SHAPES[0](mark.x, mark.y, 3), class: `crowd strong ${colour_of(kind_of(mark.trial))}` })));
}

function lay_out_over_time() {
  document.getElementById("learning").hidden = !known.curves.values?.some((curve) => curve.length);
  if (!document.getElementById("learning").hidden) {
    can_be_pointed_at(learning, () => ends_of_curves, {
      trace: (trial) => (has_curve(trial) && shown.includes(trial) && curve_scales ? draw("path", { d: curve_path(trial, curve_scales.x, curve_scales.y), class: "traced", "clip-path": "url(#inside)" }) : null),
    });
    fitted(learning, paint_learning);
    view(["hidden", "x", "y", "ranges", "find"], paint_learning);
  }
  document.getElementById("hypervolume").hidden = !known.hypervolume.values.length || known.runs.every((run) => !run.export); // rows of a table have no order
  if (document.getElementById("hypervolume").hidden) return;
  const measured_in = known.hypervolume.measures.map((key) => columns.get(key)?.word ?? key);
  document.getElementById("hypervolume-measures").textContent = say("In {measures}.", { measures: listed(measured_in) });
  can_be_pointed_at(growing, () => steps_of_growth);
  fitted(growing, paint_growth);
  view(["hidden", "x", "y", "ranges", "find"], paint_growth);
}
