/** The outbound proxy: findUpstream -> tokens.get -> attachToken -> forward (SPEC 4). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClearedTarget } from '../decision/enforce.ts'
import type { OutboundConfig, OutboundRoute } from '../config/config.ts'
import type { TokenCache } from '../tokens/cache.ts'
import type { AccessToken } from '../tokens/request.ts'
import { saysInvalidToken } from './challenges.ts'
import { answer, beginExchange, type Exchange, type ExchangeSettings } from './exchange.ts'
import { createFindUpstream } from './find-upstream.ts'
import { forward } from './forward.ts'
import { createRequestFilter } from './headers.ts'
import type { ProxyProblem } from './problems.ts'
import type { Upstream } from './upstream.ts'
import type { Upstreams } from './upstreams.ts'
import { checkRequest } from './wire.ts'

/** What is held of a body, in bytes, so that a request can go once more after a 401. */
const replayBytes = 64 * 1024

export type OutboundParts = {
  readonly config: OutboundConfig
  readonly tokens: TokenCache
  readonly upstreams: Upstreams
  readonly exchange: ExchangeSettings
}

export type Outbound = {
  handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void
}

/** The outbound proxy of one configuration; a reload makes another one. */
export function createOutbound(parts: OutboundParts): Outbound {
  const { config, tokens } = parts
  const findUpstream = createFindUpstream(config.routes)
  const wayTo = createWays(config.routes, parts.upstreams)
  const always = (name: string): boolean => name === 'host' || name === config.requireHeader
  const keepAuthorization = createRequestFilter(always)
  const withoutAuthorization = createRequestFilter(
    (name) => name === 'authorization' || always(name),
  )
  const pathsAnyHost = config.allowRemoteClients || config.listen.kind === 'socket'

  function handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const exchange = beginExchange(req, res, expectsContinue, parts.exchange)
    const refused = checkRequest(req, config.limits, undefined) ?? checkCaller(req)
    if (refused !== undefined) {
      refuse(exchange, refused)
      return
    }
    const found = findUpstream({ target: String(req.url), host: req.headers.host, pathsAnyHost })
    if (!found.ok) {
      refuse(exchange, found.problem)
      return
    }
    const { route, target } = found.value
    exchange.record.route = route.id
    exchange.record.routeLine = route.line
    const brought = req.headers.authorization !== undefined
    if (brought && route.onAuthorization === 'refuse') {
      refuse(exchange, { code: 'authorization_refused' })
      return
    }
    exchange.record.decision = 'allow'
    if (brought && route.onAuthorization === 'keep') pass(exchange, route, target, undefined)
    else attachToken(exchange, route, target)
  }

  /** Web pages, and whoever lacks the header asked for, get no token attached. */
  function checkCaller(req: IncomingMessage): ProxyProblem | undefined {
    const site = req.headers['sec-fetch-site']
    if (
      !config.allowBrowsers &&
      (req.headers.origin !== undefined || (site !== undefined && site !== 'none'))
    )
      return { code: 'browser_refused' }
    if (config.requireHeader !== undefined && req.headers[config.requireHeader] === undefined)
      return { code: 'header_required' }
    return undefined
  }

  function attachToken(exchange: Exchange, route: OutboundRoute, target: ClearedTarget): void {
    const token = tokens.usable(route.grant)
    if (token !== undefined) {
      pass(exchange, route, target, token)
      return
    }
    void tokens.get(route.grant).then((result) => {
      if (exchange.res.destroyed) return
      if (result.ok) pass(exchange, route, target, result.value)
      else refuse(exchange, { code: 'token_unavailable', retryAfter: result.problem.retryAfter })
    })
  }

  function pass(
    exchange: Exchange,
    route: OutboundRoute,
    target: ClearedTarget,
    token: AccessToken | undefined,
  ): void {
    const { rawHeaders } = exchange.req
    const { upstream, host } = wayTo(route)
    const headers = (attached: AccessToken | undefined): string[] =>
      attached === undefined
        ? ['Host', host, ...keepAuthorization(rawHeaders)]
        : [
            'Host',
            host,
            ...withoutAuthorization(rawHeaders),
            'Authorization',
            attached.authorization.reveal(),
          ]

    forward(exchange, {
      upstream,
      target,
      headers: headers(token),
      headersTimeout: route.timeouts.headers ?? route.upstream.headersTimeout,
      bodyTimeout: route.timeouts.body ?? route.upstream.bodyTimeout,
      replayBytes: token === undefined || route.renewOn401 === 'never' ? 0 : replayBytes,
      ...(token !== undefined && {
        reconsider: (status, answered, canReplay) => {
          if (status !== 401 || !asksForRenewal(route, answered)) return undefined
          const renewed = tokens.rejected(route.grant, token)
          // the token is dropped in any case; without the body the next call has to do
          if (!canReplay) return undefined
          return renewed.then((fresh) => (fresh === undefined ? undefined : headers(fresh)))
        },
      }),
    })
  }

  return { handle }
}

type Way = { readonly upstream: Upstream; readonly host: string }

/** Client and authority of each route's upstream, made once: neither is free, and a reload would close what comes later. */
function createWays(routes: readonly OutboundRoute[], upstreams: Upstreams) {
  const ways = new Map(
    routes.map((route): [OutboundRoute, Way] => [
      route,
      { upstream: upstreams.of(route.upstream), host: new URL(route.upstream.origin).host },
    ]),
  )
  return (route: OutboundRoute): Way => ways.get(route) as Way
}

function asksForRenewal(route: OutboundRoute, headers: readonly string[]): boolean {
  switch (route.renewOn401) {
    case 'never':
      return false
    case 'always':
      return true
    case 'invalid_token':
      return saysInvalidToken(headers)
  }
}

function refuse(exchange: Exchange, problem: Parameters<typeof answer>[1]): void {
  exchange.record.decision = 'deny'
  exchange.record.reason = problem.code
  answer(exchange, problem)
}
