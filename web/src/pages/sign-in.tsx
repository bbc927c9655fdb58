import type { Settings } from "../api/types";

export function SignIn({ settings }: { readonly settings: Settings }) {
  return <p>{settings.sign_in.method}</p>;
}
