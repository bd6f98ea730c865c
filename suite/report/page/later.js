// What is on the screen is drawn first. A figure below it is drawn when it comes near, or when the browser has nothing
// else to do; after a change likewise.

const NEAR = "300px 0px"; // around the screen
const waiting = new Set(); // figures that are to be drawn
const when_idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 100));

function draw_next() {
  const [draw_one] = waiting;
  draw_one?.();
  if (waiting.size) when_idle(draw_next);
}

// Draws all that waits: before the page is printed, or read by a program.
function draw_rest() {
  [...waiting].forEach((draw_one) => draw_one());
}

// A drawing that fits the width of its place and follows what it `uses`. Of a `first` one nothing is put off.
function keep_drawn(svg, uses, paint, first = false) {
  let width = 0, near = first;
  const now = () => {
    waiting.delete(now);
    paint();
    width = svg.clientWidth;
  };
  const soon = () => {
    if (near) return now();
    if (!waiting.size) when_idle(draw_next);
    waiting.add(now);
  };
  new ResizeObserver(() => { if (svg.clientWidth && svg.clientWidth !== width) soon(); }).observe(svg);
  if (!first) new IntersectionObserver((seen) => {
    near = seen.at(-1).isIntersecting;
    if (near && waiting.has(now)) now();
  }, { rootMargin: NEAR }).observe(svg);
  view(uses, soon);
}
