// What leaves the page as a file or through the clipboard.

function save(name, content, type) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([content], { type })) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function as_csv(rows) {
  const cell = (text) => (/[",\n]/.test(text) ? `"${String(text).replaceAll('"', '""')}"` : String(text ?? ""));
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font", "display"];

// A drawing as PNG, twice as fine as on the screen, with the looks that the style sheet gives it now.
function save_png(svg, name) {
  const copy = svg.cloneNode(true), width = svg.clientWidth, height = svg.clientHeight;
  const parts = [...copy.querySelectorAll("*")];
  [...svg.querySelectorAll("*")].forEach((part, place) => {
    const look = getComputedStyle(part);
    for (const key of LOOKS) parts[place].style.setProperty(key, look.getPropertyValue(key));
  });
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const picture = new Image();
  picture.onload = () => {
    const canvas = element("canvas", { width: 2 * width, height: 2 * height }), pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(document.body).backgroundColor;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(name, blob, "image/png"));
  };
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}

// A button beside the heading of a figure that saves it as it is shown.
function offer_png(svg) {
  const part = svg.closest("section"), heading = part.querySelector("h2");
  const button = element("button", { type: "button", class: "keep", "aria-label": say("{figure} as PNG", { figure: heading.textContent }) }, "PNG");
  button.addEventListener("click", () => save_png(svg, `${part.id}.png`));
  heading.after(button);
}

async function copy_text(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page opened from the disk may not be allowed to
    const field = element("textarea", { value: text });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  announce(say("Copied: {text}", { text }));
}

// Says something to a screen reader, and to nobody else.
function announce(text) {
  document.getElementById("said").textContent = text;
}
