import type { SessionView } from "@signalbox/service";
import { useCallback, useEffect, useState } from "preact/hooks";
import { type ApiFailure, api } from "./api.ts";
import { Layout } from "./components/layout.tsx";
import { Notice } from "./components/notice.tsx";
import { SignIn } from "./sign-in.tsx";
import { UpstreamPage } from "./upstream/upstream-page.tsx";

/** The pages; the part of the address behind `#` names one. */
const pages = [{ name: "upstream", title: "Upstream", Page: UpstreamPage }] as const;

export function App() {
  const [session, setSession] = useState<SessionView>();
  const [failure, setFailure] = useState<string>();
  const hash = useHash();

  const ask = useCallback(() => {
    setFailure(undefined);
    api.session().then(setSession, (error: ApiFailure) => setFailure(error.message));
  }, []);
  useEffect(ask, [ask]);

  const { name, Page } = pages.find((page) => `#${page.name}` === hash) ?? pages[0];
  const signOut = session?.tokenNeeded && session.signedIn ? () => void api.signOut().then(setSession) : undefined;
  return (
    <Layout links={pages} current={name} signOut={signOut}>
      {failure !== undefined && (
        <Notice kind="error">
          {failure}{" "}
          <button type="button" onClick={ask}>
            Try again
          </button>
        </Notice>
      )}
      {session?.signedIn === false && <SignIn onSession={setSession} />}
      {session?.signedIn && <Page onSignedOut={ask} />}
    </Layout>
  );
}

function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return hash;
}
