/** Back-pressure between the two ends of a tunnelled WebSocket; @fastify/http-proxy has none. */
import WebSocket from 'ws'
import type { Milliseconds } from '../units.ts'

/** More than this waiting to be taken by one end pauses the other, until half of it is left. */
const mostBuffered = 1024 * 1024
const lookEvery = 20

/**
 * The end of the caller. It reads nothing until the upstream's end is open, since all that it read would be
 * kept, and it says nothing about the upstream when that could not be reached.
 */
export class CallerWebSocket extends WebSocket {
  constructor(...given: ConstructorParameters<typeof WebSocket>) {
    super(...given)
    this.once('open', () => {
      this.pause()
    })
  }

  override close(code?: number, reason?: string | Buffer): void {
    // else it would not see the answer
    this.resume()
    if (code === 1011) super.close(code, 'upstream error')
    else super.close(code, reason)
  }
}

/** What of a WebSocket its valve needs. */
type End = Pick<
  WebSocket,
  'readyState' | 'bufferedAmount' | 'pause' | 'resume' | 'terminate' | 'on' | 'once'
>

/** To be called when both ends are open. An end that takes nothing for `stalledAfter` ends both. */
export function joinEnds(caller: End, above: End, stalledAfter: Milliseconds): void {
  if (caller.readyState !== WebSocket.OPEN) {
    above.terminate()
    return
  }
  installValve(caller, above, stalledAfter)
  installValve(above, caller, stalledAfter)
  caller.resume()
}

function installValve(from: End, to: End, stalledAfter: Milliseconds): void {
  let timer: NodeJS.Timeout | undefined
  const reopen = (): void => {
    clearInterval(timer)
    timer = undefined
    from.resume()
  }
  const look = (): void => {
    if (timer !== undefined || to.bufferedAmount <= mostBuffered) return
    if (from.readyState !== WebSocket.OPEN || to.readyState !== WebSocket.OPEN) return
    let left = to.bufferedAmount
    let idle = 0
    from.pause()
    timer = setInterval(() => {
      idle = to.bufferedAmount < left ? 0 : idle + lookEvery
      left = to.bufferedAmount
      if (left < mostBuffered / 2) reopen()
      else if (idle >= stalledAfter) for (const end of [from, to]) end.terminate()
    }, lookEvery).unref()
  }
  // pings and pongs are passed on too; what passes them on listens already
  for (const event of ['message', 'ping', 'pong']) from.on(event, look)
  for (const end of [from, to]) end.once('close', reopen)
}
