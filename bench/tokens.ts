/** Access tokens as a pool gives them to machines, for all systems the same; and tokens that must be refused. */
import { type KeyObject, generateKeyPair, randomUUID, sign } from 'node:crypto'
import { promisify } from 'node:util'

export const poolId = 'eu-central-1_a1B2c3D4e'
export const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${poolId}`
export const clientId = '3n4b5c6d7e8f9g0h1i2j3k4l5m'
export const neededScope = 'app-api/export'
export const wholeScope = `${neededScope} app-api/upload`
const keyId = 'bench-key-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

/** A request that every authenticating system must answer 401 or 403; no `compact`: no token at all. */
export type Refused = { readonly name: string; readonly compact: string | undefined }

export type Tokens = {
  readonly publicPem: string
  readonly jwk: Readonly<Record<string, unknown>>
  /** Good, and used for nothing but to see whether a system serves. */
  readonly probe: string
  readonly refused: readonly Refused[]
  /** The first `count` of one series of good tokens; each is signed once. */
  readonly take: (count: number) => Promise<readonly string[]>
}

/** Keys and tokens of this run; they live for hours. RS256, 2048 bits. */
export async function makeTokens(): Promise<Tokens> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const good = (): Promise<string> => mint(privateKey, claims())
  const series: string[] = []
  const forged = (await good()).split('.')
  const other = (await good()).split('.')
  return {
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256', use: 'sig' },
    probe: await good(),
    refused: [
      { name: 'a bad signature', compact: [...forged.slice(0, 2), other[2]].join('.') },
      { name: 'an expired token', compact: await mint(privateKey, claims({ exp: now() - 600 })) },
      { name: 'another issuer', compact: await mint(privateKey, claims({ iss: `${issuer}x` })) },
      { name: 'an ID token', compact: await mint(privateKey, claims({ token_use: 'id' })) },
      { name: 'another client', compact: await mint(privateKey, claims({ client_id: 'other' })) },
      {
        name: 'a missing scope',
        compact: await mint(privateKey, claims({ scope: 'app-api/exports app-api/upload' })),
      },
      { name: 'no token', compact: undefined },
    ],
    async take(count) {
      const missing = Math.max(0, count - series.length)
      series.push(...(await Promise.all(Array.from({ length: missing }, good))))
      return series.slice(0, count)
    },
  }
}

const now = (): number => Math.floor(Date.now() / 1000)

function claims(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const at = now()
  return {
    ...{ sub: clientId, token_use: 'access', scope: wholeScope, auth_time: at, iss: issuer },
    ...{ exp: at + 6 * 3600, iat: at, version: 2, jti: randomUUID(), client_id: clientId },
    ...over,
  }
}

/** In libuv's threads, so that as many are signed at a time as there are cores. */
async function mint(key: KeyObject, payload: Readonly<Record<string, unknown>>): Promise<string> {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ kid: keyId, alg: 'RS256' })}.${part(payload)}`
  const signature = await new Promise<Buffer>((resolve, reject) => {
    sign('sha256', Buffer.from(input), key, (error, made) => {
      if (error === null) resolve(made)
      else reject(error)
    })
  })
  return `${input}.${signature.toString('base64url')}`
}
