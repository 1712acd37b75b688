/** An outbound proxy with a playable token endpoint and a raw upstream, for the tests of this folder. */
import type { Test } from 'tap'
import { answers, startEndpoint, type Endpoint } from '../tokens/endpoint.ts'
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts'
import { exchangeRaw, type RawAnswer } from '../support/wire.ts'

export const hush = 'hush-secret-of-the-client'

/** A token endpoint that gives `token-1`, `token-2` and so on; each lives an hour. */
export async function startTokens(t: Test): Promise<Endpoint> {
  const endpoint = await startEndpoint(counted)
  t.teardown(() => endpoint.close())
  return endpoint
}

/** Keeps the next answers of `endpoint` back; `asked` resolves with the first request for one, `release` sends the last. */
export function holdTokens(endpoint: Endpoint): { asked: Promise<void>; release: () => void } {
  let send: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    endpoint.play = (response, seen, count) => {
      send = () => {
        counted(response, seen, count)
      }
      resolve()
    }
  })
  return {
    asked,
    release: () => {
      send()
    },
  }
}

export const counted: Endpoint['play'] = (response, seen, count) => {
  answers({ access_token: tokenOf(count), token_type: 'Bearer', expires_in: 3600 })(
    response,
    seen,
    count,
  )
}

export const tokenOf = (count: number): string => `hush-token-number-${count}`

/** The configuration of one client `worker`; `routes` are lines of flow YAML. */
export function outboundYaml(
  tokenEndpoint: string,
  routes: readonly string[],
  more: { readonly client?: string; readonly outbound?: string; readonly rest?: string } = {},
): string {
  return `version: 1
clients:
  worker:
    tokenEndpoint: ${tokenEndpoint}
    clientId: worker-id
    clientSecret: { env: SECRET }
${more.client ?? '    prefetch: false\n'}outbound:
${more.outbound ?? '  listen: 127.0.0.1:0\n'}  routes:
${routes.map((route) => `    - ${route}\n`).join('')}${more.rest ?? ''}admin: { listen: 127.0.0.1:0 }
`
}

/** Starts it; no token and no secret of these tests may appear in any log line. */
export async function startOutbound(
  t: Test,
  yaml: string,
  options: SceneOptions = {},
): Promise<Scene> {
  const scene = await startScene(t, yaml, { env: { SECRET: hush }, ...options })
  scene.leaks.forbid(hush, 'hush-token-number-')
  return scene
}

/** One request on a connection of its own; the answer is searched for tokens too. */
export async function call(
  scene: Scene,
  start: string,
  headers: readonly string[] = [],
  body = '',
): Promise<RawAnswer> {
  const hasHost = headers.some((line) => /^host:/i.test(line))
  const lines = [...(hasHost ? [] : ['Host: localhost']), ...headers, 'Connection: close']
  const answer = await exchangeRaw(
    scene.outbound,
    `${start} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
  )
  scene.leaks.saw(answer.text)
  return answer
}
