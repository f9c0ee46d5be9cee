// The badge in the title, and notifications of the browser for those who asked for them.
import { go } from "./address.js";
import { byId } from "./element.js";
import { me, shownName, statusName, store, storeName } from "./names.js";
import { line } from "./text.js";

const button = byId("notify");
const wanted = "notifications wanted";
const looked = "looked at";
const supported = "Notification" in globalThis;
let title = "";

export function showTitle(name) {
  title = name;
  const unread = store.state?.unread?.messages ?? 0;
  const text = `${unread > 0 ? `(${unread}) ` : ""}${[title, "Cowork Bridge", storeName()].filter(Boolean).join(" · ")}`;
  if (document.title !== text) document.title = text;
}

const on = () => supported && Notification.permission === "granted" && localStorage.getItem(wanted) === "yes";

export function showButton() {
  button.hidden = !supported || me() === null;
  const blocked = supported && Notification.permission === "denied";
  const words = on() ? "Notifications are on" : blocked ? "Notifications are blocked in the browser" : "Notify me";
  button.lastElementChild.textContent = words;
  button.title = words;
  button.setAttribute("aria-label", "Notify me");
  button.setAttribute("aria-pressed", String(on()));
}

export function start() {
  if (!supported) return;
  // All tabs see in which of them somebody looks.
  const tab = crypto.randomUUID();
  const look = () => {
    if (document.hasFocus()) localStorage.setItem(looked, tab);
    else if (localStorage.getItem(looked) === tab) localStorage.removeItem(looked);
  };
  for (const event of ["focus", "blur", "pagehide"]) addEventListener(event, look);
  look();
  button.addEventListener("click", async () => {
    const permission = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
    localStorage.setItem(wanted, permission === "granted" && !on() ? "yes" : "no");
    showButton();
  });
}

function concernsUs(entry) {
  if (entry.type === "message") return entry.recipient === me() && entry.sender !== me();
  return [entry.sender, entry.recipient].includes(me()) && entry.actor !== me();
}

/** Notifies of what came for us. Of all tabs the one that leads does, and none while somebody looks at it. */
export function notify(entries) {
  if (!on() || document.body.dataset.role !== "leader" || document.hasFocus() || localStorage.getItem(looked) !== null) return;
  for (const entry of entries.filter(concernsUs).slice(-3)) {
    const isMessage = entry.type === "message";
    const title = isMessage ? `${shownName(entry.sender)} wrote` : `${shownName(entry.actor)}: ${statusName(entry.to)}`;
    const notice = new Notification(title, { body: line((isMessage ? entry.content : entry.title) ?? ""), tag: entry.id,
      icon: "/favicon.svg" });
    notice.onclick = () => {
      window.focus();
      notice.close();
      if (isMessage) go({ view: "conversations", agent: entry.sender ?? null, at: entry.id });
      else go({ view: "tasks", task: entry.id });
    };
  }
}
