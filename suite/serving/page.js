"use strict";

// Names of classes and models come from folders: they are only ever written as text.
const at = (id) => document.getElementById(id);

function told(text) {
  const line = document.createElement("p");
  line.textContent = text;
  at("said").replaceChildren(line);
}

function row(one) {
  const line = document.createElement("tr");
  const bar = document.createElement("meter");
  bar.value = one.probability;
  bar.ariaLabel = `probability of ${one.class}`;
  for (const content of [one.class, bar, `${(100 * one.probability).toFixed(1)} %`]) {
    const cell = document.createElement("td");
    cell.append(content);
    line.append(cell);
  }
  return line;
}

async function ask(file) {
  at("shown").src = URL.createObjectURL(file);
  at("shown").hidden = false;
  at("shown").onload = () => at("shown").classList.toggle("small", at("shown").naturalWidth < 100);
  told("Asking …");
  try {
    const response = await fetch("page/ask", { method: "POST", body: file });
    const answer = await response.json();
    if (!response.ok) {
      told(answer.error);
      return;
    }
    const table = document.createElement("table");
    table.append(...answer.classes.map(row));
    const took = document.createElement("p");
    took.className = "small";
    took.textContent = `Answered in ${answer.milliseconds.toFixed(1)} ms, ${answer.signature_milliseconds.toFixed(1)} ms of these in the model.`;
    at("said").replaceChildren(table, took);
  } catch {
    told("The server does not answer. Is it still running?");
  }
}

at("file").addEventListener("change", (event) => event.target.files[0] && ask(event.target.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("over");
});
document.addEventListener("dragleave", () => at("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  if (event.dataTransfer.files[0]) ask(event.dataTransfer.files[0]);
});

fetch("page.json").then((response) => response.json()).then((model) => {
  document.title = model.name;
  at("name").textContent = model.name;
  at("about").textContent = `Version ${model.version}, ${model.classes} classes. The bare model takes ${model.milliseconds.toFixed(2)} ms.`;
});
