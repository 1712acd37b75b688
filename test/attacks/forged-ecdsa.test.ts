/**
 * Signatures on curves that a careless verifier takes. CVE-2022-21449 (Java): r = s = 0 was good for every
 * token; the classes are those of Wycheproof's JWS vectors (r and s at the edges of the group, too long, other
 * encodings), made here with keys of our own. R6, CVE-2022-21449.
 */
import { createPrivateKey, sign } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { jwksOf, makeKey, mint, type SigningKey } from '../support/issuer.ts'
import { issuerWithFile, read, refusesAll, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }
const curves = {
  ES256: {
    hash: 'sha256',
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    field: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  },
  ES384: {
    hash: 'sha384',
    bytes: 48,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    field:
      0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
  },
  ES512: {
    hash: 'sha512',
    bytes: 66,
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    field: 2n ** 521n - 1n,
  },
} as const

const toBytes = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
const toNumber = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`)

/** A SEQUENCE of two INTEGERs (RFC 3279 §2.2.3), as X.509 has it and JWS has not. */
function der(input: string, key: SigningKey, hash: string): Buffer {
  return sign(hash, Buffer.from(input), { key: key.privateKey, dsaEncoding: 'der' })
}

for (const algorithm of ['ES256', 'ES384', 'ES512'] as const)
  t.test(`${algorithm}: only r and s that the key made for these parts`, async (t) => {
    const { hash, bytes, order, field } = curves[algorithm]
    const key = makeKey('k', algorithm)
    const folder = t.testdir({ 'keys.json': jwksOf(key) })
    const issuer = issuerWithFile(iss, join(folder, 'keys.json'), `, clientIds: [c]`)
    const target = await startTarget(t, issuer.replace('EdDSA', 'ES384, ES512'))
    const compact = await mint(key, claims)
    const [head = '', body = '', good = ''] = compact.split('.')
    const signature = Buffer.from(good, 'base64url')
    const r = toNumber(signature.subarray(0, bytes))
    const s = toNumber(signature.subarray(bytes))
    const token = (raw: Buffer) => `${head}.${body}.${raw.toString('base64url')}`
    const pair = (one: bigint, two: bigint, length: number = bytes) =>
      token(Buffer.concat([toBytes(one, length), toBytes(two, length)]))
    const largest = 2n ** BigInt(bytes * 8) - 1n
    const edges = {
      0: 0n,
      1: 1n,
      'n-1': order - 1n,
      n: order,
      'n+1': order + 1n,
      p: field,
      largest,
    }
    const forged: [string, string][] = []
    for (const [one, first] of Object.entries(edges)) {
      for (const [two, second] of Object.entries(edges))
        forged.push([`r = ${one}, s = ${two}`, pair(first, second)])
      forged.push([`r = ${one}`, pair(first, s)], [`s = ${one}`, pair(r, first)])
    }
    const input = `${head}.${body}`
    const encoded = der(input, key, hash)
    const [otherHead = '', otherBody = ''] = (await mint(key, { ...claims, scope: 'x' })).split('.')
    forged.push(
      ['r and s exchanged', pair(s, r)],
      ['r + n, where it fits', pair(r + order <= largest ? r + order : largest, s)],
      ['both a byte longer', pair(r, s, bytes + 1)],
      ['both twice as long', pair(r, s, bytes * 2)],
      ['a byte at the end', token(Buffer.concat([signature, Buffer.alloc(1)]))],
      ['a byte at the start', token(Buffer.concat([Buffer.alloc(1), signature]))],
      ['a byte too short', token(signature.subarray(0, -1))],
      ['r alone', token(signature.subarray(0, bytes))],
      ['one byte', token(Buffer.alloc(1))],
      ['no byte', `${head}.${body}.`],
      ['4 KiB', token(Buffer.alloc(4096, 1))],
      ['DER', token(encoded)],
      ['DER and a byte', token(Buffer.concat([encoded, Buffer.alloc(1)]))],
      ['DER filled up', token(Buffer.concat([encoded, signature]).subarray(0, bytes * 2))],
      ['DER of two zeros', token(Buffer.from('3006020100020100', 'hex'))],
      [
        'another hash',
        token(sign('sha1', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })),
      ],
      ['another payload', `${head}.${otherBody}.${good}`],
      ['the parts exchanged', `${body}.${head}.${good}`],
      ['a longer header', `${otherHead}A.${body}.${good}`],
    )
    await refusesAll(t, target, forged)
    t.equal((await target.withToken(compact)).status, 200)
    // not a forgery: who has (r, s) can write (r, n - s), and it is another token to our memory
    t.equal((await target.withToken(pair(r, order - s))).status, 200)
  })

t.test('EdDSA: no S beyond the group, no point of small order', async (t) => {
  const key = makeKey('k', 'EdDSA')
  const folder = t.testdir({ 'keys.json': jwksOf(key) })
  const target = await startTarget(t, issuerWithFile(iss, join(folder, 'keys.json')))
  const compact = await mint(key, claims)
  const [head = '', body = '', good = ''] = compact.split('.')
  const signature = Buffer.from(good, 'base64url')
  const token = (raw: Buffer) => `${head}.${body}.${raw.toString('base64url')}`
  const group = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = toNumber(Buffer.from(signature.subarray(32)).reverse())
  const withS = (value: bigint) =>
    token(Buffer.concat([signature.subarray(0, 32), toBytes(value, 32).reverse()]))
  const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])
  const seed = { ...(key.privateKey.export({ format: 'jwk' }) as object) }
  const again = createPrivateKey({ key: seed, format: 'jwk' })
  await refusesAll(t, target, [
    ['S + L', withS(s + group)],
    ['S = 0', withS(0n)],
    ['S = L', withS(group)],
    ['all zero', token(Buffer.alloc(64))],
    ['R the identity, S = 0', token(identity)],
    ['all ones', token(Buffer.alloc(64, 255))],
    [
      'the halves exchanged',
      token(Buffer.concat([signature.subarray(32), signature.subarray(0, 32)])),
    ],
    ['a byte too short', token(signature.subarray(0, 63))],
    ['a byte too long', token(Buffer.concat([signature, Buffer.alloc(1)]))],
    ['the hash signed', token(sign(null, Buffer.from(body), again))],
  ])
  t.equal((await target.withToken(compact)).status, 200)
})
