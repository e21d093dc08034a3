/** Strokes on a grid of 24. */
const paths = {
  signal: "M7.8 7.2a7 7 0 0 0 0 9.6M16.2 7.2a7 7 0 0 1 0 9.6M4.6 4a11.6 11.6 0 0 0 0 16M19.4 4a11.6 11.6 0 0 1 0 16M12 12h.01",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  trash: "M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3",
  plus: "M12 5v14M5 12h14",
  paste: "M9 4h6v3H9zM9 5H5v15h14V5h-4M9 12h6M9 16h4",
  eye: "M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12zM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
  send: "M4 12 20 4l-5 16-4-7zM11 13l9-9",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  contrast: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 3v18M15 6v12M18 8.5v7",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
} as const;

/** A picture beside a text or inside a button with a label; it says nothing by itself. */
export function Icon({ name }: { readonly name: keyof typeof paths }) {
  return (
    <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
