/** Does the request line say HTTP? node:http takes RTSP and ICE for it, and tells only their version (R19, H6). */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { http } from '../node-http.ts'

/** node:http's parser; what it parses now is a copy, and there only while `request` is emitted. Undocumented. */
type Parsing = Socket & { readonly parser?: { getCurrentBuffer?(): Buffer } | null }

const methods: ReadonlySet<string> = new Set(http.METHODS)

/** The parser also knows methods of RTSP, which no route can name (SPEC 3). Pure. */
export function isHttpMethod(method: string): boolean {
  return methods.has(method)
}

/**
 * Is this `GET /x RTSP/1.0`? To be asked while `request` is emitted.
 *
 * Of HTTP/1.0 only: the copy costs more than a request of HTTP/1.1 may (2 to 30 µs). A request line that came
 * in an earlier packet, or behind another request, is not seen; what is meant is the same in either case, and
 * goes upstream as HTTP/1.1.
 */
export function saysOtherProtocol({ httpVersion, socket }: IncomingMessage): boolean {
  if (httpVersion !== '1.0') return false
  const seen = (socket as Parsing).parser?.getCurrentBuffer?.().toString('latin1') ?? ''
  return /^[\r\n]*[A-Z-]+ +[^ \r\n]+ +(?!HTTP\/)[A-Z]+\//.test(seen)
}
