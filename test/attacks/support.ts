/** Tokens with something wrong, sent through inbound; every part of a "no" is looked at. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts'
import {
  exchangeRaw,
  headsOf,
  type RawAnswer,
  type RawUpstream,
  startRawUpstream,
} from '../support/wire.ts'

export type Target = {
  readonly scene: Scene
  readonly upstream: RawUpstream
  /** GET of a path (`/read/1`) with these header lines; the answer is searched for leaks. */
  get(lines: readonly string[], path?: string): Promise<RawAnswer>
  /** The same with one token. */
  withToken(compact: string, path?: string): Promise<RawAnswer>
  /** How many requests have reached the upstream. */
  reached(): number
  /** The YAML again, with other issuers: for a reload. */
  yaml(issuers: string): string
}

export const read = 'api/read'

/** Inbound before a raw upstream; `issuers` are lines of YAML below `issuers:`, `main` the one that counts. */
export async function startTarget(
  t: Test,
  issuers: string,
  options: SceneOptions & { readonly inbound?: string } = {},
): Promise<Target> {
  const upstream = await startRawUpstream(t)
  const yaml = (lines: string) => `version: 1
issuers:
${lines}
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  issuers: [main]
${options.inbound ?? ''}  routes:
    - { path: /read/**, methods: [GET], scopes: ${read} }
    - { path: /any, methods: [GET], authenticated: true }
admin: { listen: 127.0.0.1:0 }
`
  const scene = await startScene(t, yaml(issuers), options)
  const get: Target['get'] = async (lines, path = '/read/1') => {
    const head = [`GET ${path} HTTP/1.1`, 'Host: api', ...lines, 'Connection: close']
    const answer = await exchangeRaw(scene.inbound, `${head.join('\r\n')}\r\n\r\n`)
    scene.leaks.saw(answer.text)
    return answer
  }
  return {
    ...{ scene, upstream, yaml, get },
    withToken(compact, path) {
      if (compact.length > 40) scene.leaks.forbid(compact)
      return get([`Authorization: Bearer ${compact}`], path)
    },
    reached: () => headsOf(upstream.received).length,
  }
}

/** What every refusal of a token has (RFC 6750 §3.1, SPEC 3). */
export const refused = {
  status: 401,
  headers: {
    'www-authenticate':
      /^Bearer realm="scopegate", error="invalid_token", error_description="[^"]+"$/,
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
  },
  body: /"code":"invalid_token"/,
}

/** Each of these is 401 `invalid_token`, for this reason where one is given, and none reaches the upstream. */
export async function refusesAll(
  t: Test,
  target: Target,
  tokens: Iterable<readonly [what: string, compact: string]>,
  because = /error_description="/,
): Promise<void> {
  const before = target.reached()
  for (const [what, compact] of tokens) {
    const answer = await target.withToken(compact)
    t.match(answer, refused, what)
    t.match(answer.headers['www-authenticate'], because)
  }
  t.equal(target.reached(), before, 'nothing reached the upstream')
}

/** What is played for the next requests; `count` is the number of this one, from 1. */
export type Play = (response: ServerResponse, count: number) => void

export type Server = {
  readonly url: string
  readonly count: () => number
  play: Play
  /** Connections are cut, and nothing is listened to any more. */
  readonly close: () => Promise<void>
}

/** A server that plays what it is told, and counts. */
export async function startServer(t: Test, play: Play): Promise<Server> {
  let count = 0
  const http = createServer((_request, response) => {
    count += 1
    server.play(response, count)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const close = async (): Promise<void> => {
    http.closeAllConnections()
    if (!http.listening) return
    http.close()
    await once(http, 'close')
  }
  t.teardown(close)
  const { port } = http.address() as AddressInfo
  const server: Server = { url: `http://127.0.0.1:${port}`, count: () => count, play, close }
  return server
}

/** A play: 200 with this text. */
export const says =
  (text: string): Play =>
  (response) => {
    response.end(text)
  }

/** Lines of the issuer `main` with its keys in a file. */
export const issuerWithFile = (iss: string, file: string, more = ''): string =>
  `  main: { issuer: '${iss}', audience: any, algorithms: [ES256, RS256, EdDSA], jwks: { file: ${file} }${more} }`
