// Times as people read them. A time is in seconds since 1970, or null where a row typed by hand has none.
const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const yearFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const shortFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export const seconds = (text) => {
  const value = Date.parse(text ?? "") / 1000;
  return Number.isFinite(value) ? value : null;
};
const known = (time) => typeof time === "number" && Math.abs(time) < 8.64e12;
const date = (time) => new Date(time * 1000);

export const clock = (time) => (known(time) ? clockFormat.format(date(time)) : "");
export const exact = (time, raw) => (known(time) ? exactFormat.format(date(time)) : raw ? `Not a time: ${raw}` : "No time");
export const brief = (time) => (known(time) ? (day(time) === day(Date.now() / 1000) ? clock(time) : shortFormat.format(date(time))) : "");

/** A word for the day that is the same for all times of it. */
export const day = (time) => (known(time) ? date(time).toDateString() : null);

export function dayName(time) {
  const now = new Date();
  const name = day(time);
  if (name === now.toDateString()) return "Today";
  if (name === new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).toDateString()) return "Yesterday";
  return (date(time).getFullYear() === now.getFullYear() ? dayFormat : yearFormat).format(date(time));
}

/** Such as "3 min"; empty for no time. */
export function age(time) {
  return known(time) ? span(Date.now() / 1000 - time) : "";
}

export function span(length) {
  if (length < 45) return "now";
  if (length < 3600) return `${Math.max(1, Math.round(length / 60))} min`;
  if (length < 86_400) return `${Math.round(length / 3600)} h`;
  const days = Math.round(length / 86_400);
  return days < 365 ? `${days} ${days === 1 ? "day" : "days"}` : `${Math.floor(days / 365)} y`;
}

export const ago = (time) => {
  const text = age(time);
  return text === "now" ? "just now" : text && `${text} ago`;
};
