/** What is said of a token without keys is what is said with them, but for the signature. */
import t from 'tap'
import type { TokenResult } from '../../src/decision/decide.ts'
import { imagineToken, issuerOf, judgeUnsigned } from '../../src/tokens/offline.ts'
import { createIssuers } from '../../src/tokens/issuers.ts'
import type { IssuerSettings } from '../../src/tokens/settings.ts'
import { seconds } from '../../src/units.ts'
import {
  issuerSettings,
  jwksOf,
  makeDeps,
  makeKey,
  mint,
  noon,
  poolClaims,
} from '../support/issuer.ts'

const now = seconds(noon)
const key = makeKey('k1')
const pool = issuerSettings({ keys: { kind: 'file', text: jwksOf(key) } })
const [iss] = pool.issuers
const other = issuerSettings({
  ...{ name: 'partner', kind: 'other', issuers: ['https://partner.example'], audience: ['api'] },
})

const said = (result: TokenResult): string =>
  result.ok ? 'valid' : result.problem.code === 'invalid_token' ? result.problem.because : '?'

t.test('a token is judged as inbound judges it, in the same words', async (t) => {
  const { deps } = makeDeps()
  const issuers = createIssuers([pool, other], deps)
  issuers.start()
  t.teardown(() => issuers.close())
  const tokens: readonly string[] = [
    await mint(key, poolClaims(iss)),
    await mint(key, { ...poolClaims(iss), exp: noon - 3600 }),
    await mint(key, { ...poolClaims(iss), iat: noon - 7200, exp: noon - 3600 }),
    await mint(key, { ...poolClaims(iss), exp: noon + 90_000 }),
    await mint(key, { ...poolClaims(iss), token_use: 'id' }),
    await mint(key, { ...poolClaims(iss), iss: 'https://nobody.example' }),
    await mint(key, { ...poolClaims(iss), iss: 7 }),
    await mint(key, poolClaims(iss), { typ: 'id+jwt' }),
    await mint(makeKey('k9', 'ES384'), poolClaims(iss)),
    'abc',
    'a.b.c',
    'x'.repeat(13_000),
  ]
  const seen = new Set<string>()
  for (const compact of tokens) {
    const right = await issuers.verify(compact)
    const { result } = judgeUnsigned(compact, [pool, other], now)
    t.equal(said(result), said(right))
    if (right.ok) t.strictSame(result, right)
    seen.add(said(right))
  }
  t.ok(seen.size > 8)
})

t.test('a forged token is taken for good: only its signature is not checked', async (t) => {
  const { result, issuer } = judgeUnsigned(await mint(makeKey('k1'), poolClaims(iss)), [pool], now)
  t.ok(result.ok)
  t.equal(issuer, pool)
})

t.test('it is told which issuer the token names', async (t) => {
  t.equal(judgeUnsigned('abc', [pool], now).issuer, undefined)
  t.equal(judgeUnsigned(await mint(key, { iss: 'x' }), [pool], now).issuer, 'none')
  t.equal(judgeUnsigned(await mint(key, { iss }), [pool], now).issuer, pool)
  t.equal(issuerOf({ iss: other.issuers[0] }, [pool, other]), other)
  t.equal(issuerOf({}, [pool, other]), undefined)
})

t.test('what makes a token valid is filled in, what is written is judged as it stands', (t) => {
  const imagine = (claims: object, over: Partial<IssuerSettings> = {}, of = pool) =>
    imagineToken({ ...claims }, { ...of, ...over }, now)
  const rules = [
    { claim: 'tier', values: ['gold'] },
    { claim: 'zone', values: ['a', 'b'] },
    { claim: '/deep/er', values: ['x'] },
  ] as const
  const cases: readonly (readonly [ReturnType<typeof imagine>, string, string, string])[] = [
    [imagine({}), 'valid', 'iss exp token_use client_id', 'exp client_id'],
    [imagine({ client_id: 'one' }), 'valid', 'iss exp token_use', 'exp'],
    [imagine({ client_id: 7 }), 'client_id is missing', 'iss exp token_use', 'exp'],
    [imagine({ exp: noon - 99 }), 'the token has expired', 'iss token_use client_id', 'client_id'],
    [imagine({ token_use: 'id' }), 'token_use is not access', 'iss exp client_id', 'exp client_id'],
    [
      imagine({}, { clientIds: ['one', 'two'], audience: ['two'] }),
      ...(['valid', 'iss exp token_use client_id', 'exp'] as const),
    ],
    [
      imagine({ client_id: 'three' }, { clientIds: ['one'] }),
      ...(['the client is not accepted', 'iss exp token_use', 'exp'] as const),
    ],
    [imagine({}, { audience: ['two'] }), 'valid', 'iss exp token_use client_id', 'exp'],
    [imagine({}, {}, other), 'valid', 'iss exp aud', 'exp'],
    [imagine({ aud: 'x' }, {}, other), 'the audience is not accepted', 'iss exp', 'exp'],
    [imagine({}, { audience: 'any' }, other), 'valid', 'iss exp', 'exp'],
    [
      imagine({}, { claims: rules.slice(0, 2) }, other),
      'valid',
      'iss exp aud tier zone',
      'exp zone',
    ],
    [
      imagine({ tier: 'tin' }, { claims: rules }, other),
      ...([
        'a claim that the issuer must set does not hold',
        'iss exp aud zone',
        'exp zone',
      ] as const),
    ],
  ]
  for (const [{ result, filled, open }, word, all, some] of cases) {
    t.equal(said(result), word)
    t.equal(filled.join(' '), all)
    t.equal(open.join(' '), some)
  }
  t.end()
})
