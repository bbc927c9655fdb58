/** The token of this page: in memory only, never in an address or in storage. */

const CHANGED = "lightship-session";
let token = "";

/** Return the headers that authenticate a request. */
export function authorization(): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

export function signedIn(): boolean {
  return token !== "";
}

export function signIn(value: string): void {
  token = value;
  window.dispatchEvent(new Event(CHANGED));
}

/** Forget the token: the server refused it. */
export function expired(): void {
  signIn("");
}

export function onSessionChange(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  return () => window.removeEventListener(CHANGED, listener);
}
