import { ProtocolError } from "../hub-protocol.ts";
import type { AnyField } from "./field.ts";
import type { MessagePackCursor } from "./messagepack-cursor.ts";
import type { MessagePackSink } from "./messagepack-sink.ts";

type Fields = Readonly<Record<string, AnyField>>;
type ValueOf<F> = F extends { read(cursor: never): infer T } ? T : never;
type OptionalKeys<F> = { [K in keyof F]: undefined extends ValueOf<F[K]> ? K : never }[keyof F];

/** The message that a layout describes. Its items that may be absent or nil are optional. */
export type MessageOf<L> =
  L extends Layout<infer N, infer F>
    ? { readonly type: N } & { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
        readonly [K in OptionalKeys<F>]?: ValueOf<F[K]>;
      }
    : never;

/** Reads and writes the messages of one type. */
export interface Codec {
  readonly type: number;
  readonly name: string;
  /** @param count items of the message, its type included */
  read(cursor: MessagePackCursor, count: number): object;
  /** The whole array. */
  write(sink: MessagePackSink, message: object): void;
}

export interface Layout<N extends number, F> extends Codec {
  readonly type: N;
  readonly fields: F;
}

/**
 * A message as a list: its number, then the items in the order given here. Messages with more items than we know are read all the
 * same, those with fewer when the missing ones may be absent.
 */
export function layout<const N extends number, F extends Fields>(type: N, name: string, fields: F): Layout<N, F> {
  const items = Object.entries(fields);
  return {
    type,
    name,
    fields,

    read(cursor, count) {
      const message: Record<string, unknown> = { type };
      let at = 0;
      try {
        for (; at < items.length; at++) {
          const [item, field] = items[at]!;
          if (at + 1 < count) message[item] = field.read(cursor);
          else if (field.absent !== undefined) message[item] = field.absent.value;
          else throw new ProtocolError("The item is missing.");
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new ProtocolError(`${name}.${items[at]?.[0]}: ${error.message}`, { cause: error });
      }
      return message;
    },

    write(sink, message) {
      const values = message as Readonly<Record<string, never>>;
      sink.array(items.length + 1);
      sink.integer(type);
      for (const [item, field] of items) field.write(sink, values[item] as never);
    },
  };
}
