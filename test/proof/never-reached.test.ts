/**
 * Whatever the target: who may not is never let through to a path, however the upstream may read it.
 *
 * The command itself, raw sockets, 20,000 generated targets with no relaxation and as many with all. The oracle
 * (test/support/readings.ts) reads what reached the upstream in every lenient way at once; each reading must be a
 * path that the caller was allowed, by a model of the routes that shares nothing with the sources (R1, R2, R3, R17).
 */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { buildCommand, startCommand } from '../support/command.ts'
import { foldedSegments, readingsOf } from '../support/readings.ts'
import { seed } from '../support/seed.ts'
import { fireAll } from '../support/volley.ts'

const built = buildCommand(t)

const routes = `  routes:
    - { path: /export/**, scopes: app-api/export }
    - { path: /secret/**, scopes: app-api/export }
    - { path: /upload/**, scopes: app-api/upload }
    - { path: /public/**, methods: [GET, POST], public: true }
    - { path: /public/admin/**, scopes: app-api/export }
    - { path: "/files/{id}", methods: [GET], public: true }
    - { path: /files/keys, scopes: app-api/export }
`

const callers = ['anonymous', 'forger', 'uploader', 'exporter'] as const
type Caller = (typeof callers)[number]

/** The routes above, once more and by hand: may the caller do this to the path with these folded segments? */
function mayReach(who: Caller, method: string, segments: readonly string[]): boolean {
  const [first, second, third] = segments
  const reads = method === 'GET' || method === 'HEAD'
  switch (first) {
    case 'export':
    case 'secret':
      return who === 'exporter'
    case 'upload':
      return who === 'uploader'
    case 'public':
      return second === 'admin' ? who === 'exporter' : reads || method === 'POST'
    case 'files':
      if (second === undefined || third !== undefined) return false
      return second === 'keys' ? who === 'exporter' : reads
    default:
      return false
  }
}

const plain = ['public', 'upload', 'files', 'admin', 'export', 'a', 'file%2etxt', '...', '100%25']
const odd = [
  ...['EXPORT', 'ex%70ort', '%65xport', 'secret', '%c5%bfecret', 'PUBLIC', 'Admin', '%61dmin'],
  ...['keys', 'KEYS', '.', '..', '%2e', '%2E%2e', '.%2e', '..;', '..;a=b', '.;', ';', ';export'],
  ...['%3b..', 'admin;x', 'admin%3bx', 'a;b', '', '%2f', '%5c', '..%2f', '..%5c', '%252e%252e'],
  ...['%252f', '%2525', '%', '%c0%ae', '%00', 'admin%00', '%0a', 'a%2fb', 'keys%2f', '%2fadmin'],
  ...['a%2f..%2f..%2fexport', '..\\', '\\', '#', '*', '?', '%c3%a9', '%EF%BC%8E', '%u002e', '..'],
  // what ends a connection, so not often
  ...[' ', 'é', '\0'],
]
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...plain) },
  { weight: 1, arbitrary: fc.constantFrom(...odd) },
)
const separator = fc.oneof(
  { weight: 12, arbitrary: fc.constant('/') },
  { weight: 1, arbitrary: fc.constantFrom('//', '\\', '%2f', ';', '?', '') },
)
const start = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('/', '/public/', '/upload/', '/files/') },
  { weight: 1, arbitrary: fc.constantFrom('//', 'http://api/', 'http:/', '*', '/%2f', '/\\') },
)
const target = fc
  .tuple(start, fc.array(fc.tuple(separator, piece), { minLength: 1, maxLength: 4 }))
  .map(([first, rest]) => first + rest.flat().slice(1).join(''))
const shot = fc.record({
  who: fc.constantFrom(...callers),
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'SEARCH'),
  target,
})
type Shot = { readonly who: Caller; readonly method: string; readonly target: string }

/** Finds of earlier runs, and the classics. */
const kept = [
  ...['/public/../export', '/public/..;/export', '/public/%2e%2e%2fexport', '//export', '//public'],
  ...[
    '/public/%252e%252e/export',
    '/public/%5c..%5c..%5cexport',
    'http://api/export/1',
    '/%2fexport',
  ],
  ...['/%c5%bfecret', '/upload/a%5c..%5c..%5cexport', '/files/admin%2fkeys', '/public;/admin/x'],
  ...[
    '/public/admin%2fx',
    '/public/ADMIN',
    '/public//admin',
    '/files/keys;x',
    '/public#/../export',
  ],
].flatMap((one) => callers.map((who): Shot => ({ who, method: 'GET', target: one })))

/** Would a lenient upstream take one of these for another request than the line says? */
const tricks =
  'X-Original-URL: /trick\r\nX-Rewrite-URL: /trick\r\nX-HTTP-Method-Override: TRICK\r\n' +
  'x_auth_scope: trick\r\nX-Forwarded-Prefix: /trick\r\nX-Forwarded-Uri: /trick\r\n'

/** An upstream that keeps the first line and the number of each request, and any trick that came through. */
async function startWitness(t: Test) {
  const reached = new Map<number, { method: string; target: string }>()
  const tricked: string[] = []
  const server = http.createServer((req, res) => {
    const { method = '', url = '' } = req
    reached.set(Number(req.headers['x-case']), { method, target: url })
    tricked.push(...req.rawHeaders.filter((text) => /trick/i.test(text)))
    res.setHeader('Content-Length', 2).end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { reached, tricked, port: (server.address() as AddressInfo).port }
}

async function holds(t: Test, paths: string): Promise<void> {
  const issuer = await startTestIssuer(t)
  const upstream = await startWitness(t)
  const command = await startCommand(
    t,
    built,
    `version: 1
issuers:
  app: { userPoolId: ${issuer.pools[0]!.id}, endpoint: "${issuer.url}" }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
${paths}${routes}
log: { sampleAllowed: 0 }
`,
  )
  const tokenOf = (client: string): string =>
    issuer.sign(issuer.claims(clientNamed(issuer, client).id))
  const uploader = tokenOf('upload-service')
  const exporter = tokenOf('export-service')
  const tokens = { anonymous: '', forger: `${exporter.slice(0, -8)}AAAAAAAA`, uploader, exporter }
  const authorization = (who: Caller): string =>
    who === 'anonymous' ? '' : `Authorization: Bearer ${tokens[who]}\r\n`

  t.comment(`FAST_CHECK_SEED=${seed}`)
  const shots: readonly Shot[] = [...kept, ...fc.sample(shot, { numRuns: 20_000, seed })]
  const statuses = await fireAll(
    command.inbound,
    shots.map(
      ({ who, method, target }, index) =>
        `${method} ${target} HTTP/1.1\r\nHost: api\r\n${authorization(who)}${tricks}X-Case: ${index}\r\n\r\n`,
    ),
  )

  const wrong: string[] = []
  const counted = new Map<number, number>()
  shots.forEach(({ who, method, target }, index) => {
    const status = statuses[index]!
    counted.set(status, (counted.get(status) ?? 0) + 1)
    const found = upstream.reached.get(index)
    const case_ = `${who}: ${method} ${JSON.stringify(target)} ${status}`
    if ((status === 200) !== (found !== undefined)) wrong.push(`${case_}, told otherwise`)
    if (found === undefined) return
    // more than one space may stand before the version (RFC 9112 §3)
    if (found.method !== method || found.target !== target.replace(/ +$/, ''))
      wrong.push(`${case_}, went on as ${found.method} ${found.target}`)
    for (const reading of readingsOf(found.target))
      // what is not decoded yet is not what anybody serves
      if (!/%[0-9a-f]{2}/i.test(reading) && !mayReach(who, method, foldedSegments(reading)))
        wrong.push(`${case_}, may be read as ${JSON.stringify(reading)}`)
  })
  t.same(wrong.slice(0, 20), [], 'no reading of what reached the upstream is forbidden')
  t.same(upstream.tricked, [])

  const isPlain = /^(?:\/(?:[a-z]+|file%2etxt|\.\.\.|100%25))+$/
  const misjudged = shots.filter(({ who, method, target }, index) => {
    if (!isPlain.test(target)) return false
    const segments = foldedSegments(target)
    return (statuses[index] === 200) !== mayReach(who, method, segments)
  })
  t.same(
    misjudged.slice(0, 20),
    [],
    'and what nobody can read in two ways is judged as the routes say',
  )

  t.comment(JSON.stringify(Object.fromEntries(counted)))
  for (const status of [200, 400, 401, 403])
    t.ok(counted.get(status)! > 1000, `${status} is among the answers`)
  t.equal(command.child.exitCode, null)
  for (const token of [uploader, exporter, tokens.forger])
    t.notOk(command.printed().includes(token), 'the log holds no token')
}

t.test('the readings of this test find what it looks for', (t) => {
  const firsts = (target: string) =>
    [...readingsOf(target)].map((reading) => foldedSegments(reading).join('/'))
  for (const [target, reading] of [
    ['/export', 'export'],
    ['//EXPORT/a', 'export/a'],
    ['/public/..;x/export', 'export'],
    ['/a/%252e%252e/ex%70ort', 'export'],
    ['/%c5%bfecret', 'secret'],
    ['/a\\..\\export', 'export'],
    ['/public%00.txt', 'public'],
    ['//host/export', 'export'],
    ['http://api/export', 'export'],
    ['/a/./b/../../export?x#y', 'export'],
    ['/public/export', 'public/export'],
  ] as const)
    t.ok(firsts(target).includes(reading), target)
  t.same(firsts('/public/export'), ['public/export'])
  t.end()
})

t.test('a path is never reached by who may not', (t) => holds(t, ''))

t.test('nor with every relaxation', (t) =>
  holds(t, '  paths: { semicolons: allow, emptySegments: allow, encodedSlashes: allow }\n'),
)
