/**
 * JSON as nodes that know their place. An OpenAPI document of some 10 MB is mostly schemas, which nobody reads here:
 * they are jumped over, never built. Pure.
 */
import type { Entry, SourceNode } from './node.ts'

/** The value that begins at or behind `from`. `text` must be JSON: `JSON.parse` has read it. */
export function jsonNode(text: string, from: number): SourceNode {
  const offset = afterBlanks(text, from)
  switch (text[offset]) {
    case '{': {
      let known: readonly Entry[] | undefined
      return { kind: 'map', offset, entries: () => (known ??= entriesAt(text, offset)) }
    }
    case '[':
      return { kind: 'list', offset, items: () => itemsAt(text, offset) }
    default:
      return { kind: 'scalar', offset, value: JSON.parse(text.slice(offset, endOf(text, offset))) }
  }
}

function entriesAt(text: string, offset: number): readonly Entry[] {
  const entries: Entry[] = []
  let at = afterBlanks(text, offset + 1)
  while (text[at] !== '}') {
    const end = endOf(text, at)
    // between a key and its value stands one colon
    const value = jsonNode(text, afterBlanks(text, end) + 1)
    entries.push({ name: JSON.parse(text.slice(at, end)) as string, offset: at, value })
    at = afterComma(text, endOf(text, value.offset))
  }
  return entries
}

function itemsAt(text: string, offset: number): readonly SourceNode[] {
  const items: SourceNode[] = []
  let at = afterBlanks(text, offset + 1)
  while (text[at] !== ']') {
    items.push(jsonNode(text, at))
    at = afterComma(text, endOf(text, at))
  }
  return items
}

function afterBlanks(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at += 1
  return at
}

function afterComma(text: string, from: number): number {
  const at = afterBlanks(text, from)
  return text[at] === ',' ? afterBlanks(text, at + 1) : at
}

/** Where the value that begins at `at` is over. No recursion: a document may be as deep as it is long. */
function endOf(text: string, at: number): number {
  const first = text[at]
  if (first === '"') return stringEnd(text, at)
  if (first !== '{' && first !== '[') {
    ends.lastIndex = at
    return (ends.exec(text) as RegExpExecArray).index // the end of the text is one
  }
  let depth = 1
  let next = at + 1
  while (depth > 0) {
    structural.lastIndex = next
    const found = structural.exec(text) as RegExpExecArray // what was opened is closed: it is JSON
    const [mark] = found
    if (mark === '"') next = stringEnd(text, found.index)
    else {
      depth += mark === '{' || mark === '[' ? 1 : -1
      next = found.index + 1
    }
  }
  return next
}

const structural = /["{}[\]]/g
const ends = /[\s,\]}]|$/g

function stringEnd(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1)
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  return quote + 1
}

/** Behind an odd number of backslashes. */
function isEscaped(text: string, quote: number): boolean {
  let before = quote
  while (text[before - 1] === '\\') before -= 1
  return (quote - before) % 2 === 1
}
