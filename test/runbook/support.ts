/** An API behind inbound as the entries of docs/runbook.md have it: a user pool, two scopes, one client. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { folderWith } from '../support/command.ts'
import { jwksOf, makeKey, mint, type SigningKey } from '../support/issuer.ts'
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts'
import { exchangeRaw, type RawAnswer, startRawUpstream } from '../support/wire.ts'

export const pool = 'eu-central-1_a1B2c3D4e'
export const issuerOf = (id: string): string =>
  `https://cognito-idp.eu-central-1.amazonaws.com/${id}`
export const caller = '3n4b5c6d7e8f9g'

type Line = Readonly<Record<string, unknown>>

export type Api = Scene & {
  readonly key: SigningKey
  /** The file again with its keys from elsewhere: members of the issuer in flow YAML, or the file of its key set. */
  yaml(keys?: string): string
  /** An access token of the pool; `claims` win, `key` signs instead of the pool's own. */
  token(claims?: Record<string, unknown>, key?: SigningKey): Promise<string>
  /** `line` is method and target. */
  ask(line: string, more?: Request): Promise<RawAnswer>
  /** The log line of the request that was answered so. */
  lineOf(answer: RawAnswer): Promise<Line>
}

export type Request = {
  readonly token?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

export type ApiOptions = SceneOptions & {
  /** Where its keys are: members of the issuer in flow YAML; a file when undefined. */
  readonly keys?: (key: SigningKey) => string
  readonly upstream?: string
  /** More lines of `inbound`, indented by two. */
  readonly inbound?: string
  /** More lines of the file. */
  readonly rest?: string
}

export const routes = `  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /upload, methods: [POST], scopes: app-api/upload }
    - { path: /status, methods: [GET], public: true }
`

export async function startApi(t: Test, options: ApiOptions = {}): Promise<Api> {
  const key = makeKey('key-1')
  const file = join(folderWith(t, {}), 'keys.json')
  writeFileSync(file, jwksOf(key))
  const upstream = options.upstream ?? `http://127.0.0.1:${(await startRawUpstream(t)).port}`
  const yaml = (keys = `jwks: { file: ${file} }`) => `version: 1
issuers:
  app: { userPoolId: ${pool}, audience: ${caller}, algorithms: [ES256], ${keys} }
inbound:
  listen: 127.0.0.1:0
  upstream: ${upstream}
${routes}${options.inbound ?? ''}admin: { listen: 127.0.0.1:0 }
${options.rest ?? ''}`
  const scene = await startScene(t, yaml(options.keys?.(key)), options)
  const clock = options.clock ?? (() => Date.now() / 1000)
  return {
    ...{ ...scene, key, yaml },
    async token(claims = {}, by = key) {
      const now = Math.floor(clock())
      const times = { auth_time: now, iat: now, exp: now + 3600 }
      const who = { sub: caller, client_id: caller, token_use: 'access', scope: 'app-api/export' }
      const compact = await mint(by, { iss: issuerOf(pool), ...who, ...times, ...claims })
      scene.leaks.forbid(compact)
      return compact
    },
    ask: (line, more) => ask(scene, scene.inbound, line, more),
    lineOf: (answer) => lineOf(scene, answer),
  }
}

/** One request on a connection of its own; the answer is searched for leaks. */
export async function ask(
  { leaks }: Pick<Scene, 'leaks'>,
  port: number,
  line: string,
  { token, headers = [], body = '' }: Request = {},
): Promise<RawAnswer> {
  const lines = [
    `${line} HTTP/1.1`,
    'Host: localhost',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
    ...headers,
    'Connection: close',
  ]
  const answer = await exchangeRaw(port, `${lines.join('\r\n')}\r\n\r\n${body}`)
  leaks.saw(answer.text)
  return answer
}

export function lineOf({ logged }: Pick<Scene, 'logged'>, answer: RawAnswer): Promise<Line> {
  const id = answer.headers['x-request-id']
  return logged(({ requestId }) => requestId === id)
}

export const saying =
  (text: string) =>
  ({ msg }: Line): boolean =>
    msg === text

export async function metricsOf({ metrics }: Pick<Scene, 'metrics'>): Promise<string> {
  return (await metrics.render(undefined)).text
}
