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
  return hasDuplicateMember(text) ? no('JSON with a duplicate member') : ok(value)
}

/** A string, with the colon that makes it a member's name; or a bracket. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g

/** `text` is known to be JSON, so that only a member's name can stand before a colon. */
function hasDuplicateMember(text: string): boolean {
  const open: Set<string>[] = []
  for (const [lexeme, colon] of text.matchAll(token)) {
    if (lexeme === '{' || lexeme === '[') open.push(new Set())
    else if (lexeme === '}' || lexeme === ']') open.pop()
    else if (colon !== undefined) {
      const names = open.at(-1)
      const name = JSON.parse(lexeme.slice(0, -colon.length)) as string
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}
