// Limits with sliders, the model that fits best within them, and the command that exports it.

const STEPS_OF_A_SLIDER = 400;
const form = document.getElementById("limits");
const limited = measures.filter((one) => candidates.some((trial) => counts(one.key, trial)) && !one.is_part
  && (known.costs.includes(one.key) || one.goal === "max"));
let bests = []; // of each data set the trial that fits best, undefined if none does
const best_beside = (trial) => bests[set_of(trial)];
const candidates_of = (set) => candidates.filter((trial) => set_of(trial) === set);

function limits_now() {
  return Object.entries(state.limits).map(([measure, number]) => (
    columns.get(measure).goal === "min" ? { measure, at_most: number, at_least: null } : { measure, at_most: null, at_least: number }
  ));
}

// A slider goes from the least to the most that a candidate has; its better end asks for all, its other for nothing.
function slider(one) {
  const numbers = candidates.filter((trial) => counts(one.key, trial)).map((trial) => value(one.key, trial));
  const [low, high] = extremes(numbers), log = spans_decades(numbers), most = one.goal === "min";
  const span = scale(one.key, [low, high], [0, STEPS_OF_A_SLIDER], log);
  const title = most ? say("{measure}, at most", { measure: one.title }) : say("{measure}, at least", { measure: one.title });
  const range = element("input", { type: "range", min: "0", max: String(STEPS_OF_A_SLIDER), "aria-label": title, "data-limit": one.key });
  const field = element("input", { type: "number", step: "any", min: "0", "aria-label": say("{limit}, as a number", { limit: title }), placeholder: say("any") });
  const free = most ? STEPS_OF_A_SLIDER : 0;
  range.addEventListener("input", () => limit(one.key, Number(range.value) === free ? null : rounded(span.value(Number(range.value)), most)));
  field.addEventListener("change", () => limit(one.key, field.value === "" ? null : Number(field.value)));
  const show = () => {
    const number = state.limits[one.key];
    range.value = number === undefined ? free : Math.round(span.at(Math.min(high, Math.max(low, number))));
    range.setAttribute("aria-valuetext", number === undefined ? say("no limit") : formatted(one.key, number));
    if (document.activeElement !== field) field.value = number ?? "";
  };
  return { made: element("div", { class: "slider" }, element("span", {}, title, one.unit ? element("span", { class: "muted" }, ` ${one.unit}`) : ""), field, range), show, key: one.key };
}

// Three digits are enough; rounded so that the candidate at the slider still fits.
function rounded(number, upwards) {
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(number) || 1)) - 2), turn = upwards ? Math.ceil : Math.floor;
  return Number((turn(number / unit - (upwards ? 1e-9 : -1e-9)) * unit).toPrecision(12));
}

function limit(key, number) {
  const { [key]: _, ...others } = state.limits;
  change({ limits: number === null || Number.isNaN(number) ? others : { ...others, [key]: number } });
}

const first_ones = new Set([quality, ...known.objectives, "parameters"]);
const sliders = limited.map(slider);

function lay_out_sliders() {
  const rest = sliders.filter(({ key }) => !first_ones.has(key));
  form.append(...sliders.filter(({ key }) => first_ones.has(key)).map(({ made }) => made));
  if (rest.length) form.append(element("details", { open: rest.some(({ key }) => key in state.limits) }, element("summary", {}, say("More limits")), ...rest.map(({ made }) => made)));
}

function find_best() {
  bests = (sets.length ? sets : [""]).map((_, set) => best_within(limits_now(), candidates_of(set)));
}

function show_answer() {
  sliders.forEach(({ show }) => show());
  document.getElementById("no-limits").hidden = !Object.keys(state.limits).length;
  document.getElementById("best").replaceChildren(...shown_sets().flatMap((set) => [
    ...(sets.length ? [element("h4", {}, sets[set])] : []), ...(bests[set] === undefined ? nothing_fits(set) : the_best(bests[set])),
  ]));
}

function the_best(trial) {
  const limits = limits_now();
  const rest = [...new Set([...known.objectives, ...known.costs.slice(0, 3), ...limits.map((one) => one.measure)])]
    .filter((key) => key !== quality && has(key, trial));
  const unsure = limits.filter((one) => standing(trial, one) === BY_THE_MEDIAN);
  const lead = limits.length ? say("The best within these limits") : say("The best, without limits");
  const name = element("button", { type: "button", class: "name" }, names[trial]);
  name.addEventListener("click", () => open_trial(trial));
  return [
    element("p", { class: "muted" }, lead),
    element("p", { class: "best-name" }, name),
    has(quality, trial) && element("p", { class: "best-quality" }, `${told(quality, trial)} ${columns.get(quality).word}`, element("span", { class: "muted" }, with_brackets(told_interval(quality, trial)))),
    element("ul", {}, ...rest.map((key) => element("li", {}, with_word(key, trial), element("span", { class: "muted" }, `${columns.get(key).unit ? ` ${columns.get(key).word}` : ""}${with_brackets(told_interval(key, trial))}`)))),
    ...unsure.map((one) => element("p", { class: "doubt" }, say("It meets the limit on {measure} by the median only: its interval reaches beyond.", { measure: columns.get(one.measure).word }))),
    ...export_command(trial),
  ].filter(Boolean);
}

function nothing_fits(set) {
  const limits = limits_now(), nearest = limits.length ? nearest_misses(limits, candidates_of(set)) : [];
  const tell = (trial) => [quality, ...limits.map((one) => one.measure)].filter((key, place, all) => all.indexOf(key) === place && has(key, trial)).map((key) => with_word(key, trial)).join(", ");
  if (!nearest.length) return [element("p", {}, called.none())];
  return [
    element("p", { class: "doubt" }, called.misses()),
    element("ul", {}, ...nearest.map((trial) => element("li", {}, `${names[trial]}: ${tell(trial)}`))),
  ];
}

function export_command(trial) {
  const command = run_of(trial).export;
  if (!command) return [];
  const text = `${command} ${known.trials.number[trial]} exports`;
  const copy = element("button", { type: "button" }, say("Copy"));
  copy.addEventListener("click", () => copy_text(text));
  return [element("p", { class: "command" }, element("code", {}, text), copy)];
}

document.getElementById("no-limits").addEventListener("click", () => change({ limits: {} }));
form.addEventListener("submit", (event) => event.preventDefault());
lay_out_sliders();
