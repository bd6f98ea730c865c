// The axes, the legend that switches marks on and off, what is selected, and dark or light.

function choose_axis(axis) {
  const menu = document.getElementById(axis), box = document.getElementById(`${axis}-log`);
  const option = (one) => element("option", { value: one.key }, one.is_setting ? one.title : one.axis);
  menu.append(
    element("optgroup", { label: say("Measures") }, ...measures.map(option)),
    ...(differing.length ? [element("optgroup", { label: say("Settings") }, ...differing.map(option))] : []),
    element("optgroup", { label: say("Other") }, ...["number", "set"].filter((key) => columns.has(key)).map((key) => option(columns.get(key)))),
  );
  menu.addEventListener("change", () => change({ [axis]: menu.value, [`${axis}log`]: null }));
  box.addEventListener("change", () => change({ [`${axis}log`]: box.checked }));
  return () => { menu.value = state[axis]; box.checked = axis_log(axis); };
}

const shown_axes = ["x", "y"].map(choose_axis);

function show_legend() {
  const groups_of = [
    [known.kinds_are_runs ? say("Runs") : say("Families"), "kind", known.kinds.map((name, kind) => [name, name, swatch(kind)])],
    [say("Weights"), "start", (known.trials.start?.levels ?? []).map((name) => [name, start_name(name)])],
    ...switches.map((one) => [sentence_case(one.title), one.key, one.levels.map((level) => [level, level])]),
    [called.rows(), "status", STATUSES.filter((status) => is_on("status", status) ? statuses.includes(status) : true).map((status) => [status, status_name(status)])],
    [say("Measured on"), "place", known.places.length > 1 ? known.places.map((place) => [place, place_name(place)]) : []],
  ];
  const counts = new Map();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  document.getElementById("legend").replaceChildren(...groups_of.filter(([, , entries]) => entries.length > 1).map(([title, group, entries]) => element(
    "div", { role: "group", "aria-label": title }, element("span", { class: "muted" }, title),
    ...entries.map(([name, text, mark]) => toggle(group, name, group === "status" ? `${text} ${whole(counts.get(name) ?? 0)}` : text, mark)),
  )));
}

const sentence_case = (text) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);

// What tells a place of measurement from the others: `batch 8`, if all are of one device and path.
function place_name(place) {
  const parts = known.places.map((each) => each.split(", "));
  const own = place.split(", ").filter((part) => !parts.every((each) => each.includes(part)));
  return own.map((part) => part.replace(/^batch (\d+)$/, (_, size) => say("batch {size}", { size }))).join(", ") || place;
}

const start_name = (name) => ({ frozen: say("frozen"), tuned: say("tuned"), "from scratch": say("from scratch") }[name] ?? name);
const swatch = (kind) => draw("svg", { class: "swatch", viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" },
  draw("path", { d: shape_of(kind)(0, 0, 5), class: colour_of(kind) }));

function toggle(group, name, text, mark) {
  const made = element("button", { type: "button", "aria-pressed": String(is_on(group, name)), "data-toggle": `${group}:${name}` }, ...(mark ? [mark] : []), text);
  made.addEventListener("click", () => {
    const key = `${group}:${name}`;
    change({ hidden: state.hidden.includes(key) ? state.hidden.filter((each) => each !== key) : [...state.hidden, key] });
    requestAnimationFrame(() => document.querySelector(`[data-toggle="${CSS.escape(key)}"]`)?.focus());
  });
  return made;
}

// What is selected, in words that can be taken back one by one.
function show_selection() {
  const chips = Object.entries(state.ranges).map(([key, [from, to]]) => chip(`${columns.get(key).title}: ${said_range(key, from, to)}`, () => {
    const { [key]: _, ...others } = state.ranges;
    change({ ranges: others });
  }));
  if (state.find) chips.push(chip(say("contains “{text}”", { text: state.find }), () => change({ find: "" })));
  const bar = document.getElementById("selection");
  bar.hidden = !chips.length;
  bar.replaceChildren(element("b", {}, called.selected(selected.size)), ...chips,
    ...(chips.length > 1 ? [chip(say("all of it"), () => change({ ranges: {}, find: "" }))] : []));
}

function said_range(key, from, to) {
  const { levels } = columns.get(key);
  if (levels) return levels.filter((_, level) => level >= from && level <= to).join(" | ");
  return say("{low} to {high}", { low: formatted(key, from), high: formatted(key, to) });
}

function chip(text, undo) {
  const made = element("button", { type: "button", class: "chip", title: say("Take this back") }, text, element("span", { "aria-hidden": "true" }, " ✕"));
  made.addEventListener("click", undo);
  return made;
}

// The same selection without a mouse: a column, and from where to where.
function select_by_numbers() {
  const form = document.getElementById("by-numbers"), { column, from, to } = form.elements;
  column.append(...[...measures, ...differing.filter((one) => !one.levels), columns.get("number")].map((one) => element("option", { value: one.key }, one.title)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const both = [from.value === "" ? -1e300 : Number(from.value), to.value === "" ? 1e300 : Number(to.value)];
    const own = extremes(columns.get(column.value).values.filter((number) => number !== null));
    change({ ranges: { ...state.ranges, [column.value]: [Math.max(both[0], own[0]), Math.min(both[1], own[1])] } });
  });
}

const theme = document.getElementById("theme");
const is_dark = () => state.theme === "dark" || (state.theme === "" && matchMedia("(prefers-color-scheme: dark)").matches);

function show_theme() {
  document.documentElement.dataset.theme = state.theme;
  theme.textContent = is_dark() ? say("Light") : say("Dark");
}

theme.hidden = false;
theme.addEventListener("click", () => change({ theme: is_dark() ? "light" : "dark" }));
select_by_numbers();
