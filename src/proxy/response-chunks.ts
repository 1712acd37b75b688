/** The chunked transfer coding, read strictly (RFC 9112 §7.1): sizes in hex, whole line ends, trailers dropped. */

/** Told each piece of data; the rest of `buffer` follows at once unless it answers false. */
export type TakePiece = (buffer: Buffer, start: number, end: number) => boolean

export type Chunks = {
  /**
   * Reads from `start` to `end`. Answers where it stopped: at the end of what is there, behind the last
   * chunk, or where `take` answered false; -1 if this is no chunked body.
   */
  read(buffer: Buffer, start: number, end: number, take: TakePiece): number
  /** Behind the empty line after the last chunk. */
  isDone(): boolean
}

/** Longest line that is read besides data: a chunk size with its extensions, or one trailer. */
const maxLine = 4096
/** Most bytes of trailers. */
const maxTrailers = 16 * 1024

/** Of the extensions that RFC 9112 §7.1.1 allows those without white space around them, as llhttp does. */
const sizeLine =
  /^([0-9A-Fa-f]{1,12})(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[\t\x20\x21\x23-\x5b\x5d-\x7e]*"))?)*$/
const trailerLine = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/

const lineFeed = 0x0a

/** A reader for one body. */
export function createChunks(): Chunks {
  let phase: 'size' | 'data' | 'end of data' | 'trailers' | 'done' = 'size'
  /** Bytes of the chunk that are still to come. */
  let left = 0
  /** The part of a line that came so far. */
  let partial = ''
  let trailers = 0

  /** False if this is no line that may stand here. */
  function readLine(line: string): boolean {
    switch (phase) {
      case 'size': {
        const size = sizeLine.exec(line)?.[1]
        if (size === undefined) return false
        left = Number.parseInt(size, 16)
        phase = left === 0 ? 'trailers' : 'data'
        return true
      }
      case 'end of data':
        phase = 'size'
        return line === ''
      case 'trailers':
      case 'data':
      case 'done':
        if (line === '') {
          phase = 'done'
          return true
        }
        trailers += line.length
        return trailers <= maxTrailers && trailerLine.test(line)
    }
  }

  return {
    isDone: () => phase === 'done',
    read(buffer, start, end, take) {
      let at = start
      while (at < end && phase !== 'done') {
        if (phase === 'data') {
          const stop = Math.min(end, at + left)
          left -= stop - at
          if (left === 0) phase = 'end of data'
          const from = at
          at = stop
          if (!take(buffer, from, stop)) return at
          continue
        }
        const feed = buffer.indexOf(lineFeed, at)
        const isWhole = feed >= 0 && feed < end
        const stop = isWhole ? feed + 1 : end
        if (partial.length + stop - at > maxLine) return -1
        partial += buffer.toString('latin1', at, stop)
        at = stop
        if (!isWhole) return at
        const line = partial
        partial = ''
        if (!line.endsWith('\r\n') || !readLine(line.slice(0, -2))) return -1
      }
      return at
    },
  }
}
