/** Counted, not timed: how often the issuer is asked for keys, and what its keys' end and outage mean. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { DevIssuer } from '../../src/dev/issuer.ts'
import { seconds, systemClock } from '../../src/units.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { startScene, type Scene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

/** `more` are keys of the issuer. */
const yaml = (issuer: DevIssuer, port: number, more = ''): string => `version: 1
issuers:
  app: { userPoolId: ${issuer.pools[0]!.id}, endpoint: "${issuer.url}"${more} }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${port}
  routes:
    - { path: /export/**, scopes: app-api/export }
admin: { listen: 127.0.0.1:0 }
`
const claimsOf = (issuer: DevIssuer) => issuer.claims(clientNamed(issuer, 'export-service').id)

async function get(scene: Scene, token: string) {
  scene.leaks.forbid(token)
  const answer = await exchangeRaw(
    scene.inbound,
    `GET /export/1 HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  scene.leaks.saw(answer.text)
  return answer
}

/** So many tokens, no two the same. */
const signed = (issuer: DevIssuer, count: number): string[] =>
  Array.from({ length: count }, () => issuer.sign(claimsOf(issuer)))

async function statuses(scene: Scene, tokens: readonly string[]): Promise<ReadonlySet<number>> {
  const answers = await Promise.all(tokens.map((token) => get(scene, token)))
  return new Set(answers.map(({ status }) => status))
}

/** The admin listener. */
const ask = (scene: Scene, path: string) =>
  exchangeRaw(scene.admin, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)

/** Waits for the line that follows the lines there are now. */
function next(scene: Scene, msg: string): Promise<unknown> {
  const before = scene.log.length
  return scene.logged((line) => line['msg'] === msg && scene.log.indexOf(line) >= before)
}

/** A clock that a test moves; real time goes on under it, so that timers and counts agree. */
function movedClock() {
  let moved = 0
  return {
    clock: () => seconds(systemClock() + moved),
    move: (bySeconds: number) => (moved += bySeconds),
  }
}

/** How many tokens inbound has begun to verify. */
async function begun(scene: Scene): Promise<number> {
  const { text } = await scene.metrics.render(undefined)
  return Number(/verified_token_cache_total\{result="miss"\} (\d+)/.exec(text)?.[1] ?? 0)
}

t.test('an issuer that fails from the start: 503 and not ready, then well again', async (t) => {
  const issuer = await startTestIssuer(t)
  issuer.faults.jwks({ kind: 'status', status: 500 })
  const upstream = await startRawUpstream(t)
  const scene = await startScene(t, yaml(issuer, upstream.port, ', jwksCooldown: 1s'))
  const failed = await scene.logged(({ msg }) => msg === 'keys could not be fetched')
  t.match(failed, { issuer: 'app', because: 'the answer has status 500' })
  const notReady = await ask(scene, '/readyz')
  t.equal(notReady.status, 503)
  t.match(notReady.body, /keys of issuer app/)
  t.equal((await ask(scene, '/livez')).status, 200)

  const token = issuer.sign(claimsOf(issuer))
  const refused = await get(scene, token)
  t.match(refused, { status: 503, body: /"code":"issuer_unavailable"/ })
  t.equal(refused.headers['retry-after'], '1')
  t.equal(refused.headers['www-authenticate'], undefined, 'the token may be a good one')
  t.strictSame(upstream.received, [])

  // nobody asks: the proxy tries again by itself
  const fetched = next(scene, 'keys fetched')
  issuer.faults.jwks(undefined)
  await fetched
  t.equal((await ask(scene, '/readyz')).status, 200)
  t.equal((await get(scene, token)).status, 200)
  t.equal(headsOf(upstream.received).length, 1)
})

t.test('60 calls with the issuer failing cost at most twelve fetches', async (t) => {
  const issuer = await startTestIssuer(t)
  issuer.faults.jwks({ kind: 'malformed' })
  const scene = await startScene(t, yaml(issuer, 1))
  const tokens = signed(issuer, 60)
  t.strictSame(await statuses(scene, tokens), new Set([503]))
  t.ok(issuer.counts.jwks <= 12, `${issuer.counts.jwks} fetches`)
})

t.test('200 concurrent first calls cost one fetch', async (t) => {
  const issuer = await startTestIssuer(t)
  let answerKeys = (): void => undefined
  issuer.faults.jwks({
    kind: 'slow',
    until: new Promise<void>((resolve) => (answerKeys = resolve)),
  })
  const upstream = await startRawUpstream(t)
  const scene = await startScene(t, yaml(issuer, upstream.port, ', jwksTimeout: 60s'))
  const calls = signed(issuer, 200).map((token) => get(scene, token))
  while ((await begun(scene)) < 200) await setImmediate()
  answerKeys()
  const answers = await Promise.all(calls)
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(issuer.counts.jwks, 1)
  t.equal(headsOf(upstream.received).length, 200)
})

t.test('300 unknown kids cost at most six fetches, and shut nobody out', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const scene = await startScene(t, yaml(issuer, upstream.port))
  await scene.logged(({ msg }) => msg === 'keys fetched')
  const claims = claimsOf(issuer)
  const forged = Array.from({ length: 300 }, (_, at) =>
    issuer.sign(claims, { header: { kid: `unknown-${at}` } }),
  )
  t.strictSame(await statuses(scene, forged), new Set([401]))
  t.ok(issuer.counts.jwks <= 6, `${issuer.counts.jwks} fetches`)
  t.strictSame(upstream.received, [])
  t.equal((await get(scene, issuer.sign(claims))).status, 200)
})

t.test(
  'a new key is used by the first request after the cool-down, an old one no more',
  async (t) => {
    const issuer = await startTestIssuer(t)
    const upstream = await startRawUpstream(t)
    const { clock, move } = movedClock()
    const scene = await startScene(t, yaml(issuer, upstream.port), { clock })
    await scene.logged(({ msg }) => msg === 'keys fetched')
    const old = issuer.sign(claimsOf(issuer))
    t.equal((await get(scene, old)).status, 200)
    await issuer.faults.rotateKeys()
    const fresh = issuer.sign(claimsOf(issuer))
    t.equal((await get(scene, fresh)).status, 401, 'within the cool-down nobody asks')
    t.equal((await get(scene, old)).status, 200)
    t.equal(issuer.counts.jwks, 1)
    move(10)
    t.equal((await get(scene, fresh)).status, 200)
    t.equal((await get(scene, old)).status, 401, 'a remembered verdict ends with its keys')
    t.equal(issuer.counts.jwks, 2)
  },
)

t.test('a key replaced under its own name is replaced, within jwksMaxAge', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const ages = ', jwksCooldown: 1s, jwksMaxAge: 1s'
  const scene = await startScene(t, yaml(issuer, upstream.port, ages))
  await scene.logged(({ msg }) => msg === 'keys fetched')
  const old = issuer.sign(claimsOf(issuer))
  t.equal((await get(scene, old)).status, 200)
  await issuer.faults.rotateKeys({ sameKid: true })
  // one fetch may have begun before the keys were rotated
  await next(scene, 'keys fetched')
  await next(scene, 'keys fetched')
  t.equal((await get(scene, issuer.sign(claimsOf(issuer)))).status, 200)
  t.match(await get(scene, old), { status: 401, body: /invalid_token/ })
})

t.test('withdrawn keys are refused after jwksMaxAge, though nobody asked meanwhile', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const ages = ', jwksCooldown: 1s, jwksMaxAge: 1s'
  const scene = await startScene(t, yaml(issuer, upstream.port, ages))
  await scene.logged(({ msg }) => msg === 'keys fetched')
  const remembered = issuer.sign(claimsOf(issuer))
  t.equal((await get(scene, remembered)).status, 200)
  const withdrawn = scene.logged(
    ({ msg, keyIds }) => msg === 'keys fetched' && Array.isArray(keyIds) && keyIds.length === 0,
  )
  issuer.faults.withdrawKeys()
  await withdrawn
  for (const token of [remembered, issuer.sign(claimsOf(issuer))])
    t.match(await get(scene, token), { status: 401, body: /invalid_token/ })
  t.equal(headsOf(upstream.received).length, 1)
})

t.test('with warm keys an issuer that is gone is missed by nobody, for jwksMaxStale', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const { clock, move } = movedClock()
  const ages = ', jwksCooldown: 1s, jwksMaxAge: 1s'
  const scene = await startScene(t, yaml(issuer, upstream.port, ages), { clock })
  await scene.logged(({ msg }) => msg === 'keys fetched')
  await issuer.close()
  const failed = await scene.logged(({ msg }) => msg === 'keys could not be fetched')
  t.match(failed, { because: /ECONNREFUSED/ })
  t.strictSame(await statuses(scene, signed(issuer, 100)), new Set([200]))
  t.equal((await ask(scene, '/readyz')).status, 200, 'ready once, ready still')

  move(86_400)
  const { iat, exp, ...claims } = claimsOf(issuer)
  const later = issuer.sign({ ...claims, iat: iat + 86_400, exp: exp + 86_400 })
  const refused = await get(scene, later)
  t.match(refused, { status: 503, body: /"code":"issuer_unavailable"/ })
  t.match(refused.headers['retry-after'], /^\d+$/)
})
