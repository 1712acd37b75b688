/** `scopegate explain`: the command as people and programs use it. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { parseArguments } from '../../src/cli.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { readAll } from '../../src/commands/stdin.ts'
import { folderWith, repository } from '../support/command.ts'
import { yamlBlocks } from '../support/documents.ts'
import { makeKey, mint, noon, poolClaims } from '../support/issuer.ts'
import { seconds } from '../../src/units.ts'
import { fakeIo } from './support.ts'

const poolIss = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'
const yaml = `version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e, algorithms: [ES256] }
  partner: { issuer: https://partner.example, audience: api }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  issuers: [app, partner]
  routes:
    - { path: /export/**, methods: [GET], scopes: { allOf: [a, { anyOf: [b, { allOf: [c, d] }] }] } }
    - { path: /me, authenticated: true, clientIds: [one], claims: { tenant: acme }, issuers: app }
    - { path: /open, methods: [GET], public: true }
    - { path: /tried, methods: [GET], scopes: a, mode: report, websocket: true }
    - { path: /any, authenticated: true, policy: }
`.replace(', policy: ', ' ')

type Ran = { readonly code: number; readonly out: string; readonly err: string }

async function run(t: Test, line: string, stdin = '', text = yaml): Promise<Ran> {
  const file = `${folderWith(t, { 'p.yaml': text })}/p.yaml`
  const { io, out, err } = fakeIo(t, {
    openStdin: () => Readable.from([Buffer.from(stdin)]),
    clock: () => seconds(noon),
  })
  const words = line.split(' ').map((word) => word.replaceAll('~', ' '))
  const parsed = parseArguments(['explain', '-c', file, ...words], '1')
  if (parsed.kind === 'ending')
    return { code: parsed.ending.exitCode, out: parsed.ending.out, err: parsed.ending.err }
  const code = await dispatch(parsed.command, io)
  return { code, out: out().replaceAll(file, 'p.yaml'), err: err().replaceAll(file, 'p.yaml') }
}

t.test('a denial is told with its route, what is missing and the exact answer', async (t) => {
  const { code, out, err } = await run(t, 'GET /export/1 --scopes a~c')
  t.equal(code, 1)
  t.equal(err, '')
  t.equal(
    out,
    `GET /export/1: denied, 403 insufficient_scope

route    GET /export/** (p.yaml:10)
token    of any issuer, of any client, with scopes a c
         provided that it is valid
needs    met     it is of issuer app or partner
         missing it has a and (b or (c and d))
         missing   all of
         met         a
         missing     one of
         missing       b
         missing       all of
         met             c
         missing         d
answer   HTTP 403
         WWW-Authenticate: Bearer realm="scopegate", error="insufficient_scope", scope="a b"
         {"type":"about:blank","title":"The access token lacks a scope","status":403,"code":"insufficient_scope","detail":"The route needs a b."}
without  a token: denied, 401 missing_token
`,
  )
})

t.test(
  'without a word about the token it is told what is needed, and the anonymous answer',
  async (t) => {
    const { code, out } = await run(t, '/export/1')
    t.equal(code, 1)
    t.match(out, /^GET \/export\/1: denied, 401 missing_token\n/)
    t.match(out, 'unknown it is of issuer app or partner')
    t.match(out, 'unknown it has a and (b or (c and d))')
    t.match(out, 'WWW-Authenticate: Bearer realm="scopegate"\n')
    t.notMatch(out, 'without  a token')
  },
)

t.test('what depends on what was not said is told in every way', async (t) => {
  const { code, out } = await run(t, 'DELETE /me --client one')
  t.equal(code, 1)
  t.match(out, /^DELETE \/me: depends on what is not known of the token\n/)
  t.match(out, 'answer   unless it is of issuer app: denied, 403 issuer_not_allowed\n')
  t.match(out, '         unless its claim tenant is acme: denied, 403 claim_mismatch\n')
  t.match(out, '         all else: allowed\n')
  t.match(await run(t, 'GET /export/1 --client one --scopes ~'), {
    code: 1,
    out: /^GET \/export\/1: denied, 403 insufficient_scope/,
  })
  t.match(await run(t, 'GET /me --scopes a'), { out: /unless it is of client one: denied, 403/ })
  const partner = await run(t, 'GET /me --issuer partner --client two')
  t.match(partner, { code: 1, out: /^GET \/me: denied, 403 issuer_not_allowed/ })
})

t.test('denied in any case, though it is not known with which code', async (t) => {
  const text = yaml.replace('scopes: a, mode: report', 'scopes: a, issuers: app')
  const { code, out } = await run(t, '/tried --scopes b', '', text)
  t.equal(code, 1)
  t.match(out, /^GET \/tried: denied in any case\n/)
  t.match(out, 'unless it is of issuer app: denied, 403 issuer_not_allowed')
  t.match(out, 'all else: denied, 403 insufficient_scope')
})

t.test('an allowed request ends with 0', async (t) => {
  t.match(await run(t, 'GET /export/1 --scopes a~b'), {
    code: 0,
    out: /: allowed\n[^]*answer {3}that of the upstream/,
  })
  t.match(await run(t, 'head /open'), {
    code: 0,
    out: /needs {4}no token\n[^]*HEAD is judged as GET/,
  })
  t.match(await run(t, '/any --issuer app'), {
    code: 0,
    out: /needs {4}met {5}it is of issuer app or partner\n/,
  })
  t.match(await run(t, `/me --claims {"client_id":"one","tenant":"acme"} --issuer app`), {
    code: 0,
    out: /provided that it has a fitting iss, exp, token_use\n/,
  })
})

t.test('a token comes from standard input only, and is never said again', async (t) => {
  const compact = await mint(makeKey('k'), {
    ...poolClaims(poolIss),
    client_id: 'one',
    tenant: 'acme',
  })
  const good = await run(t, '/me --token -', `${compact}\n`)
  t.match(good, {
    code: 0,
    out: /token {4}of issuer app, of client one, with scopes [^\n]*, its signature was NOT checked\n/,
  })
  t.notMatch(good.out, compact.slice(0, 20))
  const typed = await run(t, `/me --token ${compact}`)
  t.match(typed, { code: 2, out: '', err: /write --token - and give the token on standard input/ })
  t.notMatch(typed.err, compact.slice(0, 20))
  t.match(await run(t, '/me --token - --scopes a', compact), {
    code: 2,
    err: /cannot be used with/,
  })
  t.match(await run(t, '/me --claims {} --scopes a', compact), {
    code: 2,
    err: /cannot be used with/,
  })
  t.match(await run(t, '/me --token -', ' '), { code: 2, err: /standard input holds no token/ })
  t.match(await run(t, '/me --token -', 'x'.repeat(64 * 1024 + 1)), { code: 2, err: /too long/ })
  const broken = await run(t, '/me --token -', 'a.b.c')
  t.match(broken, {
    code: 1,
    out: /401 invalid_token[^]*it cannot be read, its signature was NOT checked/,
  })
})

t.test('report mode, handshakes and routes that came close are told', async (t) => {
  const { out } = await run(t, '/tried --scopes b')
  t.match(out, /^GET \/tried: forwarded in report mode, else denied, 403 insufficient_scope\n/)
  t.match(out, 'note     Report mode: what is denied is forwarded all the same')
  t.match(out, 'A WebSocket handshake is judged in the same way')
  t.match(await run(t, '/tried --scopes a'), { code: 0, out: /note {5}Report mode/ })
  t.match(await run(t, '/any --issuer app'), {
    out: /handshake is answered 403 upgrade_not_allowed/,
  })
  t.match(await run(t, 'POST /open --scopes a'), {
    out: /route {4}GET \/open \(p\.yaml:12\) owns the path, but does not take the request\n[^]*close {4}GET \/open \(p\.yaml:12\) has this path, but lists GET, not POST\n/,
  })
  t.match(await run(t, '/opne --scopes a'), {
    out: /route {4}none has this path\n[^]*close {4}GET \/open \(p\.yaml:12\) has open as segment 1\n/,
  })
  const text = yaml.replace(
    '  routes:',
    '  allowPreflight: true\n  tokenHeader: x-token\n  routes:',
  )
  t.match(await run(t, 'OPTIONS /me', '', text), {
    out: /A CORS preflight is forwarded without a token[^]*The token is read from the header x-token/,
  })
})

t.test('what is refused before any route is told with its reason', async (t) => {
  t.match(await run(t, '/a/../b'), {
    code: 1,
    out: /^GET \/a\/\.\.\/b: denied, 400 invalid_path\n\nroute {4}none is looked for: a segment is \. or \.\.\n/,
  })
  t.match(await run(t, `/${'a'.repeat(9000)}`), { code: 1, out: /HTTP 414/ })
  t.match(await run(t, 'TRACE /'), { code: 1, out: /405 method_refused/ })
  t.match(await run(t, '/straße?ü\ud800'), {
    code: 1,
    out: /400 invalid_request[^]*note {5}Clients send this path as \/stra%C3%9Fe\?%C3%BC%EF%BF%BD\.\n/,
  })
  t.match(await run(t, 'CONNECT /'), { code: 1, out: /405 method_refused/ })
})

t.test('JSON has all of it for programs', async (t) => {
  const { code, out } = await run(t, 'GET /export/1 --scopes a --json')
  t.equal(code, 1)
  t.match(JSON.parse(out), {
    request: { method: 'GET', target: '/export/1' },
    configHash: /^[0-9a-f]{64}$/,
    decision: 'deny',
    token: { is: ['of any issuer', 'of any client', 'with scopes a'], provided: ['it is valid'] },
    route: {
      id: 'GET /export/**',
      line: 10,
      column: 7,
      methods: ['GET'],
      mode: 'enforce',
      policy: null,
      takesRequest: true,
    },
    conditions: [
      { kind: 'issuer', state: 'met', issuers: ['app', 'partner'] },
      {
        kind: 'scopes',
        state: 'missing',
        scopes: { allOf: [{ scope: 'a', state: 'met' }, { anyOf: [{ scope: 'b' }, {}] }] },
      },
    ],
    outcomes: [
      {
        ...{
          decision: 'deny',
          status: 403,
          code: 'insufficient_scope',
          enforced: true,
          unless: null,
        },
        answer: {
          status: 403,
          wwwAuthenticate: /scope="a b"/,
          body: { code: 'insufficient_scope', status: 403, detail: 'The route needs a b.' },
        },
      },
    ],
    withoutToken: { code: 'missing_token' },
    near: [],
    notes: [],
  })
  t.match(JSON.parse((await run(t, '/me --client one --json')).out), {
    decision: 'depends',
    route: { methods: null },
    conditions: [
      { kind: 'issuer' },
      { kind: 'client', clientIds: ['one'] },
      { kind: 'claim', claim: 'tenant', values: ['acme'] },
    ],
    outcomes: [
      { unless: 'it is of issuer app' },
      { unless: 'its claim tenant is acme' },
      { decision: 'allow', unless: null },
    ],
  })
  t.match(JSON.parse((await run(t, '/opne --json')).out), {
    ...{ route: null, withoutToken: { status: 401 } },
    near: [{ route: 'GET /open', line: 12, kind: 'near_path' }],
  })
  t.match(JSON.parse((await run(t, '//a --json')).out), {
    withoutToken: null,
    outcomes: [{ answer: { status: 400, wwwAuthenticate: null } }],
  })
})

t.test('what cannot be asked is wrong usage, what cannot be read could not run', async (t) => {
  t.match(await run(t, 'FOO /a'), { code: 2, out: '', err: /This method is not known/ })
  t.match(await run(t, 'GET a'), { code: 2, out: '', err: /begins with \// })
  t.match(await run(t, '/me --issuer ap'), { code: 2, err: /has no "ap"; did you mean "app"/ })
  t.match(await run(t, '/me', '', 'version: 2'), { code: 3, out: '', err: /^p\.yaml:1:/ })
  const outbound = `version: 1
clients: { w: { tokenEndpoint: "https://a.example/t", clientId: a, clientSecret: b } }
outbound: { listen: "127.0.0.1:8081", routes: [{ path: /a, upstream: "https://b.example" }] }
`
  t.match(await run(t, '/me', '', outbound), { code: 3, out: '', err: /has no inbound/ })
})

t.test('docs/explain.md shows what is printed', async (t) => {
  const text = readFileSync(`${repository}/docs/explain.md`, 'utf8')
  const [example] = yamlBlocks(text)
  const shown = [...text.matchAll(/```text\n\$ scopegate explain (.*)\n([^]*?)```/g)]
  t.equal(shown.length, 4)
  for (const [, line = '', printed] of shown) {
    const { out } = await run(t, line, '', example?.text)
    t.equal(out.replaceAll('p.yaml', 'proxy.config.yaml'), printed, line)
  }
})

t.test('standard input is read to its end, up to 64 KiB', async (t) => {
  t.equal(await readAll(Readable.from([Buffer.from('a'), Buffer.from('é')])), 'aé')
  t.equal(await readAll(Readable.from([Buffer.alloc(64 * 1024, 'x')])), 'x'.repeat(64 * 1024))
  t.equal(await readAll(Readable.from([Buffer.alloc(64 * 1024), Buffer.from('x')])), undefined)
})

t.test('a machine without the secrets can ask, too, and is told what was left out', async (t) => {
  const text = `${yaml}clients:
  worker: { tokenEndpoint: "https://partner.example/token", clientId: "\${WORKER}", clientSecret: { file: /none/secret } }
outbound: { listen: 127.0.0.1:8081, routes: [{ path: /b, upstream: "http://127.0.0.1:1", client: worker }] }
`
  const { code, out, err } = await run(t, 'GET /open', '', text)
  t.equal(code, 0)
  t.match(out, /^GET \/open: allowed/)
  const why = 'left out, it does not decide who is let through'
  t.equal(
    err,
    `p.yaml:16 clients.worker.clientId: the variable WORKER is not set: ${why}
p.yaml:16 clients.worker.clientSecret.file: /none/secret is not here: ${why}
`,
  )
})
