/** What a soak disturbs: an upstream that can go away, an issuer whose keys rotate, a configuration that changes. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { DevIssuer } from '../../src/dev/issuer.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { folderWith, type Served, served, start } from '../support/command.ts'

export type World = {
  readonly issuer: DevIssuer
  readonly proxy: Served
  /** Requests that the upstream should never have seen, in words. */
  readonly wrong: string[]
  /** Everything that must be in no log line. */
  readonly secrets: Set<string>
  /** Tokens by what they may do; made anew when keys rotate. */
  tokens: Readonly<Record<'exporter' | 'uploader' | 'expired' | 'forged' | 'foreign', string>>
  /** Until then answers may tell of a disturbance. */
  disturbedUntil: number
  restartUpstream(): Promise<void>
  rotateKeys(): Promise<void>
  breakIssuer(): Promise<void>
  reload(isGood: boolean): void
}

/** Tells the process to collect what nobody needs any more. */
export const collect = 'SIGUSR2'

/** How long the traces of a disturbance may show, in milliseconds. */
const aftermath = 2500

export async function startWorld(t: Test, main: string): Promise<World> {
  const issuer = await startTestIssuer(t)
  const wrong: string[] = []
  const secrets = new Set(issuer.clients.map((client) => client.secret.reveal()))
  const upstream = startUpstream(t, wrong)
  const port = await upstream.open(0)
  const folder = folderWith(t, {})
  const file = join(folder, 'proxy.config.yaml')
  let generation = 0
  const write = (isGood: boolean): void => {
    writeFileSync(file, isGood ? yamlOf(issuer, port, (generation += 1)) : 'version: 1\ninbound: {')
  }
  write(true)
  const env = { WORKER_SECRET: clientNamed(issuer, 'export-service').secret.reveal() }
  const proxy = await served(
    start(t, main, ['run', '-c', file], {
      ...{ env, shell: 'unset NODE_OPTIONS', node: ['--expose-gc'] },
      imports: [`process.on('${collect}', () => { gc(); gc() })`],
    }),
  )
  /** Its traces count from its end: on a slow machine keys alone may take seconds to make. */
  const disturb = async (work: () => Promise<unknown>): Promise<void> => {
    world.disturbedUntil = Infinity
    await work()
    world.disturbedUntil = performance.now() + aftermath
  }
  const breakIssuer = async (): Promise<void> => {
    issuer.faults.jwks({ kind: 'status', status: 503 })
    issuer.faults.tokenEndpoint({ kind: 'status', status: 503 })
    await pause(800)
    issuer.faults.jwks(undefined)
    issuer.faults.tokenEndpoint(undefined)
  }
  const world: World = {
    ...{ issuer, proxy, wrong, secrets, disturbedUntil: 0 },
    tokens: tokensOf(issuer, secrets),
    restartUpstream: () =>
      disturb(async () => {
        await upstream.close()
        await pause(600)
        await upstream.open(port)
      }),
    rotateKeys: () =>
      disturb(async () => {
        await issuer.faults.rotateKeys()
        world.tokens = tokensOf(issuer, secrets)
      }),
    // nobody may notice, but for who waits for rotated keys
    breakIssuer: () =>
      performance.now() < world.disturbedUntil ? disturb(breakIssuer) : breakIssuer(),
    reload: write,
  }
  return world
}

export const pause = (time: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, time))

/** Good and bad tokens of now; all of them are secrets. */
function tokensOf(issuer: DevIssuer, secrets: Set<string>): World['tokens'] {
  const claims = issuer.claims(clientNamed(issuer, 'export-service').id)
  const past = Math.floor(Date.now() / 1000) - 7200
  const good = issuer.sign(claims)
  const tokens = {
    exporter: good,
    uploader: issuer.sign(issuer.claims(clientNamed(issuer, 'upload-service').id)),
    expired: issuer.sign({ ...claims, iat: past, exp: past + 3600 }),
    forged: `${good.slice(0, -10)}AAAAAAAAAA`,
    foreign: issuer.sign({ ...claims, iss: 'https://issuer.example' }),
  }
  for (const token of Object.values(tokens)) secrets.add(token)
  return tokens
}

/** An API without any security, which knows what must never reach it. */
function startUpstream(t: Test, wrong: string[]) {
  let server: http.Server | undefined
  const judge = ({ method = '', url = '', headers }: http.IncomingMessage): void => {
    const who = headers['x-auth-client-id']
    if (url.startsWith('/outbound/')) {
      if (!/^Bearer \S+$/.test(headers.authorization ?? '')) wrong.push(`${url} without a token`)
      return
    }
    if (headers.authorization !== undefined) wrong.push(`${url} with a token`)
    if (url.startsWith('/public/')) {
      if (who !== undefined) wrong.push(`${url} as ${String(who)}`)
    } else if (!/^\/(?:export|upload)\/\w+$/.test(url) || who === undefined || who === 'spoofed') {
      wrong.push(`${method} ${url} as ${String(who)}`)
    }
  }
  const close = async (): Promise<void> => {
    const closing = server
    server = undefined
    if (closing === undefined) return
    closing.closeAllConnections()
    closing.close()
    await once(closing, 'close')
  }
  t.teardown(close)
  return {
    close,
    async open(port: number): Promise<number> {
      server = http.createServer((req, res) => {
        judge(req)
        req.resume()
        req.once('end', () =>
          res.end('x'.repeat(req.url?.includes('large') === true ? 300_000 : 100)),
        )
      })
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },
  }
}

function yamlOf(issuer: DevIssuer, port: number, generation: number): string {
  return `version: 1
# generation ${generation}
issuers:
  app: { userPoolId: ${issuer.pools[0]!.id}, endpoint: "${issuer.url}", jwksCooldown: 1s, jwksMaxAge: 5s }
inbound:
  listen: 127.0.0.1:0
  upstream: { url: "http://127.0.0.1:${port}", headersTimeout: 5s, keepAliveTimeout: 2s }
  limits: { headersTimeout: 2s, bodyIdleTimeout: 2s, keepAliveTimeout: 2s }
  routes:
    - { path: /public/**, methods: [GET], public: true }
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /upload/**, methods: [POST], scopes: app-api/upload }
clients:
  worker:
    tokenEndpoint: ${issuer.tokenEndpoint}
    clientId: ${clientNamed(issuer, 'export-service').id}
    clientSecret: { env: WORKER_SECRET }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /api, upstream: "http://127.0.0.1:${port}/outbound" }]
admin: { listen: 127.0.0.1:0 }
`
}
