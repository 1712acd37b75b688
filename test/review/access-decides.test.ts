/** The report is held against the decision core: what it calls sure is allowed, and nothing else is. */
import fc from 'fast-check'
import t from 'tap'
import { decide } from '../../src/decision/decide.ts'
import { findRoute } from '../../src/decision/table.ts'
import { parseTarget } from '../../src/decision/target.ts'
import { ok, seconds } from '../../src/units.ts'
import { accessReport } from '../../src/review/access/access.ts'
import { configOf, inboundWith, loadText } from '../support/config.ts'
import { inboundOf, machine, permissionsOf, stackOf, templateWith } from './templates.ts'

const scopes = ['a', 'b', 'c'].map((name) => `app-api/${name}`)
const need: fc.Arbitrary<string> = fc.letrec<{ need: string; list: string }>((tie) => ({
  need: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom(...scopes),
    fc
      .tuple(fc.constantFrom('anyOf', 'allOf'), tie('list'))
      .map(([kind, list]) => `{ ${kind}: [${list}] }`),
  ),
  list: fc.array(tie('need'), { minLength: 1, maxLength: 3 }).map((needs) => needs.join(', ')),
})).need

const route = fc.record({
  path: fc.constantFrom('/a', '/a/{x}', '/a/b', '/a/**', '/{y}/b', '/c/{x}/d'),
  methods: fc.constantFrom('', 'methods: [GET], ', 'methods: [PUT, POST], '),
  access: fc.oneof(
    need.map((text) => `scopes: ${text}`),
    fc.constant('authenticated: true'),
  ),
  only: fc.constantFrom('', ', clientIds: [id0]', ', clientIds: [id1, id2]'),
})

t.test('a client can call what it says, and nothing that it does not say', (t) => {
  let compared = 0
  fc.assert(
    fc.property(
      fc.uniqueArray(route, {
        minLength: 1,
        maxLength: 6,
        selector: ({ path, methods }) => path + methods,
      }),
      fc.array(fc.subarray(scopes), { minLength: 1, maxLength: 3 }),
      (routes, clients) => {
        const text = inboundWith(
          routes
            .map(
              ({ path, methods, access, only }) =>
                `{ path: "${path}", ${methods}${access}${only} }`,
            )
            .join(', '),
        )
        fc.pre(loadText(text).ok)
        const config = configOf(text)
        const inbound = inboundOf(config)
        const template = templateWith(
          ['a', 'b', 'c'],
          clients.map((granted, at) => machine(`client${at}`, granted.join(', '))),
        )
        const report = accessReport(
          config,
          inbound,
          permissionsOf(template, stackOf(clients.length)),
        )
        for (const [at, granted] of clients.entries())
          for (const { path, methods } of inbound.routes.map(({ pattern, methods }) => ({
            path: pattern.text,
            methods,
          })))
            for (const method of methods ?? ['PATCH']) {
              const target = parseTarget(
                path.replace('{x}', 'zz').replace('{y}', 'yy').replace('**', 'ww/w'),
                inbound.paths,
              )
              if (!target.ok) throw new Error(path)
              const found = findRoute(inbound.table, target.value, method, false)
              if (!found.ok || found.value.kind !== 'route') continue
              if (found.value.route.pattern.text !== path) continue
              const token = {
                ...{ issuer: 'i', issuerName: 'app', clientId: `id${at}`, claims: {} },
                ...{ scopes: new Set<string>(granted), expiresAt: seconds(1) },
              }
              const allowed = decide(found.value, ok(token)).kind === 'allow'
              const said = report.clients
                ?.find(({ clientId }) => clientId === `id${at}`)
                ?.grants.some(
                  (grant) =>
                    grant.path === path &&
                    grant.unresolved.length === 0 &&
                    grant.methods.includes(methods === undefined ? '*' : method),
                )
              compared += 1
              if (said !== allowed)
                throw new Error(`${text}\n${template}\n${method} ${path}: ${String(said)}`)
            }
      },
    ),
    { numRuns: 300, seed: 6 },
  )
  t.ok(compared > 500, `${compared} compared`)
  t.end()
})
