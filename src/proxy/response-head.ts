/** The head of an upstream's response, read strictly (RFC 9112 §4, §5, §6.3). Pure. */
import { no, ok, type Result } from '../units.ts'

/** How the body is framed. `close`: it ends with the connection. */
export type Framing =
  | { readonly kind: 'none' | 'chunked' | 'close' }
  | { readonly kind: 'length'; readonly length: number }

export type ResponseHead = {
  readonly status: number
  /** Flat list of names and values (latin1), as received but for the white space around values. */
  readonly headers: readonly string[]
  readonly framing: Framing
  /** False: the connection ends with this response. */
  readonly keepsAlive: boolean
  /** Seconds that `Keep-Alive: timeout` promises. */
  readonly promised: number | undefined
}

/** Anything but visible characters, obs-text, spaces, tabs and whole line ends. */
const forbidden = /[^\t\x20-\x7e\x80-\xff\r\n]|\r(?!\n)|(?<!\r)\n/
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Reads a head; `text` is latin1, without the empty line at its end.
 *
 * The problem says in fixed words what no HTTP/1.1 response may be, or what two readers could frame
 * differently: then the connection is of no more use. What is accepted here llhttp accepts too, in the
 * same sense (test/proxy/response-differential.test.ts).
 */
export function parseResponseHead(text: string, method: string): Result<ResponseHead, string> {
  if (forbidden.test(text)) return no('a forbidden character in the response head')
  let at = text.indexOf('\r\n')
  if (at < 0) at = text.length
  const line = statusLine.exec(text.slice(0, at))
  if (line === null) return no('no status line of HTTP/1.1')
  const isOld = line[1] === '0'
  const status = Number(line[2])
  const headers: string[] = []
  let length: number | undefined
  let isChunked = false
  let connection = ''
  let promised: number | undefined

  while (at < text.length) {
    const start = at + 2
    at = text.indexOf('\r\n', start)
    if (at < 0) at = text.length
    const colon = text.indexOf(':', start)
    if (colon < 0 || colon >= at) return no('a header line without a name')
    const name = text.slice(start, colon)
    if (!token.test(name)) return no('a header name that is no token')
    const value = trim(text, colon + 1, at)
    headers.push(name, value)
    switch (name.length) {
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (length !== undefined) return no('several Content-Length headers')
        if (!/^\d{1,15}$/.test(value)) return no('a Content-Length that is no number')
        length = Number(value)
        break
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break
        if (isChunked || value.toLowerCase() !== 'chunked')
          return no('a transfer coding other than chunked')
        isChunked = true
        break
      case 10:
        switch (name.toLowerCase()) {
          case 'connection':
            connection += `,${value.toLowerCase()}`
            break
          case 'keep-alive':
            promised = promiseOf(value)
        }
    }
  }

  if (isChunked && length !== undefined) return no('both Content-Length and Transfer-Encoding')
  if (isChunked && isOld) return no('a Transfer-Encoding in HTTP/1.0')
  const framing = frame(method, status, isChunked, length)
  const keepsAlive =
    !isOld &&
    framing.kind !== 'close' &&
    !(connection !== '' && /(?:^|[, \t])close(?:$|[, \t])/.test(connection))
  // what may not be there (RFC 9112 §6.1) says that its sender frames otherwise than we read
  const isOdd = isChunked && (status < 200 || status === 204)
  return ok({ status, headers, framing, keepsAlive: keepsAlive && !isOdd, promised })
}

/** RFC 9112 §6.3, in its order. */
function frame(
  method: string,
  status: number,
  isChunked: boolean,
  length: number | undefined,
): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return bodiless
  if (isChunked) return chunked
  if (length === undefined) return untilClose
  return length === 0 ? bodiless : { kind: 'length', length }
}

const bodiless: Framing = { kind: 'none' }
const chunked: Framing = { kind: 'chunked' }
const untilClose: Framing = { kind: 'close' }

/** Without optional white space (RFC 9110 §5.5). */
function trim(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function promiseOf(value: string): number | undefined {
  const seconds = /(?:^|[,;\s])timeout=(\d{1,6})(?:$|[,;\s])/i.exec(value)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}
