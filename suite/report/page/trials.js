// What is known of each trial: the columns that Python wrote into the page. A trial is its place in them.

const known = JSON.parse(document.getElementById("data").textContent);
const called = known.of_networks ? of_networks : of_trials;
const names = known.trials.name;
const everyone = names.map((_, trial) => trial);
const place_of = new Map(names.map((name, trial) => [name, trial]));
const quality = known.quality;
const sets = known.sets?.length > 1 ? known.sets : []; // the data sets, if there are several
const columns = new Map([...measured(), ...searched(), ...(sets.length ? [["set", of_sets()]] : []), ["number", ordered()]]);

function measured() {
  return Object.entries(known.measures).map(([key, one]) => [key, { ...one, key, is_measure: true }]);
}

function searched() {
  return Object.entries(known.settings).map(([key, one]) => [key, { ...one, key, axis: one.title, is_setting: true }]);
}

function ordered() {
  return { key: "number", title: called.number(), axis: called.number(), values: known.trials.number };
}

function of_sets() {
  return { key: "set", title: called.set(), axis: called.set(), levels: sets, values: known.trials.set };
}

const value = (key, trial) => columns.get(key).values[trial];
const has = (key, trial) => (columns.get(key)?.values[trial] ?? null) !== null;
// Whether it has a value that may be compared. An accuracy that was cited under other conditions is shown, no more.
const counts = (key, trial) => has(key, trial) && !columns.get(key).apart?.[trial];
const of_code = (coded, trial) => coded.levels[coded.codes[trial]];
const kind_of = (trial) => known.trials.kind[trial];
const set_of = (trial) => known.trials.set?.[trial] ?? 0;
const set_name = (trial) => (sets.length ? sets[set_of(trial)] : "");
const run_of = (trial) => known.runs[known.trials.run[trial]];
const state_of = (trial) => of_code(known.trials.state, trial);
const start_of = (trial) => (known.trials.start ? of_code(known.trials.start, trial) : "");
const fits = (trial) => known.trials.fits[trial] === 1;

// Both ends of the interval that decides: that of a measurement. A value without one has an interval of zero width.
function ends(key, trial) {
  const { values, low, high } = columns.get(key);
  return [low?.[trial] ?? values[trial], high?.[trial] ?? values[trial]];
}

// The interval that is shown: that of a measurement, or the 95 % interval of a share of the pictures; null for none.
function interval(key, trial) {
  const [low, high] = ends(key, trial);
  return low < high ? [low, high] : (columns.get(key).around?.[trial] ?? null);
}

function formatted(key, number) {
  const { unit, levels, is_measure } = columns.get(key);
  if (number === null || number === undefined) return "";
  if (levels) return levels[number];
  if (!is_measure) return Number.isInteger(number) ? String(number) : significant(number);
  if (!unit) return whole(number);
  if (unit === "%") return `${fixed(number, 2)} %`;
  return `${number >= 1000 ? whole(number) : significant(number)} ${unit}`;
}

const told = (key, trial) => formatted(key, value(key, trial));

function told_interval(key, trial) {
  const both = interval(key, trial);
  if (!both) return "";
  const digits = columns.get(key).unit === "%" ? 1 : null;
  const [low, high] = both.map((end) => (digits === null ? significant(end) : fixed(end, digits)));
  return is_stable(key, trial) ? say("{low} to {high}", { low, high }) : say("{low} to {high}, unstable", { low, high });
}

// Whether a measurement is stable: its interval is within 3 % to either side, and nothing else was wrong with it.
function is_stable(key, trial) {
  if (columns.get(key).unstable?.[trial]) return false;
  const [low, high] = ends(key, trial);
  return high - low <= 0.06 * Math.abs(value(key, trial));
}

const COUNTED = {
  parameters: (number) => many(number, "{number} parameter", "{number} parameters"),
  macs: (number) => many(number, "{number} multiply-add", "{number} multiply-adds"),
  activations: (number) => many(number, "{number} activation", "{number} activations"),
};

// A measure within a sentence: `0.34 ms`, but `12,000 parameters`.
function with_word(key, trial) {
  const { unit, word } = columns.get(key), number = value(key, trial);
  if (unit) return told(key, trial);
  return COUNTED[key]?.(number) ?? `${told(key, trial)} ${word}`;
}

const settings = [...columns.values()].filter((one) => one.is_setting);
const measures = [...columns.values()].filter((one) => one.is_measure);

// A setting that has one value only tells nothing: it is left out of figures and lists.
const differing = settings.filter((one) => new Set(one.values.filter((each) => each !== null)).size > 1);
const holders = (one) => one.values.filter((each) => each !== null).length;
const shared_most = [...differing].sort((a, b) => holders(b) - holders(a)); // those of every family first
