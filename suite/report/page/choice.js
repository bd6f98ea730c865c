// Which model to take within limits: the rule of suite/report/choice.py, held to it by tests.

const SURELY = 0, BY_THE_MEDIAN = 1, MISSED = 2;
const candidates = everyone.filter(fits);

// By how much a number breaks a limit, as a share of it; zero or less if it keeps the limit.
function excess(limit, number) {
  const over = limit.at_most !== null ? number - limit.at_most : limit.at_least - number;
  return over / Math.max(Math.abs(limit.at_most ?? limit.at_least), 1e-12);
}

function standing(trial, limit) {
  const [low, high] = ends(limit.measure, trial);
  if (excess(limit, limit.at_most !== null ? high : low) <= 0) return SURELY;
  return excess(limit, value(limit.measure, trial)) <= 0 ? BY_THE_MEDIAN : MISSED;
}

function worst_standing(trial, limits) {
  const held = [...limits, ...run_of(trial).constraints].filter((limit) => has(limit.measure, trial));
  return Math.max(SURELY, ...held.map((limit) => standing(trial, limit)));
}

function may_count(limits, every) {
  const needed = [quality, ...limits.map((limit) => limit.measure)];
  const asked = needed.filter((key, place) => place || every.some((trial) => counts(key, trial)));
  return every.filter((trial) => is_left(trial) && asked.every((key) => counts(key, trial)));
}

// Of candidates, those surely within limits; if there are none, those within them by the median.
function fitting(limits, every) {
  const among = may_count(limits, every), standings = among.map((trial) => worst_standing(trial, limits));
  for (const wanted of [SURELY, BY_THE_MEDIAN]) {
    const found = among.filter((_, place) => standings[place] === wanted);
    if (found.length) return found;
  }
  return [];
}

// The best of them in the quality; of equals, the cheapest; always one on the front. Undefined if none fits.
function best_within(limits, every) {
  const among = fitting(limits, every);
  const keys = [...new Set([quality, ...known.objectives, ...known.costs])];
  const shared = keys.filter((key) => columns.has(key) && among.every((trial) => counts(key, trial)));
  const ranked = [...among].sort((a, b) => first_difference(a, b, shared));
  return ranked.find((trial) => is_on_front(trial, among, shared));
}

function first_difference(a, b, keys) {
  for (const key of keys) {
    const less = value(key, a) - value(key, b);
    if (less) return columns.get(key).goal === "max" ? -less : less;
  }
  return 0;
}

function is_on_front(trial, among, keys) {
  const group = groups(among, keys).find((members) => members.includes(trial)) ?? [];
  const intervals = turned(group, keys), place = group.indexOf(trial);
  if (!group.some((_, other) => dominates(intervals, other, place))) return place >= 0;
  return undominated(intervals, group.length).includes(place);
}

// The candidates that miss the limits by least.
function nearest_misses(limits, every, count = 3) {
  const by = (trial) => Math.max(...limits.map((limit) => excess(limit, value(limit.measure, trial))));
  return may_count(limits, every).sort((a, b) => by(a) - by(b)).slice(0, count);
}
