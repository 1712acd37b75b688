import t from 'tap'
import {
  knownIssuers,
  readToken,
  type ReadToken,
  type TokenWords,
} from '../../src/review/explain/asked-token.ts'
import { seconds } from '../../src/units.ts'
import { configOf, inboundWith } from '../support/config.ts'
import { makeKey, mint, noon, poolClaims } from '../support/issuer.ts'

const poolIss = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'
const single = configOf(inboundWith('{ path: /a, scopes: a }'))
const several = configOf(`version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e, audience: [one, three], clientIds: [one, two] }
  partner: { issuer: https://partner.example, audience: api }
  third: { issuer: https://third.example, audience: api }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  issuers: [app, partner]
  routes: [{ path: /a, scopes: a }, { path: /open, methods: [GET], public: true }]
`)
const one = configOf(`version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e }
  unused: { issuer: https://partner.example, audience: api }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  issuers: [app]
  routes: [{ path: /a, scopes: a }]
`)

const read = (words: TokenWords, config = single): ReadToken => {
  const token = readToken(words, knownIssuers(config), seconds(noon))
  if (token.ok) return token.value
  throw new Error(token.problem)
}
const problem = (words: TokenWords, config = single): string | undefined => {
  const token = readToken(words, knownIssuers(config), seconds(noon))
  return token.ok ? undefined : token.problem
}
const claims = (json: string, issuer?: string): TokenWords => ({ kind: 'claims', json, issuer })
const parts = (over: Partial<Extract<TokenWords, { kind: 'parts' }>>): TokenWords => ({
  ...{ kind: 'parts', clientId: undefined, scopes: undefined, issuer: undefined, ...over },
})

t.test('no token is none', (t) => {
  t.strictSame(read({ kind: 'none' }), { token: { kind: 'none' }, told: ['none'], provided: [] })
  t.end()
})

t.test(
  'a compact token is judged, and it is said that its signature was not checked',
  async (t) => {
    const compact = await mint(makeKey('k', 'RS256'), poolClaims(poolIss))
    const unsigned = /NOT checked/
    for (const text of [compact, ` Bearer ${compact}\n`])
      t.match(read({ kind: 'compact', text }), {
        token: { kind: 'read', token: { ok: true } },
        told: [
          'of issuer app',
          'of client 3n4b5c6d7e8f9g',
          /^with scopes app-api\/export app/,
          unsigned,
        ],
        provided: [/not checked/],
      })
    const foreign = await mint(makeKey('k', 'RS256'), { iss: 'https://nobody.example' })
    t.match(read({ kind: 'compact', text: foreign }), {
      token: { token: { problem: { because: 'the issuer is not accepted' } } },
      told: ['of no issuer that is configured', unsigned],
      provided: [],
    })
    t.match(read({ kind: 'compact', text: 'abc' }), { told: ['it cannot be read', unsigned] })
    t.match(read({ kind: 'compact', text: 'a b' }), {
      token: { token: { problem: { code: 'invalid_token' } } },
      told: ['it cannot be read'],
    })
    t.match(problem({ kind: 'compact', text: ' \n' }), /no token/)
  },
)

t.test('claims make a valid token of their issuer, or of the only one', (t) => {
  t.match(read(claims('{"scope":"a b","client_id":"one"}')), {
    token: {
      kind: 'sketch',
      sketch: { issuerName: 'app', client: { id: 'one' }, openClaims: ['iss', 'exp'] },
    },
    told: ['of issuer app', 'of client one', 'with scopes a b'],
    provided: ['it has a fitting iss, exp, token_use'],
  })
  t.match(read(claims('{"client_id":"one"}'), one), {
    told: ['of issuer app', 'of client one', 'without scopes'],
  })
  const anyClient = read(claims('{}'))
  t.match(anyClient, { told: ['of issuer app', 'of any client', 'without scopes'] })
  t.match(anyClient.token, {
    sketch: { client: undefined, openClaims: ['iss', 'exp', 'client_id'] },
  })
  t.match(read(claims('{"iss":"https://partner.example","sub":"x"}'), several), {
    told: ['of issuer partner', 'naming no client', 'without scopes'],
  })
  t.match(read(claims('{}', 'partner'), several), { told: ['of issuer partner', /./, /./] })
  const full = JSON.stringify(poolClaims(poolIss))
  t.strictSame(read(claims(full)).provided, [])
  t.end()
})

t.test('claims that no valid token has are refused as inbound refuses them', (t) => {
  t.match(read(claims('{"exp":1}')), {
    token: { kind: 'read', token: { problem: { because: 'the token has expired' } } },
    told: ['of issuer app'],
  })
  t.match(read(claims('{"iss":"https://nobody.example"}'), several), {
    token: { token: { problem: { because: 'the issuer is not accepted' } } },
    told: ['of no issuer that is configured'],
  })
  t.end()
})

t.test('a description that cannot be read says what to write', (t) => {
  t.match(problem(claims('[]')), /not a JSON object; write an object such as/)
  t.match(problem(claims('{"a":1,"a":2}')), /duplicate member/)
  t.match(
    problem(claims('{}'), several),
    /write iss into the claims or name the issuer: app, partner, third/,
  )
  t.match(problem(claims('{}', 'partnr'), several), /has no "partnr"; did you mean "partner"/)
  t.match(problem(parts({ issuer: 'x' }), several), /has no "x"; there are app, partner, third/)
  t.match(problem(claims(`{"iss":"${poolIss}"}`, 'partner'), several), /none of the issuer partner/)
  t.end()
})

t.test('parts are known, the rest is not', (t) => {
  t.match(read(parts({ scopes: ['a'] })), {
    token: { kind: 'sketch', sketch: { issuerName: 'app', client: undefined, claims: undefined } },
    told: ['of issuer app', 'of any client', 'with scopes a'],
    provided: ['it is valid'],
  })
  t.match(read(parts({ clientId: 'one', scopes: [] }), several), {
    token: { sketch: { issuerName: undefined, client: { id: 'one' } } },
    told: ['of any issuer', 'of client one', 'without scopes'],
  })
  t.match(read(parts({ issuer: 'partner', clientId: 'x' }), several), {
    token: { kind: 'sketch' },
    told: ['of issuer partner', 'of client x', 'its scopes are not known'],
  })
  t.end()
})

t.test('a client that its issuer does not accept has no valid token', (t) => {
  for (const [clientId, because] of [
    ['four', 'the client is not accepted'],
    ['two', 'the audience is not accepted'],
  ])
    t.match(read(parts({ issuer: 'app', clientId }), several), {
      token: { kind: 'read', token: { problem: { code: 'invalid_token', because } } },
      provided: [],
    })
  t.match(read(parts({ issuer: 'app', clientId: 'one' }), several), { token: { kind: 'sketch' } })
  t.end()
})
