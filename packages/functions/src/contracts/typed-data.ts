/**
 * Values that cross the boundary to the app's process, in the shape of the Functions RPC, because the app's own `@azure/functions`
 * package reads and writes exactly these (reference functions-host §1.4). A `TypedData` has at most one member; `{}` is null.
 */
export interface TypedData {
  readonly string?: string;
  /** JSON text. */
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly stream?: Uint8Array;
  readonly http?: RpcHttp;
  readonly int?: number;
  readonly double?: number;
  readonly collectionString?: { readonly string: readonly string[] };
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] };
  readonly collectionDouble?: { readonly double: readonly number[] };
  readonly collectionSint64?: { readonly sint64: readonly number[] };
  /** Not the value but where it is: an extension of the app's library makes an SDK client of it. Inputs only. */
  readonly modelBindingData?: ModelBindingData;
}

/** See `TypedData.modelBindingData`. */
interface ModelBindingData {
  readonly version: string;
  /** Which extension it is for. */
  readonly source: string;
  readonly contentType: string;
  readonly content: Uint8Array;
}

export interface NullableText {
  readonly value?: string;
}

/** One HTTP message. A request fills the upper half, a response the lower one. */
export interface RpcHttp {
  readonly method?: string;
  /** The absolute address as the client saw it. */
  readonly url?: string;
  /** Lower-case name. Repeated headers are joined by a comma; empty ones are left out. */
  readonly nullableHeaders?: Readonly<Record<string, NullableText>>;
  readonly nullableQuery?: Readonly<Record<string, NullableText>>;
  /** Route values; an absent optional parameter is left out. */
  readonly nullableParams?: Readonly<Record<string, NullableText>>;
  /** Of whoever is signed in; see `rpc-identities.ts`. */
  readonly identities?: readonly unknown[];

  /** Decimal text. Absent or no number: 200. */
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly RpcHttpCookie[];
  readonly enableContentNegotiation?: boolean;

  /** Of a request: `bytes`, and absent for GET, HEAD and an empty body. Of a response: anything. */
  readonly body?: TypedData;
}

export interface RpcHttpCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: NullableText;
  readonly path?: NullableText;
  /** `seconds` since 1970, as number or decimal text. */
  readonly expires?: { readonly value?: { readonly seconds?: number | string } };
  readonly secure?: { readonly value?: boolean };
  readonly httpOnly?: { readonly value?: boolean };
  /** "none" (or absent): no attribute. "explicitNone": `SameSite=None`. */
  readonly sameSite?: "none" | "lax" | "strict" | "explicitNone";
  /** Seconds. */
  readonly maxAge?: { readonly value?: number };
}

/**
 * Null and undefined become `{}`, text `string`, bytes `bytes`, everything else `json`.
 *
 * @throws {TypeError} for what JSON cannot hold (a cycle, a bigint)
 */
export function toTypedData(value: unknown): TypedData {
  if (value === null || value === undefined) return {};
  if (typeof value === "string") return { string: value };
  if (value instanceof Uint8Array) return { bytes: value };
  const json = JSON.stringify(value);
  return json === undefined ? {} : { json };
}

/**
 * The plain value: JSON parsed, bytes as they are, a collection as an array, an HTTP message untouched, nothing as null.
 *
 * @throws {SyntaxError} when `json` is no JSON
 */
export function fromTypedData(data: TypedData): unknown {
  if (data.string !== undefined) return data.string;
  if (data.json !== undefined) return JSON.parse(data.json);
  return (
    data.bytes ??
    data.stream ??
    data.http ??
    data.int ??
    data.double ??
    data.collectionString?.string ??
    data.collectionBytes?.bytes ??
    data.collectionDouble?.double ??
    data.collectionSint64?.sint64 ??
    null
  );
}
