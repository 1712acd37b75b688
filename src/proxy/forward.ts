/**
 * A cleared request to the upstream and its answer back: limits, back-pressure, aborts.
 * No retries but one: a bodiless GET, HEAD or OPTIONS whose reused connection closed before any byte
 * of an answer goes once more, on a new connection (SPEC 3).
 */
import type { ClearedTarget } from '../decision/enforce.ts'
import type { Milliseconds } from '../units.ts'
import { answer, type Exchange } from './exchange.ts'
import { closeAfterGrace, cutAnswer, refuseMore } from './grace.ts'
import { responseHeaders } from './headers.ts'
import { type RequestBody, takeBody } from './request-body.ts'
import { relayResponse, type ResponseBody } from './response-body.ts'
import type { Upstream, UpstreamCall, UpstreamFailure } from './upstream.ts'

export type Forwarding = {
  readonly upstream: Upstream
  readonly target: ClearedTarget
  /** Flat list of names and values, as the upstream shall see them. */
  readonly headers: readonly string[]
  /** The whole response head, from the end of the request on. */
  readonly headersTimeout: Milliseconds
  /** Between two pieces of a response body, or of a request body that the upstream does not take. */
  readonly bodyTimeout: Milliseconds
  /** Bytes of a request body that are held for a second attempt. */
  readonly replayBytes: number
  /**
   * Looks at the head before it goes downstream. A list of headers = send the request once more with
   * them instead; undefined = pass it on. Asked once.
   */
  readonly reconsider?: (
    status: number,
    headers: readonly string[],
    canReplay: boolean,
  ) => Promise<readonly string[] | undefined> | undefined
}

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Sends the request; ends when the response is over, however it ends. */
export function forward(exchange: Exchange, plan: Forwarding): void {
  const { req, res, record } = exchange
  const body = exchange.hasBody ? takeBody(exchange, plan, stalled, tooLarge) : undefined
  let call: UpstreamCall | undefined
  let response: ResponseBody | undefined
  let limit: NodeJS.Timeout | undefined
  let attempts = 0
  let reconsidered = false
  /** The answer is held back; what became of it meanwhile. */
  let held: { lost?: UpstreamFailure; ended?: true } | undefined
  let over = false

  // `close` comes after the end of the response too, when there is nothing left to abort
  res.once('close', stop)
  send(plan.headers, false)

  function send(headers: readonly string[], fresh: boolean): void {
    attempts += 1
    let sentAt = 0
    const current: UpstreamCall = plan.upstream.send(
      {
        method: record.method,
        target: plan.target,
        headers: traced(exchange, plan.upstream, plan.target, headers),
        body: body?.replay() ?? body?.source,
        fresh,
      },
      {
        sending() {
          sentAt = performance.now()
          if (exchange.expectsContinue && attempts === 1) res.writeContinue()
          if (body === undefined || body.ended()) awaitHead()
          else body.start(awaitHead)
        },
        interim(status, interimHeaders) {
          passInterim(exchange, status, interimHeaders)
        },
        head(status, headers) {
          clearTimeout(limit)
          record.upstreamMs = performance.now() - sentAt
          exchange.settings.reportUpstream(record.upstreamMs)
          exchange.trace?.answered(status)
          const second = reconsidered
            ? undefined
            : plan.reconsider?.(status, headers, canReplay(body))
          reconsidered = true
          if (second === undefined) passHead(status, headers)
          else hold(second, status, headers)
          return second === undefined
        },
        data: (piece) => response?.data(piece) ?? false,
        isTaken: () => response?.isTaken() ?? false,
        end,
        failed,
      },
    )
    call = current
  }

  function awaitHead(): void {
    clearTimeout(limit)
    limit = setTimeout(() => {
      fail('upstream_timeout')
    }, plan.headersTimeout)
  }

  /** Keeps the head back until it is clear whether the request goes once more. */
  function hold(
    second: Promise<readonly string[] | undefined>,
    status: number,
    headers: readonly string[],
  ): void {
    const first = call
    const answered: typeof held = {}
    held = answered
    void second.then((again) => {
      held = undefined
      if (over) return
      if (again !== undefined) {
        first?.abort()
        send(again, true)
      } else if (answered.lost !== undefined) {
        failed(answered.lost)
      } else {
        passHead(status, headers)
        if (answered.ended === true) end()
        else first?.resume()
      }
    })
  }

  /** An upstream may answer while the upload goes on; whether all of it is wanted shows at the end. */
  function passHead(status: number, headers: readonly string[]): void {
    // at the shutdown deadline the answer is given without the upstream
    if (res.headersSent) return
    const unread = body !== undefined && !body.ended()
    const passed = responseHeaders(
      headers,
      status,
      record.direction === 'inbound' ? record.requestId : undefined,
    )
    if (unread || exchange.settings.isClosing()) {
      refuseMore(req.socket)
      passed.push('Connection', 'close')
    }
    response = relayResponse(exchange, {
      status,
      headers: passed,
      bodyTimeout: plan.bodyTimeout,
      resume: () => call?.resume(),
      stalled,
    })
  }

  function end(): void {
    if (held !== undefined) {
      // nothing follows the head, of an answer to HEAD for one
      held.ended = true
      return
    }
    if (body !== undefined && !body.ended()) {
      body.stop()
      closeAfterGrace(req)
    }
    response?.end()
  }

  function failed(failure: UpstreamFailure): void {
    clearTimeout(limit)
    if (over) return
    if (held !== undefined) {
      held.lost = failure
      return
    }
    exchange.trace?.failed(failure.cause)
    const again =
      failure.staleConnection &&
      attempts === 1 &&
      body === undefined &&
      response === undefined &&
      repeatable.has(record.method)
    if (again) {
      send(plan.headers, true)
      return
    }
    if (req.socket.destroyed) return
    record.upstreamError = failure.cause
    finish()
    answer(
      exchange,
      failure.code === 'overloaded'
        ? { code: 'overloaded', retryAfter: 1 }
        : { code: failure.code },
    )
  }

  /** A pause was too long; whose it was decides the answer. */
  function stalled(whose: 'downstream' | 'upstream'): void {
    // the end of a whole answer is not taken
    const isWhole = res.writableEnded
    if (whose === 'upstream') fail('upstream_timeout')
    else fail('request_timeout')
    if (isWhole) cutAnswer(req)
  }

  function tooLarge(): void {
    fail('body_too_large')
  }

  function fail(code: 'upstream_timeout' | 'request_timeout' | 'body_too_large'): void {
    if (stop()) answer(exchange, { code })
  }

  /** False when it was over already. */
  function stop(): boolean {
    if (over) return false
    finish()
    call?.abort()
    return true
  }

  function finish(): void {
    over = true
    clearTimeout(limit)
    body?.stop()
    response?.stop()
  }
}

/** The headers as they go upstream: with the `traceparent` of our own span when tracing is on. */
export function traced(
  { trace }: Exchange,
  { origin }: Pick<Upstream, 'origin'>,
  target: string,
  headers: readonly string[],
): readonly string[] {
  return trace === undefined ? headers : trace.send(origin, target, headers)
}

function canReplay(body: RequestBody | undefined): boolean {
  return body === undefined || body.replay() !== undefined
}

/** 103 and its kin go downstream (RFC 9110 §15.2), to peers that speak HTTP/1.1. */
function passInterim(exchange: Exchange, status: number, headers: readonly string[]): void {
  const { req, res } = exchange
  if (status !== 103 || req.httpVersionMinor === 0 || res.headersSent) return
  // a hint may be lost, and is not kept for a reader that is slow
  if (req.socket.writableNeedDrain) return
  const links = headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'link')
  if (links.length === 0) return
  // not writeEarlyHints: its regular expression takes seconds for some links of 10 KB
  req.socket.write(`HTTP/1.1 103 Early Hints\r\nLink: ${links.join(', ')}\r\n\r\n`, 'latin1')
}
