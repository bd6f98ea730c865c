// The table: sorted by any column, of those trials that are shown and selected. Only the rows in sight are made.

const table = document.getElementById("table");
const scroller = table.parentElement;
const ROW = 30; // pixels
const MORE = 12; // rows beyond both ends of what is in sight
const letters = new Intl.Collator(language, { numeric: true });
const fields = new Map([...fixed_fields(), ...measure_fields(), ...settings.map(setting_field), ...last_fields()].map((one) => [one.key, one]));
let rows = []; // trials, as they are sorted
let drawn_rows = ""; // which of them are made
let at_row = 0; // the one that the keyboard is at

function fixed_fields() {
  return [
    { key: "trial", title: called.row(), text: (trial) => names[trial] },
    ...(sets.length ? [{ key: "set", head: known.of_networks ? "device" : "dataset", title: called.set().toLocaleLowerCase(language), text: set_name }] : []),
    { key: "status", title: say("status"), text: (trial) => status_name(statuses[trial]), rank: (trial) => STATUSES.indexOf(statuses[trial]) },
    { key: "kind", title: known.kinds_are_runs ? say("run") : say("family"), text: (trial) => known.kinds[kind_of(trial)] },
    ...(known.trials.network.levels.some(Boolean) ? [{ key: "network", title: say("network"), text: (trial) => of_code(known.trials.network, trial) }] : []),
    ...(known.trials.start ? [{ key: "start", title: say("weights"), text: (trial) => start_name(start_of(trial)) }] : []),
    ...(known.of_networks ? [] : [{ key: "number", title: say("number"), numeric: true, text: (trial) => String(known.trials.number[trial]), rank: (trial) => known.trials.number[trial] }]),
  ];
}

function measure_fields() {
  return measures.flatMap((one) => [
    { key: one.key, title: one.unit ? `${one.title}, ${one.unit}` : one.title, hint: one.meaning, numeric: true, raw: (trial) => value(one.key, trial), text: (trial) => told(one.key, trial).replace(one.unit ? ` ${one.unit}` : "", ""), rank: (trial) => value(one.key, trial), is_best_first: one.goal === "max" },
    ...(one.low || one.around ? [{ key: `${one.key}~`, title: say("{measure}, interval", { measure: one.title }), hint: say("95 % interval"), numeric: true, text: (trial) => told_interval(one.key, trial), rank: (trial) => interval(one.key, trial)?.[0] ?? null }] : []),
  ]);
}

function setting_field(one) {
  const is_number = !one.levels;
  return { key: one.key, title: one.title, hint: one.key, numeric: is_number, raw: is_number ? (trial) => value(one.key, trial) : undefined, text: (trial) => told(one.key, trial), rank: is_number ? (trial) => value(one.key, trial) : undefined };
}

function last_fields() {
  const sure = Object.keys(known.sure).length > 0, of_sure = (trial, key) => known.sure[names[trial]]?.[key] ?? null;
  return [
    ...(sure ? [
      { key: "group", title: say("group"), hint: say("Two on the front that share a letter cannot be told apart by their accuracy"), text: (trial) => of_sure(trial, "group") ?? "" },
      { key: "front_share", title: say("sure of the front, %"), hint: say("Share of resamples of the pictures in which it is on the front"), numeric: true, text: (trial) => (of_sure(trial, "front_share") === null ? "" : fixed(of_sure(trial, "front_share"), 0)), rank: (trial) => of_sure(trial, "front_share") },
    ] : []),
    ...(known.of_networks ? [] : [{ key: "seconds", title: say("seconds"), hint: say("From the proposal to the end"), numeric: true, text: (trial) => (known.trials.seconds[trial] === null ? "" : fixed(known.trials.seconds[trial], 1)), rank: (trial) => known.trials.seconds[trial] }]),
    { key: "reason", title: say("reason"), hint: called.reason(), text: (trial) => of_code(known.trials.reason, trial) },
  ];
}

// Few columns, until more are asked for: what it is, what it gives and costs, and the settings that differ most.
function usual_columns() {
  if (known.columns) return known.columns.filter((key) => fields.has(key));
  const wanted = ["trial", "set", "status", "start", quality, `${quality}~`, ...known.objectives.filter((key) => key !== quality).flatMap((key) => [key, `${key}~`]), "parameters", "group", "front_share"];
  return [...new Set([...wanted, ...shared_most.slice(0, 3).map((one) => one.key)])].filter((key) => fields.has(key));
}

const columns_now = () => {
  const asked = state.columns?.filter((key) => fields.has(key));
  return (asked?.length ? asked : usual_columns()).map((key) => fields.get(key));
};

function sort_rows() {
  const one = fields.get(state.sort), sign = state.down ? -1 : 1;
  rows = shown.filter((trial) => selected.has(trial));
  if (!one) return void rows.sort((a, b) => set_of(a) - set_of(b) || on_front.has(b) - on_front.has(a) || better_first(a, b));
  const key = one.rank ?? one.text, keys = new Map(rows.map((trial) => [trial, key(trial)]));
  const is_empty = (text) => text === null || text === "";
  rows.sort((a, b) => {
    const [left, right] = [keys.get(a), keys.get(b)];
    if (is_empty(left) || is_empty(right)) return is_empty(left) - is_empty(right) || a - b;
    return sign * (typeof left === "number" ? left - right : letters.compare(left, right)) || a - b;
  });
}

function better_first(a, b) {
  if (has(quality, a) !== has(quality, b)) return has(quality, b) - has(quality, a);
  const both = [quality, ...known.objectives].filter((key) => has(key, a) && has(key, b));
  return first_difference(a, b, both) || a - b;
}

function show_table() {
  sort_rows();
  show_head();
  drawn_rows = "";
  at_row = Math.min(at_row, Math.max(0, rows.length - 1));
  show_rows();
  document.getElementById("counted").textContent = called.counted(whole(rows.length), whole(everyone.length));
}

function show_head() {
  const heads = columns_now().map((one) => {
    const button = element("button", { type: "button", title: one.hint ?? "" }, one.title);
    button.addEventListener("click", () => sort_by(one));
    const way = state.sort !== one.key ? "none" : state.down ? "descending" : "ascending";
    return element("th", { scope: "col", "aria-sort": way, class: one.numeric ? "n" : "", "data-column": one.key }, button);
  });
  const focus_in = document.activeElement?.closest?.("#table th")?.dataset.column;
  table.tHead.rows[0].replaceChildren(...heads);
  if (focus_in) table.tHead.querySelector(`[data-column="${CSS.escape(focus_in)}"] button`)?.focus();
  table.setAttribute("aria-rowcount", rows.length + 1);
}

function sort_by(one) {
  const again = state.sort === one.key;
  change({ sort: one.key, down: again ? !state.down : Boolean(one.is_best_first) });
}

function show_rows() {
  const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - MORE);
  const last = Math.min(rows.length, Math.ceil((scroller.scrollTop + Math.max(scroller.clientHeight, 400)) / ROW) + MORE);
  if (drawn_rows === `${first}-${last}`) return;
  const had_focus = table.tBodies[0].contains(document.activeElement);
  const space = (count) => element("tr", { "aria-hidden": "true", class: "space", style: `height:${count * ROW}px` });
  table.tBodies[0].replaceChildren(space(first), ...rows.slice(first, last).map((trial, place) => table_row(trial, first + place)), space(rows.length - last));
  drawn_rows = `${first}-${last}`;
  if (had_focus) row_at(at_row)?.focus({ preventScroll: true });
}

function table_row(trial, place) {
  const cells = columns_now().map((one, first) => element(first ? "td" : "th", { class: one.numeric ? "n" : "", ...(first ? {} : { scope: "row" }) }, one.text(trial)));
  const made = element("tr", { "data-trial": names[trial], "aria-rowindex": String(place + 2), class: statuses[trial], ...(state.trial === names[trial] ? { "aria-current": "true" } : {}) }, ...cells);
  made.tabIndex = place === at_row ? 0 : -1;
  made.addEventListener("click", () => { if (getSelection().isCollapsed) open_trial(trial); });
  made.addEventListener("pointerenter", () => mark_everywhere(trial));
  made.addEventListener("pointerleave", () => mark_everywhere(null));
  made.addEventListener("focus", () => { at_row = place; mark_everywhere(trial); });
  return made;
}

const row_at = (place) => (rows[place] === undefined ? null : table.querySelector(`tr[data-trial="${CSS.escape(names[rows[place]])}"]`));

table.addEventListener("keydown", (event) => {
  const far = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -rows.length, End: rows.length }[event.key];
  if (!table.tBodies[0].contains(event.target)) return;
  if (event.key === "Enter") open_trial(rows[at_row]);
  if (!far) return;
  event.preventDefault();
  at_row = Math.min(rows.length - 1, Math.max(0, at_row + far));
  const top = at_row * ROW, room = scroller.clientHeight - 2 * ROW;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
  show_rows();
  for (const row of table.tBodies[0].rows) row.tabIndex = -1;
  const row = row_at(at_row);
  if (row) { row.tabIndex = 0; row.focus({ preventScroll: true }); }
});

function show_chooser() {
  const asked = new Set(columns_now().map((one) => one.key));
  document.getElementById("columns").replaceChildren(...[...fields.values()].map((one) => {
    const box = element("input", { type: "checkbox", "data-field": one.key });
    box.checked = asked.has(one.key);
    box.addEventListener("change", () => {
      const left = [...fields.keys()].filter((key) => (key === one.key ? box.checked : asked.has(key)));
      change({ columns: left.length ? left : null });
    });
    return element("label", { title: one.hint ?? "" }, box, ` ${one.title}`);
  }));
}

function table_csv() {
  const shown_columns = columns_now();
  return as_csv([shown_columns.map((one) => one.head ?? one.key.replace("~", "_interval")), ...rows.map((trial) => shown_columns.map((one) => (one.raw ? one.raw(trial) : one.text(trial))))]);
}

const find = document.getElementById("find");
find.addEventListener("input", () => change({ find: find.value.trim() }));
find.closest("form").addEventListener("submit", (event) => event.preventDefault());
scroller.addEventListener("scroll", show_rows, { passive: true });
document.getElementById("csv").addEventListener("click", () => save(called.file, table_csv(), "text/csv"));
