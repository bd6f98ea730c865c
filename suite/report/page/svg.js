// Drawing with SVG. It needs no library: one of 1 MB would be most of the page, and selection, keyboard and print would
// still be ours. Thousands of marks are one path for each look, so that the browser has a few elements only, and colours
// are the style sheet's: dark, light and print need no drawing again.

const NAMESPACE = "http://www.w3.org/2000/svg";
const round = (number) => Math.round(number * 10) / 10;

function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [key, text] of Object.entries(attributes)) made.setAttribute(key, text);
  made.append(...children);
  return made;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, text] of Object.entries(attributes)) {
    if (key in made && typeof text !== "string") made[key] = text;
    else made.setAttribute(key, text);
  }
  made.append(...children);
  return made;
}

const line = (x1, y1, x2, y2, look) => draw("line", { x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2), class: look });
const words = (x, y, text, look, anchor = "start") =>
  draw("text", { x: round(x), y: round(y), class: look, "text-anchor": anchor }, text);

const corners = (points) => (x, y, r) => `M${points.map(([dx, dy]) => `${round(x + dx * r)} ${round(y + dy * r)}`).join("L")}Z`;
const regular = (count, turn = 0) => corners(Array.from({ length: count }, (_, n) => {
  const angle = 2 * Math.PI * (n / count + turn) - Math.PI / 2;
  return [1.1 * Math.cos(angle), 1.1 * Math.sin(angle)];
}));
// The shapes of the figures beside the page, in the same sequence.
const SHAPES = [
  (x, y, r) => `M${round(x - r)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  corners([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
  regular(3), regular(4), regular(3, 0.5),
  corners([[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]]),
  corners([[-1, -0.6], [-0.6, -1], [0, -0.4], [0.6, -1], [1, -0.6], [0.4, 0], [1, 0.6], [0.6, 1], [0, 0.4], [-0.6, 1], [-1, 0.6], [-0.4, 0]]),
  regular(3, 0.75), regular(3, 0.25), regular(5), regular(6),
];
const COLOURS = 6;
const look_of_kind = (kind) => known.looks?.[kind] ?? [kind % COLOURS, kind];
const shape_of = (kind) => SHAPES[look_of_kind(kind)[1] % SHAPES.length];
const colour_of = (kind) => `kind-${look_of_kind(kind)[0]}`;
const cross = (x, y, r) => `M${round(x - r)} ${round(y - r)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;

// Axes with ticks, grid and labels around a box { left, top, right, bottom }.
function axes(box, x, y) {
  const made = draw("g", { class: "axes", "aria-hidden": "true" });
  if (x) for (const { value, text } of x.ticks) {
    const at = x.at(value);
    made.append(line(at, box.top, at, box.bottom, "grid"), words(at, box.bottom + 16, text, "tick", "middle"));
  }
  if (y) for (const { value, text } of y.ticks) {
    const at = y.at(value);
    made.append(line(box.left, at, box.right, at, "grid"), words(box.left - 7, at + 4, text, "tick", "end"));
  }
  made.append(line(box.left, box.bottom, box.right, box.bottom, "axis"), line(box.left, box.top, box.left, box.bottom, "axis"));
  return made;
}

function labels(box, across, up) {
  return draw("g", { "aria-hidden": "true" }, words(box.right, box.bottom + 34, across, "label", "end"), words((box.start ?? 0) + 2, box.top - 10, up, "label"));
}

function size(svg, height) {
  const width = Math.max(280, svg.clientWidth || 640);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  return width;
}
