import { escaped } from "../message/xml.ts";

/** What stands in the form's fields. */
export interface LoginFields {
  readonly name: string;
  readonly userId: string;
  /** One a line. */
  readonly roles: string;
  /** A JSON list. */
  readonly claims: string;
}

const untouched: LoginFields = { name: "", userId: "", roles: "anonymous\nauthenticated", claims: "[]" };

/**
 * The form of the development login. It says on every screen that nobody's identity is checked.
 * @param refused what was wrong with what was sent, and what that was: nobody types it twice
 */
export function loginPage(
  provider: string,
  redirect: string,
  refused?: { readonly problem: string; readonly fields: LoginFields },
): string {
  const name = escaped(provider);
  const fields = refused?.fields ?? untouched;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development sign-in: ${name}</title>
<style>
  :root { color-scheme: light dark; --text: #1b1b1f; --page: #f6f7fb; --field: #fff; --line: #767885; --hint: #5b5e6b; --bad: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --text: #e8e9f0; --page: #14151a; --field: #1e2028; --line: #8a8d99; --hint: #9a9dab; --bad: #ff8a80; }
  }
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
  .banner { background: #b3261e; color: #fff; padding: .75rem 1rem; text-align: center; }
  main { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1.25rem; }
  label { display: block; margin-top: 1rem; font-weight: 600; }
  small { display: block; color: var(--hint); font-weight: 400; }
  input, textarea { display: block; width: 100%; box-sizing: border-box; margin-top: .25rem; padding: .5rem; font: 400 1rem/1.5 system-ui, sans-serif; border: 1px solid var(--line); border-radius: .3rem; background: var(--field); color: inherit; }
  textarea { resize: vertical; }
  [name=claims] { font-family: ui-monospace, monospace; font-size: .9rem; }
  button { margin-top: 1.5rem; padding: .6rem 1.5rem; font: inherit; border: 0; border-radius: .3rem; background: #2b4acb; color: #fff; cursor: pointer; }
  .problem { color: var(--bad); overflow-wrap: anywhere; }
</style>
</head>
<body>
<div class="banner" role="alert"><strong>Development only.</strong> This page checks nobody's identity: whoever opens it may sign in as anyone.</div>
<main>
<h1>Sign in with ${name}</h1>
${refused === undefined ? "" : `<p class="problem" role="alert">${escaped(refused.problem)}</p>`}
<form method="post">
<input type="hidden" name="redirect" value="${escaped(redirect)}">
<label>User name <small>x-ms-client-principal-name</small><input name="name" value="${escaped(fields.name)}" required autofocus maxlength="256" autocomplete="off"></label>
<label>User id <small>x-ms-client-principal-id; empty: made from the name</small><input name="userId" value="${escaped(fields.userId)}" maxlength="256" autocomplete="off"></label>
<label>Roles <small>one a line</small><textarea name="roles" rows="3">${escaped(fields.roles)}</textarea></label>
<label>Claims <small>a JSON list of {"typ", "val"}</small><textarea name="claims" rows="3" spellcheck="false">${escaped(fields.claims)}</textarea></label>
<button>Sign in</button>
</form>
</main>
</body>
</html>
`;
}
