// Words and numbers in the language of the page. An English sentence is the key of its translation, so it is written
// out where `say` and `many` are called.

const language = document.documentElement.lang;
const translations = JSON.parse(document.getElementById("sentences").textContent);
const plural = new Intl.PluralRules(language);
const FORMS = { one: 0, few: 1, many: 2, other: 2 }; // the order of forms in a catalogue of gettext

function say(sentence, values = {}) {
  return filled((translations[sentence] ?? [sentence])[0], values);
}

function many(number, one, other, values = {}) {
  const forms = translations[one];
  const sentence = forms ? forms[Math.min(FORMS[plural.select(number)], forms.length - 1)] : number === 1 ? one : other;
  return filled(sentence, { number: whole(number), ...values });
}

function filled(sentence, values) {
  return sentence.replace(/\{(\w+)[^}]*\}/g, (_, name) => values[name] ?? "");
}

const writers = new Map();

function as_number(value, options) {
  const key = JSON.stringify(options);
  if (!writers.has(key)) writers.set(key, new Intl.NumberFormat(language, options));
  return writers.get(key).format(value).replace("-", "−");
}

const whole = (value) => as_number(value, { maximumFractionDigits: 0 });
const significant = (value, digits = 3) => as_number(value, { maximumSignificantDigits: digits });
const fixed = (value, digits) => as_number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });

// A number for an axis: 950, 20k, 1.5M, 2G, 0.05.
function short(value) {
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return significant(value / size, 4) + letter;
  }
  return significant(value, 4);
}

function listed(words) {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(words);
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// A text in one line of at most so many letters, or in two.
function two_lines(text, most) {
  const end = text.length > most ? text.lastIndexOf(" ", most) : -1;
  return end > 0 ? [text.slice(0, end), cut(text.slice(end + 1), most)] : [cut(text, most)];
}

// Texts of at most so many letters that still differ, as in suite/report/shortened.py.
function cut_apart(texts, most) {
  const shared = texts.reduce((a, b) => { let end = 0; while (end < a.length && a[end] === b[end]) end++; return a.slice(0, end); });
  const start = Math.max(...["/", " ", "-", "_"].map((sign) => shared.lastIndexOf(sign) + 1));
  const ways = [(text) => cut(text, most), (text) => cut(`…${text.slice(start)}`, most), (text) => (text.length > most ? `…${text.slice(1 - most)}` : text)];
  const told = ways.map((way) => texts.map(way));
  return told.find((each) => new Set(each).size === new Set(texts).size) ?? told[0];
}
