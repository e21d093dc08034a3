/** Why a listener did not start. System codes where the operating system said so. */
export type ListenErrorCode =
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EACCES"
  | "ENOTFOUND"
  /** The port is outside 0…65535. */
  | "ERR_PORT"
  /** Certificate or key is no usable PEM text, or they do not belong together. */
  | "ERR_TLS"
  /** The runtime cannot do what is asked for. */
  | "ERR_RUNTIME"
  | "ERR_LISTEN";

/** A listener could not be started. `message` is one sentence for the operator. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: ListenErrorCode;

  constructor(code: ListenErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const tlsCode = /OSSL|SSL|TLS|PEM/;

/** Turns what either runtime throws or emits when it cannot bind into a {@link ListenError}. */
export function toListenError(error: unknown, host: string, port: number): ListenError {
  if (error instanceof ListenError) return error;
  const code = String((error as { code?: unknown } | undefined)?.code ?? "");
  const text = error instanceof Error ? error.message : String(error);
  switch (code) {
    case "EADDRINUSE":
      return new ListenError(code, `Port ${port} on ${host} is already in use.`, error);
    case "EADDRNOTAVAIL":
      return new ListenError(code, `${host} is not an address of this machine.`, error);
    case "EACCES":
    case "EPERM":
      return new ListenError("EACCES", `This process is not allowed to use port ${port} on ${host}.`, error);
    // Bun says EINVAL where Node says that the name was not found.
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return new ListenError("ENOTFOUND", `${host} is no IP address and no name that resolves to one.`, error);
    default:
      if (tlsCode.test(code)) return new ListenError("ERR_TLS", `The TLS certificate or key cannot be used: ${text}`, error);
      return new ListenError("ERR_LISTEN", `Cannot listen on port ${port} of ${host}: ${text}`, error);
  }
}
