import { escaped } from "../message/xml.ts";

/** The form of the development login. It says on every screen that nobody's identity is checked. */
export function loginPage(provider: string, redirect: string, problem?: string): string {
  const name = escaped(provider);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development sign-in: ${name}</title>
<style>
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1b1b1f; background: #f6f7fb; }
  .banner { background: #b3261e; color: #fff; padding: .75rem 1rem; text-align: center; }
  main { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; }
  label { display: block; margin-top: 1rem; font-weight: 600; }
  input, textarea { width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; border: 1px solid #767885; border-radius: .3rem; background: #fff; color: inherit; }
  button { margin-top: 1.5rem; padding: .6rem 1.5rem; font: inherit; border: 0; border-radius: .3rem; background: #2b4acb; color: #fff; }
  .problem { color: #b3261e; }
  small { color: #5b5e6b; font-weight: 400; }
</style>
</head>
<body>
<div class="banner" role="alert"><strong>Development only.</strong> This page checks nobody's identity: whoever opens it may sign in as anyone.</div>
<main>
<h1>Sign in as a ${name} user</h1>
${problem === undefined ? "" : `<p class="problem" role="alert">${escaped(problem)}</p>`}
<form method="post">
<input type="hidden" name="redirect" value="${escaped(redirect)}">
<label>User name <small>x-ms-client-principal-name</small><input name="name" required autofocus maxlength="256"></label>
<label>User id <small>x-ms-client-principal-id; empty: made from the name</small><input name="userId" maxlength="256"></label>
<label>Roles <small>one a line</small><textarea name="roles" rows="3">anonymous
authenticated</textarea></label>
<label>Claims <small>a JSON list of {"typ", "val"}</small><textarea name="claims" rows="3">[]</textarea></label>
<button>Sign in</button>
</form>
</main>
</body>
</html>
`;
}
