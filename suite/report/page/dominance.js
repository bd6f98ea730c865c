// Which trial is better: the rule of suite/core/dominance.py, held to it by tests.
//
// `a` dominates `b` when it is worse in no measure and better in one. Two values whose intervals overlap are equal for
// this pair. Members of a circle of dominance that no trial outside dominates are on the front as a whole.

// Ends of the intervals, turned so that less is better: low[measure][place], high[measure][place].
function turned(trials, keys) {
  const low = [], high = [];
  for (const key of keys) {
    const most = columns.get(key).goal === "max";
    const both = trials.map((trial) => ends(key, trial));
    low.push(Float64Array.from(both, ([down, up]) => (most ? -up : down)));
    high.push(Float64Array.from(both, ([down, up]) => (most ? -down : up)));
  }
  return { low, high };
}

function dominates({ low, high }, a, b) {
  let better = false;
  for (let measure = 0; measure < low.length; measure++) {
    if (low[measure][a] > high[measure][b]) return false;
    better ||= high[measure][a] < low[measure][b];
  }
  return better;
}

// The places of the front among `count` candidates. Who has beaten others is asked first: it is quick that way.
function undominated(intervals, count) {
  const order = by_promise(intervals, count), free = [], beaten = [];
  for (let place = 0; place < count; place++) {
    const at = order.findIndex((other) => dominates(intervals, other, place));
    if (at < 0) free.push(place);
    else {
      beaten.push(place);
      if (at > 8) order.splice(at >> 1, 0, ...order.splice(at, 1));
    }
  }
  return free.concat(leading_circles(intervals, free, beaten)).sort((a, b) => a - b);
}

function by_promise({ low, high }, count) {
  const sum = new Float64Array(count);
  low.forEach((_, measure) => {
    const middle = (place) => low[measure][place] + high[measure][place];
    [...sum.keys()].sort((a, b) => middle(a) - middle(b)).forEach((place, rank) => { sum[place] += rank; });
  });
  return [...sum.keys()].sort((a, b) => sum[a] - sum[b]);
}

function leading_circles(intervals, free, beaten) {
  if (intervals.low.filter((low, measure) => low.some((end, place) => end < intervals.high[measure][place])).length < 2) return [];
  const left = not_below(intervals, free, beaten);
  const above = new Map(left.map((place) => [place, left.filter((other) => dominates(intervals, other, place))]));
  const over = new Map(left.map((place) => [place, reached(above, place)]));
  return left.filter((place) => [...over.get(place)].every((other) => over.get(other).has(place)));
}

// The beaten that neither the free dominate, nor anyone whom these dominate.
function not_below(intervals, free, beaten) {
  let left = beaten, last = free;
  while (last.length && left.length) {
    const below = new Set(left.filter((place) => last.some((other) => dominates(intervals, other, place))));
    [left, last] = [left.filter((place) => !below.has(place)), [...below]];
  }
  return left;
}

function reached(above, from) {
  const seen = new Set(), next = [from];
  while (next.length) {
    for (const other of above.get(next.pop())) if (!seen.has(other)) { seen.add(other); next.push(other); }
  }
  return seen;
}

// What saw different pictures is not compared, nor what depends on the device and was measured in different places: one
// group of trials for each data set and place, or all in one.
function groups(trials, keys) {
  const by_place = known.places.length > 1 && keys.some((key) => columns.get(key).per_device);
  const of_place = by_place ? known.places.map((place) => trials.filter((trial) => of_code(known.trials.place, trial) === place)) : [trials];
  return of_place.flatMap((group) => (sets.length ? sets.map((_, set) => group.filter((trial) => set_of(trial) === set)) : [group]));
}

// The fronts of `trials` in the measures `keys`, one for each group; those without a value are left out.
function fronts(trials, keys) {
  return groups(trials, keys).map((group) => {
    const whole_ones = group.filter((trial) => keys.every((key) => counts(key, trial)));
    return undominated(turned(whole_ones, keys), whole_ones.length).map((place) => whole_ones[place]);
  });
}
