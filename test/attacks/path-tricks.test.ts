/**
 * Oathkeeper GHSA-p224-6x5r-fjpm (`/public/../admin`), OPA-Envoy CVE-2026-26205 (`//admin`), Traefik
 * CVE-2025-66490 and Envoy CVE-2021-29492 (escaped slashes): what was judged and what was served differed, as in the naive stack
 * (H5: `a\b`, judged as one segment, arrived as two; R1).
 * The oracle: whatever reaches the upstream, read as leniently as any server reads, never is the admin path.
 */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const up = [
  '..',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '..;',
  '..;a=b',
  '%252e%252e',
  '..%00',
  '..%09',
  '..%20/..',
]
const slash = ['/', '%2f', '%2F', '\\', '%5c', '//', '%252f', '/./', ';/']
const tricks = [
  ...up.flatMap((dots) =>
    slash.flatMap((cut) => [`/open/${dots}${cut}admin`, `/open${cut}${dots}${cut}admin`]),
  ),
  ...slash.map((cut) => `${cut}admin`),
  '//admin/open/1',
  '/open/1#/../../admin',
  '/open/1?/../../admin',
  '/OPEN/../admin',
  '/open/%c0%ae%c0%ae/admin',
  '/open/%ef%bc%8e%ef%bc%8e/admin',
  '/%6fpen/1',
  '/open/a..b/...',
]

/** The paths under which some server might look this up. */
function lenientPaths(target: string): string[] {
  const path = target.split(/[?#]/)[0]!
  const once = decode(path)
  return [path, once, decode(once)]
    .flatMap((one) => [one, one.replace(/\\/g, '/')])
    .flatMap((one) => [one, one.replace(/;[^/]*/g, '')])
    .map((one) => removeDots(one.replace(/\/+/g, '/')))
}

function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function removeDots(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

t.test('no reading of a target that went upstream is the admin path', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const target of tricks) {
    const answer = await scene.send(
      `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    )
    t.ok([200, 400, 401].includes(answer.status), `${target}: ${answer.status}`)
  }
  const reached = headsOf(upstream.received).map(({ line }) => line.split(' ')[1]!)
  for (const target of reached) {
    t.ok(tricks.includes(target), `${target} goes on as it came`)
    for (const path of lenientPaths(target)) t.notMatch(path, /^\/admin/i, target)
  }
  t.ok(reached.includes('/%6fpen/1'), 'harmless escapes pass')
  t.ok(reached.includes('/open/a..b/...'), 'harmless dots pass')
})

t.test(
  'a target that two routes could own is refused where a relaxation allows to read it twice',
  async (t) => {
    const upstream = await startRawUpstream(t)
    const scene = await startInbound(
      t,
      upstream.port,
      `  paths: { encodedSlashes: allow }
  routes:
    - { path: '/files/{name}', methods: [GET], public: true }
    - { path: /files/admin/keys, methods: [GET], scopes: api/admin }
`,
    )
    const get = async (target: string) =>
      (await scene.send(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).status
    t.equal(await get('/files/admin%2fkeys'), 400)
    t.equal(await get('/files/..%2fadmin'), 400)
    t.equal(await get('/files/a'), 200)
    t.equal(headsOf(upstream.received).length, 1)
  },
)
