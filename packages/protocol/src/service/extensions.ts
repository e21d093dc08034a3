import { ProtocolError } from "../hub-protocol.ts";
import { type AnyField, boolean, type Field, integer, text } from "./field.ts";
import type { MessagePackCursor } from "./messagepack-cursor.ts";

/** What the map at the end of most messages may hold (reference hub-and-service-protocol §4.4). */
export interface Extensions {
  /** Upper half: the server's; lower half: a counter. Present when messages are traced. */
  readonly tracingId?: bigint;
  /** Seconds a membership lasts. */
  readonly ttl?: number;
  /** Name of the client's hub protocol. */
  readonly protocol?: string;
  /** Expression that narrows the receivers. */
  readonly filter?: string;
  /** What the payload of a ConnectionData holds; see `DataMessageType`. */
  readonly dataMessageType?: number;
  /** More of the same hub message follows. */
  readonly isPartial?: boolean;
}

export type ExtensionName = keyof Extensions;

const unsigned64: Field<bigint> = {
  read: (cursor) => cursor.unsigned64(),
  write: (sink, value) => sink.unsigned64(value),
};

const known: { readonly [N in ExtensionName]: { readonly key: number; readonly field: AnyField } } = {
  tracingId: { key: 1, field: unsigned64 },
  ttl: { key: 2, field: integer },
  protocol: { key: 3, field: text },
  filter: { key: 4, field: text },
  dataMessageType: { key: 5, field: integer },
  isPartial: { key: 6, field: boolean },
};

/**
 * The map of a message that may carry these. Only they are written: the SDK misreads a message with a key that its type does not have.
 * Reading passes over every other key. An empty map is read as undefined, as is its absence.
 */
export function extensions<const N extends ExtensionName>(...names: readonly N[]): Field<Pick<Extensions, N> | undefined> {
  const members = names.map((name) => ({ name: name as string, ...known[name] }));
  const byKey = new Map(members.map((member) => [member.key, member]));

  return {
    read(cursor) {
      let count = cursor.tryNil() ? 0 : cursor.map();
      if (count === 0) return undefined;
      const values: Record<string, unknown> = {};
      let found = false;
      for (; count > 0; count--) {
        const member = byKey.get(cursor.integer());
        if (member === undefined) {
          cursor.skip();
          continue;
        }
        values[member.name] = readMember(cursor, member);
        found = true;
      }
      return found ? (values as Pick<Extensions, N>) : undefined;
    },

    write(sink, extensions) {
      if (extensions === undefined) return sink.map(0);
      const values: Readonly<Record<string, unknown>> = extensions;
      let count = 0;
      for (const { name } of members) if (values[name] !== undefined) count++;
      sink.map(count);
      for (const { key, name, field } of members) {
        if (values[name] === undefined) continue;
        sink.integer(key);
        field.write(sink, values[name] as never);
      }
    },

    absent: { value: undefined },
  };
}

function readMember(cursor: MessagePackCursor, { name, field }: { name: string; field: AnyField }): unknown {
  try {
    return field.read(cursor);
  } catch (error) {
    throw new ProtocolError(`Extension '${name}': ${(error as Error).message}`, { cause: error });
  }
}
