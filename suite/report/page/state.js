// What is looked at, and how: all of it stands in the address, so that a view can be sent.

const DEFAULTS = {
  set: "", // the data set that is shown; empty: all of them, side by side
  x: first_cost(), y: columns.has(quality) ? quality : other_objective(),
  xlog: null, ylog: null, // null: as fits the values
  all: false, // whether the axes hold every trial, or are fitted to the front
  hidden: known.hidden ?? [], // what the legend has switched off: `kind:resnet`, `status:dominated`
  limits: {}, // measure -> number
  ranges: {}, // column -> [from, to]: what is selected
  find: "", // words that a selected trial contains
  trial: "", // the one that is open
  sort: "", down: false, columns: null, // of the table; null: the usual ones
  theme: "", // dark or light; empty: as the device
};
const OF_THE_FRONT = ["set", "hidden", "x", "y"]; // what decides which trials are shown, and which are on the front
const OF_THE_SELECTION = [...OF_THE_FRONT, "ranges", "find"];
let state = read_address();
const views = []; // each draws itself again when something that it uses has changed
let changed = new Set();

function first_cost() {
  return [...known.costs, ...known.objectives].find((key) => key !== quality && columns.has(key)) ?? "number";
}

function other_objective() {
  return known.objectives.find((key) => key !== first_cost() && columns.has(key)) ?? "number";
}

function view(uses, draw) {
  views.push({ uses, draw });
}

function change(patch) {
  state = { ...state, ...patch };
  write_address();
  draw_again(Object.keys(patch));
}

// Several changes within one frame of the screen are drawn once.
function draw_again(keys) {
  if (!changed.size) requestAnimationFrame(draw_now);
  keys.forEach((key) => changed.add(key));
}

function draw_now() {
  const now = changed;
  changed = new Set();
  for (const { uses, draw } of views) if (uses.some((key) => now.has(key))) draw();
}

function draw_all() {
  for (const { draw } of views) draw();
}

function write_address() {
  const said = new URLSearchParams();
  for (const key of ["set", "x", "y", "find", "trial", "theme"]) if (state[key] !== DEFAULTS[key]) said.set(key, state[key]);
  for (const key of ["xlog", "ylog"]) if (state[key] !== null) said.set(key, Number(state[key]));
  if (state.all) said.set("all", 1);
  if (String(state.hidden) !== String(DEFAULTS.hidden)) said.set("hide", state.hidden.join("|"));
  for (const [key, number] of Object.entries(state.limits)) said.set(`limit.${key}`, number);
  for (const [key, both] of Object.entries(state.ranges)) said.set(`in.${key}`, both.join("~"));
  if (state.sort) said.set("sort", (state.down ? "-" : "") + state.sort);
  if (state.columns) said.set("columns", state.columns.join("|"));
  const text = said.toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%7C", "|").replaceAll("%7E", "~");
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

function read_address() {
  const said = new URLSearchParams(location.hash.slice(1)), found = structuredClone(DEFAULTS);
  for (const key of ["x", "y"]) if (columns.has(said.get(key))) found[key] = said.get(key);
  for (const key of ["xlog", "ylog"]) if (said.has(key)) found[key] = said.get(key) === "1";
  for (const key of ["find", "theme"]) found[key] = said.get(key) ?? "";
  found.trial = place_of.has(said.get("trial")) ? said.get("trial") : "";
  found.set = sets.includes(said.get("set")) ? said.get("set") : "";
  found.all = said.has("all");
  found.hidden = said.get("hide")?.split("|").filter(Boolean) ?? DEFAULTS.hidden;
  const sort = said.get("sort") ?? "";
  [found.down, found.sort] = [sort.startsWith("-"), sort.replace(/^-/, "")];
  found.columns = said.get("columns")?.split("|") ?? null;
  for (const [name, text] of said) read_numbers(found, name, text);
  return found;
}

function read_numbers(found, name, text) {
  const [where, key] = [name.split(".", 1)[0], name.slice(name.indexOf(".") + 1)];
  if (!columns.has(key)) return;
  const numbers = text.split("~").map(Number);
  if (text === "" || numbers.some(Number.isNaN)) return;
  if (where === "limit") found.limits[key] = numbers[0];
  if (where === "in" && numbers.length === 2) found.ranges[key] = numbers;
}

addEventListener("hashchange", () => {
  state = read_address();
  draw_all();
});
