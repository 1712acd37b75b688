/** An issuer for tests: keys, tokens good and odd, settings, time that stands still, timers run by hand. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import type { TokenEvent } from '../../src/tokens/events.ts'
import type { Schedule } from '../../src/tokens/schedule.ts'
import type { Algorithm, IssuerSettings } from '../../src/tokens/settings.ts'
import { milliseconds, seconds, type Clock } from '../../src/units.ts'

type Teardown = { teardown(fn: () => unknown): void }

export type SigningKey = {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
  /** As it stands in a JWKS. */
  readonly jwk: Record<string, unknown>
}

/** A new key pair; P-256 and fast, unless another algorithm is asked for. */
export function makeKey(kid: string, algorithm: Algorithm = 'ES256'): SigningKey {
  const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const
  const pair = algorithm.startsWith('RS')
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: curves[algorithm as keyof typeof curves] })
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  return { kid, algorithm, privateKey: pair.privateKey, jwk }
}

export const jwksOf = (...keys: readonly SigningKey[]): string =>
  JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })

/** When all tests take place. */
export const noon = 1_800_000_000

/** What a pool puts into an access token for a machine, and no more (SPEC 7). */
export const poolClaims = (iss: string): Record<string, unknown> => ({
  sub: '3n4b5c6d7e8f9g',
  token_use: 'access',
  scope: 'app-api/export app-api/upload',
  auth_time: noon,
  iss,
  exp: noon + 3600,
  iat: noon,
  version: 2,
  jti: '4f1c',
  client_id: '3n4b5c6d7e8f9g',
})

/** Signs as any issuer would, with a library that is not the one we verify with. */
export async function mint(
  key: SigningKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, ...header })
    .sign(key.privateKey)
}

/** Signs any bytes at all as ES256. */
export function mintRaw(key: SigningKey, header: string, payload: string | Buffer): string {
  const encode = (part: string | Buffer) => Buffer.from(part).toString('base64url')
  const input = `${encode(header)}.${encode(payload)}`
  const encoding = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${input}.${sign('sha256', Buffer.from(input), encoding).toString('base64url')}`
}

/** Settings of a pool whose keys come from a file; `over` wins. */
export function issuerSettings(over: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    name: 'app',
    kind: 'pool',
    issuers: ['https://issuer.example/pool'],
    keys: { kind: 'file', text: '{"keys":[]}' },
    audience: 'any',
    algorithms: ['RS256', 'ES256'],
    scopeClaims: ['scope', 'scp'],
    clientClaims: ['client_id', 'azp', 'cid', 'appid'],
    clockTolerance: milliseconds(30_000),
    maxTokenLifetime: milliseconds(86_400_000),
    clientIds: undefined,
    claims: [],
    jwksTimeout: milliseconds(3000),
    jwksCooldown: milliseconds(10_000),
    jwksMaxAge: milliseconds(900_000),
    jwksMaxStale: milliseconds(86_400_000),
    required: true,
    tls: undefined,
    ...over,
  }
}

/** Clock, timer and events in the hands of a test. */
export function makeDeps() {
  let now = noon
  let timers: { task: () => void; delay: number }[] = []
  const events: TokenEvent[] = []
  const clock: Clock = () => seconds(now)
  const schedule: Schedule = (task, delay) => {
    const timer = { task, delay }
    timers.push(timer)
    return () => {
      timers = timers.filter((other) => other !== timer)
    }
  }
  return {
    deps: { clock, schedule, random: () => 0, report: (event: TokenEvent) => events.push(event) },
    events,
    wait: (forSeconds: number) => (now += forSeconds),
    /** Delays of the timers that are set. */
    timers: () => timers.map(({ delay }) => delay),
    /** Lets every timer ring that is set now. */
    ring: () => {
      const due = timers
      timers = []
      for (const { task } of due) task()
    },
  }
}

/** A server on loopback; `url` has no slash at its end. */
export async function serve(
  t: Teardown,
  listener: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<{ readonly url: string; readonly requests: string[] }> {
  const requests: string[] = []
  const counted: RequestListener = (request, response) => {
    requests.push(request.url ?? '')
    listener(request, response)
  }
  const server = tls === undefined ? createServer(counted) : createTlsServer(tls, counted)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, requests }
}
