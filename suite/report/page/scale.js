// From values to places on the screen and back, with the ticks between.

function scale(key, [low, high], [from, to], log, every = log ? 48 : 64) { // pixels from tick to tick
  const { levels, is_plain } = columns.get(key) ?? {};
  if (levels) return of_levels(levels, [from, to]);
  const turn = log ? Math.log10 : (number) => number, back = log ? (power) => 10 ** power : (number) => number;
  const [first, last] = [turn(low), turn(high)];
  const factor = (to - from) / (last - first || 1);
  return {
    key, log, low, high,
    at: (number) => from + (turn(number) - first) * factor,
    value: (place) => back(first + (place - from) / factor),
    ticks: (log ? log_ticks : linear_ticks)(low, high, Math.max(2, Math.abs(to - from) / every))
      .map((tick) => (is_plain ? { ...tick, text: String(tick.value) } : tick)), // a year is no quantity
  };
}

function of_levels(levels, [from, to]) {
  const step = (to - from) / levels.length;
  return {
    low: -0.5, high: levels.length - 0.5,
    at: (level) => from + (level + 0.5) * step,
    value: (place) => (place - from) / step - 0.5,
    ticks: cut_apart(levels, 14).map((text, value) => ({ value, text })),
  };
}

function linear_ticks(low, high, most) {
  const rough = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((size) => size * power >= rough * 0.999);
  const found = [];
  for (let number = Math.ceil(low / step - 1e-9); number * step <= high + step * 1e-9; number++) found.push(number * step);
  return found.map((value) => ({ value, text: short(Math.abs(value) < step / 1e6 ? 0 : Number(value.toPrecision(10))) }));
}

function log_ticks(low, high, most) {
  if (high < 3 * low) return linear_ticks(low, high, most).filter(({ value }) => value > 0);
  const decades = Math.log10(high / low), parts = [[1, 2, 5], [1, 3], [1]].find((each) => each.length * decades <= most) ?? [1];
  const every = Math.max(1, Math.ceil((decades * parts.length) / most)), found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (power % every) continue;
    for (const part of parts) found.push(Number((part * 10 ** power).toPrecision(2)));
  }
  return found.filter((value) => value >= low * 0.999 && value <= high * 1.001).map((value) => ({ value, text: short(value) }));
}

// A range with some room at both ends.
function with_room(low, high, log, share = 0.06) {
  if (log) {
    const room = (high / low) ** share;
    return low === high ? [low / 1.5, high * 1.5] : [low / Math.max(room, 1.02), high * Math.max(room, 1.02)];
  }
  const room = (high - low) * share || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

// A column is best seen on a logarithmic axis if its values span more than a factor of ten.
function spans_decades(numbers) {
  const low = Math.min(...extremes(numbers)), high = Math.max(...extremes(numbers));
  return low > 0 && high > 10 * low;
}

function extremes(numbers) {
  let low = Infinity, high = -Infinity;
  for (const number of numbers) { if (number < low) low = number; if (number > high) high = number; }
  return [low, high];
}
