// Several data sets: which of them are shown, and which network is on the front of which.

const MOST_NETWORKS = 40; // rows
const of_sets_only = [...document.querySelectorAll("[data-set]")];

function lay_out_sets() {
  const chooser = document.getElementById("sets");
  chooser.hidden = !sets.length;
  const choices = [["", say("Side by side")], ...sets.map((name) => [name, name])];
  chooser.append(...(sets.length ? choices : []).map(([name, text]) => {
    const made = element("button", { type: "button", "data-choice": name }, text);
    made.addEventListener("click", () => change({ set: name }));
    return made;
  }));
}

function show_sets() {
  for (const choice of document.querySelectorAll("[data-choice]")) choice.setAttribute("aria-pressed", String(choice.dataset.choice === state.set));
  for (const part of of_sets_only) part.hidden = !is_set_shown(Number(part.dataset.set));
}

// Networks on the front of at least one data set, those on most fronts first: of each data set, its trainings.
function networks_on_fronts() {
  const found = new Map(), cost = first_cost();
  for (const trial of [...on_front].filter((each) => selected.has(each))) {
    const net = known.trials.net[trial], key = net ?? `alone ${trial}`;
    if (!found.has(key)) found.set(key, sets.map((_, set) => (net === null ? [trial].filter(() => set === set_of(trial)) : trainings_of(net, set))));
  }
  const count = (trainings) => trainings.filter((those) => those.some((trial) => on_front.has(trial))).length;
  const least = (trainings) => Math.min(...trainings.flat().filter((trial) => has(cost, trial)).map((trial) => value(cost, trial)));
  return [...found.values()].map((trainings) => ({ trainings, fronts: count(trainings), cost: least(trainings) })).sort((a, b) => b.fronts - a.fronts || a.cost - b.cost);
}

// The trainings of a network on a data set that are on the front, or else the best.
function trainings_of(net, set) {
  const those = everyone.filter((trial) => known.trials.net[trial] === net && set_of(trial) === set);
  const members = those.filter((trial) => on_front.has(trial));
  return members.length ? members.sort(better_first) : those.sort(better_first).slice(0, 1);
}

function show_networks() {
  const part = document.getElementById("on-which-fronts"), found = networks_on_fronts();
  part.hidden = shown_sets().length < 2 || !found.length;
  if (part.hidden) return;
  const cell = (trials) => element("td", trials.length ? {} : { class: "muted" }, ...(trials.length ? trials.map(network_cell) : [called.untried()]));
  document.getElementById("on-which-fronts-table").replaceChildren(
    element("thead", {}, element("tr", {}, ...[say("Network"), ...sets].map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...found.slice(0, MOST_NETWORKS).map(({ trainings }) => element("tr", {}, element("th", { scope: "row" }, network_name(trainings.flat()[0])), ...trainings.map(cell)))),
  );
  const all = found.filter(({ fronts }) => fronts === sets.length).length;
  document.getElementById("on-which-fronts-read").textContent = [
    called.on_every(all),
    found.length > MOST_NETWORKS ? many(found.length - MOST_NETWORKS, "{number} more is not listed.", "{number} more are not listed.") : "",
  ].filter(Boolean).join(" ");
}

function network_cell(trial) {
  const button = element("button", { type: "button", class: "name" }, names[trial]);
  button.addEventListener("click", () => open_trial(trial));
  button.addEventListener("pointerenter", () => mark_everywhere(trial));
  button.addEventListener("pointerleave", () => mark_everywhere(null));
  const keys = [quality, first_cost()].filter((key) => has(key, trial));
  return element("div", { class: on_front.has(trial) ? "is-member" : "muted" }, on_front.has(trial) ? swatch(kind_of(trial)) : "", button, ` ${keys.map((key) => told(key, trial)).join(", ")} `, on_front.has(trial) ? "" : `(${status_name(statuses[trial])})`);
}

// A network by the settings that make it: `resnet, depths [1, 2], widths [8, 16]`.
function network_name(trial) {
  const own = differing.filter((one) => one.key.startsWith("space.") && has(one.key, trial)).map((one) => `${one.title} ${told(one.key, trial)}`);
  return [of_code(known.trials.network, trial) || known.kinds[kind_of(trial)], ...own].join(", ");
}
