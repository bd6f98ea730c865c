// One trial, opened: what it is beside the best, what it costs and gives, how it learned, and where it is wrong.

const panel = document.getElementById("trial");
let came_from = null; // where the keyboard was

function open_trial(trial) {
  if (!state.trial) came_from = document.activeElement;
  change({ trial: names[trial] });
  requestAnimationFrame(() => panel.querySelector("h2")?.focus());
}

function close_trial() {
  change({ trial: "" });
  point(null);
  came_from?.isConnected && came_from.focus();
}

function show_trial() {
  const trial = place_of.get(state.trial);
  panel.hidden = trial === undefined;
  if (panel.hidden) return panel.replaceChildren();
  const close = element("button", { type: "button", class: "close", "aria-label": say("Close") }, "✕");
  close.addEventListener("click", close_trial);
  const heading = element("h2", { tabindex: "-1", id: "trial-name" }, names[trial]);
  const other = best_beside(trial) === trial ? undefined : best_beside(trial);
  panel.replaceChildren(
    element("header", {}, heading, close), element("p", { class: "muted" }, what_it_is(trial)), ...notes_of(trial),
    ...export_of(trial), ...mlflow_of(trial), part(say("Measures"), measures_of(trial, other)), part(called.settings(), configuration_of(trial, other)), ...more_of(trial),
  );
  add_drawings(trial, other);
  panel.scrollTop = 0;
}

const part = (title, content) => (content ? element("section", {}, element("h3", {}, title), content) : "");

function what_it_is(trial) {
  const started = known.trials.start ? start_name(start_of(trial)) : "";
  return [set_name(trial), status_name(statuses[trial]), of_code(known.trials.network, trial), started, of_code(known.trials.place, trial)].filter(Boolean).join(" · ");
}

function notes_of(trial) {
  const { until, continues } = known.trials, sure = known.sure[names[trial]];
  const again = known.confirmed.find(({ name }) => name === names[trial]);
  return [
    of_code(known.trials.reason, trial),
    until[trial] !== null && say("It ends after epoch {epoch}, before the last of its study.", { epoch: whole(until[trial]) }),
    continues[trial] !== null && say("It continues the training of trial {number}.", { number: String(continues[trial]) }),
    again && say("Trained again with {seeds} seeds, it has {mean} % of the test pictures right (95 % interval {low} to {high}).", { seeds: whole(again.seeds.length), mean: fixed(again.mean, 1), low: fixed(again.low, 1), high: fixed(again.high, 1) }),
    again?.by_text && say("By the texts of their classes alone it tells {share} % of them (95 % interval {low} to {high}).", { share: fixed(again.by_text.mean, 1), low: fixed(again.by_text.low, 1), high: fixed(again.by_text.high, 1) }),
    sure?.front_share !== null && sure?.front_share !== undefined && say("It is on the front in {share} % of the resamples of the pictures.", { share: fixed(sure.front_share, 0) }),
    sure?.group && say("Its letters among the front are “{letters}”: those that share one cannot be told apart by their accuracy.", { letters: sure.group }),
  ].filter(Boolean).map((text) => element("p", { class: "note" }, text));
}

const export_of = (trial) => (state_of(trial) === "complete" ? export_command(trial) : []);

function mlflow_of(trial) {
  const address = known.links[names[trial]];
  return address ? [element("p", {}, element("a", { href: address, rel: "noreferrer" }, say("This trial in MLflow")))] : [];
}

function measures_of(trial, other) {
  const own = measures.filter((one) => has(one.key, trial));
  if (!own.length) return null;
  const head = [say("Measure"), say("Value"), say("95 % interval"), ...(other === undefined ? [] : [say("Best: {name}", { name: names[other] })])];
  return facts(head, own.map((one) => [one.title, told(one.key, trial), told_interval(one.key, trial), ...(other === undefined ? [] : [told(one.key, other)])]));
}

// What differs from the best stands first.
function configuration_of(trial, other) {
  const own = settings.filter((one) => has(one.key, trial));
  if (!own.length) return null;
  const differs = (one) => other !== undefined && value(one.key, trial) !== value(one.key, other);
  const sorted = [...own.filter(differs), ...own.filter((one) => !differs(one))];
  const head = [called.setting(), say("Value"), ...(other === undefined ? [] : [say("Best: {name}", { name: names[other] })])];
  return facts(head, sorted.map((one) => [one.title, told(one.key, trial), ...(other === undefined ? [] : [differs(one) ? told(one.key, other) || say("none") : ""])]), sorted.map(differs));
}

// What else is known of it: tables of facts that are no setting and no measure.
function more_of(trial) {
  return (known.more ?? []).map(({ title, facts: told_of }) => {
    const lines = told_of.map(([name, coded]) => [name, of_code(coded, trial)]).filter(([, text]) => text);
    return part(title, lines.length ? facts([called.setting(), say("Value")], lines) : null);
  });
}

function facts(head, lines, marked = []) {
  const cell = (text, place) => element(place ? "td" : "th", place ? {} : { scope: "row" }, text);
  return element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": head[0] }, element("table", { class: "plain" },
    element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...lines.map((texts_of_line, place) => element("tr", marked[place] ? { class: "differs" } : {}, ...texts_of_line.map(cell)))),
  ));
}

function add_drawings(trial, other) {
  if (known.curves.values?.[trial].length) {
    const svg = draw("svg", { class: "small", role: "img", "aria-label": say("Learning curve of {name}", { name: names[trial] }) });
    panel.append(part(say("Learning curve"), svg));
    paint_curve(svg, trial, other);
  }
  panel.append(...answered_parts(trial).map(([title, content]) => part(title, content)));
}

function paint_curve(svg, trial, other) {
  const width = size(svg, 190), box = { left: 46, right: width - 8, top: 22, bottom: 150 };
  const both = [other, trial].filter((one) => one !== undefined && known.curves.values[one].length);
  const x = scale(null, extremes(both.flatMap((one) => known.curves.epochs[one])), [box.left, box.right]);
  const y = scale(null, with_room(...extremes(both.flatMap((one) => known.curves.values[one]))), [box.bottom, box.top]);
  svg.append(axes(box, x, y), labels(box, say("Epoch"), known.curves.axis), ...both.map((one) =>
    draw("path", { d: curve_path(one, x, y), class: one === trial ? `curve ${colour_of(kind_of(one))}` : "curve pale" })));
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.trial) close_trial();
  else if (event.key === "Escape") point(null);
});
