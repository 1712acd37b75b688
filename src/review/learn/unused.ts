/** Routes and scopes of a configuration that the log does not show in use. Pure. */
import type { Config } from '../../config/config.ts'
import { scopesOf } from '../needs.ts'
import { type Learned, routeKeys } from './learn.ts'

export type Unused = {
  readonly days: number
  /** From when on. */
  readonly since: string
  /** Days that the log covers, when fewer. */
  readonly covered: number | undefined
  readonly routes: readonly {
    readonly direction: string
    readonly id: string
    readonly line: number
    /** Before `since`; undefined = nowhere in the log. */
    readonly lastUse: string | undefined
  }[]
  /** Scopes that only unused inbound routes ask for. */
  readonly scopes: readonly string[]
  /** Why there may be calls that the log does not hold. */
  readonly doubts: readonly string[]
}

const dayMs = 86_400_000

/** What was not in use in the last `days` days before the log's last line. */
export function unusedOf(config: Config, learned: Learned, days: number): Unused {
  const { first, last, lastUse } = learned
  const since = new Date(Date.parse(last) - days * dayMs).toISOString()
  const isUsed = (key: string): boolean => (lastUse.get(key) ?? '') >= since
  const inbound = config.inbound?.routes ?? []
  const used = inbound.filter(({ id }) => isUsed(`inbound ${id}`)).flatMap(scopesOf)
  const covered = Math.floor((Date.parse(last) - Date.parse(first)) / dayMs)
  return {
    ...{ days, since, covered: first > since ? covered : undefined },
    routes: routeKeys(config)
      .filter(({ key }) => !isUsed(key))
      .map(({ key, id, line }) => ({
        ...{ direction: key.slice(0, key.indexOf(' ')), id, line, lastUse: lastUse.get(key) },
      })),
    scopes: [...new Set(inbound.flatMap(scopesOf))].filter((scope) => !used.includes(scope)).sort(),
    doubts: doubtsOf(config),
  }
}

function doubtsOf({ log }: Config): readonly string[] {
  const silent = (['inbound', 'outbound'] as const).filter(
    (direction) => !['trace', 'debug', 'info'].includes(log.requests[direction]),
  )
  return [
    ...(log.sampleAllowed < 1
      ? [`log.sampleAllowed is ${log.sampleAllowed}: most allowed calls may be in no line`]
      : []),
    ...silent.map((direction) => `log.requests.${direction} leaves allowed calls out of the log`),
  ]
}
