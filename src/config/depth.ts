/**
 * How deep YAML is nested, told before it is composed: the library composes by recursion, and in a
 * deep document a regular expression compiled near the end of the stack ends the process
 * ("RegExpCompiler Allocation failed"), which nothing can catch. Pure.
 */
import { Parser, type CST } from 'yaml'

/** Offset of the first value that is nested deeper than `most`; undefined when none is. */
export function tooDeepAt(source: string, most: number): number | undefined {
  return tooDeepIn([...new Parser().parse(source)], most)
}

/** The same of a text that was parsed already. */
export function tooDeepIn(tokens: readonly CST.Token[], most: number): number | undefined {
  const open: { readonly token: CST.Token; readonly depth: number }[] = []
  for (const token of tokens) open.push({ token, depth: 0 })
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > most) return token.offset
    for (const inner of valuesIn(token)) open.push({ token: inner, depth: depth + 1 })
  }
  return undefined
}

function valuesIn(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap((item) =>
    [item.key, item.value].flatMap((inner) =>
      inner === undefined || inner === null ? [] : [inner],
    ),
  )
}
