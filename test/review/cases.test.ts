/** Files of cases are read whole, or every problem is told with its place. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { parse } from 'yaml'
import { formatProblem } from '../../src/config/problems.ts'
import { knownIssuers } from '../../src/review/explain/asked-token.ts'
import { casesJsonSchema } from '../../src/review/cases/schema.ts'
import { type Case, readCases } from '../../src/review/cases/cases.ts'
import { seconds } from '../../src/units.ts'
import { repository } from '../support/command.ts'
import { configOf } from '../support/config.ts'
import { noon } from '../support/issuer.ts'

const config = configOf(`version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e }
  partner: { issuer: https://partner.example, audience: api }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  issuers: [app, partner]
  routes: [{ path: /a, scopes: a }]
`)

const read = (text: string, env = {}) =>
  readCases(`version: 1\n${text}`, { issuers: knownIssuers(config), env, now: seconds(noon) })

function cases(text: string, env = {}): readonly Case[] {
  const all = read(text, env)
  if (all.ok) return all.value
  throw new Error(all.problem.map((problem) => formatProblem('', problem)).join('\n'))
}

const problems = (text: string): readonly string[] => {
  const all = read(text)
  return all.ok ? [] : all.problem.map((problem) => formatProblem('', problem).slice(1))
}

const told = (text: string, env = {}): readonly string[] =>
  cases(text, env).map(
    ({ name, request, token, expect, code, status, route }) =>
      `${name} | ${request.method} ${request.target} | ${token.told.join(', ')} | ` +
      [expect, code, status, route].filter((one) => one !== undefined).join(' '),
  )

t.test('a case is a request, a token and what is expected', (t) => {
  t.strictSame(
    told(`cases:
  - { request: GET /a, expect: deny }
  - { request: /a, anonymous: true, expect: deny, code: missing_token, status: 401, route: /a }
  - { name: b, request: post /a, scopes: a b, expect: allow }
  - { request: GET /a, client: 0123, scopes: [a, c d], issuer: app, expect: allow }
  - { request: GET /a, claims: { iss: 'https://partner.example', scope: x }, expect: allow }
  - { request: GET /a, issuer: partner, expect: allow }
  - { request: GET /a, scopes: [], expect: deny }
`),
    [
      'GET /a, deny | GET /a | none | deny',
      '/a, deny | GET /a | none | deny missing_token 401 /a',
      'b | POST /a | of any issuer, of any client, with scopes a b | allow',
      'GET /a, allow | GET /a | of issuer app, of client 0123, with scopes a c d | allow',
      'GET /a, allow | GET /a | of issuer partner, naming no client, with scopes x | allow',
      'GET /a, allow | GET /a | of issuer partner, of any client, its scopes are not known | allow',
      'GET /a, deny | GET /a | of any issuer, of any client, without scopes | deny',
    ],
  )
  t.end()
})

t.test('a case knows its line, and variables come from the environment', (t) => {
  const [, second] = cases(
    'cases:\n  - { request: /a, expect: deny }\n\n  - request: /b\n    expect: deny\n',
  )
  t.equal(second?.line, 5)
  t.match(told('cases: [{ request: /a, client: "${ID}", expect: allow }]', { ID: 'one' }), [
    /client one/,
  ])
  t.match(problems('cases: [{ request: /a, client: "${ID}", expect: allow }]'), [
    /variable ID is missing/,
  ])
  t.end()
})

t.test('requests share one expectation', (t) => {
  t.strictSame(
    told(
      'cases: [{ name: n, requests: [GET /a, /b], expect: deny }, { requests: /c, expect: deny }]',
    ),
    [
      'n: GET /a, deny | GET /a | none | deny',
      'n: /b, deny | GET /b | none | deny',
      '/c, deny | GET /c | none | deny',
    ],
  )
  t.end()
})

t.test('what a case says wins over its group, and that over the defaults', (t) => {
  t.strictSame(
    told(`defaults: { issuer: app, expect: deny, code: missing_token, status: 401 }
cases:
  - request: /none
  - name: group
    client: one
    scopes: a
    expect: allow
    route: /a
    cases:
      - { request: /inherits }
      - { name: n, request: /other, scopes: b }
      - { request: /claims, claims: { client_id: two } }
      - { request: /anonymous, anonymous: true, expect: deny, code: missing_token }
  - name: claims
    claims: { client_id: three }
    expect: allow
    cases:
      - { request: /inherits }
      - { request: /parts, scopes: c, issuer: partner }
  - name: anonymous
    anonymous: true
    cases: [{ request: /inherits }, { request: /parts, scopes: c, code: insufficient_scope, status: 403 }]
`),
    [
      '/none, deny | GET /none | none | deny missing_token 401',
      'group: /inherits, allow | GET /inherits | of issuer app, of client one, with scopes a | allow /a',
      'group: n | GET /other | of issuer app, of client one, with scopes b | allow /a',
      'group: /claims, allow | GET /claims | of issuer app, of client two, without scopes | allow /a',
      'group: /anonymous, deny | GET /anonymous | none | deny missing_token /a',
      'claims: /inherits, allow | GET /inherits | of issuer app, of client three, without scopes | allow',
      'claims: /parts, allow | GET /parts | of issuer partner, of any client, with scopes c | allow',
      'anonymous: /inherits, deny | GET /inherits | none | deny missing_token 401',
      'anonymous: /parts, deny | GET /parts | of issuer app, of any client, with scopes c | deny insufficient_scope 403',
    ],
  )
  t.end()
})

t.test('anonymous within a group of an issuer is without a token', (t) => {
  t.match(
    told('cases: [{ issuer: app, expect: deny, cases: [{ request: /a, anonymous: true }] }]'),
    [/\| none \|/],
  )
  t.end()
})

t.test('every problem is told, with line, column and what would be right', (t) => {
  t.strictSame(
    problems(`case: []
cases:
  - { requst: /a, expect: allow }
  - { request: /a, expect: alow }
  - { request: /a }
  - { request: /a, requests: [/b], expect: deny }
  - { expect: deny }
  - { request: GET a, expect: deny }
  - { requests: [GET /a, GTE /a], expect: deny }
  - { request: /a, expect: allow, code: no_route }
  - { request: /a, expect: deny, code: no_rute }
  - { request: /a, expect: deny, code: no_route, status: 401 }
  - { request: /a, expect: deny, status: 200 }
  - { request: /a, expect: deny, issuer: ap }
  - { request: /a, expect: deny, claims: {} }
  - { request: /a, expect: deny, scopes: a, client: b, claims: { iss: https://partner.example } }
  - { request: /a, expect: deny, anonymous: true, issuer: app }
  - { request: /a, expect: deny, anonymous: false }
  - { request: /a, scopes: a, claims: { iss: https://partner.example }, expect: deny, cases: [{ request: /b }] }
`),
    [
      '2:1 case: this key is not known here; did you mean "cases"?',
      '4:7 cases[0].requst: this key is not known here; did you mean "request"?',
      '5:28 cases[1].expect: must be one of allow, deny; did you mean "allow"?',
      '6:5 cases[2]: does not say what to expect: allow or deny',
      '7:5 cases[3]: must have exactly one of request and requests',
      '8:5 cases[4]: must have exactly one of request and requests',
      '9:16 cases[5].request: Write a path that begins with / after the method.',
      '10:26 cases[6].requests[1]: This method is not known: it is answered 400; did you mean "GET"?',
      '11:5 cases[7]: code and status are of a denial; leave them out',
      '12:40 cases[8].code: there is no code "no_rute"; did you mean "no_route"?',
      '13:58 cases[9].status: must be 403, the status of no_route',
      '14:42 cases[10].status: must be a whole number from 400 to 599',
      '15:42 cases[11].issuer: `issuers` has no "ap"; did you mean "app"?',
      '16:5 cases[12].issuer: write iss into the claims or name the issuer: app, partner',
      '17:5 cases[13]: has claims and client and scopes; keep one of them',
      '18:5 cases[14]: has anonymous and issuer; keep one of them',
      '19:45 cases[15].anonymous: must be true',
      '20:5 cases[16]: has requests and cases; a group has cases only',
    ],
  )
  t.end()
})

t.test('what is no file of cases says so', (t) => {
  t.match(problems('cases: []'), ['2:8 cases: has no case: write at least one'])
  t.match(problems('cases: [{ name: group, expect: deny, cases: [] }]'), [/has no case/])
  t.match(problems('defaults: {}'), [/cases: is missing; it must be a list of cases/])
  t.match(problems('cases: [1]'), [/must be a mapping with keys out of name, scopes/])
  t.match(problems('cases: ['), [/this is not YAML/])
  const { ok } = readCases('version: 2\ncases: [{ request: /a, expect: deny }]', {
    ...{ issuers: knownIssuers(config), env: {}, now: seconds(noon) },
  })
  t.notOk(ok)
  t.end()
})

t.test('the JSON Schema takes the sample, and refuses unknown keys', (t) => {
  const validate = new Ajv2020({ strict: false }).compile(casesJsonSchema())
  t.ok(validate(parse(readFileSync(`${repository}/proxy.cases.yaml`, 'utf8'))))
  t.notOk(validate({ version: 1, cases: [{ requst: '/a' }] }))
  t.end()
})
