/** Where a document and the routes differ, told at the place of each. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import type { InboundConfig } from '../../src/config/config.ts'
import { driftOf } from '../../src/review/openapi/drift.ts'
import { isAtMost } from '../../src/review/needs.ts'
import { routeText } from '../../src/review/route-yaml.ts'
import type { Access } from '../../src/decision/routes.ts'
import type { ScopeName, ScopeNeed } from '../../src/decision/scopes.ts'
import { configOf } from '../support/config.ts'
import { documentWith, imported } from './openapi.ts'

const inboundOf = (routes: string): InboundConfig =>
  configOf(`version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  routes:
${routes.trim().replace(/^/gm, '    ')}
`).inbound as InboundConfig

const drifts = (paths: string, routes: string): readonly string[] =>
  driftOf(imported(documentWith(paths)), inboundOf(routes)).map(
    (one) => `${one.in} ${one.line}:${one.column} ${one.kind} ${one.message}`,
  )

t.test('nothing is told where both say the same', (t) => {
  const paths = `
/a: { get: { security: [{ app: [read] }, { app: [write] }] }, put: { security: [{ key: [] }] } }
/b/{id}: { get: { security: [] } }
/b/{id}/c: { post: { security: [{ app: [] }] } }`
  t.strictSame(
    drifts(
      paths,
      `
- { path: /a, methods: [GET], scopes: { anyOf: [write, read] } }
- { path: /a, methods: [PUT], scopes: own }
- { path: "/b/{name}", methods: [GET], public: true }
- { path: /b/{id}/**, authenticated: true }`.replace('/b/{id}/**', '"/b/{id}/**"'),
    ),
    [],
  )
  t.end()
})

t.test('an operation without a route is told, whatever keeps it out', (t) => {
  t.strictSame(
    drifts(
      `
/a: { get: { security: [] } }
/b: { put: { security: [] } }
/C: { get: { security: [] } }`,
      `
- { path: /b, methods: [GET], scopes: read }
- { path: /c, methods: [GET], public: true }`,
    ),
    [
      'document 3:9 no_route GET /a: no route has this path',
      'document 4:9 no_route PUT /b: the path has a route, but not for this method (line 7)',
      'document 5:9 no_route GET /C: the path has a route, but is written in another case (line 8)',
      'configuration 7:7 no_operation GET /b: the document has no operation here',
    ],
  )
  t.end()
})

t.test(
  'an operation whose route asks for something else is told, and whether that is more',
  (t) => {
    t.strictSame(
      drifts(
        `
/a: { get: { security: [{ app: [read] }] } }
/b: { get: { security: [{ app: [read] }] } }
/c: { get: { security: [{ app: [read] }] } }
/d: { get: { security: [] } }
/e: { get: {} }
/f: { get: { security: [{ app: [] }] } }`,
        `
- { path: /a, methods: [GET], public: true }
- { path: /b, methods: [GET], authenticated: true }
- { path: /c, methods: [GET], scopes: { allOf: [read, write] } }
- { path: /d, methods: [GET], authenticated: true }
- { path: /e, methods: [GET], public: true }
- { path: /f, methods: [GET], scopes: { anyOf: [read, write] } }`,
      ),
      [
        'document 3:9 wider GET /a: its route at line 7 asks for no token, the document for read',
        'document 4:9 wider GET /b: its route at line 8 asks for any valid token, the document for read',
        'document 5:9 narrower GET /c: its route at line 9 asks for read and write, the document for read',
        'document 6:9 narrower GET /d: its route at line 10 asks for any valid token, the document for no token',
        'document 7:9 wider GET /e: its route at line 11 asks for no token, the document for any valid token',
        'document 8:9 narrower GET /f: its route at line 12 asks for read or write, the document for any valid token',
      ],
    )
    t.end()
  },
)

t.test('a route without an operation is told; one within an operation asks for no less', (t) => {
  t.strictSame(
    drifts(
      `
/a/{id}: { get: { security: [{ app: [read] }] } }
/{x}/{y}: { get: { security: [{ app: [admin] }] } }
/b: { get: { security: [{ app: [read] }] } }`,
      `
- { path: "/a/{id}", methods: [GET], scopes: read }
- { path: "/{x}/{y}", methods: [GET], scopes: admin }
- { path: /a/mine, methods: [GET], authenticated: true }
- { path: /a/his, methods: [GET], scopes: { allOf: [read, write] } }
- { path: /b, methods: [GET, DELETE], scopes: read }
- { path: /b/**, scopes: admin }
- { path: /c/d/e/**, scopes: admin }`,
    ),
    [
      'configuration 9:7 wider GET /a/mine: asks for any valid token, the document (line 3) for read',
      'configuration 11:7 no_operation DELETE /b: the document has no operation here',
      'configuration 13:7 no_operation /c/d/e/**: the document has no operation here',
    ],
  )
  t.end()
})

t.test('a path that can be read as another, or that no request has, is no operation', (t) => {
  const config = inboundOf('- { path: /a/**, scopes: read }')
  const read = imported(documentWith('/a/b: { get: { security: [{ app: [read] }] } }'))
  const [placed] = read.placed
  if (placed === undefined) throw new Error('there is one')
  const odd = (text: string) => ({
    ...read,
    placed: [
      {
        ...placed,
        pattern: {
          ...placed.pattern,
          segments: [{ kind: 'literal' as const, text, folded: text }],
        },
      },
    ],
  })
  t.match(driftOf(odd('x%20y'), config)[0], {
    kind: 'no_route',
    message: /no request has this path/,
  })
  const relaxed: InboundConfig = { ...config, paths: { ...config.paths, semicolons: true } }
  t.match(driftOf(odd('a;b'), relaxed)[0], {
    kind: 'no_route',
    message: /read as that of another route/,
  })
  t.end()
})

t.test('a document and the routes that come of it do not differ', (t) => {
  const { resolve } = createRequire(import.meta.url)
  const texts = [
    readFileSync(resolve('rclone-openapi'), 'utf8'),
    documentWith(`
/a/{x}/c: { get: { security: [{ app: [read] }] }, put: { security: [{ app: [write] }, { app: [admin] }] } }
/a/b/{y}: { get: { security: [{ app: [admin] }] }, head: { security: [{ key: [] }] } }
/a/{y}.json: { get: { security: [] } }
/{w}/b/c: { get: { security: [{ oidc: [own] }] } }
/open: { get: { security: [] } }`),
  ]
  for (const text of texts) {
    const read = imported(text)
    const lines = read.routes.map((route) => `- ${routeText(route)}`)
    t.strictSame(driftOf(read, inboundOf(lines.join('\n'))), [])
  }
  t.end()
})

t.test('who asks for as much or more is at most as open', (t) => {
  const one = (scope: string): ScopeNeed => ({ kind: 'one', scope: scope as ScopeName })
  const all = (...needs: ScopeNeed[]): ScopeNeed => ({ kind: 'allOf', needs: needs as never })
  const any = (...needs: ScopeNeed[]): ScopeNeed => ({ kind: 'anyOf', needs: needs as never })
  const of = (need: ScopeNeed): Access => ({ kind: 'scopes', need })
  const [a, b, c] = [one('a'), one('b'), one('c')]
  t.ok(isAtMost(of(all(a, b)), of(a)))
  t.notOk(isAtMost(of(a), of(all(a, b))))
  t.ok(isAtMost(of(all(a, any(b, c))), of(any(all(a, b), all(a, c)))))
  t.ok(isAtMost(of(any(all(a, b), all(a, c))), of(all(a, any(b, c)))))
  t.notOk(isAtMost(of(any(a, b)), of(a)))
  t.notOk(isAtMost({ kind: 'authenticated' }, of(a)))
  t.ok(isAtMost(of(a), { kind: 'authenticated' }))
  const many = Array.from({ length: 12 }, (_, at) => any(one(`x${at}`), one(`y${at}`)))
  t.notOk(isAtMost(of(all(...many)), of(all(...many))), 'what cannot be told is a no')
  t.notOk(isAtMost(of(any(all(...many), a)), of(a)))
  const list = Array.from({ length: 1001 }, (_, at) => one(`x${at}`))
  t.notOk(isAtMost(of(any(...list)), of(any(...list))))
  t.end()
})
