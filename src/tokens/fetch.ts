/** One bounded GET of a JSON document from an issuer; only this file and request.ts speak HTTP in tokens/. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { http } from '../node-http.ts'
import { no, ok, type Bytes, type Milliseconds, type Result } from '../units.ts'
import { decodeUtf8 } from './json.ts'
import type { TlsSettings } from './settings.ts'
import type { TraceIssuerRequest } from './trace.ts'

export type FetchOptions = {
  /** For everything: name lookup, connection, head and body. */
  readonly timeout: Milliseconds
  readonly maxBytes: Bytes
  readonly tls: TlsSettings | undefined
  /** Ends it early, as a failure. */
  readonly signal?: AbortSignal | undefined
  readonly trace?: TraceIssuerRequest | undefined
}

export type FetchProblem = {
  /** Fixed words and at most a system error code: no address, nothing from the answer. */
  readonly because: string
  /** When there was an answer. */
  readonly status: number | undefined
}

/**
 * Fetches `url` and returns its text, decoded as UTF-8 and not yet parsed. Never throws.
 *
 * https only, unless the host is loopback. Certificates are verified whatever the environment says; its
 * proxy variables are ignored (they may point at ourselves), and no connection outlives the call.
 * A redirect is a failure, as is every status but 200 (SPEC 3).
 */
export async function fetchJsonText(
  url: string,
  options: FetchOptions,
): Promise<Result<string, FetchProblem>> {
  const refused = refuseAddress(url)
  if (refused !== undefined) return problem(refused)
  const ended = options.trace?.('GET', url)
  const ending = new AbortController()
  const limit = setTimeout(() => ending.abort('there was no answer in time'), options.timeout)
  const cancel = () => ending.abort('it was cancelled')
  if (options.signal?.aborted) cancel()
  options.signal?.addEventListener('abort', cancel, { once: true })
  const result = await exchange(url, options, ending.signal).catch((error: unknown) =>
    problem(ending.signal.aborted ? String(ending.signal.reason) : wordsFor(error)),
  )
  clearTimeout(limit)
  options.signal?.removeEventListener('abort', cancel)
  ended?.(
    result.ok
      ? { status: 200, error: undefined }
      : { status: result.problem.status, error: result.problem.because },
  )
  return result
}

async function exchange(
  url: string,
  { maxBytes, tls }: FetchOptions,
  signal: AbortSignal,
): Promise<Result<string, FetchProblem>> {
  const { get } = url.startsWith('https:') ? https : http
  const request = get(url, { ...tlsOptions(tls), ...always, signal })
  // whatever comes after the head is told by the body too
  request.on('error', () => undefined)
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const status = response.statusCode as number
    if (status !== 200) {
      const isRedirect = status >= 300 && status < 400
      return problem(
        isRedirect ? 'the answer is a redirect' : `the answer has status ${status}`,
        status,
      )
    }
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of response as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > maxBytes) return problem('the answer is too large')
      pieces.push(piece)
    }
    const text = decodeUtf8(Buffer.concat(pieces))
    return text === undefined ? problem('the answer is not UTF-8', 200) : ok(text)
  } finally {
    request.destroy()
  }
}

/**
 * Said aloud: NODE_TLS_REJECT_UNAUTHORIZED=0, NODE_USE_ENV_PROXY=1 and --insecure-http-parser would change the
 * defaults. An agent of its own is closed with its one connection.
 */
const always = {
  ...{ agent: false, rejectUnauthorized: true, insecureHTTPParser: false },
  headers: { accept: 'application/json', 'accept-encoding': 'identity' },
} as const

function tlsOptions(tls: TlsSettings | undefined): https.RequestOptions {
  return {
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key.reveal() }),
    ...(tls?.serverName !== undefined && { servername: tls.serverName }),
  }
}

/** What is left of `total` from now on, at least 1 ms: for several requests under one limit. */
export function countdown(total: Milliseconds): () => Milliseconds {
  const end = performance.now() + total
  return () => Math.max(1, end - performance.now()) as Milliseconds
}

/** Whether a URL's `hostname` is loopback by its spelling: `localhost`, 127.0.0.0/8, `[::1]`. Pure. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

/** Why an address must not be asked for keys or metadata; undefined when it may. Pure. */
export function refuseAddress(url: string): string | undefined {
  if (!URL.canParse(url)) return 'the address is not a URL'
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') return 'the address holds a user name or password'
  if (protocol === 'https:') return undefined
  if (protocol !== 'http:') return 'the address is neither https nor http'
  return isLoopbackHost(hostname) ? undefined : 'the address must be https unless it is loopback'
}

function wordsFor(error: unknown): string {
  const code = String((error as { code?: unknown }).code)
  const what = /CERT|^UNABLE_TO_/.test(code)
    ? 'the certificate was refused'
    : 'the connection failed'
  return `${what} (${code})`
}

function problem(
  because: string,
  status?: number,
): { readonly ok: false; readonly problem: FetchProblem } {
  return no({ because, status })
}
