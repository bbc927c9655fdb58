/** The choice of colours: those of the system, light or dark. */
import { useState } from "preact/hooks";
import { texts } from "../i18n";

const KEY = "lightship.theme";
const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const say = texts({
  title: ["Colours", "颜色"],
  system: ["System", "跟随系统"],
  light: ["Light", "浅色"],
  dark: ["Dark", "深色"],
});

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === value) ?? "system";
}

/** Apply the stored choice to the page. */
export function applyTheme(theme: Theme = stored()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(stored);
  const choose = (chosen: Theme) => {
    localStorage.setItem(KEY, chosen);
    applyTheme(chosen);
    setTheme(chosen);
  };
  return (
    <select aria-label={say.title()} value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
      {THEMES.map((each) => (
        <option key={each} value={each}>
          {say[each]()}
        </option>
      ))}
    </select>
  );
}
