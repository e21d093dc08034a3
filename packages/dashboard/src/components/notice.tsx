import type { ComponentChildren } from "preact";

interface NoticeProps {
  readonly kind: "info" | "warning" | "error";
  readonly children: ComponentChildren;
}

/** A sentence that everybody on the page should hear, errors at once. */
export function Notice({ kind, children }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}
