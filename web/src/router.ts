/** Addresses of pages in the fragment: `#/models/digits/report?version=2`. The API owns all paths. */
import { useEffect, useState } from "preact/hooks";

export interface Location {
  /** Decoded segments of the path, without empty ones. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

export function location(): Location {
  const [path = "", query = ""] = window.location.hash.replace(/^#/, "").split("?", 2);
  const segments = path.split("/").filter(Boolean).map(decoded);
  return { segments, query: new URLSearchParams(query) };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Return the address of a page, for `href`. Empty values of the query are left out. */
export function to(segments: readonly string[], query: Record<string, string> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${segments.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** Show another page; with `replace`, the back button skips the current one. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useLocation(): Location {
  const [current, setCurrent] = useState(location);
  useEffect(() => {
    const update = () => setCurrent(location());
    window.addEventListener("hashchange", update);
    window.addEventListener("popstate", update);
    return () => {
      window.removeEventListener("hashchange", update);
      window.removeEventListener("popstate", update);
    };
  }, []);
  return current;
}
