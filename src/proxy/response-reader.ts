/** Bytes of an upstream connection -> interim answers, head, pieces of the body, end (RFC 9112 §6.3). */
import { type Chunks, createChunks } from './response-chunks.ts'
import { type Framing, parseResponseHead, type ResponseHead } from './response-head.ts'

/** Largest response head that is taken from an upstream. */
const maxHead = 64 * 1024
/** Most 1xx responses before the final one. */
const maxInterims = 32
/** Up to this size a piece is a string. */
export const small = 16 * 1024

export type ReaderEvents = {
  /** 1xx other than 100 and 101. */
  readonly interim: (status: number, headers: readonly string[]) => void
  /** False = stop until `goOn`. */
  readonly head: (head: ResponseHead) => boolean
  /** A small piece as latin1 string, a large one in memory of its own; false = stop until `goOn`. */
  readonly data: (piece: Buffer | string) => boolean
  /** The last event. `isClean`: nothing came behind the response. */
  readonly whole: (isClean: boolean) => void
  /** The last event: this is no response, in fixed words. */
  readonly refused: (cause: string) => void
}

/** Reads one response after the other. */
export type ResponseReader = {
  /** The next response belongs to a request with this method. */
  begin(method: string): void
  /** No further event. */
  end(): void
  read(from: Buffer, start: number, end: number): void
  /** Takes up what was left when an event said stop. */
  goOn(): void
  isStopped(): boolean
  /** The connection ended. False: that is not the end of the response. */
  ended(): boolean
  /** Is what follows `size` bytes worth memory of its own? */
  isBulk(size: number): boolean
}

/** `lent` is the buffer whose content is overwritten by the next read: pieces of any other are handed over. */
export function createResponseReader(lent: Buffer, events: ReaderEvents): ResponseReader {
  let isReading = false
  let method = ''
  /** The part of the head that came so far. */
  let partial = ''
  let interims = 0
  /** Undefined before the final head. */
  let framing: Framing | undefined
  /** Bytes of the body that are still to come, where its length was stated. */
  let left = 0
  let chunks: Chunks | undefined
  let isStopped = false
  /** What was read and may not be passed on yet. */
  let stash: Buffer | undefined

  function begin(next: string): void {
    isReading = true
    method = next
    interims = 0
    framing = undefined
    chunks = undefined
  }

  function end(): void {
    isReading = false
    isStopped = false
    partial = ''
    stash = undefined
  }

  function read(from: Buffer, start: number, stop: number): void {
    let at = start
    while (framing === undefined) {
      at = readHead(from, at, stop)
      if (!isReading || at === stop) return
    }
    if (isStopped) stash = Buffer.from(from.subarray(at, stop))
    else if (chunks === undefined) readPlain(from, at, stop)
    else readChunks(chunks, from, at, stop)
  }

  /** Answers where it stopped. */
  function readHead(from: Buffer, start: number, stop: number): number {
    const before = partial.length
    const text = partial + from.toString('latin1', start, stop)
    const last = text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if ((last < 0 ? text.length : last) > maxHead) {
      refuse('a response head that is too large')
      return stop
    }
    if (last < 0) {
      partial = text
      return stop
    }
    partial = ''
    const head = parseResponseHead(text.slice(0, last), method)
    if (!head.ok) {
      refuse(head.problem)
      return stop
    }
    const at = start + last + 4 - before
    if (head.value.status < 200) passInterim(head.value)
    else passHead(head.value, at === stop)
    return at
  }

  function passInterim({ status, headers }: ResponseHead): void {
    interims += 1
    if (status === 101) refuse('an upgrade that was not asked for')
    else if (interims > maxInterims) refuse('too many interim responses')
    else if (status !== 100) events.interim(status, headers)
  }

  function passHead(head: ResponseHead, isLast: boolean): void {
    framing = head.framing
    if (framing.kind === 'length') left = framing.length
    else if (framing.kind === 'chunked') chunks = createChunks()
    const goesOn = events.head(head)
    if (!isReading) return
    if (framing.kind === 'none') finish(isLast)
    else isStopped = !goesOn
  }

  function readChunks(coded: Chunks, from: Buffer, start: number, stop: number): void {
    const at = coded.read(from, start, stop, pass)
    if (!isReading) return
    if (at < 0) refuse('a chunk that is none')
    else if (coded.isDone()) finish(at === stop)
    else if (at < stop) stash = Buffer.from(from.subarray(at, stop))
  }

  function readPlain(from: Buffer, start: number, stop: number): void {
    const isMeasured = framing?.kind === 'length'
    const last = isMeasured ? Math.min(stop, start + left) : stop
    left -= last - start
    pass(from, start, last)
    if (isReading && isMeasured && left === 0) finish(last === stop)
  }

  /** Hands one piece on; false = no more for now, or no more at all. */
  function pass(from: Buffer, start: number, stop: number): boolean {
    const goesOn = events.data(
      stop - start <= small
        ? from.toString('latin1', start, stop)
        : from === lent
          ? Buffer.from(from.subarray(start, stop))
          : from.subarray(start, stop),
    )
    if (!isReading) return false
    isStopped = !goesOn
    return goesOn
  }

  function finish(isClean: boolean): void {
    end()
    events.whole(isClean)
  }

  function refuse(cause: string): void {
    end()
    events.refused(cause)
  }

  return {
    begin,
    end,
    read,
    goOn() {
      const rest = stash
      isStopped = false
      stash = undefined
      if (rest !== undefined) read(rest, 0, rest.length)
    },
    isStopped: () => isStopped,
    ended() {
      if (!isReading || framing?.kind !== 'close') return false
      finish(false)
      return true
    },
    isBulk: (size) =>
      framing?.kind === 'length' ? left > small : framing !== undefined && size > small,
  }
}
