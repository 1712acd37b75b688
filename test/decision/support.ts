/** Routes in one line, and properties whose seed is printed. */
import type { Test } from 'tap'
import fc from 'fast-check'
import { parsePattern, type Pattern } from '../../src/decision/pattern.ts'
import type { Route } from '../../src/decision/routes.ts'
import type { ScopeName } from '../../src/decision/scopes.ts'
import { buildRouteTable, type RouteTable } from '../../src/decision/table.ts'
import { parseTarget, type PathRelaxations, type Target } from '../../src/decision/target.ts'
import type { NonEmpty } from '../../src/units.ts'
import { seed } from '../support/seed.ts'

export const strict: PathRelaxations = {
  semicolons: false,
  emptySegments: false,
  encodedSlashes: false,
}
export const lenient: PathRelaxations = {
  semicolons: true,
  emptySegments: true,
  encodedSlashes: true,
}

export function pattern(text: string): Pattern {
  const read = parsePattern(text)
  if (!read.ok) throw new Error(read.problem)
  return read.value
}

/** `GET,PUT /a/{id}` or `/a/{id}`; a scope of its own unless one is given. */
export function route(line: string, changes: Partial<Route> = {}): Route {
  const [path = '', methods] = line.split(' ').reverse()
  return {
    id: line,
    line: 1,
    column: 1,
    pattern: pattern(path),
    methods: methods?.split(',') as NonEmpty<string> | undefined,
    access: { kind: 'scopes', need: { kind: 'one', scope: 'app-api/export' as ScopeName } },
    conditions: [],
    policy: undefined,
    mode: 'enforce',
    timeouts: { headers: undefined, body: undefined },
    websocket: { allowed: false, outliveToken: false },
    ...changes,
  }
}

export function table(...routes: readonly (string | Route)[]): RouteTable {
  const built = buildRouteTable(routes.map((one) => (typeof one === 'string' ? route(one) : one)))
  if (!built.ok) throw new Error(built.problem[0].message)
  return built.value
}

export function target(requestTarget: string, relaxed: PathRelaxations = strict): Target {
  const read = parseTarget(requestTarget, relaxed)
  if (!read.ok) throw new Error(read.problem.because)
  return read.value
}

/** Tries `holds` on `runs` values; set FAST_CHECK_SEED to the printed seed to see a failure again. */
export function property<Value>(
  t: Test,
  runs: number,
  values: fc.Arbitrary<Value>,
  holds: (value: Value) => void,
): void {
  t.comment(`FAST_CHECK_SEED=${seed}`)
  t.doesNotThrow(() => {
    fc.assert(fc.property(values, holds), { numRuns: runs })
  })
}
