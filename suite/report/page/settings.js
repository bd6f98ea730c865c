// Which settings mattered: the quality over each setting that differs, one panel for each.

const settings_drawing = document.getElementById("settings-drawing");
const PANEL = { least: 270, high: 200, most: 12, columns: 8 }; // pixels; most panels; more numbers than this have an axis
let setting_panels = []; // { key, set, box, x, y, columns }
let setting_marks = [];

const has_quality = (trial) => fits(trial) && has(quality, trial);
const middle_of = (numbers) => { const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1; return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2; };

// The values that stand side by side as columns; null for numbers that need an axis.
function columns_of(one, trials) {
  if (one.levels) return one.levels.map((_, level) => level);
  const known_numbers = [...new Set(trials.map((trial) => value(one.key, trial)))].sort((a, b) => a - b);
  return known_numbers.length <= PANEL.columns ? known_numbers : null;
}

// From the best to the worst, but a few that are far below all others stand at the border.
function quality_range(trials) {
  const sign = columns.get(quality).goal === "max" ? 1 : -1, sorted = trials.map((trial) => sign * value(quality, trial)).sort((a, b) => a - b);
  const quarter = sorted[sorted.length >> 2], best = sorted.at(-1);
  return with_room(...extremes([Math.max(sorted[0], quarter - 1.5 * (best - quarter)), best].map((number) => sign * number)));
}

function panel_of_setting(key, set, trials, [low, high], { start, wide, above }) {
  const one = columns.get(key), own = trials.filter((trial) => has(key, trial)), those = columns_of(one, own);
  const box = { start, left: start + 46, right: start + wide - 16, top: above + 28, bottom: above + PANEL.high - 4 };
  const texts_of_columns = those && cut_apart(those.map((each) => formatted(key, each)), 16).map((text, value) => ({ value, text }));
  const numbers = own.map((trial) => value(key, trial));
  const step = those && (box.right - box.left) / those.length;
  const x = those
    ? { at: (each) => box.left + (those.indexOf(each) + 0.5) * step, value: (place) => (place - box.left) / step - 0.5, ticks: texts_of_columns.map((tick) => ({ ...tick, value: those[tick.value] })) }
    : scale(null, with_room(...extremes(numbers), one.log && extremes(numbers)[0] > 0), [box.left, box.right], one.log && extremes(numbers)[0] > 0);
  return { key, set, box, x, y: scale(null, [low, high], [box.bottom, box.top], false, 40), own, columns: those, step };
}

const letters_wide = (text) => 6.4 * text.length;
const is_upright = ({ x, step }) => Boolean(step) && x.ticks.some(({ text }) => letters_wide(text) > step - 6);
const below_panel = (panel) => (is_upright(panel) ? 14 + Math.max(...panel.x.ticks.map(({ text }) => letters_wide(text))) : 26);

function lay_out_setting_panels() {
  const width = Math.max(280, settings_drawing.clientWidth || 640), across = Math.max(1, Math.min(3, Math.floor(width / PANEL.least))), wide = width / across;
  let above = 0;
  setting_panels = [];
  for (const set of shown_sets()) {
    const trials = shown.filter((trial) => set_of(trial) === set && has_quality(trial));
    const keys = differing.filter((one) => new Set(trials.filter((trial) => has(one.key, trial)).map((trial) => value(one.key, trial))).size > 1).slice(0, PANEL.most).map((one) => one.key);
    if (!keys.length) continue;
    if (sets.length) above += 30;
    const range = quality_range(trials);
    for (let first = 0; first < keys.length; first += across) {
      const row = keys.slice(first, first + across).map((key, place) => panel_of_setting(key, set, trials, range, { start: place * wide, wide, above }));
      if (!first) row[0].title = sets.length ? sets[set] : "";
      setting_panels.push(...row);
      above += PANEL.high + Math.max(...row.map(below_panel)) + 12;
    }
  }
  size(settings_drawing, Math.max(60, above));
}

function paint_settings() {
  lay_out_setting_panels();
  setting_marks = setting_panels.flatMap((panel) => panel.own.map((trial) => mark_of_setting(panel, trial)));
  const places = setting_panels.map((panel) => setting_marks.filter((mark) => mark.panel === panel));
  settings_drawing.replaceChildren(...setting_panels.flatMap((panel, place) => [
    ...frame_of_setting(panel), ...crowd_of(places[place]), ...medians_of(panel),
  ]));
}

function mark_of_setting(panel, trial) {
  const { key, box, x, y, columns: those, step } = panel, shift = those ? jitter(trial) * Math.min(step, 60) : 0;
  return { panel, trial, x: x.at(value(key, trial)) + shift, y: Math.min(box.bottom, Math.max(box.top, y.at(value(quality, trial)))) };
}

function frame_of_setting(panel) {
  const { key, box, x, y, title } = panel, upright_ticks = is_upright(panel);
  const made = axes(box, upright_ticks ? null : x, y);
  if (upright_ticks) for (const { value: each, text } of x.ticks) {
    const tick = words(0, 0, text, "tick", "end");
    tick.setAttribute("transform", `translate(${round(x.at(each) + 4)} ${box.bottom + 8}) rotate(-90)`);
    made.append(tick);
  }
  return [made, words(box.left, box.top - 9, cut(columns.get(key).title, 28), "label"), ...(title ? [words(box.start + 2, box.top - 34, title, "name")] : [])];
}

// One path for each look; pale ones lie below.
function crowd_of(marks) {
  const paths = new Map(), is_crowded = marks.length > 1500;
  for (const { trial, x, y } of marks) {
    const look = `crowd clear ${colour_of(kind_of(trial))} ${faded(trial)}`;
    if (!paths.has(look)) paths.set(look, []);
    paths.get(look).push(is_crowded ? `M${round(x - 1)} ${round(y - 1)}h2v2h-2Z` : shape_of(kind_of(trial))(x, y, 2.8));
  }
  return [...paths].sort(([a], [b]) => b.includes("faded") - a.includes("faded")).map(([look, parts]) => draw("path", { d: parts.join(""), class: look }));
}

// The median of each column, of what is selected.
function medians_of({ key, box, x, y, own, columns: those, step }) {
  return (those ?? []).flatMap((each) => {
    const numbers = own.filter((trial) => value(key, trial) === each && selected.has(trial)).map((trial) => value(quality, trial));
    if (!numbers.length) return [];
    const at = Math.min(box.bottom, Math.max(box.top, y.at(middle_of(numbers)))), half = Math.min(step * 0.36, 30);
    return [line(x.at(each) - half, at, x.at(each) + half, at, "median")];
  });
}

function selected_in_settings(from, to) {
  const panel = setting_panels.find((each) => in_panel(each, from));
  if (!panel) return;
  const { key, x, y, columns: those } = panel;
  const across = [from[0], to[0]].map(x.value).sort((a, b) => a - b), up = [from[1], to[1]].map(y.value).sort((a, b) => a - b);
  const inside = those?.filter((_, place) => place >= across[0] && place <= across[1]);
  if (those && !inside.length) return;
  const own = those ? [inside[0], inside.at(-1)] : across.map((end) => Number(end.toPrecision(5)));
  change({ ranges: { ...state.ranges, [key]: own, [quality]: up.map((end) => Number(end.toPrecision(5))) } });
}

function lay_out_settings() {
  const part = document.getElementById("settings");
  part.hidden = known.of_networks || !columns.has(quality) || !differing.length || everyone.filter(has_quality).length < 2;
  if (part.hidden) return;
  can_be_pointed_at(settings_drawing, () => setting_marks, {
    trace: (trial) => { const marks = setting_marks.filter((mark) => mark.trial === trial); return marks.length ? draw("g", {}, ...marks.map(ring)) : null; },
    brushed: selected_in_settings,
  });
  document.getElementById("settings-axis").textContent = say("Up: {measure}.", { measure: columns.get(quality).axis });
  keep_drawn(settings_drawing, OF_THE_SELECTION, paint_settings);
}
