/** What a configuration makes the proxy use: token grants, upstreams, the form of its problems. Pure. */
import type { Config, UpstreamConfig } from '../config/config.ts'
import type { Direction } from '../ops/access.ts'
import type { Grant, IssuerSettings } from '../tokens/settings.ts'
import type { ProblemSettings } from './problems.ts'

/** How answers of our own look; only inbound challenges, and so has a realm. */
export function problemSettings(config: Config, direction: Direction): ProblemSettings {
  return {
    realm: direction === 'inbound' ? config.inbound?.realm : undefined,
    problemTypes: config.inbound?.problemTypes,
  }
}

/** The issuers whose keys are needed: none where nothing is verified, and they only name token endpoints. */
export function verifiedIssuers({ inbound, issuers }: Config): readonly IssuerSettings[] {
  return inbound === undefined ? [] : issuers
}

/** The grants of all outbound routes, equal ones as often as they stand there. */
export function grantsOf(config: Config): readonly Grant[] {
  return config.outbound?.routes.map((route) => route.grant) ?? []
}

/** The upstreams of both directions, equal ones as often as they stand there. */
export function upstreamsOf({ inbound, outbound }: Config): readonly UpstreamConfig[] {
  return [
    ...(inbound === undefined ? [] : [inbound.upstream]),
    ...(outbound?.routes.map((route) => route.upstream) ?? []),
  ]
}
