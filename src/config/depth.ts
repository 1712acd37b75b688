/**
 * How deep YAML is nested, told before it is composed: the library composes by recursion, and in a
 * deep document a regular expression compiled near the end of the stack ends the process
 * ("RegExpCompiler Allocation failed"), which nothing can catch. Pure.
 */
import { Composer, type CST, type Document, Parser, YAMLParseError } from 'yaml'
import type { DocumentOptions, ParseOptions, SchemaOptions } from 'yaml'
import { no, ok, type Result } from '../units.ts'

/**
 * What `parseDocument` of the library makes of `source`; the offset of the first value that is nested deeper than
 * `most` when there is one. Errors of YAML are in the document, without a picture of their place.
 */
export function parseWithin(
  source: string,
  most: number,
  options: ParseOptions & DocumentOptions & SchemaOptions,
): Result<Document.Parsed, number> {
  const tokens = [...new Parser(options.lineCounter?.addNewLine).parse(source)]
  const tooDeep = tooDeepIn(tokens, most)
  if (tooDeep !== undefined) return no(tooDeep)
  const [first, second] = [...new Composer(options).compose(tokens, true, source.length)]
  // with the second argument there is always one
  const document = first as Document.Parsed
  if (second !== undefined) {
    const [start, end] = second.range
    document.errors.push(new YAMLParseError([start, end], 'MULTIPLE_DOCS', 'one document only'))
  }
  return ok(document)
}

/** Offset of the first value that is nested deeper than `most`; undefined when none is. */
function tooDeepIn(tokens: readonly CST.Token[], most: number): number | undefined {
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
