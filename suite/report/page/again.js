// Trainings that differ by chance only: trials of the same configuration, and networks trained again with other seeds.

const MOST_ROWS = 20, ROW_HIGH = 26;

// Complete trials of one configuration: their validation values, from the least to the most.
function repetitions() {
  const found = new Map();
  for (const trial of shown) {
    const same = known.trials.same[trial];
    if (same !== null && has(quality, trial)) found.set(same, [...(found.get(same) ?? []), trial]);
  }
  const sign = columns.get(quality).goal === "max" ? -1 : 1;
  return [...found.values()].filter((trials) => trials.length > 1).map(repetition).sort((a, b) => sign * (a.mean - b.mean));
}

function repetition(trials) {
  const numbers = trials.map((trial) => value(quality, trial)), [low, high] = extremes(numbers);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return { trials, numbers, mean, low, high };
}

// Networks that `suite confirm` trained again: their values on the test pictures, with the interval of the mean.
function confirmations() {
  const there = known.confirmed.filter(({ name }) => shown.includes(place_of.get(name)));
  return there.map(({ name, seeds, ...row }) => ({ ...row, numbers: seeds, trials: seeds.map(() => place_of.get(name)) }));
}

function paint_rows(svg, every, title) {
  const drawn = every.slice(0, MOST_ROWS), high = 60 + drawn.length * ROW_HIGH, width = size(svg, high);
  const box = { left: Math.min(200, width * 0.36), right: width - 14, top: 28, bottom: high - 32 };
  const numbers = drawn.flatMap((row) => [...row.numbers, row.low, row.high]);
  const x = scale(null, with_room(...(numbers.length ? extremes(numbers) : [0, 1])), [box.left, box.right]);
  const lines = drawn.map((row, place) => row_of_marks(row, box.top + (place + 0.5) * ROW_HIGH, box, x));
  svg.replaceChildren(axes(box, x, null), labels({ ...box, bottom: high - 36 }, title, ""), ...lines.flatMap(({ made }) => made));
  return lines.flatMap(({ marks }) => marks);
}

function row_of_marks({ trials, numbers, mean, low, high }, y, box, x) {
  const look = colour_of(kind_of(trials[0])), fade = trials.every(faded) ? "faded" : "";
  const marks = numbers.map((number, place) => ({ trial: trials[place], x: x.at(number), y }));
  const made = [
    words(box.left - 8, y + 4, `${cut(names[trials[0]], 20)} ×${trials.length}`, "tick", "end"),
    line(x.at(low), y, x.at(high), y, `bar ${look} ${fade}`),
    ...marks.map((mark) => draw("path", { d: SHAPES[0](mark.x, y, 2.6), class: `crowd ${look} ${faded(mark.trial)}` })),
    draw("path", { d: shape_of(kind_of(trials[0]))(x.at(mean), y, 5), class: `${look} ${fade}` }),
  ];
  return { made, marks };
}

function lay_out_rows(name, is_there, rows_now, title) {
  document.getElementById(name).hidden = !is_there;
  if (!is_there) return;
  const svg = document.getElementById(`${name}-drawing`);
  let marks = [];
  const paint = () => { marks = paint_rows(svg, rows_now(), title); };
  can_be_pointed_at(svg, () => marks);
  keep_drawn(svg, OF_THE_SELECTION, paint);
}

function lay_out_again() {
  lay_out_rows("again", columns.has(quality) && known.trials.same.some((same) => same !== null), repetitions, columns.get(quality)?.axis);
  lay_out_rows("confirmed", known.confirmed.length > 0, confirmations, say("Accuracy on the test pictures, %"));
}
