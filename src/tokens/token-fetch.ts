/** The connection to a token endpoint, and every option that it relies on. */
import { Agent, fetch } from 'undici'
import type { RequestInit as UndiciRequestInit } from 'undici'
import type { TlsSettings } from './settings.ts'
import type { RawAnswer } from './token-answer.ts'

const maxAnswerBytes = 64 * 1024

export type TokenFetch = {
  /** For oauth4webapi's `customFetch`. */
  readonly fetch: (url: string, init: object) => Promise<Response>
  /** At most 64 KiB of the answer; more is an error, before and after content decoding. */
  readonly read: (response: Response) => Promise<RawAnswer>
  readonly close: () => void
}

/**
 * One connection for one request: token requests are rare, an idle connection would mostly be dead when it is needed.
 *
 * An agent of our own ignores the proxy variables of the environment (in a pod they may point at Scopegate).
 * Redirects are not followed, certificates are verified even when NODE_TLS_REJECT_UNAUTHORIZED says otherwise.
 */
export function openTokenFetch(tls: TlsSettings | undefined): TokenFetch {
  const agent = new Agent({
    pipelining: 0,
    maxResponseSize: maxAnswerBytes,
    // the caller's signal limits the whole; these would only cut in with other words
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: 0,
      rejectUnauthorized: true,
      ...(tls?.ca !== undefined && { ca: tls.ca }),
      ...(tls?.cert !== undefined && { cert: tls.cert }),
      ...(tls?.key !== undefined && { key: tls.key.reveal() }),
      ...(tls?.serverName !== undefined && { servername: tls.serverName }),
    },
  })
  return {
    fetch: (url, init) =>
      // undici's Response is not the global class of Node's own copy; nothing here asks which it is
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
      fetch(url, {
        ...(init as UndiciRequestInit),
        dispatcher: agent,
        redirect: 'manual',
      }),
    read: async (response) => ({
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      text: await readText(response),
    }),
    close: () => void agent.destroy(),
  }
}

/** `maxResponseSize` counts what comes in; a compressed answer could still unfold to a thousand times as much. */
async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const piece of body ?? []) {
    size += piece.length
    if (size > maxAnswerBytes) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** In the shape that fetch itself gives to the same complaint. */
function tooLarge(): Error {
  const cause = Object.assign(new Error('too large'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
  return new TypeError('terminated', { cause })
}
