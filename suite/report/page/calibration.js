// Whether a network is as often right as it says: its answers in bins by their probability, with 95 % intervals.

const CALIBRATION = { wide: 460, high: 360 }; // of the drawing, which grows with its place

// The bins that Python wrote: first the temperature, then [series, said in %, right ones, pictures].
function calibration([[temperature], ...bins]) {
  const svg = draw("svg", { class: "square", viewBox: `0 0 ${CALIBRATION.wide} ${CALIBRATION.high}`, style: `max-width: ${CALIBRATION.wide}px`, role: "img", "aria-label": say("The share of answers that are right, by the probability that the network gives them. The sentence below has the calibration errors.") });
  const box = { left: 48, right: CALIBRATION.wide - 12, top: 28, bottom: CALIBRATION.high - 44 };
  const x = scale(null, [0, 100], [box.left, box.right]), y = scale(null, [0, 100], [box.bottom, box.top]);
  svg.append(axes(box, x, y), labels(box, say("Probability that it gives its answer, %"), say("Right, %")), line(x.at(0), y.at(0), x.at(100), y.at(100), "axis"));
  const series = [0, 1].map((place) => bins.filter(([each]) => each === place));
  series.forEach((those, place) => svg.append(...those.flatMap((bin) => bin_marks(bin, Math.max(...those.map(([, , , count]) => count)), x, y, 2 * place))));
  const words_of = { plain: fixed(calibration_error(series[0]), 1), tempered: fixed(calibration_error(series[1]), 1), temperature: fixed(temperature, 2) };
  return element("div", {}, svg,
    element("p", { class: "muted" }, swatch(0), " ", say("as it is"), "  ", swatch(2), " ", say("at temperature {temperature}", words_of)),
    element("p", { class: "reading" }, say("Each mark is a bin of answers with its 95 % interval; larger ones are of more pictures. Below the line it is too sure. The calibration error is {plain} points, and {tempered} with its outputs divided by the temperature {temperature}, the best for these pictures (Guo et al., ICML 2017).", words_of)));
}

function bin_marks([, said, right, count], most, x, y, kind) {
  const at = x.at(said), [low, high] = wilson(right / count, count);
  return [
    line(at, y.at(100 * low), at, y.at(100 * high), `bar ${colour_of(kind)}`),
    draw("path", { d: shape_of(kind)(at, y.at((100 * right) / count), 2 + 4 * Math.sqrt(count / most)), class: `crowd strong ${colour_of(kind)}` }),
  ];
}

// The mean distance between what is said and what is right, in points.
function calibration_error(bins) {
  const count = bins.reduce((sum, [, , , pictures]) => sum + pictures, 0);
  return bins.reduce((sum, [, said, right, pictures]) => sum + Math.abs(pictures * said - 100 * right), 0) / Math.max(1, count);
}

// The 95 % interval of a share of so many pictures (Wilson, 1927), as in suite/statistics/intervals.py.
function wilson(share, count) {
  const z = 1.959964, spread = z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count)), whole_share = 1 + (z * z) / count;
  const middle = share + (z * z) / (2 * count);
  return [Math.max(0, (middle - spread) / whole_share), Math.min(1, (middle + spread) / whole_share)];
}
