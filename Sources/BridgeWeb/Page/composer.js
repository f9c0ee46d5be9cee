// Writing a message. What was sent is kept with its key until the server acknowledges it, so that trying again sends nothing twice.
import { address, go } from "./address.js";
import { post } from "./api.js";
import { announce, byId, element, icon } from "./element.js";
import { canWrite, me, nameElement, shownName, store } from "./names.js";
import { line } from "./text.js";

const form = byId("composer");
const text = byId("text");
const to = byId("to");
const problem = byId("composer-error");
const largest = 262_144;
let agent = null;
let draft = empty();
let sending = false;
let unanswered = false;
let sent = () => {};

/** Calls the listener when a message has been sent. */
export const onSent = (listener) => { sent = listener; };

/** attempt: what was tried last, and its key. */
function empty() { return { to: null, text: "", reply: null, task: null, attempt: null }; }
const place = (name) => `draft ${name === null ? "everybody" : `of ${name}`}`;

function keep() {
  draft.text = text.value;
  try {
    if (draft.text || draft.reply || draft.task) sessionStorage.setItem(place(agent), JSON.stringify(draft));
    else sessionStorage.removeItem(place(agent));
  } catch { /* Without storage, a draft lives as long as the page. */ }
}

/** Shows the draft for a conversation. */
export function composeIn(name) {
  form.hidden = !canWrite();
  if (name === agent && form.dataset.ready) return;
  form.dataset.ready = "yes";
  agent = name;
  draft = empty();
  try { draft = { ...draft, ...JSON.parse(sessionStorage.getItem(place(name)) ?? "{}") }; } catch { /* As above. */ }
  text.value = draft.text;
  unanswered = false;
  say("");
  showRecipients();
  showContext();
  grow();
}

/** Whom the message goes to unless somebody chose otherwise: whose conversation it is. */
function usual() {
  if (agent !== null && agent !== me()) return agent;
  return [...store.agents.values()].find((one) => one.online && one.name !== me())?.name ?? "code";
}

export function showRecipients() {
  form.hidden = !canWrite();
  const names = new Set([...store.agents.keys()].filter((name) => name !== me()).sort());
  if (agent !== null && agent !== me()) names.add(agent);
  if (draft.to !== null && draft.to !== "*") names.add(draft.to);
  const options = [...names];
  const shown = JSON.stringify(options);
  if (to.dataset.options !== shown) {
    to.dataset.options = shown;
    to.replaceChildren(...options.map((name) => element("option", { value: name, text: shownName(name) })));
  }
  to.value = draft.to ?? usual();
  byId("hint").replaceChildren(element("span", { text: "as " }), nameElement(me()),
    ` · ${/Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl"}+Enter sends`);
}

function showContext() {
  const context = byId("context");
  const about = draft.reply ?? draft.task;
  context.hidden = about === null;
  if (about === null) return context.replaceChildren();
  context.replaceChildren(icon(draft.reply ? "reply" : "tasks"),
    element("span", { class: "what" }, draft.reply ? "Reply to " : "About the task ", draft.reply ? nameElement(about.sender) : null,
      element("span", { class: "line", dir: "auto", text: draft.reply ? ` ${about.line}` : about.title })),
    element("button", { type: "button", class: "quiet", "aria-label": draft.reply ? "Do not reply to it" : "Not about this task",
      on: { click: cancelContext } }, icon("close")));
}

/** Keeps and shows to whom and about what the message is. */
function addressed() {
  keep();
  showContext();
  showRecipients();
  text.focus();
}

function cancelContext() {
  draft.reply = null;
  draft.task = null;
  draft.to = null;
  addressed();
}

export function replyTo(entry) {
  const other = entry.sender === me() ? entry.recipient : entry.sender;
  draft.reply = { id: entry.id, sender: entry.sender, line: line(entry.content ?? "", 120) };
  draft.task = entry.task_id ? { id: entry.task_id } : null;
  draft.to = other;
  addressed();
}

/** Opens the conversation with whom the task is shared, to write about it. */
export function writeAbout(task) {
  const other = task.sender === me() ? task.recipient : task.sender;
  go({ view: "conversations", agent: other });
  draft.task = { id: task.id, title: task.title };
  draft.reply = null;
  draft.to = other;
  addressed();
}

function grow() {
  text.rows = 1;
  const { paddingTop, paddingBottom, lineHeight } = getComputedStyle(text);
  const height = text.scrollHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
  const lines = Math.ceil(height / parseFloat(lineHeight) - 0.1);
  text.rows = Math.min(8, Math.max(1, lines));
  text.toggleAttribute("data-scrolls", lines > 8);
}

function say(message, { again = false, calm = false } = {}) {
  problem.textContent = message;
  form.toggleAttribute("data-problem", message !== "" && !calm);
  byId("retry").hidden = !again;
}

/** What could not reach the server can be sent now. */
export function serverIsBack() {
  if (!unanswered || sending) return;
  unanswered = false;
  say("The server is back. Try again: nothing is sent twice.", { again: true, calm: true });
}

async function send() {
  if (sending || text.value.trim() === "") return;
  const size = new Blob([text.value]).size;
  if (size > largest) {
    say(`The message is too long: it has ${Math.ceil(size / 1024)} KB, and at most ${largest / 1024} KB fit. Send it in parts.`);
    return;
  }
  const body = { to: to.value, content: text.value, ...(draft.reply ? { reply_to: draft.reply.id } : {}),
    ...(draft.task ? { task_id: draft.task.id } : {}) };
  const payload = JSON.stringify(body);
  if (draft.attempt?.payload !== payload) draft.attempt = { payload, key: crypto.randomUUID() };
  const sentIn = agent;
  const { key } = draft.attempt;
  keep();
  sending = true;
  unanswered = false;
  form.setAttribute("aria-busy", "true");
  say("");
  try {
    await post("/api/messages", { ...body, key }, () => agent === sentIn && say("Not sent yet: the server does not answer."));
    try { sessionStorage.removeItem(place(sentIn)); } catch { /* As above. */ }
    if (agent === sentIn) {
      // What was typed meanwhile is the next message.
      const rest = text.value.startsWith(body.content) ? text.value.slice(body.content.length) : text.value;
      draft = { ...empty(), to: agent === null ? body.to : null };
      text.value = rest;
      keep();
      showContext();
      showRecipients();
      grow();
      say("");
      sent();
    }
    announce(`Sent to ${shownName(body.to)}`);
  } catch (error) {
    if (agent !== sentIn) return;
    unanswered = !error.refused;
    say(error.refused ? error.message : `${error.message} The message is kept here.`, { again: unanswered });
  } finally {
    sending = false;
    form.removeAttribute("aria-busy");
  }
}

export function start() {
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  byId("retry").addEventListener("click", send);
  text.addEventListener("input", () => {
    grow();
    keep();
    if (!unanswered && !sending) say("");
  });
  to.addEventListener("change", () => { draft.to = to.value; keep(); });
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(); }
    if (event.key === "Escape" && (draft.reply || draft.task)) { event.preventDefault(); cancelContext(); }
  });
  // Also when it is shown, since what is hidden has no height.
  new ResizeObserver(() => requestAnimationFrame(grow)).observe(text);
}
