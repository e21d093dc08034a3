import { useEffect, useState } from "preact/hooks";

/** How long ago something was, kept up to date; the whole time as a hint. */
export function Ago({ at }: { readonly at: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const when = new Date(at);
  return (
    <time dateTime={when.toISOString()} title={when.toLocaleString()}>
      {since(Math.max(0, Math.round((now - at) / 1000)))}
    </time>
  );
}

function since(seconds: number): string {
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
