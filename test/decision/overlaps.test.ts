/**
 * Where paths meet is found by walking the tree of paths beside itself. Comparing every path with every other,
 * and every crossing with all of them, held the event loop for 6 s at a reload of 5,000 routes: to every
 * caller that is an outage (Envoy's rule on cost, issue "Hostile traffic" 9 and 10).
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { contains, crossing } from '../../src/decision/crossing.ts'
import {
  addRoute,
  methodsOf,
  otherMethods,
  type Owner,
  routeFor,
  sameRequirement,
  spokesman,
} from '../../src/decision/owner.ts'
import { emptyTrie, isOwned, overlapping, ownerOf } from '../../src/decision/trie.ts'
import { findCrossings, findTakenAway } from '../../src/decision/overlaps.ts'
import { compareSpecificity, type Pattern, samePath } from '../../src/decision/pattern.ts'
import type { Route } from '../../src/decision/routes.ts'
import type { ScopeName } from '../../src/decision/scopes.ts'
import { buildRouteTable, takenAway } from '../../src/decision/table.ts'
import { pattern, property, route } from './support.ts'

const needs = (scope: string): Partial<Route> => ({
  access: { kind: 'scopes', need: { kind: 'one', scope: scope as ScopeName } },
})

/** The same by definition: each with each, as SPEC 2.1 says it. */
function pairs(owners: readonly Owner[]): [Owner, Owner][] {
  return owners.flatMap((one, at) =>
    owners.slice(at + 1).map((other): [Owner, Owner] => [one, other]),
  )
}

const isOpen = (owners: readonly Owner[], shared: Pattern | undefined): boolean =>
  shared !== undefined && !owners.some((owner) => samePath(owner.pattern, shared))

function crossingsByDefinition(owners: readonly Owner[]): string[] {
  return pairs(owners).flatMap(([one, other]) => {
    const shared = crossing(one.pattern, other.pattern)
    if (!isOpen(owners, shared)) return []
    const differ = methodsOf(one, other).find((method) => {
      const [a, b] = [routeFor(one, method), routeFor(other, method)]
      return a !== undefined && b !== undefined && !sameRequirement(a, b)
    })
    if (differ === undefined) return []
    const [a, b] = [routeFor(one, differ), routeFor(other, differ)]
    return [`${String(a?.id)} x ${String(b?.id)}: ${String(shared?.text)}`]
  })
}

function takenByDefinition(owners: readonly Owner[]): string[] {
  const lost = (broader: Owner, narrower: Owner): string[] =>
    broader.routes.flatMap(({ id, methods }) => {
      const gone = (methods ?? [otherMethods]).filter(
        (method) => routeFor(narrower, method) === undefined,
      )
      return gone.length === 0 ? [] : [`${spokesman(narrower).id} < ${id}: ${gone.join()}`]
    })
  const isBroader = (a: Owner, b: Owner) => a !== b && contains(a.pattern, b.pattern)
  const next = owners.flatMap((narrower) => {
    const around = owners.filter((owner) => isBroader(owner, narrower))
    return around
      .filter((owner) => !around.some((between) => isBroader(owner, between)))
      .flatMap((owner) => lost(owner, narrower))
  })
  const crossed = pairs(owners).flatMap(([one, other]) => {
    if (!isOpen(owners, crossing(one.pattern, other.pattern))) return []
    return compareSpecificity(one.pattern, other.pattern) < 0 ? lost(other, one) : lost(one, other)
  })
  return [...next, ...crossed]
}

const written = fc.record({
  parts: fc.array(fc.constantFrom('a', 'b', 'B', 'c', '{}'), { maxLength: 4 }),
  open: fc.boolean(),
  methods: fc.subarray(['GET', 'HEAD', 'PUT']),
  scope: fc.constantFrom('one', 'other'),
})

const routesOf = fc.array(written, { maxLength: 14 }).map((list) =>
  list.map(({ parts, open, methods, scope }) => {
    const named = parts.map((part, at) => (part === '{}' ? `{n${at}}` : part))
    const path = `/${[...named, ...(open ? ['**'] : [])].join('/')}`
    return route(methods.length === 0 ? path : `${methods.join()} ${path}`, needs(scope))
  }),
)

t.test('what is found in the tree is what comparing each path with each finds', (t) => {
  let crossed = 0
  let taken = 0
  property(t, 1500, routesOf, (routes) => {
    const trie = emptyTrie()
    for (const each of routes) addRoute(ownerOf(trie, each.pattern), each)
    const { owners } = trie
    assert.deepEqual(
      overlapping(trie).map(([a, b]) => [a.pattern.text, b.pattern.text]),
      pairs(owners)
        .filter(
          ([{ pattern: a }, { pattern: b }]) =>
            contains(a, b) || contains(b, a) || crossing(a, b) !== undefined,
        )
        .map(([a, b]) => [a.pattern.text, b.pattern.text]),
    )
    const found = findCrossings(trie).map(
      ({ routes: [a, b], missing }) => `${a.id} x ${b.id}: ${missing.text}`,
    )
    assert.deepEqual(found, crossingsByDefinition(owners))
    const told = findTakenAway(trie).map(
      ({ broader, narrower, methods }) => `${narrower.id} < ${broader.id}: ${methods.join()}`,
    )
    assert.deepEqual(told, takenByDefinition(owners))
    crossed += found.length
    taken += told.length
  })
  t.ok(crossed > 100 && taken > 500, `${crossed} crossings and ${taken} methods were among them`)
  t.end()
})

t.test('a path is owned when exactly it has a route, whatever its names and case', (t) => {
  const trie = emptyTrie()
  for (const text of ['/a/{x}', '/b/**', '/c/d']) ownerOf(trie, pattern(text))
  for (const text of ['/A/{y}', '/b/**', '/C/d/']) t.ok(isOwned(trie, pattern(text)), text)
  for (const text of ['/', '/**', '/a', '/a/{x}/**', '/b', '/c/{x}', '/{x}/d', '/z/{x}/d/e'])
    t.notOk(isOwned(trie, pattern(text)), text)
  t.end()
})

/** A pattern that counts how often it is looked into: every comparison does. */
function counted(text: string, count: () => void): Pattern {
  const { segments, ...rest } = pattern(text)
  return Object.defineProperty(rest, 'segments', {
    get() {
      count()
      return segments
    },
  }) as Pattern
}

t.test('thousands of ordinary routes are compared with their neighbours, not with all', (t) => {
  const most = 5000
  const kinds: Record<string, (at: number) => string> = {
    'services with resources': (at) => `/service${at % 50}/resource${at}/{id}`,
    'everything under one literal': (at) => `/resource${at}`,
    'a parameter first': (at) => `/tenants/{tenant}/service${at % 50}/resource${at}/**`,
    'a parameter before all': (at) => `/{tenant}/resource${at}`,
    'lists and items': (at) => (at % 2 === 0 ? `/list${at}` : `/list${at - 1}/{id}`),
    'the rest by one wide route': (at) => (at === 0 ? '/**' : `/service${at % 50}/r${at}`),
  }
  for (const [kind, path] of Object.entries(kinds)) {
    let looked = 0
    const routes = Array.from({ length: most }, (_, at) =>
      route(path(at), {
        ...needs(`s${at % 7}`),
        pattern: counted(path(at), () => (looked += 1)),
      }),
    )
    const built = buildRouteTable(routes)
    if (built.ok) takenAway(built.value)
    t.ok(built.ok, kind)
    // each with each would be 12.5 million
    t.ok(looked < 20 * most, `${kind}: ${looked} times looked into a path`)
  }
  t.end()
})

t.test('a path as deep as a file is long is built and found like any other', (t) => {
  const deep = `${'/a'.repeat(50_000)}/**`
  const built = buildRouteTable([route(deep), route('/a/{x}/**', needs('other')), route('/**')])
  t.ok(built.ok)
  t.equal(built.ok && takenAway(built.value).length, 0)
  t.end()
})
