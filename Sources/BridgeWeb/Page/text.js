// Text of agents: fenced code in fixed width, `code` in a line, and nothing else is formatted. No links are made.
import { copyText, element, icon } from "./element.js";

/** What is shown of a text before "Show all". */
const shortLength = matchMedia("(max-width: 719px)").matches ? 800 : 1400;
const shortLines = 18;

/** The beginning of a text, or null where it is short. */
function beginning(text) {
  let end = 0;
  for (let line = 0; line < shortLines; line += 1) {
    end = text.indexOf("\n", end) + 1;
    if (end === 0) { end = text.length; break; }
  }
  end = Math.min(end, shortLength);
  // A little more than the limit is shown whole.
  if (text.length <= end + 200 && text.slice(end).split("\n").length <= 4) return null;
  // Ends with a line if one ends nearby, or with a word.
  const newline = text.lastIndexOf("\n", end);
  const space = text.lastIndexOf(" ", end);
  if (newline > end - 300) end = newline;
  else if (space > end - 40) end = space;
  return text.slice(0, end).replace(/[\ud800-\udbff]$/, "").trimEnd();
}

/** Splits a text at lines that begin with three backticks. A fence that is not closed goes on to the end. */
function parts(text) {
  const found = [];
  const fence = /^[ \t]{0,3}```+[ \t]*([^`\n]*)$/gm;
  let start = 0;
  let open = null;
  for (const match of text.matchAll(fence)) {
    const after = Math.min(match.index + match[0].length + 1, text.length);
    if (open === null) {
      found.push({ code: false, text: text.slice(start, match.index) });
      open = match[1].trim();
    } else if (match[1].trim() === "") {
      found.push({ code: true, language: open, text: text.slice(start, Math.max(start, match.index - 1)) });
      open = null;
    } else {
      continue;
    }
    start = after;
  }
  found.push({ code: open !== null, language: open, text: text.slice(start) });
  return found.map((part) => (part.code ? part : { ...part, text: part.text.replace(/^\n+|\n+$/g, "") }))
    .filter((part, index, all) => part.code || part.text !== "" || all.length === 1);
}

function prose(text) {
  const node = element("div", { class: "prose", dir: "auto" });
  let start = 0;
  for (const match of text.matchAll(/`([^`\n]{1,500})`/g)) {
    node.append(text.slice(start, match.index), element("code", { text: match[1] }));
    start = match.index + match[0].length;
  }
  node.append(text.slice(start));
  return node;
}

function code(part) {
  const copy = element("button", { class: "quiet", type: "button", "aria-label": "Copy code", data: { focus: "code" } }, icon("copy"),
    element("span", { text: "Copy" }));
  copy.addEventListener("click", () => copyText(part.text, copy));
  return element("div", { class: "code" },
    element("div", { class: "caption" }, element("bdi", { text: (part.language ?? "").slice(0, 40) || "code" }), copy),
    element("pre", { tabindex: "0", role: "group", "aria-label": "Code", dir: "ltr" }, element("code", { text: part.text })));
}

/** The nodes for a text. */
function formatted(text) {
  return parts(text).map((part) => (part.code ? code(part) : prose(part.text)));
}

/** One line of a text, for a quote or a notification. */
export function line(text, length = 160) {
  const found = text.slice(0, length * 3).replace(/^\s*```\w*\s*$/gm, " ").replace(/\s+/g, " ").trim();
  return found.length > length ? `${found.slice(0, length).replace(/[\ud800-\udbff]$/, "").trimEnd()}…` : found;
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

/** A text that shows its beginning, and the rest on demand. `whole` fetches what the server cut; `state` remembers what was opened. */
export function collapsible(text, state, whole = null) {
  const node = element("div", { class: "text" });
  const show = () => {
    const full = state.whole ?? text;
    const short = beginning(full);
    const cut = whole !== null && state.whole === undefined;
    const visible = state.open && !cut ? full : (short ?? full);
    node.replaceChildren(...(full === "" ? [element("p", { class: "empty", text: "Empty" })] : formatted(visible)));
    if (short === null && !cut) return;
    const lines = full.split("\n").length;
    const amount = cut ? size(state.bytes) : full.length > shortLength ? `${full.length.toLocaleString()} characters` : `${lines} lines`;
    const button = element("button", {
      class: "link", type: "button", "aria-expanded": String(Boolean(state.open)), data: { focus: "all" },
      text: state.open ? "Show less" : `Show all (${amount})`,
    });
    button.addEventListener("click", async () => {
      if (cut) {
        button.disabled = true;
        try {
          state.whole = await whole();
        } catch (error) {
          button.disabled = false;
          button.textContent = `${error.message} Try again`;
          return;
        }
      }
      state.open = !state.open;
      show();
      node.querySelector("button.link")?.focus({ preventScroll: true });
      if (!state.open) node.scrollIntoView({ block: "nearest" });
    });
    node.append(button);
  };
  show();
  return node;
}
