/**
 * Tokens that must not count, and the few that do. Most were accepted by the library alone or by other
 * proxies: HAZARDS J1 to J7, R6 to R8, CVE-2022-21449, CVE-2023-48223, CVE-2026-22817, CVE-2026-35042.
 */
import t from 'tap'
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto'
import { parseCompact } from '../../src/tokens/compact.ts'
import { createIssuers } from '../../src/tokens/issuers.ts'
import { readKeySet, type KeySet } from '../../src/tokens/keyset.ts'
import { algorithms, type IssuerSettings } from '../../src/tokens/settings.ts'
import { checkSignature } from '../../src/tokens/verify.ts'
import { milliseconds } from '../../src/units.ts'
import {
  issuerSettings,
  jwksOf,
  makeDeps,
  makeKey,
  mint,
  mintRaw,
  noon,
  poolClaims,
} from '../support/issuer.ts'

const iss = 'https://issuer.example/pool'
const key = makeKey('k1')
const rsa = makeKey('k2', 'RS256')
const stranger = makeKey('k1')
const claims = poolClaims(iss)
const header = { alg: 'ES256', kid: 'k1' }
const raw = (head: unknown, body: unknown, by = key) =>
  mintRaw(by, JSON.stringify(head), JSON.stringify(body))

function issuersWith(over: Partial<IssuerSettings> = {}) {
  const own = makeDeps()
  const keys = { kind: 'file', text: jwksOf(key, rsa) } as const
  return { ...own, issuers: createIssuers([issuerSettings({ keys, ...over })], own.deps) }
}

const asOther = {
  kind: 'other',
  audience: ['app-api'],
} as const satisfies Partial<IssuerSettings>

/** What `because` is for a token that is not valid; undefined for one that is. */
async function refusal(compact: string, over: Partial<IssuerSettings> = {}) {
  const result = await issuersWith(over).issuers.verify(compact)
  if (result.ok) return undefined
  return result.problem.code === 'invalid_token' ? result.problem.because : result.problem.code
}

t.test('a token of the pool, in either form of its issuer, is valid', async (t) => {
  const other = 'https://issuer-other.example/pool'
  const { issuers } = issuersWith({ issuers: [iss, other] })
  for (const name of [iss, other]) {
    const body = { ...claims, iss: name }
    const result = issuers.verify(await mint(rsa, body))
    t.strictSame(result, {
      ok: true,
      value: {
        issuer: name,
        issuerName: 'app',
        clientId: '3n4b5c6d7e8f9g',
        scopes: new Set(['app-api/export', 'app-api/upload']),
        claims: body,
        expiresAt: noon + 3600,
      },
    })
  }
  t.strictSame(issuers.missing(), [])
  t.match(issuers.status(), [{ name: 'app', kind: 'pool', issuers: [iss, other] }])
  t.equal(issuers.remembered(), 2)
})

t.test('every algorithm of the list works, and none that is not on the list', async (t) => {
  for (const algorithm of algorithms) {
    const signing = makeKey('k', algorithm)
    const keys = { kind: 'file', text: jwksOf(signing) } as const
    const compact = await mint(signing, claims)
    t.equal(await refusal(compact, { keys, algorithms }), undefined, algorithm)
    const others = algorithms.filter((name) => name !== algorithm) as [(typeof algorithms)[number]]
    t.equal(await refusal(compact, { keys, algorithms: others }), 'the algorithm is not accepted')
  }
})

t.test('a token in another shape than three canonical parts is refused', async (t) => {
  const compact = await mint(key, claims)
  const [head = '', body = '', signature = ''] = compact.split('.')
  const three = 'the token does not have three parts'
  const canonical = 'the token is not canonical base64url'
  // 64 bytes leave four spare bits in the last character; set one of them (J3)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet[alphabet.indexOf(signature.at(-1) ?? '') + 1] ?? ''
  const spareBits = `${signature.slice(0, -1)}${last}`
  t.same(Buffer.from(spareBits, 'base64url'), Buffer.from(signature, 'base64url'), 'same bytes')
  for (const [token, because] of [
    ['', three],
    ['a', three],
    [`${head}.${body}`, three],
    [`${compact}.`, three],
    [`${compact}.${signature}`, three],
    ['.'.repeat(12_000), three],
    ['a'.repeat(12 * 1024 + 1), 'the token is too long'],
    [`${head}.${body}.`, canonical],
    [`.${body}.${signature}`, canonical],
    [`${head}..${signature}`, canonical],
    [`${head}.${body}.${spareBits}`, canonical],
    [`${head}.${body}.${signature}==`, canonical],
    [`${head}=.${body}.${signature}`, canonical],
    [`${head}.${body}.${signature} `, canonical],
    [`\n${compact}`, canonical],
    [`${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64')}`, canonical],
    [`${head}.${body}.é${signature}`, canonical],
  ] as const)
    t.equal(await refusal(token), because, token.slice(-20))
  t.match(parseCompact('a'.repeat(12 * 1024 + 1)), { ok: false })
})

t.test('a header or payload that is not a strict JSON object in UTF-8 is refused', async (t) => {
  const head = JSON.stringify(header)
  const body = JSON.stringify(claims)
  const latin = Buffer.from(body.replace('4f1c', 'é'), 'latin1')
  for (const [token, because] of [
    [mintRaw(key, '[]', body), 'the header is not a JSON object'],
    [mintRaw(key, '{', body), 'the header is not JSON'],
    [mintRaw(key, head, 'null'), 'the payload is not a JSON object'],
    [mintRaw(key, head, latin), 'the payload is not UTF-8'],
    [mintRaw(key, head, `\uFEFF${body}`), 'the payload is not JSON'],
    [
      mintRaw(key, head, `${body.slice(0, -1)},"exp":1}`),
      'the payload is JSON with a duplicate member',
    ],
    [
      mintRaw(key, '{"alg":"none","alg":"ES256","kid":"k1"}', body),
      'the header is JSON with a duplicate member',
    ],
  ] as const)
    t.equal(await refusal(token), because)
})

t.test('the algorithm and the key come from us, never from the header', async (t) => {
  const publicKey = createPublicKey({ key: rsa.jwk as JsonWebKey, format: 'jwk' })
  const hmac = (secret: string | Buffer) => {
    const parts = [{ alg: 'HS256', kid: 'k2', typ: 'JWT' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const input = parts.join('.')
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const unknown = 'the algorithm is not accepted'
  for (const token of [
    hmac(publicKey.export({ format: 'pem', type: 'spki' })),
    hmac(publicKey.export({ format: 'der', type: 'spki' })),
    hmac(''),
    raw({ ...header, alg: 'none' }, claims),
    raw({ ...header, alg: 'None' }, claims),
    raw({ ...header, alg: 'es256' }, claims),
    raw({ ...header, alg: 'PS256' }, claims),
    raw({ ...header, alg: ['ES256'] }, claims),
    raw({ ...header, alg: undefined }, claims),
    raw({ ...header, alg: '__proto__' }, claims),
  ])
    t.equal(await refusal(token), unknown)
  const forKey = 'the algorithm is not accepted for this key'
  t.equal(await refusal(raw({ alg: 'RS256', kid: 'k1' }, claims)), forKey)
  t.equal(await refusal(raw({ alg: 'ES256', kid: 'k2' }, claims)), forKey)
  const own = {
    jwk: stranger.jwk,
    jku: 'https://stranger.example/keys',
    x5c: ['AA'],
    x5u: 'https://',
  }
  const invalid = 'the signature is not valid'
  t.equal(await refusal(raw({ ...header, ...own }, claims, stranger)), invalid)
  t.equal(await refusal(raw(header, claims, stranger)), invalid)
  t.equal(await refusal(raw({ alg: 'ES256', ...own }, claims, stranger)), 'the header has no kid')
  t.equal(await refusal(raw({ ...header, kid: 1 }, claims)), 'the header has no kid')
  for (const kid of ['k3', '', 'K1', '__proto__', 'constructor'])
    t.equal(await refusal(raw({ ...header, kid }, claims)), 'the issuer has no key with this kid')
})

t.test('a signature that was not made by the key over these parts is refused', async (t) => {
  const [head = '', body = '', signature = ''] = (await mint(key, claims)).split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const [otherHead = ''] = raw({ ...header, typ: 'JWT' }, claims).split('.')
  const flipped = Buffer.from(bytes).fill((bytes[9] ?? 0) ^ 1, 9, 10)
  const encoded = Buffer.from(JSON.stringify({ ...claims, scope: 'app-api/admin' }))
  for (const token of [
    // CVE-2022-21449: r = s = 0 satisfied a verifier that did not look
    `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
    `${head}.${body}.${Buffer.alloc(64, 255).toString('base64url')}`,
    `${head}.${body}.${Buffer.from('3006020100020100', 'hex').toString('base64url')}`,
    `${head}.${body}.${bytes.subarray(0, 63).toString('base64url')}`,
    `${head}.${body}.${Buffer.concat([bytes, bytes]).toString('base64url')}`,
    `${head}.${body}.AA`,
    `${head}.${body}.${flipped.toString('base64url')}`,
    `${head}.${encoded.toString('base64url')}.${signature}`,
    `${otherHead}.${body}.${signature}`,
  ])
    // Node throws for some of them, and returns false for the others
    t.match(await refusal(token), /^the (signature is not valid|token could not be verified)$/)
  t.equal(await refusal(`${head}.${body}.${signature}`), undefined)
})

t.test('whatever the library throws is a no', async (t) => {
  const read = parseCompact(await mint(key, claims))
  const set = readKeySet(jwksOf(key), algorithms)
  if (!read.ok || !set.ok) throw new Error('not read')
  t.strictSame(checkSignature(read.value, set.value, [iss]), { ok: true, value: true })
  const no = { ok: false, problem: 'the token could not be verified' }
  t.strictSame(checkSignature(read.value, set.value, ['https://other.example']), no)
  const entry = { kid: 'k1', algorithms, jwk: { kty: 'EC', crv: 'P-256', x: '', y: '', kid: 'k1' } }
  const broken: KeySet = { keys: new Map([['k1', entry]]), fingerprint: '', skipped: [] }
  t.strictSame(checkSignature(read.value, broken, [iss]), no)
})

t.test('typ is absent or an access token, and crit is never understood', async (t) => {
  for (const typ of ['JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt'])
    t.equal(await refusal(raw({ ...header, typ }, claims)), undefined, typ)
  for (const typ of ['', 'id+jwt', 'dpop+jwt', 'application/jwt', ' JWT', 'JWT\n', null, ['JWT']])
    t.equal(await refusal(raw({ ...header, typ }, claims)), 'typ is not accepted')
  for (const crit of [['b64'], ['exp'], [], null, 'b64'])
    t.equal(await refusal(raw({ ...header, b64: false, crit }, claims)), 'crit is not supported')
})

t.test('the issuer must be one of ours, to the letter', async (t) => {
  for (const name of [
    `${iss}/`,
    iss.toUpperCase(),
    `${iss}2`,
    '',
    undefined,
    null,
    [iss],
    7,
    '__proto__',
  ])
    t.equal(await refusal(raw(header, { ...claims, iss: name })), 'the issuer is not accepted')
})

t.test('a token counts between nbf, iat and exp, give or take the tolerance', async (t) => {
  const missing = 'exp is missing or not a number'
  for (const exp of [undefined, null, String(noon + 60), [noon + 60], true, {}])
    t.equal(await refusal(raw(header, { ...claims, exp })), missing)
  const text = JSON.stringify(claims)
  for (const number of ['1e400', '-1e400']) {
    const huge = text.replace(`"exp":${noon + 3600}`, `"exp":${number}`)
    t.equal(await refusal(mintRaw(key, JSON.stringify(header), huge)), missing, number)
  }
  for (const [over, because] of [
    [{ exp: -1 }, 'the token has expired'],
    [{ exp: 0 }, 'the token has expired'],
    [{ exp: noon - 30 }, 'the token has expired'],
    [{ exp: noon - 29.5 }, undefined],
    [{ exp: noon + 60.5 }, undefined],
    [{ nbf: String(noon) }, 'nbf is not a number'],
    [{ nbf: null }, 'nbf is not a number'],
    [{ nbf: noon + 31 }, 'the token is not valid yet'],
    [{ nbf: noon + 30 }, undefined],
    [{ iat: 'now' }, 'iat is not a number'],
    [{ iat: noon + 31 }, 'the token is not valid yet'],
    [{ iat: noon + 30 }, undefined],
    [{ iat: undefined }, undefined],
    [{ exp: noon + 86_400 }, undefined],
    [{ exp: noon + 86_401 }, 'the token lives longer than is accepted'],
    [{ exp: noon + 60, iat: noon - 86_400 }, 'the token lives longer than is accepted'],
    [{ exp: noon + 86_401, iat: undefined }, 'the token lives longer than is accepted'],
  ] as const)
    t.equal(await refusal(raw(header, { ...claims, ...over })), because, JSON.stringify(over))
})

t.test('an ID token, and a token of a pool without its marks, is refused', async (t) => {
  for (const token_use of ['id', 'Access', undefined, null, ['access']])
    t.equal(await refusal(raw(header, { ...claims, token_use })), 'token_use is not access')
  for (const client_id of [undefined, 7, ['3n4b5c6d7e8f9g']])
    t.equal(await refusal(raw(header, { ...claims, client_id })), 'client_id is missing')
  const plain = { ...claims, token_use: undefined, aud: 'app-api' }
  t.equal(await refusal(raw(header, plain), asOther), undefined)
  t.equal(await refusal(raw(header, { ...plain, token_use: 'access' }), asOther), undefined)
  for (const mark of [{ token_use: 'id' }, { at_hash: 'x' }, { c_hash: null }])
    t.equal(await refusal(raw(header, { ...plain, ...mark }), asOther), 'it is an ID token')
})

t.test('the audience is checked when it is configured', async (t) => {
  const refused = 'the audience is not accepted'
  const audience = ['app-api', 'app'] as const
  for (const [aud, because] of [
    ['app-api', undefined],
    [['x', 'app'], undefined],
    ['App-api', refused],
    ['app-api ', refused],
    [['x'], refused],
    [[], refused],
    [['app', 7], refused],
    [{ app: 1 }, refused],
    [null, refused],
  ] as const) {
    t.equal(await refusal(raw(header, { ...claims, aud }), { audience }), because)
    const other = { ...asOther, audience }
    t.equal(await refusal(raw(header, { ...claims, aud }), other), because)
    t.equal(
      await refusal(raw(header, { ...claims, aud }), { ...other, audience: 'any' }),
      undefined,
    )
  }
  const byClient = { audience: ['3n4b5c6d7e8f9g'] } as const
  t.equal(await refusal(raw(header, claims), byClient), undefined, 'a pool sends no aud')
  t.equal(await refusal(raw(header, claims), { ...byClient, kind: 'other' }), refused)
})

t.test("the issuer's own clientIds and claims must hold", async (t) => {
  const token = raw(header, claims)
  t.equal(await refusal(token, { clientIds: ['x', '3n4b5c6d7e8f9g'] }), undefined)
  t.equal(await refusal(token, { clientIds: ['x'] }), 'the client is not accepted')
  const nobody = raw(header, { ...claims, client_id: undefined, aud: 'app-api' })
  t.equal(await refusal(nobody, { ...asOther, clientIds: ['x'] }), 'the client is not accepted')
  const rule = (value: string) => ({ claims: [{ claim: 'sub', values: [value] as const }] })
  t.equal(await refusal(token, rule('3n4b5c6d7e8f9g')), undefined)
  t.equal(await refusal(token, rule('x')), 'a claim that the issuer must set does not hold')
})

t.test('the first scope claim that is there grants, by single spaces or as a list', async (t) => {
  const scopeClaims = ['scope', 'scp', '/realm/roles'] as const
  const { issuers } = issuersWith({ scopeClaims, clientClaims: ['azp', '/client/id', 'client_id'] })
  const read = async (over: object) => {
    const result = await issuers.verify(raw(header, { ...claims, scope: undefined, ...over }))
    return result.ok ? { scopes: [...result.value.scopes], client: result.value.clientId } : result
  }
  for (const [over, scopes] of [
    [{ scope: 'a b' }, ['a', 'b']],
    [{ scope: ' a  b ' }, ['a', 'b']],
    [{ scope: 'a\tb\nc' }, ['a\tb\nc']],
    [{ scope: 'a\u00a0b A' }, ['a\u00a0b', 'A']],
    [{ scope: '' }, []],
    [{ scope: ['a', 'b c', ''] }, ['a']],
    [{ scope: ['a', 7] }, []],
    [{ scope: { a: true } }, []],
    [{ scope: null, scp: 'a' }, []],
    [{ scope: true }, []],
    [{ scp: ['a'], realm: { roles: ['b'] } }, ['a']],
    [{ realm: { roles: ['b'] } }, ['b']],
    [{}, []],
  ] as const)
    t.strictSame(await read(over), { scopes, client: '3n4b5c6d7e8f9g' }, JSON.stringify(over))
  t.match(await read({ azp: '', client: { id: 'nested' } }), { client: 'nested' })
  t.match(await read({ azp: 7, client: [] }), { client: '3n4b5c6d7e8f9g' })
})

t.test('a refusal says what the token claims, cut, and quotes nothing in its reason', async (t) => {
  const long = 'x'.repeat(2000)
  const odd = { iss: `https://${long}`, client_id: `c\n${long}`, exp: noon }
  const { issuers } = issuersWith()
  t.strictSame(await issuers.verify(raw({ ...header, kid: long }, odd)), {
    ok: false,
    problem: {
      code: 'invalid_token',
      because: 'the issuer is not accepted',
      claimed: {
        iss: `https://${'x'.repeat(56)}`,
        clientId: `c${'x'.repeat(63)}`,
        kid: 'x'.repeat(64),
        exp: noon,
      },
    },
  })
  const text = JSON.stringify({ iss: 1, client_id: 2, exp: 'soon' }).replace('"soon"', '1e400')
  const nothing = await issuers.verify(mintRaw(key, JSON.stringify({ ...header, kid: 3 }), text))
  t.match(nothing, { problem: { claimed: {} } })
  const none = await issuers.verify('a.b')
  t.strictSame(none.ok || none.problem, {
    code: 'invalid_token',
    because: 'the token does not have three parts',
    claimed: {},
  })
})

t.test(
  'a remembered token is asked for its time again, and only the whole token is known',
  async (t) => {
    const { issuers, wait, events } = issuersWith()
    const compact = await mint(key, { ...claims, nbf: noon - 60 })
    const cache = () =>
      events.flatMap((event) => (event.kind === 'verified_token_cache' ? [event.result] : []))
    const first = issuers.verify(compact)
    t.equal(issuers.verify(compact), first, 'the very same answer')
    t.strictSame(cache(), ['miss', 'hit'])
    t.match(issuers.verify(`${compact}A`), { ok: false })
    t.match(issuers.verify(compact.slice(0, -1)), { ok: false })
    wait(3629)
    t.equal(issuers.verify(compact), first, 'within the tolerance')
    wait(1)
    t.match(issuers.verify(compact), { problem: { because: 'the token has expired' } })
    t.equal(issuers.remembered(), 0)
    wait(-3630)
    t.match(issuers.verify(compact), { ok: true })
    wait(-91)
    t.match(issuers.verify(compact), { problem: { because: 'the token is not valid yet' } })
    t.equal(issuers.remembered(), 0)
  },
)

t.test('refused tokens leave nothing behind (J7)', async (t) => {
  const { issuers } = issuersWith({ maxTokenLifetime: milliseconds(7_200_000) })
  const body = 'x'.repeat(3000)
  let refused = 0
  for (let index = 0; index < 5000; index += 1) {
    const claimed = { ...claims, iss: `https://${index}.example/${body}` }
    const parts = [header, claimed].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    if (!(await issuers.verify(`${parts.join('.')}.AAAA`)).ok) refused += 1
  }
  t.equal(refused, 5000)
  t.equal(issuers.remembered(), 0)
})
