import t from 'tap'
import { inspect } from 'node:util'
import { milliseconds, no, ok, secret, seconds } from '../../src/units.ts'
import type { Result } from '../../src/units.ts'
import { backoff } from '../../src/tokens/backoff.ts'
import { createTokenCache } from '../../src/tokens/cache.ts'
import type { TokenCacheDeps } from '../../src/tokens/cache.ts'
import type { TokenEvent } from '../../src/tokens/events.ts'
import { tokenFailure } from '../../src/tokens/failures.ts'
import type { TokenFailure } from '../../src/tokens/failures.ts'
import { tokenKey } from '../../src/tokens/key.ts'
import { planRenewal } from '../../src/tokens/renewal.ts'
import { requestToken } from '../../src/tokens/request.ts'
import type { AccessToken } from '../../src/tokens/request.ts'
import type { Grant } from '../../src/tokens/settings.ts'
import { answers, clientOf, grantOf, startEndpoint } from './endpoint.ts'

type Answer = Result<AccessToken, TokenFailure>
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** A cache whose time, chance and token endpoint the test plays. */
function play() {
  const world = {
    now: 1_800_000_000,
    life: 3600,
    chance: 0,
    events: [] as TokenEvent[],
    asked: [] as Grant[],
    signals: [] as AbortSignal[],
    /** Undefined = a token. */
    failure: undefined as TokenFailure | undefined,
    /** While defined, answers wait. */
    hold: undefined as Promise<unknown> | undefined,
    timers: [] as { at: number; run: () => void }[],
    /** Moves time, running what comes due on the way. */
    async advance(by: number) {
      const end = world.now + by
      for (;;) {
        const next = world.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        world.timers.splice(world.timers.indexOf(next), 1)
        world.now = Math.max(world.now, next.at)
        next.run()
        await settle()
      }
      world.now = end
    },
  }
  const deps: TokenCacheDeps = {
    clock: () => seconds(world.now),
    random: () => world.chance,
    report: (event) => world.events.push(event),
    after: (delay, run) => {
      const timer = { at: world.now + delay / 1000, run }
      world.timers.push(timer)
      return () => {
        world.timers = world.timers.filter((other) => other !== timer)
      }
    },
    request: async (grant, signal): Promise<Answer> => {
      world.asked.push(grant)
      world.signals.push(signal)
      const name = `hush-${world.asked.length}`
      const obtainedAt = seconds(world.now)
      const expiresAt = seconds(world.now + world.life)
      await world.hold
      if (world.failure !== undefined) return no(world.failure)
      const authorization = secret(`Bearer ${name}`)
      const value = secret(name)
      return ok({ value, authorization, expiresAt, obtainedAt, grantedScopes: undefined })
    },
  }
  /** Makes answers wait; the result lets them go. */
  const holdAnswers = () => {
    let release: () => void = () => undefined
    world.hold = new Promise<void>((resolve) => {
      release = resolve
    })
    return async () => {
      world.hold = undefined
      release()
      await settle()
    }
  }
  return { world, cache: createTokenCache(deps), holdAnswers }
}

const grant = grantOf(clientOf('https://issuer.example/token'))
const named = (token: AccessToken | undefined) => token?.value.reveal()
const got = (result: Result<AccessToken, unknown>) => (result.ok ? named(result.value) : result)

t.test('200 concurrent first calls cost one token request', async (t) => {
  const endpoint = await startEndpoint(
    answers({ access_token: 'hush', token_type: 'Bearer', expires_in: 3600 }),
  )
  t.teardown(endpoint.close)
  const { cache, events } = real(t)
  const mine = grantOf(clientOf(endpoint.url))
  const results = await Promise.all(Array.from({ length: 200 }, () => cache.get(mine)))
  t.ok(results.every((result) => got(result) === 'hush'))
  t.equal(endpoint.seen.length, 1)
  t.equal(named(cache.usable(mine)), 'hush')
  t.match(events, [{ kind: 'token_obtained', client: 'worker' }])

  t.test('and 100 calls that the API answers 401 cost one more', async (t) => {
    for (let call = 0; call < 100; call++) {
      const token = cache.usable(mine)!
      const next = await cache.rejected(mine, token)
      if (next !== undefined) await cache.rejected(mine, next)
    }
    t.equal(endpoint.seen.length, 2)
    t.ok(cache.usable(mine), 'the token stays in use')
  })
})

t.test('60 calls cost a failing token endpoint at most 15 requests', async (t) => {
  const endpoint = await startEndpoint(answers('', 500))
  t.teardown(endpoint.close)
  const { cache, events } = real(t)
  const mine = grantOf(clientOf(endpoint.url))
  for (let call = 0; call < 60; call++)
    t.match(await cache.get(mine), { ok: false, problem: { code: 'token_unavailable' } })
  t.ok(endpoint.seen.length >= 1 && endpoint.seen.length <= 15)
  t.match(events[0], { kind: 'token_failed', code: 'endpoint_error', first: true })
})

/** A cache with the real request, clock, chance and timers. */
function real(t: { teardown: (run: () => void) => unknown }) {
  const events: TokenEvent[] = []
  const clock = () => seconds(Date.now() / 1000)
  const report = (event: TokenEvent) => events.push(event)
  const discover = () => Promise.resolve(no('none'))
  const request = (grant: Grant, signal: AbortSignal) =>
    requestToken(grant, { clock, report, discover }, signal)
  const cache = createTokenCache({ request, clock, report, random: Math.random })
  t.teardown(cache.close)
  return { cache, events }
}

t.test('a token is never sent within its leeway, and a call then waits for the next', async (t) => {
  const { world, cache } = play()
  t.equal(cache.usable(grant), undefined)
  t.equal(got(await cache.get(grant)), 'hush-1')
  t.equal(got(await cache.get(grant)), 'hush-1', 'held')
  cache.close()
  await world.advance(3594.9)
  t.equal(named(cache.usable(grant)), 'hush-1')
  await world.advance(0.1)
  t.equal(cache.usable(grant), undefined)
  t.match(await cache.get(grant), { ok: false, problem: { retryAfter: 1 } }, 'closed asks no more')
  t.equal(world.asked.length, 1)
})

t.test('a used token is renewed in the background, and no call waits', async (t) => {
  const { world, cache, holdAnswers } = play()
  await cache.get(grant)
  await world.advance(3299)
  t.equal(world.asked.length, 1)
  const release = holdAnswers()
  await world.advance(1)
  t.equal(world.asked.length, 2, 'by the clock, no call needed')
  t.equal(named(cache.usable(grant)), 'hush-1')
  t.equal(named(cache.usable(grant)), 'hush-1')
  t.equal(world.asked.length, 2, 'once')
  await release()
  t.equal(named(cache.usable(grant)), 'hush-2')
  t.match(cache.status(), [{ obtained: 2, nextRenewalAt: world.now + 3300 }])
})

t.test('a token that nobody used is not renewed; its next use starts the renewal', async (t) => {
  const { world, cache } = play()
  cache.prefetch([grant])
  await world.advance(0)
  await world.advance(3400)
  t.equal(world.asked.length, 1)
  t.equal(named(cache.usable(grant)), 'hush-1')
  await settle()
  t.equal(named(cache.usable(grant)), 'hush-2')
  await world.advance(7200)
  t.equal(world.asked.length, 3, 'used once, renewed once, then left alone')
  t.match(cache.status(), [{ nextRenewalAt: undefined }])
})

t.test('a timer that fires early is set again', async (t) => {
  const { world, cache } = play()
  await cache.get(grant)
  world.timers.splice(0).forEach(({ run }) => run())
  t.equal(world.asked.length, 1)
  await world.advance(3300)
  t.equal(world.asked.length, 2)
})

t.test('a failing renewal backs off while the old token serves, then calls get 503', async (t) => {
  const { world, cache } = play()
  world.chance = 0.999
  await cache.get(grant)
  world.failure = tokenFailure('endpoint_error')
  const before = world.asked.length
  await world.advance(3500)
  t.equal(named(cache.usable(grant)), 'hush-1')
  // 329.97 s of failures: about 0.5, 1, 2, 4, 8, 16, then 30 s apart
  const failed = world.asked.length - before
  t.ok(failed >= 8 && failed <= 15, String(failed))
  t.match(cache.status(), [{ obtained: 1, failures: failed, lastError: 'endpoint_error' }])
  t.equal(world.events.filter((event) => 'first' in event && event.first).length, 1)
  await world.advance(95)
  const asked = world.asked.length
  const result = await cache.get(grant)
  t.match(result, { ok: false, problem: { because: /answers with an error of its own/ } })
  t.ok(!result.ok && Number.isInteger(result.problem.retryAfter) && result.problem.retryAfter > 1)
  t.equal(world.asked.length, asked, 'at once, without a request')
  await world.advance(3600)
  t.equal(world.asked.length, asked, 'and nobody asks while nobody calls')
  world.failure = undefined
  t.match(await cache.get(grant), { ok: true })
  t.match(cache.status(), [{ lastError: undefined }])
})

t.test('a caller whose renewal fails learns when to come back', async (t) => {
  const { world, cache } = play()
  world.failure = tokenFailure('rate_limited', { retryAfter: 7.2 })
  const [first, second] = await Promise.all([cache.get(grant), cache.get(grant)])
  for (const result of [first, second])
    t.strictSame(result, {
      ok: false,
      problem: {
        code: 'token_unavailable',
        retryAfter: 8,
        because: 'the token endpoint asks to slow down',
      },
    })
  await world.advance(7.1)
  await cache.get(grant)
  t.equal(world.asked.length, 1)
  await world.advance(0.2)
  await cache.get(grant)
  t.equal(world.asked.length, 2)
  t.strictSame(
    world.events.map((event) => 'first' in event && event.first),
    [true, false],
  )
})

t.test('a clock that is set back does not stretch a back-off', async (t) => {
  const { world, cache } = play()
  world.failure = tokenFailure('invalid_client')
  await cache.get(grant)
  world.now -= 7200
  world.failure = undefined
  t.match(await cache.get(grant), { ok: true })
})

t.test('what a person must cure is reported once, and tried again on reload', async (t) => {
  const { world, cache } = play()
  world.failure = tokenFailure('endpoint_error')
  await cache.get(grant)
  await world.advance(1)
  world.failure = tokenFailure('invalid_client')
  for (const wait of [60, 120, 240, 300, 300]) {
    await cache.get(grant)
    t.match(await cache.get(grant), { problem: { retryAfter: wait } })
    await world.advance(wait)
  }
  t.equal(world.asked.length, 6)
  t.strictSame(
    world.events.map((event) => 'first' in event && [event.code, event.first]),
    [
      ['endpoint_error', true],
      ['invalid_client', true],
      ...Array.from({ length: 4 }, () => ['invalid_client', false]),
    ],
  )
  await cache.get(grant)
  cache.reload([grant])
  world.failure = undefined
  t.match(await cache.get(grant), { ok: true })
})

t.test('a token that is over when it arrives is a failure, not a request per call', async (t) => {
  const { world, cache, holdAnswers } = play()
  world.life = 2
  const release = holdAnswers()
  const waiting = cache.get(grant)
  world.now += 2
  await release()
  t.match(await waiting, { ok: false, problem: { because: /over when it arrived/ } })
  await cache.get(grant)
  t.equal(world.asked.length, 1)
})

t.test('a caller that goes away leaves the shared request alone', async (t) => {
  const { world, cache, holdAnswers } = play()
  const release = holdAnswers()
  const leaving = new AbortController()
  const left = cache.get(grant, leaving.signal)
  const stayed = cache.get(grant, new AbortController().signal)
  leaving.abort()
  t.match(await left, { ok: false, problem: { code: 'token_unavailable' } })
  t.match(await cache.get(grant, leaving.signal), { ok: false })
  t.equal(world.signals[0]?.aborted, false)
  await release()
  t.equal(got(await stayed), 'hush-1')
  t.equal(world.asked.length, 1)
})

t.test('a rejected token is replaced by one renewal that all share, once in 30 s', async (t) => {
  const { world, cache, holdAnswers } = play()
  await cache.get(grant)
  const first = cache.usable(grant)!
  const release = holdAnswers()
  const rejections = [1, 2, 3].map(() => cache.rejected(grant, first))
  t.equal(cache.usable(grant), undefined, 'held back meanwhile')
  const waiting = cache.get(grant)
  await release()
  t.strictSame((await Promise.all(rejections)).map(named), ['hush-2', 'hush-2', 'hush-2'])
  t.equal(got(await waiting), 'hush-2')
  t.equal(named(await cache.rejected(grant, first)), 'hush-2', 'a late one costs nothing')
  t.equal(world.asked.length, 2)

  const second = cache.usable(grant)!
  await world.advance(29.9)
  t.equal(await cache.rejected(grant, second), undefined)
  t.equal(cache.usable(grant), second, 'stays in use')
  await world.advance(0.1)
  t.equal(named(await cache.rejected(grant, second)), 'hush-3')
  t.equal(world.asked.length, 3)
})

t.test('a rejected token comes back when its renewal fails, until its end', async (t) => {
  const { world, cache } = play()
  await cache.get(grant)
  const token = cache.usable(grant)!
  world.failure = tokenFailure('invalid_client')
  t.equal(await cache.rejected(grant, token), undefined)
  t.equal(cache.usable(grant), token)
  await world.advance(31)
  t.equal(await cache.rejected(grant, token), undefined, 'no request in the back-off')
  t.equal(world.asked.length, 2)
  await world.advance(4000)
  t.equal(cache.usable(grant), undefined)
  const asked = world.asked.length
  t.match(await cache.get(grant), { ok: false })
  t.equal(await cache.rejected(grant, { ...token }), undefined, 'no other either')
  t.equal(world.asked.length, asked + 1)
})

t.test('a rejected token joins the renewal that is on its way', async (t) => {
  const { world, cache, holdAnswers } = play()
  await cache.get(grant)
  const token = cache.usable(grant)!
  const release = holdAnswers()
  await world.advance(3300)
  const rejected = cache.rejected(grant, token)
  t.equal(cache.usable(grant), undefined)
  await release()
  t.equal(named(await rejected), 'hush-2')
  t.equal(world.asked.length, 2)
  await world.advance(7200)
  t.equal(named(await cache.rejected(grant, token)), 'hush-4', 'nothing is held: one is obtained')
})

t.test('prefetch gets tokens with jitter, tries again, and says what is missing', async (t) => {
  const { world, cache } = play()
  world.chance = 0.5
  const lazy = grantOf(clientOf('https://issuer.example/2', { name: 'lazy', prefetch: false }))
  const same = { ...grant, scopes: ['app-api/export'] }
  world.failure = tokenFailure('endpoint_unreachable')
  cache.prefetch([grant, lazy, same], { spread: milliseconds(1000) })
  cache.prefetch([grant])
  t.strictSame(cache.missing(), ['worker'])
  await world.advance(0.499)
  t.equal(world.asked.length, 0)
  await world.advance(0.001)
  t.equal(world.asked.length, 2)
  await world.advance(10)
  t.ok(world.asked.length > 2)
  t.strictSame(cache.missing(), ['worker'])
  world.failure = undefined
  await world.advance(30)
  t.strictSame(cache.missing(), [])
  const asked = world.asked.length
  await world.advance(1e5)
  t.equal(world.asked.length, asked, 'once there, it is left to use')
  t.strictSame(cache.missing(), [])
})

t.test('a reload keeps what is unchanged and drops what nobody names', async (t) => {
  const { world, cache } = play()
  const other = grantOf(clientOf('https://issuer.example/2'))
  await cache.get(grant)
  await cache.get(other)
  const renamed = grantOf({
    ...grant.client,
    name: 'renamed',
    renewBefore: milliseconds(600_000),
  })
  cache.reload([renamed])
  t.match(cache.status(), [{ client: 'renamed', clientId: 'id 1', scopes: [], obtained: 1 }])
  t.equal(named(cache.usable(renamed)), 'hush-1')
  t.equal(named(cache.usable(other)), 'hush-2', 'a request under way still has its token')
  await world.advance(3000)
  t.strictSame(
    world.asked.map(({ client }) => client.name),
    ['worker', 'worker', 'renamed'],
    'new settings count, the dropped one renews nothing by itself',
  )
})

t.test('a new secret is used at once, and the token held serves until then', async (t) => {
  const { world, cache, holdAnswers } = play()
  const withSecret = (value: string) =>
    grantOf({ ...grant.client, clientSecret: secret(value), prefetch: true })
  const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((name) =>
    withSecret(`hush-${name}`),
  )
  cache.reload([first!])
  await cache.get(first!)
  world.failure = tokenFailure('invalid_client')
  cache.reload([second!])
  t.equal(world.asked.at(-1), second)
  await settle()
  t.equal(named(cache.usable(second!)), 'hush-1', 'the new secret is wrong, the old token is good')
  t.strictSame(cache.missing(), [])

  world.failure = undefined
  const release = holdAnswers()
  cache.reload([third!])
  cache.prefetch([third!])
  t.equal(named(cache.usable(third!)), 'hush-1')
  t.strictSame(cache.missing(), [])
  await release()
  t.equal(named(cache.usable(third!)), 'hush-3')
  t.match(cache.status(), [{ obtained: 1, failures: 0 }])

  // what is over is nothing to inherit, nor is what an upstream rejected
  await world.advance(8000)
  const asked = world.asked.length
  cache.reload([fourth!])
  t.equal(world.asked.length, asked)
  t.equal(cache.usable(fourth!), undefined)
  await cache.get(fourth!)
  const again = holdAnswers()
  const rejected = cache.rejected(fourth!, cache.usable(fourth!)!)
  cache.reload([first!])
  t.equal(cache.usable(first!), undefined)
  await again()
  t.equal(named(await rejected), `hush-${asked + 2}`)
  t.equal(world.asked.length, asked + 2)
  const narrower = { ...first!, scopes: ['app-api/export'] }
  await cache.get(first!)
  cache.reload([narrower])
  t.equal(cache.usable(narrower), undefined, 'another scope is another token')
})

t.test('a reload before the first token keeps the waiting request', async (t) => {
  const { world, cache, holdAnswers } = play()
  const release = holdAnswers()
  const waiting = cache.get(grant)
  cache.reload([{ ...grant }])
  await release()
  t.equal(got(await waiting), 'hush-1')
  t.equal(world.asked.length, 1)
})

t.test('close cancels what runs and starts nothing more', async (t) => {
  const { world, cache, holdAnswers } = play()
  cache.prefetch([{ ...grant, audience: 'later' }])
  const release = holdAnswers()
  const waiting = cache.get(grant)
  cache.close()
  t.equal(world.signals[0]?.aborted, true)
  await release()
  t.match(await waiting, { ok: false })
  t.match(await cache.get({ ...grant, audience: 'new' }), { ok: false })
  await world.advance(1e5)
  t.equal(world.asked.length, 1)
  t.strictSame(world.events, [], 'no failure either')
})

t.test('a status and an event never hold a token or a secret', async (t) => {
  const { world, cache } = play()
  const mine = grantOf({ ...grant.client, clientSecret: secret('hush-hush') })
  await cache.get(mine)
  world.failure = tokenFailure('invalid_scope', { systemCode: 'hush', retryAfter: 1 })
  await world.advance(3400)
  t.ok(world.events.length >= 2)
  const shown = [cache.status(), world.events, await cache.get(mine), cache]
  t.notMatch(inspect(shown, { depth: 9, showHidden: true }) + JSON.stringify(shown), 'hush')
  t.notMatch(tokenKey(mine), 'hush')
})

t.test('the key is what the token depends on, and not the name of the client', (t) => {
  const base = grantOf(
    clientOf('https://issuer.example/token', { parameters: { a: '1', b: '2' } }),
    { scopes: ['a', 'b'] },
  )
  const { client } = base
  for (const same of [
    { ...base, scopes: ['b', 'a', 'b'] },
    { ...base, client: { ...client, name: 'other', renewBefore: milliseconds(1) } },
    { ...base, client: { ...client, parameters: { b: '2', a: '1' } } },
  ])
    t.equal(tokenKey(same), tokenKey(base))
  const tls = { ca: undefined, cert: undefined, key: undefined, serverName: undefined }
  const others: Grant[] = [
    { ...base, scopes: ['a'] },
    { ...base, scopes: ['a b'] },
    { ...base, resource: 'x' },
    { ...base, audience: 'x' },
    ...[
      { endpoint: { kind: 'uri', url: 'https://issuer.example/other' } as const },
      { endpoint: { kind: 'discovery', issuer: 'https://issuer.example/token' } as const },
      { clientId: 'other' },
      { clientSecret: secret('other') },
      { authMethod: 'client_secret_post' as const },
      { basicEncoding: 'raw' as const },
      { requireGrantedScopes: true },
      { parameters: { a: '1' } },
      { tls: { ...tls, ca: 'x' } },
      { tls: { ...tls, cert: 'x' } },
      { tls: { ...tls, key: secret('x') } },
      { tls: { ...tls, serverName: 'x' } },
    ].map((change) => ({ ...base, client: { ...client, ...change } })),
  ]
  t.equal(new Set([base, ...others].map(tokenKey)).size, others.length + 1)
  t.end()
})

t.test('renewal and leeway follow the life of the token', (t) => {
  const plan = (life: number, before?: number, leeway?: number, chance = 0) => {
    const { renewAt, usableUntil } = planRenewal(
      { obtainedAt: seconds(0), expiresAt: seconds(life) },
      {
        renewBefore: before === undefined ? undefined : milliseconds(before * 1000),
        expiryLeeway: leeway === undefined ? undefined : milliseconds(leeway * 1000),
      },
      () => chance,
    )
    return [life - renewAt, life - usableUntil].map((value) => Math.round(value * 1000) / 1000)
  }
  t.strictSame(plan(86_400), [300, 5], 'at most 5 min')
  t.strictSame(plan(1800), [180, 5], '10 %')
  t.strictSame(plan(1800, undefined, undefined, 0.5), [171, 5], 'less jitter')
  t.strictSame(plan(300), [60, 5], 'at least 60 s')
  t.strictSame(plan(60), [30, 5], 'never more than half')
  t.strictSame(plan(20), [10, 2], 'leeway at most 10 %')
  t.strictSame(plan(3600, 900, 30), [900, 30])
  t.strictSame(plan(3600, 3000, 3000), [1800, 360])
  t.strictSame(plan(3600, 1), [10, 5], 'never so late that a call waits')
  t.end()
})

t.test('back-off doubles to its limit, with jitter, and obeys Retry-After', (t) => {
  const waits = (kind: TokenFailure['kind'], chance: number, retryAfter?: number) =>
    [1, 2, 3, 4, 7, 8, 50].map((run) => backoff({ kind, retryAfter }, run, () => chance))
  t.strictSame(waits('transient', 0.5), [0.25, 0.5, 1, 2, 15, 15, 15])
  t.strictSame(waits('transient', 0), Array(7).fill(0.1))
  t.strictSame(waits('permanent', 0), [60, 120, 240, 300, 300, 300, 300])
  t.strictSame(waits('transient', 0.5, 10), [10, 10, 10, 10, 15, 15, 15])
  t.strictSame(waits('transient', 0.5, 86_400), Array(7).fill(300))
  t.end()
})
