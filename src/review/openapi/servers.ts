/** `servers` -> the prefix of every path (OpenAPI 3.1 §4.8.5). Pure. */
import type { OpenapiDocument } from './document.ts'
import { entryOf, memberOf, type SourceNode, textOf } from './node.ts'

/** The path of the server's URL, such as `/v1`; empty for none. `wanted` wins over what is written. */
export type BaseOf = (node: SourceNode, key: string) => string | undefined

/** Reads the `servers` of a document, a path item or an operation; undefined when it has none. */
export function basesOf(document: OpenapiDocument, wanted: string | undefined): BaseOf {
  return (node, key) => {
    if (wanted !== undefined) return withoutLastSlash(wanted)
    const entry = entryOf(node, 'servers')
    const servers = entry?.value.kind === 'list' ? entry.value.items() : []
    if (entry === undefined || servers.length === 0) return undefined
    const bases = new Set(servers.map((server) => baseOf(document, server, key)))
    const [first = '', ...others] = bases
    if (others.length > 0)
      document.warn(
        entry.offset,
        key,
        `the servers differ in their paths: ${first || '/'} is taken, not ${others.map((one) => one || '/').join(', ')}; ` +
          'say which with --base-path',
      )
    return first
  }
}

function baseOf(document: OpenapiDocument, server: SourceNode, key: string): string {
  const variables = memberOf(server, 'variables')
  const unknown: string[] = []
  const url = (textOf(memberOf(server, 'url')) ?? '').replace(
    /\{([^{}]*)\}/g,
    (_, name: string) => {
      const value = memberOf(memberOf(variables, name), 'default')
      const text = textOf(value)
      if (text !== undefined) return text
      if (value?.kind === 'scalar' && typeof value.value === 'number') return String(value.value)
      unknown.push(name)
      return ''
    },
  )
  if (unknown.length > 0)
    document.report(
      server.offset,
      key,
      `the variable ${unknown.join(', ')} of the server has no default: say the prefix with --base-path`,
    )
  return withoutLastSlash(pathOf(url))
}

/** Of a URL, of one without a scheme, or of one that is relative to where the document lies. */
function pathOf(url: string): string {
  const path = url.replace(/[?#].*$/, '').replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*/i, '')
  return path === '' || path.startsWith('/') ? path : `/${path.replace(/^(\.\/)+/, '')}`
}

const withoutLastSlash = (path: string): string => path.replace(/\/+$/, '')
