/** Connections to one upstream: reused last in, first out, bounded in number, with a bounded queue behind them. */
import type { UpstreamConfig } from '../config/config.ts'
import type {
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from './upstream.ts'

/** At most one connection, serving one request at a time. */
export type Line = {
  /**
   * Sends a request. `free` is called once, before the last event of `handler`: whether the line may serve
   * another one. After `abort` of the call there is no further event, nor `free`: the line is gone.
   */
  send(
    request: UpstreamRequest,
    handler: UpstreamHandler,
    free: (reusable: boolean) => void,
  ): UpstreamCall
  destroy(): void
}

/** Opens a line; `lost` is called when its connection went away while it served nothing. */
export type OpenLine = (config: UpstreamConfig, lost: (line: Line) => void) => Line

/** An upstream client with at most `connections` lines and as many requests waiting for one. */
export function createPool(config: UpstreamConfig, openLine: OpenLine): Upstream {
  const idle: Line[] = []
  /** Starts the request that waits; each takes itself out. */
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  function lost(line: Line): void {
    const index = idle.indexOf(line)
    if (index < 0) return
    idle.splice(index, 1)
    line.destroy()
  }

  function release(line: Line, reusable: boolean): void {
    busy -= 1
    if (reusable && !closed) idle.push(line)
    else line.destroy()
    waiting[0]?.()
  }

  function dispatch(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    busy += 1
    const line = (request.fresh ? undefined : idle.pop()) ?? openLine(config, lost)
    let over = false
    const call = line.send(request, handler, (reusable) => {
      over = true
      release(line, reusable)
    })
    return {
      resume() {
        call.resume()
      },
      abort() {
        if (over) return
        over = true
        call.abort()
        release(line, false)
      },
    }
  }

  /** The request waits for a line, at most `connectTimeout`. */
  function wait(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    let call: UpstreamCall | undefined
    const leave = (): void => {
      clearTimeout(limit)
      waiting.splice(waiting.indexOf(begin), 1)
    }
    const begin = (): void => {
      leave()
      call = dispatch(request, handler)
    }
    let over = false
    const limit = setTimeout(() => {
      over = true
      leave()
      handler.failed(overloaded)
    }, config.connectTimeout)
    waiting.push(begin)
    return {
      resume: () => call?.resume(),
      abort() {
        if (call !== undefined) call.abort()
        else if (!over) leave()
        over = true
      },
    }
  }

  return {
    origin: config.origin,
    send(request, handler) {
      if (busy < config.connections) return dispatch(request, handler)
      return waiting.length < config.connections ? wait(request, handler) : refuse(handler)
    },
    busy: () => busy,
    close() {
      closed = true
      for (const line of idle.splice(0)) line.destroy()
    },
  }
}

const overloaded: UpstreamFailure = {
  code: 'overloaded',
  cause: 'all upstream connections are busy',
  staleConnection: false,
}

/** Not before the caller has the call in hand. */
function refuse(handler: UpstreamHandler): UpstreamCall {
  let over = false
  process.nextTick(() => {
    if (!over) handler.failed(overloaded)
  })
  return {
    resume: () => undefined,
    abort() {
      over = true
    },
  }
}
