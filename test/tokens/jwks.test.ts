import t, { type Test } from 'tap'
import type { RequestListener } from 'node:http'
import { createIssuers } from '../../src/tokens/issuers.ts'
import { systemSchedule } from '../../src/tokens/schedule.ts'
import type { IssuerSettings } from '../../src/tokens/settings.ts'
import { milliseconds, secret } from '../../src/units.ts'
import { makeCertificates } from '../support/certificates.ts'
import {
  issuerSettings,
  jwksOf,
  makeDeps,
  makeKey,
  mint,
  noon,
  poolClaims,
  serve,
} from '../support/issuer.ts'

const iss = 'https://issuer.example/pool'
const claims = poolClaims(iss)
const one = makeKey('one')
const two = makeKey('two')
const [byOne, byTwo] = await Promise.all([mint(one, claims), mint(two, claims)])
const unavailable = (retryAfter: number) => ({
  ok: false,
  problem: { code: 'issuer_unavailable', issuerName: 'app', retryAfter },
})
const invalid = (because: string) => ({ ok: false, problem: { code: 'invalid_token', because } })
const noKid = invalid('the issuer has no key with this kid')
const valid = { ok: true }

/** One issuer whose answer the test sets. */
async function issuerServer(t: Test, over: Partial<IssuerSettings> = {}) {
  const answer: { body: string; listener: RequestListener | undefined } = {
    body: jwksOf(one),
    listener: undefined,
  }
  let arrived = () => {}
  const server = await serve(t, (request, response) => {
    arrived()
    if (answer.listener === undefined) response.end(answer.body)
    else answer.listener(request, response)
  })
  const own = makeDeps()
  const settings = issuerSettings({ keys: { kind: 'uri', url: `${server.url}/keys` }, ...over })
  const issuers = createIssuers([settings], own.deps)
  t.teardown(() => issuers.close())
  /** Resolves when the fetch in flight has ended: an unknown kid joins it. */
  const settled = async () => {
    const now = own.deps.clock()
    const unknown = { ...claims, iat: undefined, exp: now + 60 }
    await issuers.verify(await mint(makeKey('settled'), unknown))
  }
  const nextRequest = () => new Promise<void>((resolve) => (arrived = resolve))
  return { ...own, answer, settings, issuers, settled, nextRequest, ...server }
}

t.test('80 first calls at once cost one fetch, and the next ones none', async (t) => {
  const { issuers, requests } = await issuerServer(t)
  t.strictSame(issuers.missing(), ['app'])
  const results = await Promise.all(Array.from({ length: 80 }, async () => issuers.verify(byOne)))
  t.ok(results.every(({ ok }) => ok))
  t.strictSame(requests, ['/keys'])
  t.strictSame(issuers.missing(), [])
  t.match(issuers.verify(byOne), valid, 'not a promise')
  t.equal(requests.length, 1)
  t.match(issuers.status(), [
    { keyIds: ['one'], fetchedAt: noon, lastError: undefined, nextFetchAt: noon + 900 },
  ])
})

t.test('the next fetch that status tells is the planned one, with its jitter', async (t) => {
  const { settings, deps, issuers, wait, settled } = await issuerServer(t)
  const early = createIssuers([settings], { ...deps, random: () => 0.5 })
  t.match(await early.verify(byOne), valid)
  t.match(early.status(), [{ nextFetchAt: noon + 855 }])
  await early.close()
  await issuers.verify(byOne)
  wait(100)
  await settled()
  t.match(issuers.status(), [{ fetchedAt: noon + 100, nextFetchAt: noon + 1000 }])
})

t.test('keys that age faster than the cool-down are fetched when it is over', async (t) => {
  const { issuers } = await issuerServer(t, { jwksMaxAge: milliseconds(5000) })
  t.match(await issuers.verify(byOne), valid)
  t.match(issuers.status(), [{ nextFetchAt: noon + 10 }])
})

t.test('300 unknown kids cost one fetch per cool-down', async (t) => {
  const { issuers, requests, wait } = await issuerServer(t)
  t.match(await issuers.verify(byOne), valid)
  const strangers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => mint({ ...two, kid: `kid ${index}` }, claims)),
  )
  for (let round = 0; round < 3; round += 1) {
    wait(10)
    const results = await Promise.all(strangers.map(async (compact) => issuers.verify(compact)))
    for (const result of results) t.match(result, noKid)
  }
  t.equal(requests.length, 4)
  t.equal(issuers.remembered(), 1)
})

t.test('a token that can never count makes nobody fetch keys', async (t) => {
  const { issuers, requests } = await issuerServer(t)
  for (const over of [{ iss: 'https://x' }, { exp: noon - 60 }, { token_use: 'id' }, { iat: 'x' }])
    t.match(await issuers.verify(await mint(one, { ...claims, ...over })), { ok: false })
  t.match(await issuers.verify(await mint(makeKey('one', 'EdDSA'), claims)), { ok: false })
  t.strictSame(requests, [])
})

t.test('a new key is found by its kid, once the cool-down is over', async (t) => {
  const { issuers, answer, wait, requests, events } = await issuerServer(t)
  t.match(await issuers.verify(byOne), valid)
  answer.body = jwksOf(one, two)
  wait(9)
  t.match(issuers.verify(byTwo), noKid, 'answered from what is known')
  wait(1)
  t.match(await issuers.verify(byTwo), valid)
  t.match(issuers.verify(byOne), valid)
  t.equal(requests.length, 2)
  t.strictSame(events.filter(({ kind }) => kind === 'keys_fetched').at(-1), {
    kind: 'keys_fetched',
    issuer: 'app',
    keyIds: ['one', 'two'],
  })
})

t.test(
  'a key replaced under its kid takes effect, and what it signed is forgotten (J8)',
  async (t) => {
    const { issuers, answer, wait, settled } = await issuerServer(t)
    const other = makeKey('one')
    const byOther = await mint(other, claims)
    let changes = 0
    const callOff = issuers.onKeysChanged(() => (changes += 1))
    t.match(await issuers.verify(byOne), valid)
    t.match(issuers.verify(byOther), invalid('the signature is not valid'))
    answer.body = jwksOf(other)
    wait(900)
    t.match(issuers.verify(byOne), valid, 'refreshed in the background')
    await settled()
    t.match(issuers.verify(byOther), valid)
    t.match(issuers.verify(byOne), invalid('the signature is not valid'))
    t.equal(changes, 1)
    callOff()
    answer.body = jwksOf(one)
    wait(900)
    await settled()
    t.match(issuers.verify(byOne), valid)
    t.equal(changes, 1, 'nobody listens any more')
  },
)

t.test(
  'a key withdrawn stops working after jwksMaxAge, also when nobody asks meanwhile',
  async (t) => {
    const { issuers, answer, wait, ring, timers, settled, requests } = await issuerServer(t)
    issuers.start()
    t.match(await issuers.verify(byOne), valid)
    t.strictSame(timers(), [900_000])
    answer.body = jwksOf(two)
    wait(899)
    ring()
    t.strictSame([requests.length, timers()], [1, [1000]], 'rang too early, and rings again')
    wait(1)
    ring()
    await settled()
    t.equal(requests.length, 2)
    t.match(issuers.verify(byOne), noKid)
    answer.body = '{"keys":[]}'
    wait(900)
    ring()
    await settled()
    t.match(issuers.verify(byTwo), noKid, 'an empty set withdraws every key')
    t.strictSame(issuers.missing(), [], 'and is not the same as no keys')
  },
)

t.test('a set fetched again without a change keeps what is remembered', async (t) => {
  const { issuers, answer, wait, settled, nextRequest, requests, events } = await issuerServer(t)
  answer.body = JSON.stringify({ keys: [one.jwk, { ...two.jwk, use: 'enc' }] })
  const first = await issuers.verify(byOne)
  wait(900)
  const asked = nextRequest()
  t.equal(issuers.verify(byOne), first, 'nobody waits for it')
  await asked
  await settled()
  t.equal(requests.length, 2)
  t.equal(issuers.verify(byOne), first)
  t.strictSame(
    events.filter(({ kind }) => kind === 'key_skipped'),
    [{ kind: 'key_skipped', issuer: 'app', because: 'key two: its use is not sig' }],
    'said once',
  )
})

t.test('an outage keeps the last good keys for jwksMaxStale, then answers 503', async (t) => {
  const { issuers, answer, wait, settled, requests } = await issuerServer(t)
  t.match(await issuers.verify(byOne), valid)
  answer.listener = (_, response) => void response.writeHead(500).end()
  wait(900)
  await settled()
  const failed = { lastError: 'the answer has status 500', fetchedAt: noon, keyIds: ['one'] }
  t.match(issuers.status(), [{ ...failed, nextFetchAt: noon + 910 }], 'after the cool-down')
  t.match(issuers.verify(byOne), valid)
  t.strictSame(await issuers.verify(byTwo), unavailable(10), 'we could not look: not 401')
  wait(3)
  t.strictSame(issuers.verify(byTwo), unavailable(7))
  const long = await mint(one, { ...claims, exp: noon + 86_400 })
  wait(86_400 - 904)
  t.match(issuers.verify(long), valid)
  await settled()
  wait(1)
  t.strictSame(issuers.verify(long), unavailable(9))
  answer.listener = undefined
  wait(9)
  const later = await mint(one, { ...claims, iat: noon + 86_000, exp: noon + 90_000 })
  t.match(await issuers.verify(later), valid, 'and comes back')
  t.ok(requests.length <= 5)
})

t.test('keys that are too old are not used, remembered or not', async (t) => {
  const jwksMaxStale = milliseconds(1_000_000)
  const { issuers, answer, wait, settled } = await issuerServer(t, { jwksMaxStale })
  t.match(await issuers.verify(byOne), valid)
  answer.listener = (request) => void request.socket.destroy()
  wait(999)
  await settled()
  t.match(issuers.verify(byOne), valid)
  wait(1)
  t.strictSame(issuers.verify(byOne), unavailable(9))
})

t.test(
  'a cold outage is 503 at once within the cool-down, and is tried again after it',
  async (t) => {
    const { issuers, answer, wait, ring, timers, requests, settled, events } = await issuerServer(t)
    answer.listener = (_, response) => void response.writeHead(404).end()
    issuers.start()
    for (let call = 0; call < 60; call += 1)
      t.strictSame(await issuers.verify(byOne), unavailable(10))
    t.equal(requests.length, 1)
    t.strictSame(timers(), [10_000])
    t.strictSame(
      events.filter(({ kind }) => kind === 'keys_failed'),
      [{ kind: 'keys_failed', issuer: 'app', because: 'the answer has status 404' }],
    )
    wait(9)
    t.strictSame(issuers.verify(byOne), unavailable(1))
    ring()
    t.strictSame([requests.length, timers()], [1, [1000]])
    t.strictSame(issuers.missing(), ['app'])
    answer.listener = undefined
    wait(1)
    ring()
    await settled()
    t.match(issuers.verify(byOne), valid)
    t.strictSame(issuers.missing(), [])
  },
)

t.test('an answer that is large, late, redirected, malformed or half good', async (t) => {
  const brief = { jwksTimeout: milliseconds(600) }
  const { issuers, answer, wait } = await issuerServer(t, brief)
  const padding = (size: number) => jwksOf(one).slice(0, -1) + `,"x":"${'x'.repeat(size)}"}`
  const limit = 256 * 1024
  const fit = limit - padding(0).length
  for (const [listener, because] of [
    [(_, response) => void response.end(padding(fit + 1)), 'the answer is too large'],
    [() => undefined, 'there was no answer in time'],
    [
      (_, response) => void response.writeHead(302, { location: '/other' }).end(),
      'the answer is a redirect',
    ],
    [(_, response) => void response.end('<html>'), 'the key set is not JSON'],
    [
      (_, response) => void response.end('{"keys":[{}]}'),
      'no key of the set can be used: a key has no kid',
    ],
  ] as readonly [RequestListener, string][]) {
    answer.listener = listener
    t.strictSame(await issuers.verify(byOne), unavailable(10))
    t.match(issuers.status(), [{ lastError: because }])
    wait(10)
  }
  answer.listener = (_, response) => void response.end(padding(fit))
  t.match(await issuers.verify(byOne), valid, 'exactly 256 KiB')
})

t.test('a clock that is set back delays no fetch', async (t) => {
  const { issuers, answer, wait, ring, timers, settled, nextRequest } = await issuerServer(t)
  issuers.start()
  await settled()
  wait(-3600)
  answer.body = jwksOf(two)
  const early = await mint(two, { ...claims, iat: noon - 3600 })
  t.match(await issuers.verify(early), valid, 'the cool-down is over')
  wait(-3600)
  const late = await mint(one, { ...claims, iat: undefined, exp: noon })
  let release = () => {}
  answer.listener = (_, response) => (release = () => response.end(jwksOf(one)))
  const asked = nextRequest()
  ring()
  await asked
  wait(-3600)
  const joined = issuers.verify(late)
  release()
  t.match(await joined, valid)
  t.strictSame(timers(), [900_000], 'the timer is no further than jwksMaxAge')
})

t.test('the issuer is asked over TLS that is verified, with its own CA', async (t) => {
  const { ca, cert, key, selfSigned } = makeCertificates()
  const listener: RequestListener = (_, response) => void response.end(jwksOf(one))
  const good = await serve(t, listener, { cert, key })
  const bad = await serve(t, listener, selfSigned)
  const tls = { ca, cert: undefined, key: undefined, serverName: undefined }
  for (const [url, over, expected] of [
    [bad.url, {}, unavailable(10)],
    [bad.url, { tls }, unavailable(10)],
    [good.url, {}, unavailable(10)],
    [good.url, { tls }, valid],
  ] as const) {
    const settings = issuerSettings({ keys: { kind: 'uri', url }, ...over })
    const issuers = createIssuers([settings], makeDeps().deps)
    t.match(await issuers.verify(byOne), expected)
    await issuers.close()
  }
  t.strictSame([good.requests.length, bad.requests.length], [1, 0])
})

t.test('discovery and keys together stay within jwksTimeout', async (t) => {
  const slow: { readonly url: string } = await serve(t, (request, response) => {
    const body = JSON.stringify({ issuer: slow.url, jwks_uri: `${slow.url}/keys` })
    // each is within the limit, both together are not
    setTimeout(() => response.end(request.url === '/keys' ? jwksOf(one) : body), 300)
  })
  const keys = { kind: 'discovery', issuer: slow.url } as const
  const settings = issuerSettings({ keys, jwksTimeout: milliseconds(500) })
  const issuers = createIssuers([settings], makeDeps().deps)
  t.strictSame(await issuers.verify(byOne), unavailable(10))
  t.match(issuers.status(), [{ lastError: /there was no answer in time$/ }])
  await issuers.close()
})

t.test('keys are found by discovery', async (t) => {
  const found: { readonly url: string; readonly requests: string[] } = await serve(
    t,
    (request, response) => {
      if (request.url === '/keys') response.end(jwksOf(one))
      else if (request.url?.startsWith('/bare') === true)
        response.end(JSON.stringify({ issuer: `${found.url}/bare` }))
      else if (request.url?.startsWith('/other') === true) response.end('{"issuer":"x"}')
      else response.end(JSON.stringify({ issuer: found.url, jwks_uri: `${found.url}/keys` }))
    },
  )
  for (const [path, lastError] of [
    ['', undefined],
    ['/bare', 'discovery: the document has no jwks_uri'],
    ['/other', 'discovery: the issuer in the document is not the configured one'],
  ] as const) {
    const issuer = `${found.url}${path}`
    const settings = issuerSettings({ issuers: [issuer], keys: { kind: 'discovery', issuer } })
    const issuers = createIssuers([settings], makeDeps().deps)
    const result = await issuers.verify(await mint(one, { ...claims, iss: issuer }))
    t.equal(result.ok, lastError === undefined)
    t.match(issuers.status(), [{ lastError }])
    await issuers.close()
  }
})

t.test('a file of keys is never fetched; one without a usable key is 503', (t) => {
  const { deps, timers, wait } = makeDeps()
  const keys = { kind: 'file', text: jwksOf(one) } as const
  const issuers = createIssuers([issuerSettings({ keys })], deps)
  issuers.start()
  t.match(issuers.verify(byTwo), noKid)
  wait(1000)
  t.match(issuers.verify(byOne), valid)
  t.strictSame([timers(), issuers.missing()], [[], []])
  t.match(issuers.status(), [{ nextFetchAt: undefined, keyIds: ['one'] }])
  issuers.reload([issuerSettings({ keys: { kind: 'file', text: '{}' } })])
  t.strictSame(issuers.verify(byOne), unavailable(1))
  t.strictSame(issuers.missing(), ['app'])
  t.end()
})

t.test('a reload keeps keys and memory of what has not changed, and nothing else', async (t) => {
  const { issuers, settings, requests, timers } = await issuerServer(t, {
    tls: { ca: undefined, cert: undefined, key: secret('same'), serverName: undefined },
  })
  issuers.start()
  const first = await issuers.verify(byOne)
  t.match(first, valid)
  const again = { ca: undefined, cert: undefined, key: secret('same'), serverName: undefined }
  issuers.reload([{ ...settings, tls: again }])
  t.equal(issuers.verify(byOne), first, 'equal settings, another object')
  issuers.reload([{ ...settings, clientIds: ['3n4b5c6d7e8f9g'] }])
  t.not(issuers.verify(byOne), first, 'judged again')
  t.match(issuers.verify(byOne), valid)
  t.equal(requests.length, 1, 'by the same keys')
  issuers.reload([{ ...settings, clientIds: ['x'] }])
  t.match(issuers.verify(byOne), invalid('the client is not accepted'))
  t.equal(requests.length, 1)
  issuers.reload([{ ...settings, tls: { ...again, key: secret('other') } }])
  t.match(await issuers.verify(byOne), valid)
  t.equal(requests.length, 2, 'other TLS settings begin afresh')
  t.equal(timers().length, 1, 'and the old timer is gone')
  issuers.reload([])
  t.match(issuers.verify(byOne), invalid('the issuer is not accepted'))
  t.strictSame([timers(), issuers.status()], [[], []])
})

t.test('a call under way at a reload ends with what it began with', async (t) => {
  const { issuers, settings, answer, nextRequest, requests } = await issuerServer(t)
  let release = () => {}
  answer.listener = (_, response) => (release = () => response.end(jwksOf(one)))
  const asked = nextRequest()
  const waiting = issuers.verify(byOne)
  await asked
  answer.listener = undefined
  issuers.reload([{ ...settings, jwksMaxAge: milliseconds(60_000), clientIds: ['x'] }])
  release()
  t.match(await waiting, valid)
  t.match(await issuers.verify(byOne), invalid('the client is not accepted'))
  t.equal(requests.length, 1)
})

t.test('two issuers do not know each other', async (t) => {
  const mine = await issuerServer(t)
  const other = { name: 'partner', issuers: ['https://partner.example'] } as const
  const keys = { kind: 'file', text: jwksOf(two) } as const
  const silent = issuerSettings({
    name: 'silent',
    issuers: ['https://silent.example'],
    keys: { kind: 'uri', url: 'http://127.0.0.1:1/' },
    required: false,
  })
  mine.issuers.reload([mine.settings, issuerSettings({ ...other, keys }), silent])
  t.strictSame(mine.issuers.missing(), ['app'], 'readiness waits for the required ones alone')
  const byPartner = await mint(two, { ...claims, iss: 'https://partner.example' })
  t.match(await mine.issuers.verify(byPartner), { ok: true, value: { issuerName: 'partner' } })
  t.match(await mine.issuers.verify(byOne), { ok: true, value: { issuerName: 'app' } })
  t.match(await mine.issuers.verify(byTwo), noKid)
  const crossed = await mint(one, { ...claims, iss: 'https://partner.example' })
  t.match(await mine.issuers.verify(crossed), noKid)
})

t.test('close ends what is in flight and fetches nothing more', async (t) => {
  const { issuers, answer, nextRequest, requests, timers, events } = await issuerServer(t)
  answer.listener = () => undefined
  const asked = nextRequest()
  issuers.start()
  const waiting = issuers.verify(byOne)
  await asked
  await issuers.close()
  t.strictSame(await waiting, unavailable(10))
  t.strictSame([requests.length, timers()], [1, []])
  t.notOk(events.some(({ kind }) => kind === 'keys_failed'))
})

t.test("the event loop's timer rings, can be called off, and takes any delay", async (t) => {
  let rang = 0
  const callOff = systemSchedule(() => (rang += 1), milliseconds(1))
  callOff()
  const far = systemSchedule(() => (rang += 1), milliseconds(2 ** 40))
  const alive = setTimeout(() => undefined, 60_000)
  await new Promise<void>((resolve) => systemSchedule(resolve, milliseconds(20)))
  clearTimeout(alive)
  far()
  t.equal(rang, 0)
  const { clock, random, report } = makeDeps().deps
  const { url } = await serve(t, (_, response) => void response.end(jwksOf(one)))
  const issuers = createIssuers([issuerSettings({ keys: { kind: 'uri', url } })], {
    clock,
    random,
    report,
  })
  issuers.start()
  t.match(await issuers.verify(byOne), valid)
  await issuers.close()
})
