import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly placeholder?: string;
  /** What is wrong with the value. */
  readonly problem?: string | undefined;
  /** Said below the field when nothing is wrong. */
  readonly hint?: ComponentChildren;
  readonly wide?: boolean;
  readonly lines?: number;
  readonly suggestions?: readonly string[];
}

/** A labelled line or area of text. Without `onChange` it can be read and copied only. */
export function TextField({ label, value, onChange, placeholder, problem, hint, wide, lines, suggestions }: TextFieldProps) {
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    readOnly: onChange === undefined,
    spellcheck: false,
    autoComplete: "off",
    autoCapitalize: "off",
    "aria-invalid": problem !== undefined,
    "aria-describedby": `${id}-note`,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => onChange?.(currentTarget.value),
  } as const;
  return (
    <div class={wide ? "field wide" : "field"}>
      <label for={id}>{label}</label>
      {lines === undefined ? (
        <input type="text" list={suggestions && `${id}-list`} {...shared} />
      ) : (
        <textarea rows={lines} {...shared} />
      )}
      {suggestions && (
        <datalist id={`${id}-list`}>
          {suggestions.map((text) => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
      <small id={`${id}-note`} class={problem === undefined ? "muted" : "problem"}>
        {problem ?? hint}
      </small>
    </div>
  );
}
