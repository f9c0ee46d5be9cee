// The view Search: messages that contain all words of a query, the newest first.
import { address, format, go } from "./address.js";
import { get } from "./api.js";
import { byId, clear, element } from "./element.js";
import { arrowElement, plural, stateKnown } from "./names.js";
import { brief, exact } from "./time.js";

const pageSize = 50;
const input = byId("query");
const results = byId("results");
const about = byId("search-about");
const more = byId("more");
let query = null;
let search = 0;
let found = [];
let last = null;

/** A text without accents and case, and for each unit of it the place in the text. */
function folded(text) {
  let plain = "";
  const places = [];
  let place = 0;
  for (const scalar of text) {
    const part = scalar.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    for (let unit = 0; unit < part.length; unit += 1) places.push(place);
    plain += part;
    place += scalar.length;
  }
  places.push(place);
  return { plain, places };
}

/** Where words of the query are, as [start, end] in the text. */
function matches(text, words) {
  const { plain, places } = folded(text);
  const found = [];
  for (const word of words) {
    for (let at = plain.indexOf(word); at >= 0 && found.length < 200; at = plain.indexOf(word, at + word.length)) {
      // A word matches at its beginning; in scripts without spaces, anywhere.
      if (at > 0 && /[\p{L}\p{N}]/u.test(plain[at - 1]) && /[\p{L}\p{N}]/u.test(word[0])
        && !/[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(word)) continue;
      let end = places[at + word.length];
      if (end === places[at + word.length - 1]) end += 1;
      found.push([places[at], end]);
    }
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** The part of a text around its first match, with the words marked. */
function excerpt(content, words) {
  const text = content.slice(0, 6000);
  const all = matches(text, words);
  const first = all[0]?.[0] ?? 0;
  let start = first > 140 ? first - 90 : 0;
  if (start > 0) start = text.indexOf(" ", start) >= 0 && text.indexOf(" ", start) < first ? text.indexOf(" ", start) + 1 : start;
  const end = Math.min(text.length, start + 320);
  const node = element("p", { class: "excerpt", dir: "auto" });
  let place = start;
  if (start > 0) node.append("…");
  for (const [from, to] of all) {
    if (from < place || to > end) continue;
    node.append(text.slice(place, from), element("mark", { text: text.slice(from, to) }));
    place = to;
  }
  node.append(text.slice(place, end));
  if (end < content.length) node.append("…");
  return node;
}

const wordsOf = (text) => folded(text).plain.match(/[\p{L}\p{N}]+/gu) ?? [text.trim()].filter(Boolean);

function result(message) {
  const href = format({ view: "conversations", at: message.id });
  return element("li", {}, element("a", { class: "result", href, data: { messageId: message.id } },
    element("span", { class: "head" }, arrowElement(message.sender, message.recipient),
      element("time", { text: brief(message.time), title: exact(message.time, message.created_at) })),
    excerpt(message.content ?? "", wordsOf(query))));
}

async function load({ again = false } = {}) {
  const mine = (search += 1);
  const wanted = query;
  if (!again) {
    clear(results);
    [found, last] = [[], null];
    more.hidden = true;
    about.textContent = "";
  }
  if (!wanted.trim()) {
    about.textContent = "Finds messages that contain all the words, each at least by its beginning.";
    document.body.dataset.loaded = "";
    return;
  }
  results.setAttribute("aria-busy", "true");
  more.disabled = true;
  try {
    const [page] = await Promise.all([get("/api/search", { query: wanted, before: last, limit: pageSize }), stateKnown]);
    if (mine !== search) return;
    found = [...found, ...page.messages];
    last = page.messages.at(-1)?.id ?? last;
    results.append(...page.messages.map(result));
    more.hidden = !page.more;
    const count = `${plural(found.length, "message")}${page.more ? ", and more" : ""}.`;
    about.textContent = (found.length === 0 ? "No message contains all these words." : count)
      + (page.partial ? " Only a part of the store was searched: make the query more specific, or load more." : "");
    about.removeAttribute("data-problem");
  } catch (error) {
    if (mine !== search) return;
    about.textContent = error.message;
    about.dataset.problem = "";
    more.hidden = false;
    more.textContent = "Try again";
    return;
  } finally {
    if (mine === search) {
      results.removeAttribute("aria-busy");
      more.disabled = false;
      document.body.dataset.loaded = "";
    }
  }
  more.textContent = "Load more";
}

export function start() {
  byId("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    go({ view: "search", query: input.value.trim() });
  });
  more.addEventListener("click", () => load({ again: true }));
}

export const view = {
  title: () => (address.query ? `${address.query} · Search` : "Search"),
  open(next, earlier) {
    if (query === next.query && earlier.view === "search") return;
    if (query !== next.query) {
      query = next.query;
      input.value = query;
      load();
    }
    if (earlier.view !== "search" || !query) input.focus({ preventScroll: true });
  },
  reload() { if (about.hasAttribute("data-problem")) load(); },
};
