/** Variables and files that a configuration names and that are not on the machine of who reviews it. Pure but for `readFile`. */
import type { ReadFile } from '../config/compile/context.ts'
import type { ConfigDocument } from '../config/document.ts'
import type { Environment } from '../config/interpolate.ts'
import { keyText, type KeyPath } from '../config/problems.ts'
import { placeOf, valueAt } from '../config/read.ts'

/** `by name`: it is compared by its name, as `${NAME}`. `left out`: it does not decide who is let through. */
export type Absent = {
  readonly kind: 'variable' | 'file'
  readonly name: string
  readonly key: string
  readonly line: number
  readonly treated: 'by name' | 'left out'
}

type Part = 'by name' | 'left out' | 'needed'

/** Sections that have no part in who is let through. */
const otherSections = ['clients', 'outbound', 'admin', 'log', 'shutdown']
const spareOfInbound = ['listen', 'upstream', 'limits', 'realm', 'problemTypes', 'trustedProxies']
const spareOfIssuer = ['tls', 'jwksTimeout', 'jwksCooldown', 'required']
/** Names of somebody or something: one that is not known is still the same on both sides. */
const names = ['scopes', 'clientIds', 'claims', 'audience', 'scopeClaims', 'clientClaims']
const addresses = ['issuer', 'endpoint', 'jwksUri']

/** What a value at this place is to the question who is let through. */
export function partOf(path: KeyPath): Part {
  const [section = '', first = '', second = '', third = ''] = path.map(String)
  if (otherSections.includes(section)) return 'left out'
  // whose certificates count decides, and is told by the name of the file
  if (path.at(-1) === 'clientCa' || path.at(-1) === 'ca') return 'by name'
  if (section === 'issuers') {
    if (spareOfIssuer.includes(second)) return 'left out'
    const isName = [...names, ...addresses, 'userPoolId', 'jwks'].includes(second)
    return isName ? 'by name' : 'needed'
  }
  if (section !== 'inbound') return 'needed'
  if (spareOfInbound.includes(first) || third === 'timeouts') return 'left out'
  if (first === 'identityHeaders') return 'by name'
  return ['routes', 'policies'].includes(first) && names.includes(third) ? 'by name' : 'needed'
}

/**
 * The text that stands for a variable that is not set; undefined where it must be. It begins with
 * `unset`, is made of letters and digits only and different for each name; in the place of an
 * address or a pool id it looks like one.
 */
export function placeholder(name: string, path: KeyPath): string | undefined {
  if (partOf(path) === 'needed') return undefined
  const word = wordFor(name)
  const key = path[0] === 'issuers' ? String(path[2]) : ''
  if (key === 'userPoolId') return `zz-unset-0_${word}`
  return addresses.includes(key) ? `https://${word}.invalid` : word
}

/** The text with every placeholder turned back into `${NAME}`. */
export function withNames(text: string, variables: Iterable<string>): string {
  let told = text
  for (const name of variables) {
    const word = wordFor(name)
    for (const form of [`zz-unset-0_${word}`, `https://${word}.invalid`, word])
      told = told.replaceAll(form, `\${${name}}`)
  }
  return told
}

/** Ends with a letter that no name is written with here, so that none is the beginning of another. */
const wordFor = (name: string): string =>
  `unset${name.replace(/[^a-wyzA-Z0-9]/g, (other) => `x${other.charCodeAt(0).toString(16)}`)}xq`

/** What is not here, with its place. */
export function absentAt(
  document: ConfigDocument,
  path: KeyPath,
  kind: Absent['kind'],
  name: string,
): Absent {
  const { line } = placeOf(document, path)
  const treated = partOf(path) === 'by name' ? 'by name' : 'left out'
  return { kind, name, key: keyText(path), line, treated }
}

/** Files and secrets that are named and cannot be read here; the document is not changed. */
export function absentFiles(
  document: ConfigDocument,
  deps: { readonly env: Environment; readonly readFile: ReadFile },
): readonly { readonly path: KeyPath; readonly absent: Absent }[] {
  const found: { path: KeyPath; absent: Absent }[] = []
  const visit = (value: unknown, path: KeyPath): void => {
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value))
        visit(inner, [...path, Array.isArray(value) ? Number(key) : key])
    if (typeof value !== 'string') return
    const kind = namedAt(path)
    if (kind === undefined) return
    const isThere = kind === 'file' ? deps.readFile(value).ok : Boolean(deps.env[value])
    if (isThere) return
    // as written: what the environment put in may be a secret in the wrong place
    found.push({
      path,
      absent: absentAt(document, path, kind, String(placeOf(document, path).source)),
    })
  }
  visit(document.root, [])
  return found
}

/** Keys that name a file or a variable, in the right place. */
const sources: ReadonlySet<string> = new Set(['env', 'file', 'ca', 'cert', 'key', 'clientCa'])

/** Whether a file or a variable is named here: where secrets, keys and certificates come from. */
function namedAt(path: KeyPath): 'file' | 'variable' | undefined {
  const [holder, key] = path.slice(-2)
  if (typeof key !== 'string' || !sources.has(key)) return undefined
  if (holder === 'tls') return 'file'
  // one of two secrets stands in a list
  const isSecret = holder === 'clientSecret' || typeof holder === 'number'
  if (key === 'env') return isSecret ? 'variable' : undefined
  return isSecret || holder === 'jwks' ? 'file' : undefined
}

/** The document without what is absent and does not decide, in a form that still loads. */
export function withoutAbsent(document: ConfigDocument, absent: readonly KeyPath[]): unknown {
  let root = document.root
  for (const path of absent) {
    const [section = '', first = '', second = '', third = ''] = path.map(String)
    if (otherSections.includes(section)) {
      root = changed(root, [section], undefined)
      if (section === 'clients') root = changed(root, ['outbound'], undefined)
    } else if (section === 'issuers') root = changed(root, [section, first, second], undefined)
    else if (first === 'listen') {
      root = changed(root, [section, first], '127.0.0.1:1')
      root = changed(root, [section, 'certificateHeader'], undefined)
    } else if (first === 'upstream') root = changed(root, [section, first], 'http://unset.invalid')
    else if (third === 'timeouts')
      root = changed(root, [section, first, Number(second), third], undefined)
    else root = changed(root, [section, first], undefined)
  }
  return root
}

/** A copy with another value at the place, or without it; the same where there is no such place. */
function changed(value: unknown, [step, ...rest]: KeyPath, to: unknown): unknown {
  if (step === undefined) return to
  if (Array.isArray(value))
    return value.map((item: unknown, at) => (at === step ? changed(item, rest, to) : item))
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (key !== step) return [[key, inner]]
    const next = changed(inner, rest, to)
    return next === undefined ? [] : [[key, next]]
  })
  return Object.fromEntries(entries)
}

/** Whether the file has an inbound proxy. */
export const hasInbound = (document: ConfigDocument): boolean =>
  valueAt(document, ['inbound']) !== undefined
