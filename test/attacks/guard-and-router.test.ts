/**
 * A guard that matched another form of the path than the router behind it (R1, R2):
 * - fastify middie GHSA-8p85-9qpw-fwgw (CVE-2026-2880), its express plugin CVE-2026-22037, CVE-2026-33807,
 *   CVE-2026-33808, CVE-2026-6556, Nest CVE-2026-2293: case, doubled slashes, `;` and a trailing slash
 * - fastify static GHSA-x428-ghpx-8j92 (CVE-2026-6414), CVE-2026-15074: `%2F` was decoded behind the guard
 * - fast-uri CVE-2026-6321: separators were decoded before dots were removed
 * - Traefik CVE-2025-66490, CVE-2026-40912, CVE-2026-48020: encoded characters; a prefix matched decoded and
 *   stripped from the raw path by its decoded length
 * - OPA-Envoy CVE-2026-26205: `//admin/x` was taken for an authority
 */
import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

/** One closed path below an open one: a guard that misses any spelling falls to the open one. */
const routes = `  routes:
    - { path: /**, methods: [GET], public: true }
    - { path: /admin/**, scopes: api/admin }
    - { path: "/teams/{team}/keys", scopes: api/admin }
    - { path: /stra\u00dfe, scopes: api/admin }
`
const closed = [
  ...['/admin', '/admin/', '/admin/x', '/ADMIN/x', '/Admin', '/aDmIn/', '/%61dmin/x', '/%41dmin'],
  ...['/admi%6e', '/%61%64%6d%69%6e/', '/adm\u0131n', '/ADM%C4%B0N', '/admin/x?y', '/admin?'],
  ...[
    '/teams/1/keys',
    '/teams/%31/keys',
    '/teams/a/KEYS/',
    '/teams/.../%6beys',
    '/Teams/admin/keys',
  ],
  ...['/stra%C3%9Fe', '/STRASSE', '/strasse', '/STRA%E1%BA%9EE'],
].filter((target) => !/[^\x21-\x7e]|%C4%B0/.test(target))
const unclear = [
  ...[
    '//admin',
    '/./admin',
    '/x/../admin',
    '/admin;x',
    '/;/admin',
    '/admin%3b',
    '/%2fadmin',
    '/admin%2fx',
  ],
  ...[
    '/x%2f..%2fadmin',
    '/x/%2e%2e/admin',
    '/x/..%2fadmin',
    '/%5cadmin',
    '/\\admin',
    '//x/admin',
    '/x//admin',
  ],
  ...[
    '/admin%00',
    '/%00admin',
    '/admin%0a',
    '/%2561dmin',
    '/%252fadmin',
    '/admin#',
    '/teams//keys',
    '/x\\..\\admin',
  ],
  ...[
    '/teams/a%2fb/keys',
    '/admin/..',
    '/admin/%2e',
    '//',
    '/%c0%afadmin',
    '/%u0061dmin',
    '/%61%',
    '/.;/admin',
  ],
]
const asAuthority = [
  '//x/admin',
  '//x/admin;y',
  '//x//admin',
  '/%2fx/admin',
  '/;/x/admin',
  '//admin/admin',
]
const request = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`

t.test('no spelling of a closed path falls to the open one around it', async (t) => {
  const upstream = await startRawUpstream(t)
  for (const lines of ['', '  ignoreCase: true\n']) {
    const scene = await startInbound(t, upstream.port, routes + lines)
    for (const target of closed) {
      const answer = await scene.send(request(target))
      t.equal(answer.status, 401, target)
      t.match(JSON.parse(answer.body), { code: 'missing_token' })
    }
    for (const target of unclear) {
      const answer = await scene.send(request(target))
      t.equal(answer.status, 400, target)
      t.match(JSON.parse(answer.body), { code: 'invalid_path' })
    }
  }
  t.same(upstream.received, [])
})

t.test('with every relaxation neither', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    `${routes}  paths: { semicolons: allow, emptySegments: allow, encodedSlashes: allow }\n`,
  )
  // an empty segment is no name, so these are in the open path whoever reads them
  const open = ['//', '/x//admin', '/teams//keys']
  for (const target of [
    ...closed,
    ...asAuthority,
    ...unclear.filter((one) => !open.includes(one)),
  ]) {
    const { status } = await scene.send(request(target))
    t.ok(status === 400 || status === 401, `${target}: ${status}`)
  }
  t.same(upstream.received, [])
})
