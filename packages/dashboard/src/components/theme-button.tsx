import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const stored = "signalbox-theme";

/** Light, dark, or as the system has it; remembered by this browser. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(() => themes.find((name) => name === localStorage.getItem(stored)) ?? "system");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(stored, theme);
  }, [theme]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]!;
  return (
    <button
      type="button"
      class="icon"
      title={`Theme: ${theme}`}
      aria-label={`Theme: ${theme}. Change to ${next}`}
      onClick={() => setTheme(next)}
    >
      <Icon name={theme === "system" ? "contrast" : theme === "light" ? "sun" : "moon"} />
    </button>
  );
}
