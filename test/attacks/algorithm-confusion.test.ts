/**
 * Who says which algorithm and which key? If the token does, anybody signs. fast-jwt CVE-2023-48223 and again
 * CVE-2026-34950: HS256 keyed with the public key, whose recognition leading white space defeated; Hono
 * CVE-2026-22817 and CVE-2026-22818: `alg` of the header counted where the JWK had none; node-jws
 * GHSA-869p-cjfg-cm3x: the key was looked up by what the header said; HAZARDS J6 (algorithm from the JWK, not
 * from the configuration). Wycheproof's JWS vectors have the confusions of symmetry and the embedded JWK. R6.
 */
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeKey, mint, mintRaw, type SigningKey } from '../support/issuer.ts'
import { issuerWithFile, read, refusesAll, startServer, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const ec = makeKey('ec')
const rsa = makeKey('rsa', 'RS256')
const stranger = makeKey('ec')
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }

/** Keys without `alg`, as many issuers publish them: then only the configuration can say. */
async function startConfusion(t: Test) {
  const keys = [ec, rsa].map(({ jwk }) => ({ ...jwk, alg: undefined }))
  const folder = t.testdir({ 'keys.json': JSON.stringify({ keys }) })
  return startTarget(t, issuerWithFile(iss, join(folder, 'keys.json')))
}

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')

function hmac(alg: string, hash: string, kid: string, secret: string | Buffer): string {
  const input = `${encode({ alg, kid })}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

/** Everything that a confused verifier might take for the secret. */
function secretsOf(key: SigningKey): readonly (readonly [string, string | Buffer])[] {
  const open = createPublicKey({ key: key.jwk as JsonWebKey, format: 'jwk' })
  const pem = open.export({ format: 'pem', type: 'spki' }) as string
  const parts = ['n', 'e', 'x', 'y'].flatMap((name) => {
    const value = key.jwk[name]
    return typeof value === 'string' ? [value, Buffer.from(value, 'base64url')] : []
  })
  return [
    ['nothing', ''],
    ['PEM', pem],
    ['PEM without its last line feed', pem.trimEnd()],
    ['PEM after a line feed', `\n${pem}`],
    ['PEM after spaces', `  \t${pem}`],
    ['PEM after a byte order mark', `\uFEFF${pem}`],
    ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
    ['DER', open.export({ format: 'der', type: 'spki' })],
    ['JWK', JSON.stringify(key.jwk)],
    ...parts.map((part, at) => [`member ${at}`, part] as const),
  ]
}

t.test('no HMAC counts, whatever of the public key it is keyed with', async (t) => {
  const target = await startConfusion(t)
  const hashes = [
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const
  const forged = [ec, rsa].flatMap((key) =>
    secretsOf(key).flatMap(([what, secret]) =>
      hashes.map(
        ([alg, hash]) =>
          [`${alg} by ${key.kid}: ${what}`, hmac(alg, hash, key.kid, secret)] as const,
      ),
    ),
  )
  await refusesAll(t, target, forged)
  t.equal((await target.withToken(await mint(ec, claims))).status, 200)
})

t.test('`none` in any spelling is no algorithm, with a signature or without', async (t) => {
  const target = await startConfusion(t)
  const names = [
    'none',
    'None',
    'NONE',
    'nOnE',
    ' none',
    'none ',
    'none\u0000',
    'n\u043ene',
    '',
    '-',
  ]
  const odd = [null, undefined, false, 0, {}, ['none'], ['ES256'], { alg: 'ES256' }]
  const forged = [...names, ...odd].flatMap((alg) => {
    const head = encode({ alg, kid: 'ec' })
    const [, , signature = ''] = mintRaw(
      ec,
      JSON.stringify({ alg, kid: 'ec' }),
      JSON.stringify(claims),
    ).split('.')
    return ['', 'AA', signature].map(
      (end) => [`${head}.${end}`, `${head}.${encode(claims)}.${end}`] as const,
    )
  })
  await refusesAll(t, target, forged)
  await refusesAll(t, target, [['no third part', `${encode({ alg: 'none' })}.${encode(claims)}`]])
})

t.test(
  'an algorithm counts by its exact name, and for the kind of key it is made for',
  async (t) => {
    const target = await startConfusion(t)
    const as = (alg: string, kid: string) =>
      mintRaw(ec, JSON.stringify({ alg, kid }), JSON.stringify(claims))
    const names = [
      'es256',
      'ES256 ',
      'ES256K',
      'ES384',
      'ES512',
      'PS256',
      'RS1',
      'EdDSA',
      'Ed25519',
    ]
    const others = ['A128KW', 'dir', 'HS256', 'ES256,RS256', '__proto__', 'constructor']
    const unknown = [...names, ...others].map((alg) => [alg, as(alg, 'ec')] as const)
    await refusesAll(t, target, unknown, /"the algorithm is not accepted/)
    const foreign = [
      [
        'RS384, which fits the key and is not configured',
        await mint(rsa, claims, { alg: 'RS384' }),
      ],
      ['PS256 by the RSA key', await mint(rsa, claims, { alg: 'PS256' })],
    ] as const
    await refusesAll(t, target, foreign, /"the algorithm is not accepted"/)
    const crossed = [
      ['RS256 by the EC key', as('RS256', 'ec')],
      ['ES256 by the RSA key', as('ES256', 'rsa')],
    ] as const
    await refusesAll(t, target, crossed, /"the algorithm is not accepted for this key"/)
    for (const key of [ec, rsa])
      t.equal((await target.withToken(await mint(key, claims))).status, 200)
  },
)

t.test('a key that the token brings along or points to is not looked at', async (t) => {
  const target = await startConfusion(t)
  const keys = JSON.stringify({ keys: [stranger.jwk] })
  const bait = await startServer(t, (response) => response.end(keys))
  const own = { kty: 'EC', crv: 'P-256', x: stranger.jwk['x'], y: stranger.jwk['y'] }
  const brought = [
    { jwk: own },
    { jwk: stranger.jwk },
    { jku: `${bait.url}/keys` },
    { x5u: `${bait.url}/chain.pem` },
    { x5c: ['MIIB'], 'x5t#S256': 'AAAA', x5t: 'AAAA' },
    { jwks: { keys: [stranger.jwk] }, keys: [stranger.jwk], iss: bait.url },
  ]
  const kids = ['ec', `${bait.url}/keys`, '../../../../dev/null', "x' OR '1'='1", '', '__proto__']
  const forged = brought.flatMap((more) =>
    kids.map((kid) => {
      const head = JSON.stringify({ alg: 'ES256', kid, ...more })
      return [head, mintRaw(stranger, head, JSON.stringify(claims))] as const
    }),
  )
  await refusesAll(t, target, forged)
  const bare = JSON.stringify({ alg: 'ES256', jwk: own })
  await refusesAll(t, target, [['without kid', mintRaw(stranger, bare, JSON.stringify(claims))]])
  for (const kid of [7, null, ['ec'], { kid: 'ec' }, undefined])
    await refusesAll(t, target, [
      ['kid', mintRaw(ec, JSON.stringify({ alg: 'ES256', kid }), JSON.stringify(claims))],
    ])
  t.equal(bait.count(), 0, 'nobody asked where the token pointed')
  const harmless = await mint(ec, claims, { jku: bait.url, jwk: own })
  t.equal((await target.withToken(harmless)).status, 200, 'ours signed it, the rest is decoration')
  t.equal(bait.count(), 0)
})
