/** Tells an instance that its call is over. */
export async function dispose(hub: object): Promise<void> {
  if (Symbol.asyncDispose in hub) await (hub as AsyncDisposable)[Symbol.asyncDispose]();
  else if (Symbol.dispose in hub) (hub as Disposable)[Symbol.dispose]();
}
