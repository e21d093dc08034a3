/** What a browser sees at `/` when no function or proxy is there (reference functions-host §3.5). */
export function homePage(version: string): Response {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your function app is up and running</title>
<style>
  :root { color-scheme: light dark; }
  body { margin: 0; min-height: 100vh; display: grid; place-content: center; font: 16px/1.5 system-ui, sans-serif; color: #1b1b1f; background: #f6f7fb; }
  main { max-width: 34rem; padding: 2rem; }
  h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
  code { background: #e6e8f2; padding: .1rem .35rem; border-radius: .25rem; }
  a { color: inherit; white-space: nowrap; }
  footer { margin-top: 1.5rem; color: #5b5e6b; font-size: .85rem; }
  @media (prefers-color-scheme: dark) {
    body { color: #e8e9f0; background: #14151a; }
    code { background: #2a2c36; }
    footer { color: #9a9dab; }
  }
</style>
</head>
<body>
<main>
<h1>Your function app is up and running</h1>
<p>Its functions are listed where it was started, and at <a href="/admin/functions"><code>/admin/functions</code></a>.</p>
<footer>Signalbox functions host ${version}</footer>
</main>
</body>
</html>
`;
  return new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });
}
