/** Kinds of load, and which systems each is put on. */
import type { RequestShape } from './load/requests.ts'
import type { Measure } from './measure/measures.ts'
import { modOauth2 } from './peers/apache.ts'
import { haproxy, haproxyJwt } from './peers/haproxy.ts'
import { httpProxy, plainImports } from './peers/http-proxy.ts'
import { direct } from './peers/nginx.ts'
import * as ours from './peers/scopegate.ts'
import type { System } from './peers/system.ts'

type Common = {
  /** For --only, and in the JSON. */
  readonly name: string
  readonly title: string
  readonly note?: string
  /** Part of the quick mode. */
  readonly isQuick?: true
  readonly systems: readonly [System, ...System[]]
  /** What the column of ratios compares, and with which system. */
  readonly compare: { readonly measure: Measure; readonly system: System }
}

export type LoadKind = Common & {
  readonly kind: 'load'
  readonly shape: RequestShape
  /** How many tokens take turns. */
  readonly tokens: number
  readonly connections: number
  /** 0: saturation. */
  readonly perSecond: number
  /** A turn takes this many times as long. */
  readonly longer?: number
}

/** Everybody asks for 50 MiB at once and takes one piece of at most 64 KiB in `every` milliseconds. */
export type SlowKind = Common & {
  readonly kind: 'slow'
  readonly readers: number
  readonly every: number
}

export type StartKind = Common & { readonly kind: 'start' }
export type Kind = LoadKind | SlowKind | StartKind

const get: RequestShape = { method: 'GET', path: '/export/1', bodyBytes: 0 }
const saturation = { kind: 'load', shape: get, tokens: 1, connections: 64, perSecond: 0 } as const
const versusJwt = { measure: 'cpu', system: haproxyJwt } as const
const verifying = [haproxyJwt, modOauth2, ours.scopegate] as const
const beforeApi = [haproxy, haproxyJwt, modOauth2, httpProxy, ours.scopegate] as const

export const kinds: readonly Kind[] = [
  {
    ...{ ...saturation, name: 'one', title: 'GET 1 KiB, one token, saturated', isQuick: true },
    systems: [direct, ...beforeApi, ours.scopegateLogging],
    compare: versusJwt,
  },
  {
    ...{ ...saturation, name: 'thousand', title: 'GET 1 KiB, 1,000 tokens', tokens: 1000 },
    ...{ systems: verifying, compare: versusJwt },
  },
  {
    ...{ ...saturation, name: 'ten-thousand', title: 'GET 1 KiB, 10,000 tokens', tokens: 10_000 },
    note: `Scopegate keeps ${ours.verdictsKept} verdicts, mod_oauth2 1,000 (its default), HAProxy none.`,
    ...{ systems: verifying, compare: versusJwt },
  },
  {
    ...{ ...saturation, name: 'new', title: 'GET 1 KiB, a new token on every request' },
    note: `${ours.verdictsKept + 2000} tokens in turn, more than the ${ours.verdictsKept} verdicts that Scopegate keeps: when a token comes round, its verdict is gone, and every signature is verified. mod_oauth2 keeps 1,000, HAProxy none.`,
    tokens: ours.verdictsKept + 2000,
    ...{ systems: verifying, compare: versusJwt },
  },
  {
    ...{ ...saturation, name: 'latency', title: 'GET 1 KiB at 1,000 requests/s, one token' },
    note: 'Poisson arrivals; latency from the intended send time. CPU per request is higher than when saturated: fewer events are handled at a time.',
    ...{ perSecond: 1000, longer: 2 },
    systems: [direct, ...beforeApi],
    compare: { measure: 'p50', system: haproxyJwt },
  },
  {
    ...{ ...saturation, name: 'post', title: 'POST 10 KiB, answer 1 KiB' },
    shape: { method: 'POST', path: '/upload', bodyBytes: 10_240 },
    ...{ systems: beforeApi, compare: versusJwt },
  },
  {
    ...{ ...saturation, name: 'large', title: 'GET 1 MiB' },
    shape: { method: 'GET', path: '/export/large', bodyBytes: 0 },
    ...{ systems: beforeApi, compare: versusJwt },
  },
  {
    ...{ ...saturation, name: 'routes', title: '2,000 routes against 10' },
    systems: [ours.scopegate10Routes, ours.scopegate2000Routes],
    compare: { measure: 'cpu', system: ours.scopegate10Routes },
  },
  {
    ...{
      ...saturation,
      name: 'outbound',
      title: 'Outbound with an attached token, against inbound',
    },
    note: 'The upstream answers 200 only to the token that Scopegate attaches.',
    systems: [ours.scopegate, ours.outboundHttp, ours.outboundHttps],
    compare: { measure: 'cpu', system: ours.scopegate },
  },
  {
    ...{ ...saturation, name: 'tracing', title: 'Tracing, against Scopegate without' },
    note: 'Each request makes two spans. The collector takes them on the other core and throws them away.',
    systems: [ours.scopegate, ours.scopegateSampling, ours.scopegateTracing],
    compare: { measure: 'cpu', system: ours.scopegate },
  },
  {
    ...{
      kind: 'slow',
      name: 'slow',
      title: '200 slow readers of 50 MiB',
      readers: 200,
      every: 250,
    },
    note: 'Each takes at most 64 KiB in 250 ms. "Served at once" counts those that had the head and a piece of the body after four seconds.',
    systems: [haproxyJwt, modOauth2, httpProxy, ours.scopegate],
    compare: { measure: 'growth', system: haproxyJwt },
  },
  {
    ...{ kind: 'start', name: 'start', title: 'Start to the first served request', isQuick: true },
    systems: [haproxyJwt, modOauth2, httpProxy, plainImports, ours.scopegate],
    compare: { measure: 'start', system: plainImports },
  },
]

/** Throws when there is no such kind. */
export function chosenKinds(only: readonly string[], full: boolean): readonly Kind[] {
  const unknown = only.filter((name) => !kinds.some((kind) => kind.name === name))
  if (unknown.length > 0) throw new Error(`no kind is named ${unknown.join(', ')}`)
  if (only.length > 0) return kinds.filter(({ name }) => only.includes(name))
  return kinds.filter(({ isQuick }) => full || isQuick === true)
}
