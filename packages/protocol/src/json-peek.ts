import { recordSeparator } from "./json-record.ts";
import { MessageType, type MessageTypeNumber } from "./messages.ts";

const member = Buffer.from('"type":');
const [openingBrace, closingBrace, comma, zero] = [0x7b, 0x7d, 0x2c, 0x30];

/**
 * The type of a record whose object is written without blanks and either begins or ends with its type, as the clients for .NET and
 * JavaScript write it. Inside a string the quotation mark of `"type"` would have a backslash before it. An object that repeats its type deceives nobody but its sender.
 */
export function peekJsonType(record: Uint8Array): MessageTypeNumber | undefined {
  const end = record.length - 1;
  if (record[end] !== recordSeparator || record[end - 1] !== closingBrace || record[0] !== openingBrace) return undefined;
  const atEnd = end - 2 - member.length;
  const before = record[atEnd - 1];
  if ((before === comma || (before === openingBrace && atEnd === 1)) && isMember(record, atEnd))
    return typeOf(record[end - 2]!);
  const after = record[1 + member.length + 1];
  return after === comma && isMember(record, 1) ? typeOf(record[1 + member.length]!) : undefined;
}

function isMember(record: Uint8Array, at: number): boolean {
  for (let index = 0; index < member.length; index++) if (record[at + index] !== member[index]) return false;
  return true;
}

function typeOf(digit: number): MessageTypeNumber | undefined {
  const type = digit - zero;
  return type >= MessageType.Invocation && type <= MessageType.Sequence ? (type as MessageTypeNumber) : undefined;
}
