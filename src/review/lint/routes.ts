/** What routes alone show: open ones among closed ones, those that can never match, spellings. Pure. */
import type { Config } from '../../config/config.ts'
import { contains } from '../../decision/crossing.ts'
import type { Pattern } from '../../decision/pattern.ts'
import type { Route } from '../../decision/routes.ts'
import { type Finding, finding, type FindingId } from './finding-table.ts'

export function lintRoutes({ file, inbound, issuers }: Config): readonly Finding[] {
  const routes = inbound?.routes ?? []
  const at = (id: FindingId, route: Route, message: string): Finding =>
    finding(id, {
      ...{ file, line: route.line, column: route.column, message },
      names: [route.pattern.text, route.id],
    })
  return [
    ...openAmongClosed(routes, at),
    ...neverMatched(routes, at),
    ...neverMet(routes, issuers, at),
    ...spelledTwice(routes, at),
    ...(inbound?.ignoreCase === true ? caught(routes, at) : []),
  ]
}

type At = (id: FindingId, route: Route, message: string) => Finding

function openAmongClosed(routes: readonly Route[], at: At): readonly Finding[] {
  const closed = routes.filter(({ access }) => access.kind === 'scopes')
  return routes.flatMap((route) => {
    if (route.access.kind === 'scopes') return []
    const around = closed.find(
      ({ pattern }) => keyOf(pattern) !== keyOf(route.pattern) && contains(pattern, route.pattern),
    )
    if (around === undefined) return []
    const where = `${around.pattern.text} (line ${around.line}), which needs scopes`
    return route.access.kind === 'public'
      ? [at('SG010', route, `${route.pattern.text} is public, and lies under ${where}`)]
      : [
          at(
            'SG011',
            route,
            `${route.pattern.text} asks for any valid token, and lies under ${where}`,
          ),
        ]
  })
}

/** The same for two patterns that match the same requests: names and case of letters aside. */
function keyOf({ segments, open }: Pattern): string {
  const parts = segments.map((part) => (part.kind === 'literal' ? `=${part.folded}` : '{}'))
  return [...parts, ...(open ? ['**'] : [])].join('/')
}

/** `/a/**` has nothing left when `/a` and `/a/{x}/**` are written, however deep this goes. */
function neverMatched(routes: readonly Route[], at: At): readonly Finding[] {
  const written = new Set(routes.map(({ pattern }) => keyOf(pattern)))
  const deepest = Math.max(0, ...routes.map(({ pattern }) => pattern.segments.length))
  const key = (parts: readonly string[]): string => parts.join('/')
  const isCovered = (parts: readonly string[]): boolean => {
    if (parts.length > deepest || !written.has(key(parts))) return false
    const next = [...parts, '{}']
    return written.has(key([...next, '**'])) || isCovered(next)
  }
  return routes.flatMap((route) => {
    const { pattern } = route
    const parts = keyOf({ ...pattern, open: false }).split('/')
    if (!pattern.open || !isCovered(pattern.segments.length === 0 ? [] : parts)) return []
    return [
      at('SG012', route, `${pattern.text} never matches: narrower paths own all of its requests`),
    ]
  })
}

/** Client ids of which none is left. */
function neverMet(
  routes: readonly Route[],
  issuers: Config['issuers'],
  at: At,
): readonly Finding[] {
  return routes.flatMap((route) => {
    const { conditions } = route
    const names = conditions.flatMap((one) => (one.kind === 'issuer' ? [one.names] : []))
    const lists = conditions.flatMap((one) => (one.kind === 'client' ? [one.ids] : []))
    const accepted = issuers.filter(({ name }) => names.every((list) => list.includes(name)))
    const isLeft = accepted.some(({ clientIds }) => {
      const [first, ...others] = clientIds === undefined ? lists : [clientIds, ...lists]
      return first === undefined || first.some((id) => others.every((list) => list.includes(id)))
    })
    if (isLeft || route.access.kind === 'public') return []
    return [
      at(
        'SG012',
        route,
        `${route.pattern.text} lets nobody in: no client id meets all lists of clientIds`,
      ),
    ]
  })
}

function spelledTwice(routes: readonly Route[], at: At): readonly Finding[] {
  const first = new Map<string, Route>()
  return routes.flatMap((route) => {
    const key = keyOf(route.pattern)
    const before = first.get(key)
    if (before === undefined) first.set(key, route)
    if (before === undefined || spelling(before) === spelling(route)) return []
    return [
      at(
        'SG013',
        route,
        `${route.pattern.text} is ${before.pattern.text} (line ${before.line}) in another spelling: each takes its own methods only as it is spelled`,
      ),
    ]
  })
}

const spelling = ({ pattern }: Route): string =>
  pattern.segments.map((part) => (part.kind === 'literal' ? part.text : '')).join('/')

/** Where case is ignored, `/files/EXPORT` is judged by `/files/export`, not by `/files/{id}`. */
function caught(routes: readonly Route[], at: At): readonly Finding[] {
  return routes.flatMap((route) => {
    const literals = route.pattern.segments.filter(({ kind }) => kind === 'literal').length
    const beside = routes.find(
      (other) =>
        other.pattern.segments.length === route.pattern.segments.length &&
        other.pattern.segments.filter(({ kind }) => kind === 'literal').length < literals &&
        contains(other.pattern, route.pattern) &&
        JSON.stringify([other.access, other.conditions]) !==
          JSON.stringify([route.access, route.conditions]),
    )
    if (beside === undefined) return []
    return [
      at(
        'SG013',
        route,
        `${route.pattern.text} takes every spelling (ignoreCase) from ${beside.pattern.text} (line ${beside.line}), which asks something else`,
      ),
    ]
  })
}
