/** Whatever the target: who may not is never let through to a protected path, however an upstream may read it. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { startScene } from '../support/scene.ts'
import { seed } from '../support/seed.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

/** What lenient parsers do to a path; in any order, any number of times. */
const habits: readonly ((path: string) => string)[] = [
  (path) =>
    path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  (path) => path.replace(/\\/g, '/'),
  (path) => path.replace(/\/+/g, '/'),
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => path.replace(/\/\.(?=\/|$)/g, ''),
  (path) => path.replace(/\/(?!\.\.?(?:\/|$))[^/]*\/\.\.(?=\/|$)/, ''),
  (path) => path.replace(/^\/\.\.(?=\/|$)/, ''),
  (path) => path.replace(/[\0?#].*$/s, ''),
  (path) => path.replace(/^[a-z]+:\/\/[^/]*/i, ''),
  (path) => path.toLowerCase(),
  (path) => unicodeFolded(path),
  (path) => path.trim(),
]

function unicodeFolded(path: string): string {
  try {
    return decodeURIComponent(path).toUpperCase().toLowerCase()
  } catch {
    return path
  }
}

/** All that one can get out of a path by these habits. */
function readings(path: string): ReadonlySet<string> {
  const found = new Set([path])
  for (const one of found) for (const habit of habits) if (found.size < 2000) found.add(habit(one))
  return found
}

const isProtected = (path: string): boolean =>
  [...readings(path)].some((reading) => /^\/?(?:export|secret)(?:\/|$)/.test(reading))

const plain = fc.constantFrom('public', 'upload', 'a', 'b', 'file%2etxt', '...', '100%25')
const odd = fc.constantFrom(
  ...['export', 'EXPORT', 'ex%70ort', '%65xport', 'secret', '%c5%bfecret', 'PUBLIC', 'Upload'],
  ...[
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '.%2e',
    '..;',
    '..;a=b',
    '.;',
    ';',
    ';export',
    '%3b..',
    'a;b',
    '',
  ],
  ...['%2f', '%5c', '..%2f', '..%5c', '%252e%252e', '%252f', '%', '%c0%ae', '%00', '%0a', 'a%2fb'],
  ...['a%2f..%2f..%2fexport', '..\\', '\\', '#', '*', ' ', '?', 'é', '%c3%a9', '%EF%BC%8E'],
)
const piece = fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: odd })
const separator = fc.oneof(
  { weight: 9, arbitrary: fc.constant('/') },
  { weight: 1, arbitrary: fc.constantFrom('//', '\\', '%2f', ';', '?', '') },
)
const start = fc.constantFrom(
  '/',
  '/public/',
  '/public/',
  '/upload/',
  '/upload/',
  '//',
  'http://api/',
)
const target = fc
  .tuple(start, fc.array(fc.tuple(separator, piece), { minLength: 1, maxLength: 4 }))
  .map(([first, rest]) => first + rest.flat().slice(1).join(''))
const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'get')

async function holds(t: Test, paths: string): Promise<void> {
  const issuer = await startTestIssuer(t)
  // one request a connection, so that each text of `received` is one request
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.includes('\r\n\r\n'))
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
  })
  const scene = await startScene(
    t,
    `version: 1
issuers:
  app: { userPoolId: ${issuer.pools[0]!.id}, endpoint: "${issuer.url}" }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}${paths}
  routes:
    - { path: /export/**, scopes: app-api/export }
    - { path: /secret/**, scopes: app-api/export }
    - { path: /upload/**, scopes: app-api/upload }
    - { path: /public/**, methods: [GET, POST], public: true }
admin: { listen: 127.0.0.1:0 }
log: { level: error }
`,
  )
  const claims = issuer.claims(clientNamed(issuer, 'upload-service').id)
  const token = issuer.sign(claims)
  const callers = {
    anonymous: '',
    'a wrong scope': `Authorization: Bearer ${token}\r\n`,
    'a forged token': `Authorization: Bearer ${token.slice(0, -8)}AAAAAAAA\r\n`,
  }
  const tricks =
    'X-Original-URL: /export/1\r\nX-Rewrite-URL: /export/1\r\nX-HTTP-Method-Override: DELETE\r\n' +
    'x_auth_scope: app-api/export\r\nX-Forwarded-Prefix: /export\r\n'
  const call = (line: string, headers: string) =>
    exchangeRaw(
      scene.inbound,
      `${line} HTTP/1.1\r\nHost: api\r\n${headers}${tricks}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    )
  let forwarded = 0
  t.comment(`FAST_CHECK_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(method, target, async (verb, path) => {
      for (const [who, headers] of Object.entries(callers)) {
        const before = upstream.received.length
        await call(`${verb} ${path}`, headers)
        for (const { line, headers: lines } of headsOf(upstream.received.slice(before))) {
          forwarded += 1
          const [, reached = ''] = line.split(' ')
          if (isProtected(reached.replace(/\?.*$/, ''))) throw new Error(`${who}: ${line}`)
          const trick = lines.find((header) => /export|delete/i.test(header))
          if (trick !== undefined) throw new Error(`${who}: ${trick}`)
        }
      }
    }),
    {
      numRuns: 150,
      examples: [
        ['GET', '/public/a'],
        ['GET', '/public/../export'],
        ['GET', '/public/..;/export'],
        ['GET', '/public/%2e%2e%2fexport'],
        ['GET', '/public/%252e%252e/export'],
        ['GET', '/public/%5c..%5c..%5cexport'],
        ['GET', 'http://api/export/1'],
        ['HEAD', '/%c5%bfecret'],
        ['GET', '//export'],
        ['PUT', '/upload/a%5c..%5c..%5cexport'],
      ],
    },
  )
  t.ok(forwarded >= 20, `${forwarded} requests went through: the open ones`)
  t.equal((await call('GET /export/1', callers['a wrong scope'])).status, 403)
  t.equal((await call('GET /export/1', '')).status, 401)
  const exporter = issuer.claims(clientNamed(issuer, 'export-service').id)
  const right = `Authorization: Bearer ${issuer.sign(exporter)}\r\n`
  t.equal((await call('GET /export/1', right)).status, 200)
}

t.test('the readings of this test find what it looks for', (t) => {
  for (const path of [
    '/export',
    '//EXPORT/a',
    '/public/..;x/export',
    '/a/%252e%252e/ex%70ort',
    '/%c5%bfecret',
  ])
    t.ok(isProtected(path), path)
  t.notOk(isProtected('/public/export'))
  t.end()
})

t.test('a protected path is never reached by who may not', (t) => holds(t, ''))

t.test('nor with every relaxation', (t) =>
  holds(t, '\n  paths: { semicolons: allow, emptySegments: allow, encodedSlashes: allow }'),
)
