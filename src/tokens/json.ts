/** Strict JSON: UTF-8, one object, no member twice at any depth (RFC 8259 §4 leaves those to chance). */
import { no, ok, type Result } from '../units.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a parsed JSON value is an object: neither null nor a list. Pure. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8; undefined when the bytes are not UTF-8. A byte order mark stays and fails as JSON. Pure. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Reads one JSON object. The problem is words that follow "it is". Pure. */
export function parseJsonObject(text: string): Result<JsonObject, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return no('not JSON')
  }
  if (!isJsonObject(value)) return no('not a JSON object')
  return hasDuplicateMember(text, value) ? no('JSON with a duplicate member') : ok(value)
}

/** A string, and the colon that makes it a member's name. */
const string = /"[^"\\]*(?:\\.[^"\\]*)*"\s*:?/g

/**
 * `text` is JSON, so that only a member's name can stand before a colon, and `value` is what it says, so that
 * of members with one name it has one: the text then has more names than the value has members. Counted
 * without making anything per level, since nine thousand brackets fit into a token that nobody has signed.
 */
function hasDuplicateMember(text: string, value: JsonObject): boolean {
  return countNames(text) !== countMembers(value)
}

function countNames(text: string): number {
  let count = 0
  string.lastIndex = 0
  while (string.test(text)) if (text[string.lastIndex - 1] === ':') count += 1
  return count
}

function countMembers(value: JsonObject): number {
  let count = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const one = open.pop()
    if (typeof one !== 'object' || one === null) continue
    const isList = Array.isArray(one)
    const parts: readonly unknown[] = isList ? one : Object.values(one)
    if (!isList) count += parts.length
    for (const part of parts) if (typeof part === 'object') open.push(part)
  }
  return count
}
