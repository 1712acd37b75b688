/** An inbound proxy before a raw upstream, with tokens of an issuer whose key set is a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import net from 'node:net'
import type { Test } from 'tap'
import { jwksOf, makeKey, mint, type SigningKey } from '../support/issuer.ts'
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts'
import { parseAnswer, type RawAnswer, readAll } from '../support/wire.ts'

export type InboundScene = Scene & {
  readonly key: SigningKey
  /** A token for the client `caller` with the scope `api/read`, for an hour; `claims` add to it or win. */
  token(claims?: Record<string, unknown>): Promise<string>
  /** The YAML for another reload. */
  yaml(inbound?: string): string
  /** What exchangeRaw does, with the answer searched for leaks. */
  send(request: string): Promise<RawAnswer>
}

export const issuerName = 'https://issuer.example'

const defaultRoutes = `  routes:
    - { path: /open/**, methods: [GET, POST, PUT, DELETE, OPTIONS], public: true }
    - { path: /read/**, methods: [GET, POST, DELETE], scopes: api/read }
    - { path: /write/**, methods: [POST], scopes: api/write }
`

/** `inbound`: lines below `upstream`, indented by two; with `routes:` they replace the default ones. */
export async function startInbound(
  t: Test,
  upstream: string | number,
  inbound = '',
  options: SceneOptions = {},
): Promise<InboundScene> {
  const key = makeKey('k1')
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'keys.json')
  writeFileSync(file, jwksOf(key))
  const shown = typeof upstream === 'number' ? `http://127.0.0.1:${upstream}` : upstream
  const yaml = (lines = inbound): string => `version: 1
issuers:
  main: { issuer: '${issuerName}', audience: any, algorithms: [ES256], jwks: { file: ${file} } }
inbound:
  listen: 127.0.0.1:0
  upstream: ${shown}
${lines.includes('routes:') ? '' : defaultRoutes}${lines}
admin: { listen: 127.0.0.1:0 }
`
  const scene = await startScene(t, yaml(), options)
  return {
    ...scene,
    key,
    yaml,
    async token(claims = {}) {
      const now = Math.floor((options.clock ?? (() => Date.now() / 1000))())
      const compact = await mint(key, {
        iss: issuerName,
        sub: 'subject',
        client_id: 'caller',
        scope: 'api/read',
        iat: now,
        exp: now + 3600,
        ...claims,
      })
      scene.leaks.forbid(compact)
      return compact
    },
    async send(request) {
      const socket = dial(scene.inbound)
      socket.write(Buffer.from(request, 'latin1'))
      const answer = parseAnswer(await readAll(socket))
      scene.leaks.saw(answer.text)
      return answer
    },
  }
}

/** A raw connection whose errors are not ours to report. */
export function dial(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  return socket
}

/** Collects what arrives; `until` resolves once the text so far fits. */
export function listen(socket: net.Socket): {
  text(): string
  until(fits: (text: string) => boolean): Promise<string>
} {
  let text = ''
  const waiting = new Set<() => void>()
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    for (const look of waiting) look()
  })
  return {
    text: () => text,
    until: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!fits(text)) return
          waiting.delete(look)
          resolve(text)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Resolves when the peer closed the connection. */
export async function closed(socket: net.Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** Looks again and again, for what no event tells; tap's own limit ends it. */
export async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(5)
}
