/** `components.securitySchemes`: which of them are tokens with scopes. Pure. */
import { type OpenapiDocument, entriesOf } from './document.ts'
import { memberOf, type SourceNode, textOf } from './node.ts'
import { followReferences } from './references.ts'

export type Scheme =
  /** oauth2 or openIdConnect. `scopes` undefined = not listed, as openIdConnect never does. */
  | { readonly kind: 'token'; readonly scopes: ReadonlySet<string> | undefined }
  /** What Scopegate does not check: `apiKey`, `http basic`, `mutualTLS`. */
  | { readonly kind: 'other'; readonly type: string }
  | { readonly kind: 'unknown' }

/** The scheme of a name. Each is read once; what is wrong with it is reported then. */
export function schemesOf(document: OpenapiDocument): (name: string) => Scheme {
  const nodes = memberOf(memberOf(document.root, 'components'), 'securitySchemes')
  const known = new Map<string, Scheme>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const node = memberOf(nodes, name)
    const scheme: Scheme =
      node === undefined ? { kind: 'unknown' } : readScheme(document, name, node)
    known.set(name, scheme)
    return scheme
  }
}

function readScheme(document: OpenapiDocument, name: string, node: SourceNode): Scheme {
  const key = `components.securitySchemes.${name}`
  const followed = followReferences(document, node)
  if (!followed.ok) {
    document.report(node.offset, key, followed.problem)
    return { kind: 'unknown' }
  }
  const type = textOf(memberOf(followed.value, 'type'))
  if (type === 'openIdConnect') return { kind: 'token', scopes: undefined }
  if (type === 'oauth2') {
    const flows = memberOf(followed.value, 'flows')
    const found = flows === undefined ? [] : entriesOf(document, flows, `${key}.flows`)
    const scopes = found.flatMap(({ value }) => {
      const list = memberOf(value, 'scopes')
      return list?.kind === 'map' ? list.entries().map((entry) => entry.name) : []
    })
    return { kind: 'token', scopes: new Set(scopes) }
  }
  const detail = textOf(memberOf(followed.value, 'scheme'))
  const words = [type ?? 'without a type', ...(detail === undefined ? [] : [detail])].join(' ')
  document.warn(
    node.offset,
    key,
    `${words} is nothing that Scopegate checks: it reads access tokens. Where only this is asked for, ` +
      'the route says `authenticated: true`',
  )
  return { kind: 'other', type: words }
}
