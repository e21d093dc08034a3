import type { SessionView } from "@signalbox/service";
import { useState } from "preact/hooks";
import { type ApiFailure, api } from "./api.ts";

/** Asks for the token of the admin listener; the answer brings a cookie that no script can read. */
export function SignIn({ onSession }: { readonly onSession: (session: SessionView) => void }) {
  const [token, setToken] = useState("");
  const [failure, setFailure] = useState<string>();
  const submit = (event: Event) => {
    event.preventDefault();
    api.signIn(token).then(onSession, (error: ApiFailure) => setFailure(error.message));
  };
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      <p class="muted">
        This service asks for its token (setting <code>adminToken</code>) before it shows or changes anything.
      </p>
      {/* For password managers, which keep secrets by name. */}
      <input type="text" autoComplete="username" value="signalbox" hidden readOnly />
      <div class="field">
        <label for="sign-in-token">Token</label>
        <input
          id="sign-in-token"
          type="password"
          autoComplete="current-password"
          required
          value={token}
          aria-invalid={failure !== undefined}
          aria-describedby="sign-in-failure"
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </div>
      <p id="sign-in-failure" class="problem" role="alert">
        {failure}
      </p>
      <button type="submit" class="primary">
        Sign in
      </button>
    </form>
  );
}
