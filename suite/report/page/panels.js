// A figure has a panel for each data set that is shown, with the same axes. Nothing is compared across them.

const NARROWEST = 330; // pixels of a panel beside others

// A panel for each data set: { set, box }, where a box has room for ticks and words around it.
function panels(svg, high) {
  const wide = Math.max(280, svg.clientWidth || 640), those = shown_sets(), head = sets.length ? 24 : 0;
  const across = Math.max(1, Math.min(those.length, Math.floor(wide / NARROWEST)));
  size(svg, Math.ceil(those.length / across) * (high + head));
  return those.map((set, place) => {
    const start = (place % across) * (wide / across), above = Math.floor(place / across) * (high + head);
    return { set, box: { start, left: start + 56, right: start + wide / across - 14, top: above + head + 28, bottom: above + head + high - 44 } };
  });
}

// Axes and words of a panel, and which data set it is of.
function panel_axes({ set, box, x, y }, across, up) {
  const title = sets.length ? [words(box.start + 2, box.top - 32, cut(sets[set], 40), "name")] : [];
  return [axes(box, x, y), labels(box, across, up), ...title];
}

const in_panel = ({ box }, [x, y]) => x >= box.start && x <= box.right + 14 && y <= box.bottom + 44;
