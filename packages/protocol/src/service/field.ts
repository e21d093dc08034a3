import type { MessagePackCursor } from "./messagepack-cursor.ts";
import type { MessagePackSink } from "./messagepack-sink.ts";

/** One item of a message: how it is read and written. */
export interface Field<T> {
  read(cursor: MessagePackCursor): T;
  write(sink: MessagePackSink, value: T): void;
  /** What stands for the item in the shorter messages of older peers; without it such a message is refused. */
  readonly absent?: { readonly value: T };
}

/** A field of any type, to whoever only passes values through. */
export interface AnyField {
  read(cursor: MessagePackCursor): unknown;
  write(sink: MessagePackSink, value: never): void;
  readonly absent?: { readonly value: unknown };
}

/** A statement about a client; a type may come several times. */
export interface ClaimEntry {
  readonly type: string;
  readonly value: string;
}

export const text: Field<string> = {
  read: (cursor) => cursor.text(),
  write: (sink, value) => sink.text(value),
};

export const integer: Field<number> = {
  read: (cursor) => cursor.integer(),
  write: (sink, value) => sink.integer(value),
};

/** Written in five bytes whatever its size. */
export const integer32: Field<number> = {
  read: (cursor) => cursor.integer(),
  write: (sink, value) => sink.integer32(value),
};

export const boolean: Field<boolean> = {
  read: (cursor) => cursor.boolean(),
  write: (sink, value) => sink.boolean(value),
};

/** Milliseconds since 1970. */
export const timestamp: Field<number> = {
  read: (cursor) => cursor.timestamp(),
  write: (sink, value) => sink.timestamp(value),
};

/** Read as a view of the record. */
export const binary: Field<Uint8Array> = {
  read: (cursor) => (cursor.tryNil() ? new Uint8Array() : cursor.bytes()),
  write: (sink, value) => sink.bytes(value),
};

/** nil stands for an empty one. */
export const texts: Field<readonly string[]> = {
  read(cursor) {
    if (cursor.tryNil()) return none;
    const count = cursor.array();
    const items = new Array<string>(count);
    for (let index = 0; index < count; index++) items[index] = cursor.text();
    return items;
  },
  write(sink, items) {
    sink.array(items.length);
    for (const item of items) sink.text(item);
  },
};

const none: readonly string[] = [];

/** Framed hub messages by protocol name, each a view of the record. nil stands for an empty map. */
export const payloads: Field<ReadonlyMap<string, Uint8Array>> = {
  read(cursor) {
    const frames = new Map<string, Uint8Array>();
    for (let left = pairs(cursor); left > 0; left--) {
      const protocol = cursor.text();
      frames.set(protocol, binary.read(cursor));
    }
    return frames;
  },
  write(sink, frames) {
    sink.map(frames.size);
    for (const [protocol, bytes] of frames) {
      sink.text(protocol);
      sink.bytes(bytes);
    }
  },
};

/** A map on the wire, in which a claim of several values is as many entries of one key. */
export const claims: Field<readonly ClaimEntry[]> = {
  read(cursor) {
    const entries: ClaimEntry[] = [];
    for (let left = pairs(cursor); left > 0; left--) {
      const type = cursor.text();
      entries.push({ type, value: cursor.tryNil() ? "" : cursor.text() });
    }
    return entries;
  },
  write(sink, entries) {
    sink.map(entries.length);
    for (const { type, value } of entries) {
      sink.text(type);
      sink.text(value);
    }
  },
};

/** HTTP headers. Names of one message must differ in more than letter case, or the SDK drops the connection. */
export const headers: Field<ReadonlyMap<string, readonly string[]>> = {
  read(cursor) {
    const entries = new Map<string, readonly string[]>();
    for (let left = pairs(cursor); left > 0; left--) {
      const name = cursor.text();
      entries.set(name, texts.read(cursor));
    }
    return entries;
  },
  write(sink, entries) {
    sink.map(entries.size);
    for (const [name, values] of entries) {
      sink.text(name);
      texts.write(sink, values);
    }
  },
};

/** The number of pairs of a map; nil stands for an empty one. */
function pairs(cursor: MessagePackCursor): number {
  return cursor.tryNil() ? 0 : cursor.map();
}

/** undefined is nil on the wire, and so is absence in an older peer's message. */
export function nullable<T>(field: Field<T>): Field<T | undefined> {
  return {
    read: (cursor) => (cursor.tryNil() ? undefined : field.read(cursor)),
    write: (sink, value) => (value === undefined ? sink.nil() : field.write(sink, value)),
    absent: { value: undefined },
  };
}

/** A boolean that older peers leave out, which is then told apart from false. */
export const newerBoolean: Field<boolean | undefined> = {
  read: boolean.read,
  write: (sink, value) => sink.boolean(value ?? false),
  absent: { value: undefined },
};

/** An item that older peers leave out. */
export function since<T>(field: Field<T>, value: T): Field<T> {
  return { ...field, absent: { value } };
}
