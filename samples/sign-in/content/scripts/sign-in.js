/* global signalR */

/** Records this visit. */
export function signIn() {
  return untilDone(() => call("POST", "/api/signin"));
}

/**
 * Stays connected to the service and hands on every change.
 * @param authInfo as `signIn` gave it, good for the first connection; later ones get a token of their own
 */
export async function follow({ serviceUrl, accessToken }, { onStats, onState }) {
  let token = Promise.resolve(accessToken);
  const retryDelay = (attempt) => {
    token = undefined;
    return delay(attempt);
  };
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(serviceUrl, { accessTokenFactory: () => (token ??= newToken()) })
    .withAutomaticReconnect({ nextRetryDelayInMilliseconds: ({ previousRetryCount }) => retryDelay(previousRetryCount) })
    .configureLogging(signalR.LogLevel.Warning)
    .build();
  const connected = async () => {
    onState("connected");
    // Somebody may have come while nobody listened here.
    onStats(await untilDone(() => call("GET", "/api/stats")));
  };
  connection.on("updateSignInStats", (totalNumber, byOS, byBrowser) => onStats({ totalNumber, byOS, byBrowser }));
  connection.onreconnecting(() => onState("reconnecting"));
  connection.onreconnected(connected);
  await untilDone(() => connection.start(), retryDelay);
  await connected();
}

async function newToken() {
  const { accessToken } = await call("POST", "/api/negotiate");
  return accessToken;
}

async function untilDone(work, delayOf = delay) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      console.warn(`${error.message}; another attempt follows.`);
      await new Promise((resolve) => setTimeout(resolve, delayOf(attempt)));
    }
  }
}

/** @returns the answer's JSON */
async function call(method, path) {
  const response = await fetch(path, { method, signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** Milliseconds before another attempt: a second, two, four, at most half a minute. */
function delay(attempt) {
  return Math.min(1000 * 2 ** attempt, 30_000);
}
