// One entry of a conversation: a message in its bubble, a change of a task as a line, a day.
import { address, format } from "./address.js";
import { get } from "./api.js";
import { copyText, element, icon } from "./element.js";
import { actorElement, arrowElement, avatar, me, nameElement, shownName, statusIcon, statusName, verbOf } from "./names.js";
import { messageOf, taskOf } from "./records.js";
import { collapsible, line } from "./text.js";
import { clock, day, dayName, exact, seconds } from "./time.js";
import { entryKey } from "./transcript.js";

const together = 300;
const hasValue = (value) => value !== null && value !== undefined;

/** What is shown for entries, in order: days between them, and messages of one sender grouped. */
export function itemsOf(entries) {
  const items = [];
  let shownDay = null;
  let previous = null;
  for (const entry of entries) {
    const name = day(entry.time);
    if (name !== null && name !== shownDay) {
      shownDay = name;
      // A day comes again where times were typed by hand: the order is that of the store.
      items.push({ key: `d${name}|${entryKey(entry)}`, day: name, time: entry.time });
      previous = null;
    }
    const grouped = entry.type === "message" && previous?.type === "message" && previous.sender === entry.sender
      && previous.recipient === entry.recipient && Math.abs((entry.time ?? 0) - (previous.time ?? 0)) < together;
    const sameTask = previous?.type === "message" && hasValue(entry.task_id) && previous.task_id === entry.task_id;
    items.push({ key: entryKey(entry), entry, grouped, sameTask });
    previous = entry;
  }
  return items;
}

/** What an item has to be made anew for; the rest is refreshed in place. */
export function signatureOf(item) {
  if (item.day) return dayName(item.time);
  const { entry } = item;
  if (entry.type !== "message") return `${entry.title}|${entry.note}`;
  return `${item.grouped}|${me()}|${entry.truncated ?? ""}|${entry.content?.length}`;
}

export function createItem(item, context) {
  if (item.day) return element("h2", { class: "day" }, element("span", { text: dayName(item.time) }));
  return item.entry.type === "message" ? message(item, context) : change(item.entry);
}

function message({ entry, grouped }, context) {
  const mine = me() !== null && entry.sender === me();
  const own = me() !== null && (mine || entry.recipient === me());
  const opened = context.opened(entry);
  const whole = entry.truncated ? async () => (await get("/api/message", { id: entry.id })).message.content ?? "" : null;
  const text = collapsible(entry.content ?? "", opened, whole);
  const copy = element("button", { class: "quiet", type: "button", title: "Copy the text", "aria-label": "Copy the text",
    data: { focus: "copy" } }, icon("copy"));
  copy.addEventListener("click", () => copyText(opened.whole ?? whole?.() ?? entry.content ?? "", copy));
  const reply = own && hasValue(entry.id)
    ? element("button", { class: "quiet", type: "button", title: "Reply", "aria-label": "Reply", data: { focus: "reply" },
      on: { click: () => context.reply(entry) } }, icon("reply"))
    : null;
  return element("article", {
    class: "message", "aria-label": `${shownName(entry.sender)} to ${shownName(entry.recipient)}, ${exact(entry.time, entry.created_at)}`,
    data: { messageId: entry.id ?? "", mine: mine ? "" : null, first: grouped ? null : "" },
  },
    grouped ? null : avatar(entry.sender),
    element("div", { class: "bubble" },
      grouped ? null : element("header", {}, arrowElement(entry.sender, entry.recipient)),
      hasValue(entry.reply_to) ? quote(entry.reply_to) : null,
      text,
      element("footer", {},
        hasValue(entry.task_id) ? chip(entry.task_id) : null,
        element("span", { class: "flag", data: { flag: "again" }, title: "Delivered again, since its first delivery was not confirmed" }),
        element("span", { class: "flag", data: { flag: "aside" },
          title: "Taken five times and never confirmed: read --again ID delivers it again" }),
        element("span", { class: "when" },
          element("time", { text: clock(entry.time) || "no time", title: exact(entry.time, entry.created_at) }),
          element("span", { class: "tick" }, icon("sent"))))),
    element("div", { class: "actions" }, reply, copy));
}

function quote(id) {
  return element("a", { class: "quote", href: format({ ...address, at: id, task: null }), data: { replyTo: id, focus: "quote" } },
    element("span", { class: "unseen", text: "In reply to " }), element("span", { class: "who" }),
    element("span", { class: "what", dir: "auto", text: "…" }));
}

function chip(id) {
  return element("a", { class: "chip", href: format({ ...address, task: id }), data: { taskId: id, focus: "task" } },
    icon("pending"), element("span", { class: "title", dir: "auto", text: "Task" }), element("span", { class: "state" }));
}

function change(entry) {
  const isNew = !hasValue(entry.from) && entry.to === "pending";
  const [verb, whither] = isNew ? ["asked", ""] : entry.from === entry.to ? ["noted on", ""] : verbOf(entry.to);
  // That its creator ended it is said by the line itself.
  const note = line((entry.note ?? "").replace(`Ended by its creator ${entry.actor}: `, ""), 140);
  return element("p", { class: "change", data: { change: entry.to ?? "", taskId: entry.id ?? "" } },
    element("span", { class: "mark", data: { status: entry.to } }, icon(statusIcon(entry.to))),
    element("span", { class: "what" }, actorElement(entry, entry), ` ${verb} `, ...(isNew ? [nameElement(entry.recipient), ": "] : []),
      element("a", { href: format({ ...address, task: entry.id }), data: { focus: "task" }, dir: "auto",
        text: entry.title?.trim() || "a task without a title" }), whither,
      note && !isNew ? element("span", { class: "note", dir: "auto", text: note }) : null),
    element("time", { text: clock(entry.time), title: exact(entry.time, entry.at) }));
}

/** Brings what changes on a message up to date: ticks, the quoted message, the state of the task. */
export function refreshItem(node, { entry, sameTask }, transcript) {
  if (entry?.type !== "message") return;
  node.toggleAttribute("data-same-task", sameTask);
  const aside = transcript.setAside.has(entry.id);
  const read = Boolean(entry.read);
  const tick = `${read}|${entry.read_at}|${aside}|${Boolean(entry.redelivered)}`;
  if (node.dataset.tick !== tick) {
    node.dataset.tick = tick;
    node.toggleAttribute("data-unread", !read);
    node.toggleAttribute("data-set-aside", aside);
    const mark = node.querySelector(".tick");
    const when = exact(seconds(entry.read_at), entry.read_at);
    const words = read ? (entry.read_at ? `Read ${when}` : "Read") : "Sent, not read yet";
    mark.replaceChildren(icon(read ? "read" : "sent"), element("span", { class: "unseen", text: words }));
    mark.title = words;
    node.querySelector("[data-flag=again]").textContent = entry.redelivered ? "Redelivered" : "";
    node.querySelector("[data-flag=aside]").textContent = aside ? "Set aside" : "";
  }
  const quoted = node.querySelector(".quote");
  if (quoted && !("known" in quoted.dataset)) {
    const original = transcript.find(entry.reply_to) ?? messageOf(entry.reply_to);
    if (original !== undefined) {
      quoted.dataset.known = "";
      quoted.querySelector(".who").replaceChildren(original ? nameElement(original.sender) : "");
      quoted.querySelector(".what").textContent = original ? line(original.content ?? "") || "Empty" : "A message that is gone";
    }
  }
  const linked = node.querySelector(".chip");
  const task = linked && taskOf(entry.task_id);
  const state = linked && (task === null ? "gone" : task && `${task.status}|${task.title}`);
  if (linked && task) linked.title = `${task.title} (${statusName(task.status)})`;
  if (linked && state && linked.dataset.state !== state) {
    linked.dataset.state = state;
    linked.dataset.status = task?.status ?? "";
    linked.replaceChildren(icon(statusIcon(task?.status)),
      element("span", { class: "title", dir: "auto", text: task?.title || `Task ${entry.task_id.slice(0, 8)}` }),
      element("span", { class: "state", text: task ? statusName(task.status) : "not there" }));
  }
}
