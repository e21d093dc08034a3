import type { ComponentChildren } from "preact";

interface ScrollProps {
  /** What is inside, for those who come to it by keyboard. */
  readonly label: string;
  readonly children: ComponentChildren;
}

/** Content that may be larger than its place; arrow keys scroll it. */
export function Scroll({ label, children }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without a pointer, focus is the only way to scroll
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
