/** An OpenAPI document -> the routes that it asks for, and what cannot be said in routes. */
import type { ConfigProblem } from '../../config/config.ts'
import { intersection } from '../../decision/crossing.ts'
import { ownerOf, emptyTrie } from '../../decision/trie.ts'
import type { Pattern } from '../../decision/pattern.ts'
import type { Access } from '../../decision/routes.ts'
import { http } from '../../node-http.ts'
import { ok, type NonEmpty, type Result } from '../../units.ts'
import { bothAccesses, isAtMost } from '../needs.ts'
import { type ProposedRoute, withoutCrossings } from '../proposed.ts'
import { type Finding, type OpenapiDocument, readOpenapi } from './document.ts'
import { type Operation, operationsOf, type ReadingOptions } from './operations.ts'
import { patternOf } from './path-template.ts'

/** An operation that has no route, and what would come near. */
export type LeftOut = {
  readonly operation: Operation
  readonly line: number
  readonly because: string
  /** A path that matches more. */
  readonly wider: string | undefined
}

/** An operation with the place of its route. */
export type Placed = {
  readonly operation: Operation
  readonly pattern: Pattern
  readonly access: Access
  readonly line: number
  readonly column: number
}

export type Imported = {
  readonly title: string
  readonly operations: number
  readonly placed: readonly Placed[]
  readonly leftOut: readonly LeftOut[]
  readonly routes: readonly ProposedRoute[]
  /** In the order of the text. */
  readonly findings: readonly Finding[]
}

/** Reads `text`; no when it is no document that can be read at all. Pure. */
export function importOpenapi(
  text: string,
  options: ReadingOptions,
): Result<Imported, NonEmpty<ConfigProblem>> {
  const read = readOpenapi(text)
  if (!read.ok) return read
  const document = read.value
  const operations = operationsOf(document, options)
  const placed: Placed[] = []
  const leftOut: LeftOut[] = []
  for (const operation of operations) {
    const { line, column } = document.place(operation.offset)
    const found = placeOf(operation)
    if (found.ok) placed.push({ operation, line, column, ...found.value })
    else leftOut.push({ operation, line, ...found.problem })
  }
  for (const one of leftOut) {
    const { offset, key } = one.operation
    document.report(offset, key, `has no route: ${one.because}${instead(one, placed)}`)
  }
  const { routes, isCrossing } = withoutCrossings(oneRouteEach(document, placed))
  if (isCrossing)
    document.report(
      0,
      'paths',
      'too many paths cross each other: `check` tells what is to be written',
    )
  tellPublic(document, placed)
  tellSilence(document, placed)
  const findings = document.findings.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const { title } = document
  return ok({ title, operations: operations.length, placed, leftOut, routes, findings })
}

type NoPlace = Pick<LeftOut, 'because' | 'wider'>

function placeOf(operation: Operation): Result<{ pattern: Pattern; access: Access }, NoPlace> {
  const { method, base, template, demand } = operation
  const lacks = (because: string): Result<never, NoPlace> => ({
    ...{ ok: false, problem: { because, wider: undefined } },
  })
  if (method === 'TRACE' || method === 'CONNECT') return lacks(`${method} is always refused`)
  if (!http.METHODS.includes(method)) return lacks(`${method} is no method that can be received`)
  const pattern = patternOf(base, template)
  if (!pattern.ok) return pattern
  if (demand.access === undefined) return lacks('what it asks for cannot be written down')
  return ok({ pattern: pattern.value, access: demand.access })
}

/** What else there is to say of it: a path that comes near, and a route that takes its requests meanwhile. */
function instead({ wider, operation }: LeftOut, placed: readonly Placed[]): string {
  const { method, demand } = operation
  const near = wider === undefined ? undefined : patternOf('', wider)
  if (near?.ok !== true) return ''
  const taker = placed.find(
    (one) =>
      one.operation.method === method &&
      intersection(one.pattern, near.value) !== undefined &&
      (demand.access === undefined || !isAtMost(one.access, demand.access)),
  )
  const taken =
    taker === undefined ? '' : `; ${taker.pattern.text} takes such requests and asks for less`
  return `; ${near.value.text} would take more than this${taken}`
}

/** Paths that differ only by names of parameters or a trailing slash are one path here. */
function oneRouteEach(
  document: OpenapiDocument,
  placed: readonly Placed[],
): readonly ProposedRoute[] {
  const trie = emptyTrie()
  const routes = new Map<object, Map<string, ProposedRoute>>()
  const isSilent = placed.every(({ operation }) => operation.demand.isSilent)
  for (const { operation, pattern, access, line } of placed) {
    const { method, name, template, demand, offset, key } = operation
    const path = ownerOf(trie, pattern)
    const ofPath = routes.get(path) ?? new Map<string, ProposedRoute>()
    routes.set(path, ofPath)
    const before = ofPath.get(method)
    const source = `${name}, line ${line}`
    if (before === undefined) {
      // what holds for all of them is said once, at the top
      const notes = isSilent ? [] : demand.notes
      ofPath.set(method, { pattern, method, access, clientIds: undefined, notes, source })
      continue
    }
    const shown = before.pattern.text
    if (!isSpelledAlike(pattern, before.pattern))
      document.report(
        offset,
        key,
        `${template} differs from ${shown} only in case: it has no route`,
      )
    else
      document.warn(
        offset,
        key,
        `${template} is the same path as ${shown}: its route asks for both`,
      )
    ofPath.set(method, {
      ...before,
      access: bothAccesses(before.access, access),
      notes: [`${template} is the same path: this asks for what both ask for`],
      source: `${before.source}; ${source}`,
    })
  }
  return [...routes.values()].flatMap((ofPath) => [...ofPath.values()])
}

const isSpelledAlike = (a: Pattern, b: Pattern): boolean => literals(a) === literals(b)
const literals = ({ segments }: Pattern): string =>
  segments.map((segment) => (segment.kind === 'literal' ? segment.text : '')).join('/')

function tellPublic(document: OpenapiDocument, placed: readonly Placed[]): void {
  for (const { operation, access } of placed)
    if (access.kind === 'public')
      document.warn(
        operation.offset,
        operation.key,
        `${operation.method} ${operation.template}: ${operation.demand.notes.join('; ')}`,
      )
}

function tellSilence(document: OpenapiDocument, placed: readonly Placed[]): void {
  const silent = placed.filter(({ operation }) => operation.demand.isSilent)
  if (silent.length === 0) return
  document.warn(
    0,
    'security',
    `${silent.length} of ${placed.length} operations say nothing of security, and neither does the document: their routes are \`authenticated: true\`, never public`,
  )
}
