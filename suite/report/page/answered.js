// Where a network is wrong, and whether it knows: of the open trial, or else of the best of what is selected.

const answered_section = document.getElementById("answered");

// What is known of a trial's answers to the validation pictures: titles and what stands below them.
function answered_parts(trial) {
  const [pairs, bins, worst] = ["confusions", "calibration", "mistakes"].map((key) => known.answers?.[key][names[trial]]);
  return [
    ...(pairs ? [[say("Which classes it takes for which"), confusion(trial, pairs)]] : []),
    ...(bins ? [[say("Is it as often right as it says?"), calibration(bins)]] : []),
    ...(worst?.length ? [[say("Its worst mistakes"), mistakes(worst)]] : []),
  ];
}

// The trial that the figures are of, and why.
function looked_into(set) {
  const open = place_of.get(state.trial);
  if (open !== undefined && set_of(open) === set) return [open, say("the open trial")];
  if (!is_selecting()) return [bests[set], Object.keys(state.limits).length ? say("the best within your limits") : say("the best")];
  const best = best_within(limits_now(), candidates_of(set).filter((trial) => selected.has(trial)));
  return best === undefined ? [bests[set], say("the best; no candidate is selected")] : [best, say("the best of what is selected")];
}

function show_answered() {
  const is_any = Object.keys(known.answers?.confusions ?? {}).length > 0;
  answered_section.hidden = !is_any;
  if (is_any) document.getElementById("answered-of").replaceChildren(...shown_sets().flatMap(answered_of));
}

function answered_of(set) {
  const [trial, why] = looked_into(set);
  if (trial === undefined) return [];
  const parts = answered_parts(trial), title = sets.length ? `${sets[set]}: ` : "";
  const said = parts.length
    ? say("The answers of {name}, {why}, to the validation pictures.", { name: names[trial], why })
    : say("The answers of {name}, {why}, are not on this page: it has those of the front, and of others as far as there is room.", { name: names[trial], why });
  return [
    element("p", { class: "reading" }, `${title}${said}`),
    element("div", { class: "figures" }, ...parts.map(([heading, content]) => element("div", { class: "figure" }, element("h3", {}, heading), content))),
  ];
}

function mistakes(worst) {
  return element("ul", { class: "mistakes" }, ...worst.map(([picture, label, named, said]) => {
    const told = say("{label} taken for {named}, {share} % sure", { label, named, share: whole(Math.round(100 * said)) });
    return element("li", {}, element("img", { src: known.answers.pictures[picture], alt: "" }), element("span", {}, told));
  }));
}

const SQUARE = 14; // most classes that are drawn as a square of all pairs

function confusion(trial, pairs) {
  const count = Math.max(...pairs.flatMap(([label, named]) => [label, named])) + 1;
  const name = (place) => known.answers.classes[set_of(trial)][place] ?? String(place);
  const wrong = pairs.filter(([label, named]) => label !== named).sort((a, b) => b[2] - a[2]);
  const of_class = (label) => pairs.reduce((sum, [each, , number]) => sum + (each === label ? number : 0), 0);
  const list = wrong.length
    ? element("ul", {}, ...wrong.slice(0, 10).map(([label, named, number]) => element("li", {}, say("{label} taken for {named}: {number} of {all}", { label: name(label), named: name(named), number: whole(number), all: whole(of_class(label)) }))))
    : element("p", {}, say("None is wrong."));
  return element("div", {}, ...(count <= SQUARE ? [confusion_square(pairs, count, name, of_class)] : []), list);
}

function confusion_square(pairs, count, name, of_class) {
  const texts = cut_apart(Array.from({ length: count }, (_, place) => name(place)), 11);
  const longest = Math.max(...texts.map((text) => text.length));
  const cell = 24, left = 14 + 7 * longest, top = left, side = left + count * cell + 6;
  const svg = draw("svg", { class: "square", viewBox: `0 0 ${side} ${side}`, style: `max-width: ${side}px`, role: "img", "aria-label": say("Rows: the class of a picture; columns: the class that it is named as") });
  for (let place = 0; place < count; place++) {
    const at = left + place * cell + 15, up = words(0, 0, texts[place], "tick");
    up.setAttribute("transform", `translate(${at} ${top - 5}) rotate(-90)`);
    svg.append(words(left - 6, top + place * cell + 15, texts[place], "tick", "end"), up);
  }
  for (const [label, named, number] of pairs) {
    svg.append(draw("rect", { x: left + named * cell, y: top + label * cell, width: cell - 1, height: cell - 1, class: label === named ? "right" : "wrong", "fill-opacity": round(0.15 + 0.6 * (number / of_class(label))) }),
      words(left + named * cell + cell / 2, top + label * cell + 16, String(number), "count", "middle"));
  }
  return svg;
}
