/** The small interface of an upstream client; `http1-line.ts` and `undici.ts` implement it behind one pool. */

/** Takes a request body, piece by piece; false = stop until `resume()` of the source. */
export type BodySink = {
  piece(chunk: Buffer): boolean
  end(): void
}

/** A request body; nothing of it is read before it flows. */
export type BodySource = {
  flow(sink: BodySink): void
  resume(): void
}

export type UpstreamRequest = {
  readonly method: string
  /** Request target, byte for byte as it goes out (latin1 characters are bytes). */
  readonly target: string
  /** Flat list of names and values; no hop-by-hop header, no Transfer-Encoding. */
  readonly headers: readonly string[]
  /** A source flows once its connection is there; a Buffer is a body that is held. */
  readonly body: BodySource | Buffer | undefined
  /** Ask for a connection that never served anything. */
  readonly fresh: boolean
}

export type UpstreamFailure = {
  readonly code: 'upstream_unreachable' | 'upstream_error' | 'upstream_timeout' | 'overloaded'
  /** Error code for the operator's log (`ECONNREFUSED`); never part of an answer. */
  readonly cause: string
  /** The connection had served a request before, and closed before any byte of this answer. */
  readonly staleConnection: boolean
}

/** What happens to a request, in this order; `failed` may come at any time and is the last. */
export type UpstreamHandler = {
  /** A connection is there and the head is about to be written; nothing of the body was read. */
  sending(): void
  /** An interim answer (1xx other than 100 and 101). */
  interim(status: number, headers: readonly string[]): void
  /** The final head; flat list of names and values as received (latin1); false = stop until `resume()`. */
  head(status: number, headers: readonly string[]): boolean
  /** One piece of the body, a small one as latin1 string; false = stop until `resume()`. */
  data(piece: Buffer | string): boolean
  /** Did the kernel take all pieces so far, so that their memory may be written again? */
  isTaken(): boolean
  end(): void
  failed(failure: UpstreamFailure): void
}

export type UpstreamCall = {
  /** Goes on after `head` or `data` returned false. */
  resume(): void
  /** Gives the request up and closes its connection; no further event. */
  abort(): void
}

export type Upstream = {
  /** Scheme, host and port. */
  readonly origin: string
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall
  /** Connections that serve a request at the moment. */
  busy(): number
  /** Takes no new requests, closes idle connections; the rest close as they finish. */
  close(): void
}
