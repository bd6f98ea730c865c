// Which trials are on the front, which the legend leaves, and which are selected.

const STATUSES = ["front", "dominated", "apart", "broken", "paused", "refused", "dropped", "failed", "interrupted", "running"];
let front_groups = []; // the fronts on the chosen axes, one for each place
let on_front = new Set();
let shown = []; // trials that the legend has not switched off
let selected = new Set(); // of the shown ones
let statuses = [];

function status_name(status) {
  return {
    front: say("on the front"), dominated: say("dominated"), apart: say("not to be compared"), broken: say("breaks a constraint"), paused: say("paused"),
    refused: say("refused"), dropped: say("dropped"), failed: say("failed"), interrupted: say("interrupted"),
    running: say("running"),
  }[status];
}

const is_set_shown = (set) => state.set === "" || sets[set] === state.set;
const shown_sets = () => (sets.length ? sets.map((_, set) => set).filter(is_set_shown) : [0]);
const switches = (known.switches ?? []).map((key) => columns.get(key)); // settings whose values the legend switches
const is_on = (group, name) => !state.hidden.includes(`${group}:${name}`);

function is_left(trial) {
  return is_set_shown(set_of(trial)) && is_on("kind", known.kinds[kind_of(trial)]) && is_on("start", start_of(trial)) && is_on("place", of_code(known.trials.place, trial))
    && switches.every((one) => is_on(one.key, told(one.key, trial)));
}

// The measures of the front: the axes, if both are measures; else the objectives of the studies.
function front_keys() {
  const axes = [state.y, state.x];
  return state.x !== state.y && axes.every((key) => columns.get(key).is_measure) ? axes : known.objectives;
}

function find_front() {
  const keys = front_keys().filter((key) => columns.has(key));
  front_groups = keys.length ? fronts(candidates.filter(is_left), keys) : [];
  on_front = new Set(front_groups.flat());
  statuses = everyone.map((trial) => {
    if (on_front.has(trial)) return "front";
    if (keys.some((key) => has(key, trial) && !counts(key, trial))) return "apart";
    return state_of(trial) === "complete" ? (fits(trial) ? "dominated" : "broken") : state_of(trial);
  });
  shown = everyone.filter((trial) => is_left(trial) && is_on("status", statuses[trial]));
}

const is_selecting = () => Boolean(state.find) || Object.keys(state.ranges).length > 0;

function select() {
  const wanted = state.find.toLowerCase().split(/\s+/).filter(Boolean), ranges = Object.entries(state.ranges);
  selected = new Set(shown.filter((trial) => ranges.every(([key, both]) => is_within(key, both, trial))
    && wanted.every((word) => text_of(trial).includes(word))));
}

const is_within = (key, [from, to], trial) => has(key, trial) && value(key, trial) >= from && value(key, trial) <= to;

const texts = [];

function text_of(trial) {
  texts[trial] ??= [
    names[trial], state_of(trial), start_of(trial), of_code(known.trials.network, trial), of_code(known.trials.reason, trial),
    run_of(trial).name, set_name(trial), known.kinds[kind_of(trial)], ...settings.map((one) => `${one.title}=${told(one.key, trial)}`),
  ].join("\n").toLowerCase();
  return texts[trial];
}

view(OF_THE_FRONT, find_front);
view(OF_THE_SELECTION, select);
