// The badge in the title, and notifications of the browser for those who asked for them.
import { address, go } from "./address.js";
import { byId } from "./element.js";
import { me, shownName, store } from "./names.js";
import { line } from "./text.js";

const button = byId("notify");
const wanted = "notifications wanted";
const supported = "Notification" in globalThis;
let title = "";

export function showTitle(name) {
  title = name;
  const unread = store.state?.unread?.messages ?? 0;
  const text = `${unread > 0 ? `(${unread}) ` : ""}${title} · Cowork Bridge`;
  if (document.title !== text) document.title = text;
}

const on = () => supported && Notification.permission === "granted" && localStorage.getItem(wanted) === "yes";

export function showButton() {
  button.hidden = !supported || me() === null;
  const words = on() ? "Notifications are on" : supported && Notification.permission === "denied" ? "Notifications are blocked in the browser" : "Notify me";
  button.lastElementChild.textContent = words;
  button.title = words;
  button.setAttribute("aria-label", "Notify me");
  button.setAttribute("aria-pressed", String(on()));
}

export function start() {
  if (!supported) return;
  button.addEventListener("click", async () => {
    const permission = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
    localStorage.setItem(wanted, permission === "granted" && !on() ? "yes" : "no");
    showButton();
  });
}

/** Notifies of what came for us. Of all tabs the one that leads does, and none while somebody looks at it. */
export function notify(entries) {
  if (!on() || document.body.dataset.role !== "leader" || document.hasFocus()) return;
  const messages = entries.filter((entry) => entry.type === "message" && entry.recipient === me() && entry.sender !== me());
  for (const entry of messages.slice(-3)) {
    const notice = new Notification(`${shownName(entry.sender)} wrote`, { body: line(entry.content ?? ""), tag: entry.id, icon: "/favicon.svg" });
    notice.onclick = () => {
      window.focus();
      notice.close();
      go({ ...address, view: "conversations", agent: entry.sender, at: entry.id, task: null });
    };
  }
}
