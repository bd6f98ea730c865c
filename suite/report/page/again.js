// Trainings of the same configuration, which differ by chance only: how far apart they are.

const repeated = document.getElementById("again-drawing");
const MOST_ROWS = 20, ROW_HIGH = 26;
let spread_marks = [];

function repetitions() {
  const found = new Map();
  for (const trial of shown) {
    const same = known.trials.same[trial];
    if (same !== null && has(quality, trial)) found.set(same, [...(found.get(same) ?? []), trial]);
  }
  const mean = (trials) => trials.reduce((sum, trial) => sum + value(quality, trial), 0) / trials.length;
  const sign = columns.get(quality).goal === "max" ? -1 : 1;
  return [...found.values()].filter((trials) => trials.length > 1).map((trials) => ({ trials, mean: mean(trials) })).sort((a, b) => sign * (a.mean - b.mean));
}

function paint_again() {
  const every = repetitions(), rows_drawn = every.slice(0, MOST_ROWS), high = 60 + rows_drawn.length * ROW_HIGH;
  const width = size(repeated, high), box = { left: Math.min(200, width * 0.36), right: width - 14, top: 28, bottom: high - 32 };
  const numbers = rows_drawn.flatMap(({ trials }) => trials.map((trial) => value(quality, trial)));
  const x = scale(quality, with_room(...(numbers.length ? extremes(numbers) : [0, 1])), [box.left, box.right]);
  spread_marks = [];
  const made = rows_drawn.flatMap(({ trials, mean }, place) => {
    const y = box.top + (place + 0.5) * ROW_HIGH, [low, high_end] = extremes(trials.map((trial) => value(quality, trial)));
    const marks = trials.map((trial) => ({ trial, x: x.at(value(quality, trial)), y }));
    spread_marks.push(...marks);
    return [
      words(box.left - 8, y + 4, `${names[trials[0]]} ×${trials.length}`, "tick", "end"),
      line(x.at(low), y, x.at(high_end), y, `bar ${colour_of(kind_of(trials[0]))}`),
      ...marks.map((mark) => draw("path", { d: SHAPES[0](mark.x, y, 2.6), class: `crowd ${colour_of(kind_of(mark.trial))} ${faded(mark.trial)}` })),
      draw("path", { d: shape_of(kind_of(trials[0]))(x.at(mean), y, 5), class: `${colour_of(kind_of(trials[0]))} ${trials.every(faded) ? "faded" : ""}` }),
    ];
  });
  repeated.replaceChildren(axes(box, x, null), labels(box, columns.get(quality).axis, ""), ...made);
}

function lay_out_again() {
  document.getElementById("again").hidden = !known.trials.same.some((same) => same !== null);
  if (document.getElementById("again").hidden) return;
  can_be_pointed_at(repeated, () => spread_marks);
  fitted(repeated, paint_again);
  view(["hidden", "x", "y", "ranges", "find"], paint_again);
}
