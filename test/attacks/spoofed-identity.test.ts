/**
 * oauth2-proxy CVE-2025-64484 (GHSA-vjrc-mh2v-45x6): `X_Forwarded_User` passed the filter that removed
 * `X-Forwarded-User`, and was the same header for WSGI and PHP. Here the upstream reads as leniently as any.
 * Fabio CVE-2025-48865 and reply-from GHSA-gwhp-pf74-vj37 (CVE-2026-33805): `Connection:` removed what the proxy
 * itself had added. reply-from issue 449: headers that it nominates were forwarded (H4, R16).
 */
import fc from 'fast-check'
import t from 'tap'
import { seed } from '../support/seed.ts'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startStrictUpstream } from '../support/strict.ts'
import { startInbound } from '../wire/support.ts'

/** How CGI, WSGI, PHP and Rack name a header, and then some. */
const lenient = (line: string): [string, string] => {
  const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? []
  return [name.toUpperCase().replace(/[^A-Z0-9]/g, '_'), value]
}

const spellings = (name: string): string[] => [
  name,
  name.toUpperCase(),
  name.replace(/-/g, '_'),
  name.replace(/-/g, '.'),
  name.replace('-', '_'),
  name.replace(/-/g, '~'),
  name.replace(/-/g, '!'),
  name.replace(/-/g, "'"),
]

/** Names of the default sets, and what stands behind the stars. */
const protectedNames = [
  'x-auth-client-id',
  'x-auth-subject',
  'x-auth-scope',
  'x-auth-issuer',
  'x-forwarded-user',
  'x-remote-user',
  'remote-user',
  'x-forwarded-client-cert',
  'x-client-cert',
  'x-ssl-client-verify',
  'x-amzn-oidc-identity',
  'x-auth-request-email',
  'x-pomerium-jwt-assertion',
  'x-goog-iap-jwt-assertion',
  'x-jwt-claim-sub',
  'x-forwarded-for',
  'x-forwarded-port',
  'forwarded',
  'x-real-ip',
]

t.test('no spelling of a name that upstreams trust gets through, on any route', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  limits: { maxHeaders: 400 }\n')
  const spoofed = protectedNames.flatMap(spellings).map((name) => `${name}: attacker\r\n`)
  const authorization = `Authorization: Bearer ${await scene.token()}\r\n`
  for (const [path, more] of [
    ['/open/1', ''],
    ['/read/1', authorization],
  ] as const) {
    const request = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}${spoofed.join('')}\r\n`
    t.equal((await scene.send(request)).status, 200)
    const read = headsOf(upstream.received).at(-1)!.headers.map(lenient)
    t.same(
      read.filter(([, value]) => value.includes('attacker')),
      [],
    )
    t.equal(read.filter(([name]) => name === 'X_AUTH_SUBJECT').length, path === '/open/1' ? 0 : 1)
  }
})

const isForwarded = /^(?:x.forwarded.(?:for|port)|forwarded|x.real.ip)$/i
const otherSigns = "! # $ % & ' * + . ^ _ ` | ~ -".split(' ')
/** A spelling that folds to the name: letters in any case, each `-` as any other sign that a name may hold. */
const spelling = fc
  .constantFrom(...protectedNames)
  .chain((name) =>
    fc
      .tuple(
        ...Array.from(name, (char) =>
          char === '-'
            ? fc.constantFrom(...otherSigns)
            : fc.constantFrom(char, char, char.toUpperCase()),
        ),
      )
      .map((chars) => chars.join('')),
  )

t.test('nor does any of 10,000 generated spellings, nominated in Connection or not', async (t) => {
  const upstream = await startStrictUpstream(t)
  const limits = '  limits: { maxHeaders: 400, maxHeaderBytes: 32KiB }\n'
  const enforcing = await startInbound(t, upstream.port, limits)
  const reporting = await startInbound(t, upstream.port, `${limits}  mode: report\n`)
  const authorization = `Authorization: Bearer ${await enforcing.token()}\r\n`
  t.comment(`FAST_CHECK_SEED=${seed}`)
  const names = fc.sample(spelling, { numRuns: 10_000, seed })
  const near = [
    'x-auth-subjects',
    'xx-auth-subject',
    'x-auth--subject',
    'xauth-subject',
    '_x-auth-scope',
  ]
  const wrong: string[] = []
  for (let at = 0; at < names.length; at += 100) {
    const some = names.slice(at, at + 100)
    const isOpen = at % 200 === 0
    const lines = [...some, ...near].map((name, index) => `${name}: attacker${index}\r\n`).join('')
    const nominated = at % 300 === 0 ? `, ${some.join(', ')}` : ''
    const request = `GET ${isOpen ? '/open/1' : '/read/1'} HTTP/1.1\r\nHost: a\r\nConnection: close${nominated}\r\n${isOpen ? '' : authorization}${lines}\r\n`
    for (const scene of at % 1000 === 0 ? [enforcing, reporting] : [enforcing]) {
      const before = upstream.requests.length
      const { status } = await scene.send(request)
      const read = upstream.requests
        .slice(before)
        .flatMap((one) => one.headers)
        .filter(([, value]) => value.startsWith('attacker'))
        .map(([name]) => name)
      // in report mode only what says who calls is taken away
      const passed = scene === enforcing ? read : read.filter((name) => !isForwarded.test(name))
      if (status !== 200 || passed.join() !== near.join())
        wrong.push(`${status} at ${at}: ${passed.join()}`)
    }
  }
  t.same(wrong, [], 'each of them is taken away, and no other name')
  t.same([upstream.requests.length, upstream.faults], [110, []])
})

t.test('Connection takes away nothing that the proxy says, and nothing that frames', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('hello')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const scene = await startInbound(t, upstream.port)
  const named =
    'close, x-auth-client-id, X-Auth-Subject, x-auth-scope, x-forwarded-for, x-request-id, host, content-length, content-type'
  await scene.send(
    `POST /read/1 HTTP/1.1\r\nHost: a\r\nConnection: ${named}\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nAuthorization: Bearer ${await scene.token()}\r\n\r\nhello`,
  )
  const read = new Map(headsOf(upstream.received)[0]!.headers.map(lenient))
  for (const name of [
    'X_AUTH_CLIENT_ID',
    'X_AUTH_SUBJECT',
    'X_AUTH_SCOPE',
    'X_FORWARDED_FOR',
    'X_REQUEST_ID',
    'HOST',
    'CONTENT_LENGTH',
    'CONTENT_TYPE',
  ])
    t.ok(read.get(name), name)
})

t.test('headers of one request never appear in the next', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const { text } = await scene.send(
    `GET /read/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await scene.token()}\r\n\r\n` +
      'GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n' +
      'GET /read/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  )
  t.same(text.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 401'])
  const open = headsOf(upstream.received).find(({ line }) => line.includes('/open/1'))
  t.notMatch(open!.headers.join('\n'), /x-auth/i)
})
