// The script of the page: it asks for what is new, checks what is typed, and
// sends forms. All HTML it puts into the page was written by the server.
"use strict";

const byID = (id) => document.getElementById(id);
const text = byID("text");
const period = 1000; // ms between two looks
const pause = 150; // ms without typing before a check

// The parts of the page as the server last wrote them.
const shown = new Map();

// swap replaces the parts of the page that have changed. What is open stays
// open, and the focus stays where it was.
function swap(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const part of [...fresh.body.children]) {
    const old = byID(part.id);
    const source = part.outerHTML;
    if (!old || shown.get(part.id) === source) continue;
    shown.set(part.id, source);
    const open = new Map([...old.querySelectorAll("details")].map((d) => [d.id, d.open]));
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    for (const d of part.querySelectorAll("details")) if (open.has(d.id)) d.open = open.get(d.id);
    old.replaceWith(document.adoptNode(part));
    if (focus && byID(focus)) byID(focus).focus();
  }
}

async function post(path, values) {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(values) });
  const html = await answer.text();
  if (!answer.ok) throw new Error(html);
  return html;
}

function tell(failure) {
  byID("notice").className = "bad";
  byID("notice").textContent = failure.message;
  shown.delete("notice");
}

async function look() {
  try {
    if (!document.hidden) swap(await (await fetch("/page/live")).text());
    document.body.classList.remove("gone");
  } catch {
    document.body.classList.add("gone");
  }
  setTimeout(look, period);
}

const draft = () => ({ text: text.value, identity: byID("identity").value, name: byID("name").value });

let newest = 0;
let timer;

async function check() {
  const number = ++newest;
  try {
    const html = await post("/page/check", draft());
    if (number !== newest) return;
    swap(html);
    const { kind, errors } = byID("findings").dataset;
    if (kind) byID("fields").hidden = kind !== "policy";
    byID("submit").textContent = errors > 0 ? "Send anyway" : "Send";
    follow();
  } catch (failure) {
    tell(failure);
  }
}

// typed drops the marks, which are no longer where the faults are, and checks
// once the typing pauses.
function typed() {
  newest++;
  byID("marks").textContent = "";
  shown.delete("marks");
  clearTimeout(timer);
  timer = setTimeout(check, pause);
}

// follow keeps the marks under the text.
const follow = () => { byID("marks").scrollTop = text.scrollTop; };

text.addEventListener("input", typed);
text.addEventListener("scroll", follow);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byID("send").requestSubmit();
});
byID("fields").addEventListener("input", typed);
byID("example").addEventListener("click", (event) => {
  text.value = JSON.stringify(JSON.parse(event.target.dataset.text), null, 2);
  text.focus();
  typed();
});
document.addEventListener("click", (event) => {
  const place = event.target.closest("button.place");
  if (!place) return;
  text.focus();
  text.setSelectionRange(Number(place.dataset.start), Number(place.dataset.end));
});
document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const values = form.id === "send" ? draft() : new FormData(form);
  try {
    swap(await post(form.getAttribute("action"), values));
  } catch (failure) {
    tell(failure);
  }
});

if (text.value) typed();
setTimeout(look, period);
