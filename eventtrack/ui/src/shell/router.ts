/**
 * Where the reader is: everything that a page shows is said by the address behind #, so that a
 * copied address shows the same.  The links that the mlflow client prints, such as
 * #/experiments/1/runs/ab, are addresses here.
 */

import { createMemo, createRoot, createSignal } from "solid-js";

export type Query = ReadonlyMap<string, string>;

export interface Place {
  path: readonly string[];
  query: Query;
}

/** Characters that need no escape in a fragment's query and are frequent in ours. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(2C|3A|2F|40|3B|7C)/g, decodeURIComponent);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that a person typed stands for itself.
    return text;
  }
}

export function parse(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const found = new Map<string, string>();
  for (const each of query.split("&")) {
    const [name = "", value = ""] = each.split(/=(.*)/s);
    if (name) found.set(decode(name), decode(value.replaceAll("+", "%20")));
  }
  return { path: path.split("/").filter(Boolean).map(decode), query: found };
}

export function format(path: readonly string[], query: Iterable<readonly [string, string]>): string {
  const said = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  return `#/${path.map(encodeURIComponent).join("/")}${said ? `?${said}` : ""}`;
}

const [hash, setHash] = createSignal(location.hash);
addEventListener("hashchange", () => setHash(location.hash));
addEventListener("popstate", () => setHash(location.hash));

const [place, path] = createRoot(() => {
  const place = createMemo(() => parse(hash()));
  const joined = createMemo(() => place().path.join("\0"));
  // Another query is not another path: pages stay where they are.
  return [place, createMemo(() => (joined(), place().path))] as const;
});

export { path };

const memos = new Map<string, () => string>();

/** One value of the address's query, "" when it is not there; it changes only when it changes. */
export function queryValue(name: string): string {
  let memo = memos.get(name);
  if (!memo) {
    memo = createRoot(() => createMemo(() => place().query.get(name) ?? ""));
    memos.set(name, memo);
  }
  return memo();
}

/** The moment of the past that is shown, "" for the present: a position or a time. */
export const moment = () => queryValue("at");

/** The address with these values changed ("" takes one out), for links. */
export function hrefWith(changes: Readonly<Record<string, string>>): string {
  const query = new Map(place().query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  return format(place().path, query);
}

/** What stands behind the address's question mark, for keeping; the moment is not part of it. */
export function queryText(): string {
  const said = [...place().query].filter(([name]) => name !== "at");
  return format([], said).split("?")[1] ?? "";
}

/** Change values of the query; `push` makes a step that the browser's back button undoes. */
export function setQuery(changes: Readonly<Record<string, string>>, push = false): void {
  go(hrefWith(changes), push);
}

/** An address of this app; the moment of the past is kept from page to page. */
export function href(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const said = Object.entries(query).filter(([, value]) => value);
  if (moment() && !("at" in query)) said.push(["at", moment()]);
  return format(path, said);
}

export function go(address: string, push = true): void {
  if (address === location.hash) return;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  setHash(location.hash);
}
