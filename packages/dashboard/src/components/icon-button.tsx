import type { ComponentProps } from "preact";
import { Icon } from "./icon.tsx";

interface IconButtonProps {
  readonly icon: ComponentProps<typeof Icon>["name"];
  /** What it does, for those who see no picture, and as a hint. */
  readonly label: string;
  /** Keys that do the same, for the hint. */
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly onClick: () => void;
}

export function IconButton({ icon, label, keys, disabled = false, pressed, onClick }: IconButtonProps) {
  const hint = keys === undefined ? label : `${label} (${keys})`;
  return (
    <button
      type="button"
      class="icon"
      aria-label={label}
      title={hint}
      disabled={disabled}
      aria-pressed={pressed}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
