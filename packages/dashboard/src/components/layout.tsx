import type { ComponentChildren } from "preact";
import { Icon } from "./icon.tsx";
import { ThemeButton } from "./theme-button.tsx";

interface LayoutProps {
  readonly links: readonly { readonly name: string; readonly title: string }[];
  readonly current: string;
  /** Absent: there is no session to end. */
  readonly signOut: (() => void) | undefined;
  readonly children: ComponentChildren;
}

/** What all pages share: the bar with the pages on it. */
export function Layout({ links, current, signOut, children }: LayoutProps) {
  return (
    <>
      <header class="bar">
        <a class="brand" href="#upstream">
          <Icon name="signal" />
          Signalbox
        </a>
        <nav aria-label="Pages">
          {links.map(({ name, title }) => (
            <a key={name} href={`#${name}`} aria-current={name === current ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <span class="stretch" />
        <ThemeButton />
        {signOut && (
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      <main>{children}</main>
    </>
  );
}
