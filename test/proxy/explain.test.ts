/** What the status page's form says of a request is what the decision core says. */
import t from 'tap'
import type { Explanation } from '../../src/ops/status.ts'
import { explain } from '../../src/proxy/explain.ts'
import type { InboundConfig } from '../../src/config/config.ts'
import { configOf } from '../support/config.ts'

const yaml = (mode: string): string => `version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e }
  partner: { issuer: https://login.partner.example, audience: api }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  issuers: [app, partner]
  mode: ${mode}
  routes:
    - { path: /export/**, methods: [GET], scopes: { allOf: [export, { anyOf: [a, b] }] } }
    - { path: /me, authenticated: true, clientIds: [one, two], claims: { tenant: acme }, issuers: app }
    - { path: /open, methods: [GET], public: true }
    - { path: /tried, methods: [GET], scopes: export, mode: report }
`
const inbound = (mode = 'enforce') => configOf(yaml(mode)).inbound as InboundConfig
const enforced = inbound()
const ask = (request: string, scopes = '', config = enforced): Explanation =>
  explain(config, request, scopes)

t.test('a request is allowed or denied as a caller would be told', (t) => {
  t.strictSame(ask('GET /export/1', 'export b'), {
    ...{ kind: 'explained', method: 'GET', target: '/export/1', verdict: { kind: 'allow' } },
    route: { id: 'GET /export/**', line: 11 },
    needs: 'export and (a or b)',
    provided: ['it is of issuer app or partner'],
    withoutToken: {
      ...{ kind: 'deny', status: 401, code: 'missing_token', enforced: true },
      detail: 'Send one Authorization header with the scheme Bearer and an access token.',
    },
  })
  const cases: readonly (readonly [string, string, number, string])[] = [
    ['GET /export/1', 'export', 403, 'insufficient_scope'],
    ['GET /export/1', '', 403, 'insufficient_scope'],
    ['GET /export/1', 'EXPORT a', 403, 'insufficient_scope'],
    ['POST /export/1', 'export a', 403, 'no_route'],
    ['GET /Export/1', 'export a', 403, 'no_route'],
    ['GET /nowhere', 'export a', 403, 'no_route'],
    ['GET /export//1', 'export a', 400, 'invalid_path'],
    ['GET /export/%2e%2e/me', 'export a', 400, 'invalid_path'],
    ['GET /export/é', 'export a', 400, 'invalid_request'],
    ['TRACE /export/1', 'export a', 405, 'method_refused'],
    ['CONNECT /export/1', 'export a', 405, 'method_refused'],
  ]
  for (const [request, scopes, status, code] of cases)
    t.match(
      ask(request, scopes),
      { kind: 'explained', verdict: { kind: 'deny', status, code, enforced: true } },
      request,
    )
  t.end()
})

t.test('a path alone is a GET; white space and the case of the method do not matter', (t) => {
  for (const request of ['/export/1', '  get   /export/1 ', 'GET\t/export/1'])
    t.match(ask(request, ' a\n export '), { method: 'GET', verdict: { kind: 'allow' } }, request)
  t.end()
})

t.test('what a route asks besides scopes is named, and taken for granted', (t) => {
  t.match(ask('DELETE /me'), {
    verdict: { kind: 'allow' },
    needs: 'any valid token',
    provided: ['it is of issuer app', 'it is of client one or two', 'its claim tenant is acme'],
  })
  t.end()
})

t.test('a public route reads no token', (t) => {
  const told = ask('GET /open')
  t.match(told, { verdict: { kind: 'allow' }, needs: 'no token', provided: [] })
  t.equal(told.kind === 'explained' && told.withoutToken, undefined)
  t.end()
})

t.test('of a path without a route there is nothing to tell but that', (t) => {
  t.match(ask('GET /nowhere'), { route: undefined, needs: undefined, provided: [] })
  // the owner is named: who asks here sees all routes anyway
  t.match(ask('POST /export/1'), { route: { id: 'GET /export/**' }, provided: [] })
  t.end()
})

t.test('what HTTP itself or a limit refuses is refused in report mode, too', (t) => {
  const reporting = inbound('report')
  const long = `GET /export/${'a'.repeat(9000)}`
  for (const config of [enforced, reporting]) {
    t.match(ask(long, 'export a', config), {
      verdict: { kind: 'deny', status: 414, code: 'target_too_long', enforced: true },
    })
    t.match(ask('GET /export/é', 'export a', config), {
      verdict: { kind: 'deny', status: 400, code: 'invalid_request', enforced: true },
    })
  }
  t.end()
})

t.test('an OPTIONS that may be a preflight says so', (t) => {
  const config = { ...enforced, allowPreflight: true }
  t.match(ask('OPTIONS /export/1', '', config), { provided: [/no CORS preflight/] })
  t.match(ask('GET /open', '', config), { provided: [] })
  t.end()
})

t.test('in report mode a denial is told, and that it is not enforced', (t) => {
  t.match(ask('GET /tried'), { verdict: { code: 'insufficient_scope', enforced: false } })
  t.match(ask('POST /tried'), { verdict: { code: 'no_route', enforced: true } })
  const reported = inbound('report')
  for (const request of ['GET /nowhere', 'GET /a//b', 'GET /export/1'])
    t.match(ask(request, '', reported), { verdict: { kind: 'deny', enforced: false } }, request)
  t.match(ask('TRACE /a', '', reported), { verdict: { enforced: true } })
  t.end()
})

t.test('a path that two readings give to different routes is refused', (t) => {
  const lenient = configOf(
    yaml('enforce').replace('mode: enforce', 'mode: enforce\n  paths: { encodedSlashes: allow }'),
  ).inbound as InboundConfig
  t.match(ask('GET /export%2F1', 'export a', lenient), { verdict: { code: 'invalid_path' } })
  t.end()
})

t.test('what nobody could send is said to be so', (t) => {
  for (const [request, because] of [
    ['', /a method and a path/],
    ['   ', /a method and a path/],
    ['GET /a b', /a method and a path/],
    ['GETT /a', /not known/],
    ['export/1', /not known/],
    ['GET export/1', /begins with \//],
    ['GET http://a/b', /begins with \//],
    ['GET', /begins with \//],
  ] as const)
    t.match(ask(request), { kind: 'unreadable', because }, request)
  t.end()
})
