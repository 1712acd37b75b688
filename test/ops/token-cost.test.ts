/** What tokens cost: the price list, the projection, and when a client is told that its tokens live too short. */
import t from 'tap'
import { createMetrics } from '../../src/ops/metrics.ts'
import { type ClientCost, createTokenCost, exportTokenCost } from '../../src/ops/token-cost.ts'
import { hoursPerMonth, monthlyPrice, tokensPerMonth } from '../../src/ops/token-price.ts'
import type { TokenStatus } from '../../src/tokens/cache.ts'
import { seconds } from '../../src/units.ts'
import { configOf, inboundWith, problemsOf } from '../support/config.ts'

const noon = 1_800_000_000
const inbound = inboundWith('{ path: /, authenticated: true }')
const cognito = configOf(inbound).admin.tokenPrices
const priced = (prices: string): string => `${inbound}\nadmin: { tokenPrices: ${prices} }`

t.test("the prices are Cognito's when nobody says anything", (t) => {
  t.strictSame(cognito, [
    { upTo: 500_000, perThousand: 2.25 },
    { upTo: 5_000_000, perThousand: 1.5 },
    { upTo: Infinity, perThousand: 1.125 },
  ])
  for (const [tokens, usd] of [
    [0, 0],
    [1000, 2.25],
    [500_000, 1125],
    [501_000, 1126.5],
    [5_000_000, 7875],
    [6_000_000, 9000],
  ] as const)
    t.equal(monthlyPrice(tokens, cognito), usd, String(tokens))
  t.equal(monthlyPrice(1000, []), undefined)
  t.end()
})

t.test('prices are a list in which each goes on where the one before it ends', (t) => {
  const prices = (text: string) => configOf(priced(text)).admin.tokenPrices
  t.strictSame(prices('[]'), [])
  t.strictSame(prices('[{ perThousand: 1 }]'), [{ upTo: Infinity, perThousand: 1 }])
  t.strictSame(prices('[{ upTo: 10, perThousand: 1 }]'), [{ upTo: Infinity, perThousand: 1 }])
  const wrong = (text: string) => problemsOf(priced(text)).join('\n')
  t.match(wrong('[{ perThousand: 2 }, { perThousand: 1 }]'), /upTo: is missing; only the last/)
  t.match(
    wrong('[{ upTo: 10, perThousand: 2 }, { upTo: 10, perThousand: 1 }]'),
    /tokenPrices\[1\]\.upTo: must be more than that of the price before it, 10/,
  )
  t.match(wrong('[{ perThousand: -1 }]'), /must be a number of US dollars/)
  t.match(wrong('[{ upTo: 0, perThousand: 1 }]'), /must be a whole number from 1/)
  t.match(wrong('free'), /must be a list of \{ upTo, perThousand \}/)
  t.end()
})

t.test('a month is told by the first token already, and by the last day from then on', (t) => {
  const hour = 3600
  const perMonth = (tokens: number, served: number, ...secondsLeft: readonly number[]): number =>
    Math.round(tokensPerMonth({ tokens, seconds: served, secondsLeft }))
  // one token of an hour, renewed at nine tenths of it
  t.equal(perMonth(1, 0, 0.9 * hour), Math.round(hoursPerMonth / 0.9))
  t.equal(perMonth(2, 0.9 * hour, 0.9 * hour), Math.round(hoursPerMonth / 0.9))
  t.equal(perMonth(2, 0, 0.9 * hour, 0.9 * hour), Math.round((2 * hoursPerMonth) / 0.9))
  // nobody has used it since
  t.equal(perMonth(1, 24 * hour, -hour), Math.round(hoursPerMonth / 24))
  // dropped at once, for whatever reason: no infinity
  t.equal(perMonth(1, 0), hoursPerMonth * 60)
  t.end()
})

/** A client with hands on its clock and its grants. */
function start(prices = cognito) {
  const world = { now: noon, grants: [] as TokenStatus[], warnings: [] as ClientCost[] }
  const cost = createTokenCost({
    clock: () => seconds(world.now),
    prices: () => prices,
    grants: () => world.grants,
    warn: (one) => world.warnings.push(one),
  })
  let obtained = 0
  const buy = (life: number): void => {
    obtained += 1
    world.grants = [
      {
        ...{ client: 'worker', clientId: 'id', scopes: [], obtained, failures: 0 },
        ...{ expiresAt: seconds(world.now + life), obtainedAt: seconds(world.now) },
        ...{ nextRenewalAt: seconds(world.now + life / 2), lastError: undefined },
      },
    ]
    const expiresAt = seconds(world.now + life)
    cost.tokenEvent({ kind: 'token_obtained', client: 'worker', expiresAt })
  }
  return { world, cost, buy }
}

t.test('tokens bought and calls that used them are counted by client', (t) => {
  const { world, cost, buy } = start()
  t.strictSame(cost.costs(), [])
  buy(3600)
  for (let call = 0; call < 5; call += 1) cost.used('worker')
  world.now += 1800
  buy(3600)
  cost.used('other')
  cost.tokenEvent({ kind: 'verified_token_cache', result: 'hit' })
  t.match(cost.costs(), [
    {
      ...{ client: 'worker', tokens: 2, calls: 5, callsPerToken: 2.5, lifeSeconds: 3600 },
      ...{ tokensPerMonth: 1460, isShortLived: false },
    },
    { client: 'other', tokens: 0, calls: 1, callsPerToken: 1, tokensPerMonth: 0, usdPerMonth: 0 },
  ])
  const [{ usdPerMonth = 0, usdPerMonthAtAnHour = 0 } = {}] = cost.costs()
  t.equal(usdPerMonth.toFixed(2), '3.29')
  t.equal(usdPerMonthAtAnHour.toFixed(2), '1.79', 'one grant, renewed five minutes before its end')
  t.end()
})

t.test('what was bought longer than a day ago tells nothing about the next month', (t) => {
  const { world, cost, buy } = start()
  for (let n = 0; n < 100; n += 1) buy(3600)
  world.now += 25 * 3600
  buy(3600)
  world.now += 1800
  const { tokens, tokensPerMonth: monthly } = cost.costs()[0]!
  t.equal(tokens, 101)
  t.ok(monthly > 25 && monthly < 35, String(monthly))
  // a clock that is set back forgets the hours to come
  world.now -= 48 * 3600
  t.equal(cost.costs()[0]?.tokensPerMonth, 0)
  buy(3600)
  t.ok((cost.costs()[0]?.tokensPerMonth ?? 0) > 0)
  t.end()
})

t.test('a client whose tokens live well below an hour is told once, when one was renewed', (t) => {
  const { world, buy, cost } = start()
  buy(300)
  t.strictSame(world.warnings, [], 'never renewed: a longer life would have saved none')
  world.now += 150
  buy(300)
  t.match(world.warnings, [{ client: 'worker', lifeSeconds: 300, isShortLived: true }])
  const [{ usdPerMonth = 0, usdPerMonthAtAnHour = 0 } = {}] = world.warnings
  t.ok(usdPerMonth > 10 * usdPerMonthAtAnHour)
  world.now += 150
  buy(300)
  t.equal(world.warnings.length, 1)
  t.match(cost.costs(), [{ isShortLived: true }])
  buy(3600)
  t.match(cost.costs(), [{ isShortLived: false }])
  t.end()
})

t.test('life is from when the token was asked for, else from now', (t) => {
  const { world, cost, buy } = start()
  buy(3600)
  const [grant] = world.grants
  world.now += 7
  const { expiresAt = seconds(0) } = grant!
  for (const [grants, life] of [
    [[grant!], 3600],
    [[], 3593],
    [[{ ...grant!, client: 'other' }], 3593],
  ] as const) {
    world.grants = [...grants]
    cost.tokenEvent({ kind: 'token_obtained', client: 'worker', expiresAt })
    t.equal(cost.costs()[0]?.lifeSeconds, life)
  }
  t.end()
})

t.test('both metrics are there, and without prices that of calls alone', async (t) => {
  for (const prices of [cognito, []]) {
    const { cost, buy } = start(prices)
    buy(3600)
    cost.used('worker')
    const metrics = createMetrics('1')
    exportTokenCost(metrics, cost)
    const { text } = await metrics.render(undefined)
    t.match(text, /^# TYPE scopegate_token_calls_total counter$/m)
    t.match(text, /^scopegate_token_calls_total\{client="worker"\} 1$/m)
    t.match(text, /^# TYPE scopegate_token_cost_month_usd gauge$/m)
    const sample = /^scopegate_token_cost_month_usd\{client="worker"\} 3\.28/m
    if (prices.length > 0) t.match(text, sample)
    else t.notMatch(text, /^scopegate_token_cost_month_usd\{/m)
    t.equal(cost.costs()[0]?.usdPerMonth === undefined, prices.length === 0)
  }
})
