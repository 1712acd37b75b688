/**
 * What the tokens of each client cost: bought, used, and a month in US dollars if it goes on like this. Counts
 * what this process does; a deployment has as many of these as it has replicas (docs/status.md).
 */
import type { TokenPrice } from '../config/config.ts'
import type { TokenStatus } from '../tokens/cache.ts'
import type { TokenEvent } from '../tokens/events.ts'
import type { Clock, EpochSeconds } from '../units.ts'
import type { Metrics } from './metrics.ts'
import { hoursPerMonth, monthlyPrice, tokensPerMonth } from './token-price.ts'

export type ClientCost = {
  readonly client: string
  /** Bought since the start. */
  readonly tokens: number
  /** That took one of them along. */
  readonly calls: number
  readonly callsPerToken: number
  /** Of the newest token. */
  readonly lifeSeconds: number
  readonly tokensPerMonth: number
  /** Undefined where no prices are configured. */
  readonly usdPerMonth: number | undefined
  /** The same, if its tokens lived an hour. */
  readonly usdPerMonthAtAnHour: number | undefined
  /** Its tokens live shorter than they need to. */
  readonly isShortLived: boolean
}

export type TokenCostDeps = {
  readonly clock: Clock
  readonly prices: () => readonly TokenPrice[]
  readonly grants: () => readonly TokenStatus[]
  /** Called once for a client whose tokens live shorter than they need to. */
  readonly warn: (cost: ClientCost) => void
}

export type TokenCost = {
  readonly used: (client: string) => void
  readonly tokenEvent: (event: TokenEvent) => void
  /** Of the clients that have bought or used a token. */
  readonly costs: () => readonly ClientCost[]
}

type Account = {
  readonly since: EpochSeconds
  readonly byHour: Map<number, number>
  tokens: number
  calls: number
  lifeSeconds: number
  isWarned: boolean
}

const hour = 3600
const windowHours = 24

/** What is not well below an hour is a choice: an hour is what Cognito gives when nobody says anything. */
const shortLife = 55 * 60

/** How much of an hour's token serves: it is renewed five minutes before its end (SPEC 4). */
const servedOfAnHour = 55 / 60

/** Holds one account for each client that the configurations had. */
export function createTokenCost({ clock, prices, grants, warn }: TokenCostDeps): TokenCost {
  const accounts = new Map<string, Account>()

  function accountOf(client: string): Account {
    const known = accounts.get(client)
    if (known !== undefined) return known
    const made: Account = {
      ...{ since: clock(), byHour: new Map<number, number>() },
      ...{ tokens: 0, calls: 0, lifeSeconds: 0, isWarned: false },
    }
    accounts.set(client, made)
    return made
  }

  function bought(client: string, expiresAt: EpochSeconds): void {
    const account = accountOf(client)
    const now = clock()
    account.tokens += 1
    const grant = grants().find((one) => one.client === client && one.expiresAt === expiresAt)
    account.lifeSeconds = Math.round(expiresAt - (grant?.obtainedAt ?? now))
    const thisHour = Math.floor(now / hour)
    for (const one of account.byHour.keys())
      if (!isRecent(one, thisHour)) account.byHour.delete(one)
    account.byHour.set(thisHour, (account.byHour.get(thisHour) ?? 0) + 1)
    if (account.isWarned) return
    const cost = costOf(client, account)
    if (!cost.isShortLived) return
    account.isWarned = true
    warn(cost)
  }

  function costOf(client: string, account: Account): ClientCost {
    const { tokens, calls, lifeSeconds } = account
    const own = grants().filter((grant) => grant.client === client)
    const monthly = tokensPerMonth(purchasesOf(account, own, clock()))
    const anHour = (own.length * hoursPerMonth) / servedOfAnHour
    return {
      ...{ client, tokens, calls, lifeSeconds },
      callsPerToken: calls / Math.max(1, tokens),
      tokensPerMonth: Math.round(monthly),
      usdPerMonth: monthlyPrice(monthly, prices()),
      usdPerMonthAtAnHour: monthlyPrice(anHour, prices()),
      // one that was never renewed says nothing yet: a longer life would have saved none
      isShortLived: lifeSeconds < shortLife && own.some(({ obtained }) => obtained > 1),
    }
  }

  return {
    used(client) {
      accountOf(client).calls += 1
    },
    tokenEvent(event) {
      if (event.kind === 'token_obtained') bought(event.client, event.expiresAt)
    },
    costs: () => [...accounts].map(([client, account]) => costOf(client, account)),
  }
}

/** Adds the two metrics that are made of this. */
export function exportTokenCost({ sampled }: Pick<Metrics, 'sampled'>, cost: TokenCost): void {
  sampled('counter', 'scopegate_token_calls_total', 'Calls that took a token along', () =>
    cost.costs().map(({ client, calls }) => ({ labels: { client }, value: calls })),
  )
  const help = 'US dollars that the tokens of a client cost a month if it goes on like this'
  sampled('gauge', 'scopegate_token_cost_month_usd', help, () =>
    cost
      .costs()
      .flatMap(({ client, usdPerMonth: value }) =>
        value === undefined ? [] : [{ labels: { client }, value }],
      ),
  )
}

/** Hours to come are of a clock that was set back. */
const isRecent = (one: number, thisHour: number): boolean =>
  one <= thisHour && one > thisHour - windowHours

function purchasesOf(
  { since, byHour }: Account,
  grants: readonly TokenStatus[],
  now: EpochSeconds,
): Parameters<typeof tokensPerMonth>[0] {
  const thisHour = Math.floor(now / hour)
  const recent = [...byHour].filter(([one]) => isRecent(one, thisHour))
  return {
    tokens: recent.reduce((sum, [, count]) => sum + count, 0),
    seconds: Math.max(0, Math.min(now - since, (windowHours - 1) * hour + (now % hour))),
    secondsLeft: grants.map(({ nextRenewalAt = now }) => nextRenewalAt - now),
  }
}
