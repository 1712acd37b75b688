/** The inbound proxy: parseTarget -> findRoute -> verifyToken -> decide -> enforce -> forward (SPEC 3). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { InboundConfig } from '../config/config.ts'
import {
  allowedPreflight,
  decide,
  type Decision,
  modeOf,
  type TokenResult,
} from '../decision/decide.ts'
import { type Cleared, enforce } from '../decision/enforce.ts'
import type { Mode } from '../decision/routes.ts'
import { findRoute, type Found } from '../decision/table.ts'
import { parseTarget } from '../decision/target.ts'
import type { Result } from '../units.ts'
import { readBearer } from './bearer.ts'
import { answer, beginExchange, type Exchange, type ExchangeSettings } from './exchange.ts'
import { forward, traced } from './forward.ts'
import type { UnfittingClaim } from './identity.ts'
import { createInboundHeaders } from './inbound-headers.ts'
import { onlyValue } from './request-id.ts'
import type { Upstream } from './upstream.ts'
import type { WebSockets } from './websocket.ts'
import { checkRequest } from './wire.ts'

export type VerifyToken = (compact: string) => TokenResult | Promise<TokenResult>

export type InboundParts = {
  readonly config: InboundConfig
  readonly verify: VerifyToken
  readonly upstream: Upstream
  readonly webSockets: WebSockets
  readonly exchange: ExchangeSettings
}

export type Inbound = {
  handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void
  /** A WebSocket handshake; `res` is attached to the socket. */
  upgrade(req: IncomingMessage, res: ServerResponse, socket: Duplex, head: Buffer): void
  /** Would the handshake be accepted now? Asked when keys or configuration change. */
  stillAllows(exchange: Exchange): Promise<boolean>
}

/** The inbound proxy of one configuration; a reload makes another one. */
export function createInbound(parts: InboundParts): Inbound {
  const { config } = parts
  const headers = createInboundHeaders(config)

  function handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const exchange = beginExchange(req, res, expectsContinue, parts.exchange)
    judge(exchange, (decision) => {
      settle(exchange, decision, (cleared) => {
        pass(exchange, cleared)
      })
    })
  }

  function upgrade(req: IncomingMessage, res: ServerResponse, socket: Duplex, head: Buffer): void {
    const exchange = beginExchange(req, res, false, parts.exchange)
    judge(exchange, (decision) => {
      settle(exchange, refuseUpgrade(decision), (cleared) => {
        parts.webSockets.accept(config.upstream, {
          exchange,
          socket,
          head,
          target: cleared.target,
          headers: traced(
            exchange,
            config.upstream,
            cleared.target,
            headers.upstream(exchange, cleared),
          ),
          expiresAt: outlives(cleared.by) ? undefined : cleared.by.token?.expiresAt,
        })
      })
    })
  }

  /** Everything up to the decision; a request that is not valid HTTP is answered here. */
  function judge(exchange: Exchange, decided: (decision: Decision) => void): void {
    const { req } = exchange
    const refused = checkRequest(req, config.limits, config.tokenHeader)
    if (refused !== undefined) {
      answer(exchange, refused)
      return
    }
    const decision = look(exchange)
    if (decision instanceof Promise) void decision.then(decided)
    else decided(decision)
  }

  function look(exchange: Exchange): Decision | Promise<Decision> {
    const { req } = exchange
    const method = req.method as string
    const target = parseTarget(req.url as string, config.paths)
    if (!target.ok) return denied(target.problem)
    const found = findRoute(config.table, target.value, method, config.ignoreCase)
    if (!found.ok) return denied(found.problem)
    if (config.allowPreflight && isPreflight(exchange)) return allowedPreflight
    if (isPublic(found.value)) return decide(found.value, undefined)
    const bearer = readBearer(
      onlyValue(req.rawHeaders, config.tokenHeader),
      config.tokenHeader !== 'authorization',
    )
    if (!bearer.ok) return decide(found.value, bearer)
    const token = parts.verify(bearer.value)
    return token instanceof Promise
      ? token.then((result) => decide(found.value, result))
      : decide(found.value, token)
  }

  function settle(exchange: Exchange, decision: Decision, go: (cleared: Cleared) => void): void {
    if (exchange.res.destroyed) return
    const mode = modeIn(decision, exchange)
    const fitted = fit(decision)
    note(exchange, fitted, mode)
    const cleared: Result<Cleared, unknown> = enforce(fitted, exchange.req.url as string, mode)
    if (cleared.ok) go(cleared.value)
    else if (fitted.kind === 'deny') answer(exchange, fitted.denial)
  }

  /** A claim that fits no header turns an allowed request into a refused one. */
  function fit(decision: Decision): Decision {
    if (decision.kind === 'deny' || decision.token === undefined) return decision
    const identity: Result<unknown, UnfittingClaim> = headers.identity(decision.token)
    if (identity.ok) return decision
    const { route, token } = decision
    return {
      kind: 'deny',
      denial: { code: 'invalid_claim_value', header: identity.problem.header },
      route,
      isListed: true,
      token,
    }
  }

  function modeIn(decision: Decision, { req }: Exchange): Mode {
    // asterisk-form and absolute-form are not for an origin server, nor for its client to send
    const isOdd = decision.kind === 'deny' && decision.denial.code === 'invalid_path'
    if (isOdd && !(req.url as string).startsWith('/')) return 'enforce'
    return modeOf(decision, config.mode)
  }

  function pass(exchange: Exchange, cleared: Cleared): void {
    const timeouts = cleared.by.route?.timeouts
    forward(exchange, {
      upstream: parts.upstream,
      target: cleared.target,
      headers: headers.upstream(exchange, cleared),
      headersTimeout: timeouts?.headers ?? config.upstream.headersTimeout,
      bodyTimeout: timeouts?.body ?? config.upstream.bodyTimeout,
      replayBytes: 0,
    })
  }

  async function stillAllows(exchange: Exchange): Promise<boolean> {
    const decision = refuseUpgrade(await look(exchange))
    return decision.kind === 'allow' || modeIn(decision, exchange) === 'report'
  }

  return { handle, upgrade, stillAllows }
}

function note(exchange: Exchange, decision: Decision, mode: Mode): void {
  const { record } = exchange
  record.route = decision.route?.id
  record.routeLine = decision.route?.line
  record.decision = decision.kind
  record.enforced = mode === 'enforce'
  record.clientId = decision.token?.clientId
  record.issuer = decision.token?.issuer
  if (mode === 'report') record.scopes = decision.token?.scopes
  if (decision.kind === 'allow') return
  record.reason = decision.denial.code
  if (decision.denial.code === 'invalid_token') record.claimed = decision.denial.claimed
}

function denied(denial: Extract<Decision, { kind: 'deny' }>['denial']): Decision {
  return { kind: 'deny', denial, route: undefined, isListed: false, token: undefined }
}

function isPublic(found: Found): boolean {
  return found.kind === 'route' && found.route.access.kind === 'public'
}

/** CORS preflight as the Fetch standard sends it: it says for whom and for what, and has no body. */
function isPreflight({ req, hasBody }: Exchange): boolean {
  const { origin = '', 'access-control-request-method': asked = '' } = req.headers
  return req.method === 'OPTIONS' && !hasBody && origin !== '' && asked !== ''
}

/** A handshake that would be allowed as a request needs a route that says `websocket`. */
function refuseUpgrade(decision: Decision): Decision {
  if (decision.kind === 'deny' || decision.route?.websocket.allowed === true) return decision
  const { route, token } = decision
  return { kind: 'deny', denial: { code: 'upgrade_not_allowed' }, route, isListed: true, token }
}

function outlives(decision: Decision): boolean {
  return decision.route?.websocket.outliveToken === true
}
