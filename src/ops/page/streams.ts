/** Server-sent events: the parts of the status page that have changed, to everybody who looks. */
import type { ServerResponse } from 'node:http'
import type { Parts } from './document.ts'

export type StreamsDeps = {
  /** The parts as they are now. */
  readonly render: () => Parts
  /** Of what runs: a page of another version loads itself anew. */
  readonly version: string
  /** Runs something again and again; the result ends that. Every two seconds unless a test has its own. */
  readonly repeat?: (run: () => void) => () => void
}

export type Streams = {
  /**
   * Takes the response over and answers it, as long as `mayLook` says so; false when there are too many: nothing was
   * written then.
   */
  open(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    mayLook: () => boolean,
  ): boolean
  /** Ends them all, and takes no other. */
  close(): void
}

export const mostStreams = 8

const everyTwoSeconds = (run: () => void): (() => void) => {
  const timer = setInterval(run, 2000).unref()
  return () => {
    clearInterval(timer)
  }
}

type Viewer = {
  /** Judged again and again: a reload may take the permission back. */
  readonly mayLook: () => boolean
  told: Parts
}

/** One timer while there is somebody to tell, which keeps no process alive; the parts are made once for all. */
export function createStreams(deps: StreamsDeps): Streams {
  const { render, version, repeat = everyTwoSeconds } = deps
  const viewers = new Map<ServerResponse, Viewer>()
  let cancel = (): void => undefined
  let isClosed = false

  function tell(response: ServerResponse, viewer: Viewer, now: Parts): void {
    // a reader that is slow misses events: what it has not taken is all that is kept for it
    if (response.writableNeedDrain) return
    const parts = Object.entries(now).filter(([name, text]) => viewer.told[name] !== text)
    viewer.told = now
    const data = JSON.stringify({ version, parts: Object.fromEntries(parts) })
    response.write(`data: ${data}\n\n`)
  }

  function tick(): void {
    const now = render()
    for (const [response, viewer] of viewers)
      if (viewer.mayLook()) tell(response, viewer, now)
      else response.end()
  }

  function leave(response: ServerResponse): void {
    viewers.delete(response)
    if (viewers.size === 0) cancel()
  }

  return {
    open(response, headers, mayLook) {
      // whoever has gone already is taken and forgotten: there would be no event of it
      if (response.destroyed) return true
      if (isClosed || viewers.size >= mostStreams) return false
      response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
      response.once('close', () => {
        leave(response)
      })
      if (viewers.size === 0) cancel = repeat(tick)
      const viewer = { mayLook, told: {} }
      viewers.set(response, viewer)
      tell(response, viewer, render())
      return true
    },
    close() {
      isClosed = true
      cancel()
      for (const response of viewers.keys()) response.end()
    },
  }
}
