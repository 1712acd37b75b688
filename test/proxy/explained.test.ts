/**
 * What `explain` says is held against the running proxy: same status, code, challenge, route and decision, for
 * thousands of requests that are near the routes, with tokens that are near what these ask for.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { sketchOf, unknownToken } from '../../src/decision/explain.ts'
import {
  type AskedToken,
  explainRequest,
  type ExplainedRequest,
  type Outcome,
} from '../../src/proxy/explained.ts'
import { readBearer } from '../../src/proxy/bearer.ts'
import { bodyOf } from '../../src/review/explain/as-json.ts'
import { imagineToken, issuerOf, judgeUnsigned } from '../../src/tokens/offline.ts'
import { systemClock } from '../../src/units.ts'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { configOf, type Scene, startScene } from '../support/scene.ts'
import { seed } from '../support/seed.ts'
import { answerOk, parseAnswer, type RawAnswer, startRawUpstream } from '../support/wire.ts'

const poolIss = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'
const key = makeKey('k1')

const routes = `
    - { path: /open/**, methods: [GET, OPTIONS], public: true }
    - { path: /open/secret, methods: [GET], scopes: api/read }
    - { path: /export/**, methods: [GET], scopes: { allOf: [api/read, { anyOf: [api/a, api/b] }] } }
    - { path: "/export/{id}", methods: [PUT, DELETE], scopes: api/write }
    - { path: "/files/{id}/Parts/{part}", scopes: api/read, mode: report }
    - { path: "/files/{id}", methods: [GET], scopes: api/read, clientIds: [one, two] }
    - { path: "/files/{id}", authenticated: true, claims: { tenant: [acme, 7] }, issuers: [main, pool] }
    - { path: /me, authenticated: true, issuers: [partner] }
    - { path: /me, methods: [HEAD], scopes: api/a, claims: { /deep/er: "yes" } }
    - { path: /straße/ü, methods: [GET], scopes: api/read }
`

const scenes: Readonly<Record<string, string>> = {
  enforced: `  problemTypes: https://docs.example/problems/\n  realm: api`,
  lenient: `  ignoreCase: true
  paths: { semicolons: allow, emptySegments: allow, encodedSlashes: allow }
  allowPreflight: true
  tokenHeader: x-token
  limits: { maxTargetBytes: 64 }
  identityHeaders: { x-who: client_id, x-tenant: tenant, x-scope: scope, x-issuer: iss }`,
  reported: '  mode: report\n  limits: { maxTargetBytes: 64 }',
}

const yamlOf = (file: string, upstream: number, more: string): string => `version: 1
issuers:
  main: { issuer: 'https://main.example', audience: any, algorithms: [ES256], jwks: { file: ${file} } }
  partner: { issuer: 'https://partner.example', audience: [api, web], algorithms: [ES256], jwks: { file: ${file} }, clientIds: [one, three], claims: { tier: gold } }
  pool: { userPoolId: eu-central-1_a1B2c3D4e, algorithms: [ES256], jwks: { file: ${file} } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream}
  issuers: [main, pool, partner]
${more}
  routes:${routes}
admin: { listen: 127.0.0.1:0 }
`

const words = [
  'open',
  'secret',
  'export',
  'files',
  'Parts',
  'parts',
  'me',
  'Me',
  'EXPORT',
  '1',
  'x',
]
const tricks = [
  ...[
    '',
    '.',
    '..',
    '%2e%2E',
    '%2F',
    '%41',
    '%6de',
    '%zz',
    '%',
    '%ff',
    '%00',
    '%5C',
    '%2541',
    ';a',
  ],
  ...['%3Ba', 'a;b', 'stra%C3%9Fe', 'STRASSE', '%C3%BC', '%C3%9C', 'a#b', 'a\\b', 'é', '~', "'"],
]
const segment = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.constantFrom(...tricks) },
)
const known = fc.constantFrom(
  ...[
    '/open/1',
    '/open/secret',
    '/export',
    '/export/1',
    '/files/1/Parts/2',
    '/files/1',
    '/files/2',
    '/files/%C3%A9',
    '/me',
  ],
  ...['/stra%C3%9Fe/%C3%BC', '/files/1/parts/2', '/Export/1', '/ME', '/export%2F1', '/a;/../me'],
)
const path = fc.oneof(
  { weight: 12, arbitrary: known },
  { weight: 5, arbitrary: fc.array(segment, { maxLength: 5 }).map((all) => `/${all.join('/')}`) },
  { weight: 1, arbitrary: fc.constantFrom(`/export/${'a'.repeat(80)}`, '/') },
)
const ending = fc.constantFrom('', '', '', '', '/', '?q=1', '?q=/../%2f', '/?')
const target = fc.tuple(path, ending).map((both) => both.join(''))
const method = fc.constantFrom(
  ...[
    'GET',
    'GET',
    'GET',
    'GET',
    'GET',
    'GET',
    'HEAD',
    'PUT',
    'POST',
    'DELETE',
    'OPTIONS',
    'PATCH',
    'TRACE',
  ],
)

const scope = fc.constantFrom(
  ...['api/read', 'api/read api/a', 'api/read api/write', 'api/b api/read', 'api/a', ''],
  ...['API/READ', 'api/read api/a api/b api/write'],
  ...[['api/read', 'api/a'], 7, undefined],
)
const claims = fc.record({
  iss: fc.oneof(
    { weight: 4, arbitrary: fc.constant('https://main.example') },
    { weight: 4, arbitrary: fc.constant('https://partner.example') },
    { weight: 4, arbitrary: fc.constant(poolIss) },
    { weight: 1, arbitrary: fc.constant('https://other.example') },
  ),
  client_id: fc.constantFrom('one', 'one', 'one', 'two', 'three', 'One', undefined, 'dré'),
  scope,
  tenant: fc.constantFrom('acme', ['x', 'acme'], 7, '7', undefined),
  deep: fc.constantFrom({ er: 'yes' }, { er: true }, undefined),
  aud: fc.constantFrom('api', ['x', 'web'], undefined, 'api'),
  tier: fc.constantFrom('gold', 'gold', 'gold', undefined),
  token_use: fc.constantFrom(...Array<string>(9).fill('access'), 'id'),
  life: fc.constantFrom(...Array<number>(20).fill(3600), -3600, 200_000),
})

type Claims = Readonly<Record<string, unknown>>
type Minted = { readonly compact: string; readonly claims: Claims | undefined }

async function mintAll(): Promise<readonly Minted[]> {
  const now = Math.floor(Date.now() / 1000)
  const all = fc.sample(claims, { numRuns: 400, seed }).map(({ life, ...rest }) => {
    const written = Object.entries(rest).filter(([, value]) => value !== undefined)
    return { ...Object.fromEntries(written), iat: now, exp: now + life }
  })
  const minted = all.map(async (one) => ({ compact: await mint(key, one), claims: one }))
  const broken = ['abc', 'a.b.c', 'x'.repeat(13_000), 'bearer', 'a b'].map((compact) => ({
    ...{ compact, claims: undefined },
  }))
  return [...(await Promise.all(minted)), ...broken]
}

type Case = { readonly method: string; readonly target: string; readonly token: Minted | undefined }

/** One connection, kept alive as long as the proxy keeps it. */
function connect(port: number): (request: string, isHead: boolean) => Promise<RawAnswer> {
  let socket: net.Socket | undefined
  return (request, isHead) =>
    new Promise((resolve) => {
      const used = socket?.destroyed === false && !socket.readableEnded ? socket : undefined
      const current = used ?? net.connect(port, '127.0.0.1').on('error', () => undefined)
      socket = current
      let text = ''
      const end = (): void => {
        current.removeAllListeners('data').removeAllListeners('close')
        const answer = parseAnswer(text)
        if (answer.headers['connection'] === 'close') current.destroy()
        resolve(answer)
      }
      current.on('close', end).on('data', (piece: Buffer) => {
        text += piece.toString('latin1')
        const head = text.indexOf('\r\n\r\n')
        const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0)
        if (head >= 0 && (isHead || text.length >= head + 4 + length)) end()
      })
      current.write(Buffer.from(request, 'utf8'))
    })
}

for (const [name, more] of Object.entries(scenes))
  t.test(`explain says what the running proxy does (${name})`, async (t) => {
    const { scene, config } = await start(t, more)
    const tokens = await mintAll()
    const good = tokens.filter((one) => isValid(askedOf(one, config)))
    const token = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...good) },
      { weight: 2, arbitrary: fc.constantFrom(...tokens) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    )
    const cases = fc.sample(fc.record({ method, target, token }), { numRuns: 2000, seed })
    const seen = new Map<string, number>()
    const wrong: object[] = []
    const left = cases.map((one, index) => ({ one, index }))
    const work = async (): Promise<void> => {
      const send = connect(scene.inbound)
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const { one, index } = next
        const answer = await send(requestOf(one, config, index), one.method === 'HEAD')
        const told = explainRequest(settingsOf(config), one, askedOf(one.token, config))
        const id = answer.headers['x-request-id']
        // what is no HTTP has no line of its own
        const line =
          id === `r${index}` ? await scene.logged((l) => l['requestId'] === id) : undefined
        const [is, said] = [happened(answer, line, one.method), foretold(told, one.method)]
        seen.set(said.code ?? 'allow', (seen.get(said.code ?? 'allow') ?? 0) + 1)
        if (JSON.stringify(is) !== JSON.stringify(said)) wrong.push({ one, is, said })
        const isNearItself = told.near().some(({ route }) => told.isTaken && route === told.route)
        if (isNearItself) wrong.push({ one, near: told.near() })
        const odd = oddSketches(one, told, config)
        if (odd.length > 0) wrong.push({ one, odd })
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))
    t.comment(JSON.stringify(Object.fromEntries(seen)))
    t.strictSame(wrong.slice(0, 5), [])
    t.ok(seen.size >= 8, 'of every kind there was one')
  })

async function start(t: Test, more: string): Promise<{ scene: Scene; config: Config }> {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'keys.json')
  writeFileSync(file, jwksOf(key))
  const upstream = await startRawUpstream(t, answerOk())
  const yaml = yamlOf(file, upstream.port, more)
  return { scene: await startScene(t, yaml), config: configOf(yaml) }
}

function requestOf({ method, target, token }: Case, config: Config, index: number): string {
  const header = config.inbound?.tokenHeader ?? ''
  const line = token === undefined ? '' : `${header}: Bearer ${token.compact}\r\n`
  return `${method} ${target} HTTP/1.1\r\nHost: api\r\nX-Request-Id: r${index}\r\n${line}\r\n`
}

const settingsOf = ({ inbound, issuers }: Config) => ({
  inbound: inbound as NonNullable<typeof inbound>,
  issuers: issuers.map((one) => one.name),
})

function askedOf(token: Minted | undefined, { issuers }: Config): AskedToken {
  if (token === undefined) return { kind: 'none' }
  const bearer = readBearer(`Bearer ${token.compact}`, false)
  if (!bearer.ok) return { kind: 'read', token: bearer }
  return { kind: 'read', token: judgeUnsigned(bearer.value, issuers, systemClock()).result }
}

type LogLine = Readonly<Record<string, unknown>>

/** What there would be in the line of what the parser refuses. */
const unparsed: LogLine = { enforced: true, reason: 'invalid_request' }

const isValid = (asked: AskedToken): boolean => asked.kind === 'read' && asked.token.ok

function happened(answer: RawAnswer, line: LogLine | undefined, method: string) {
  const { route, decision, reason, enforced, routeLine } = line ?? unparsed
  const isOurs = answer.headers['content-type'] === 'application/problem+json'
  const said = isOurs && method !== 'HEAD' ? answer.body : '{}'
  const { requestId, ...body } = JSON.parse(said) as Record<string, unknown>
  if (requestId !== undefined && requestId !== answer.headers['x-request-id']) return undefined
  const challenge = answer.headers['www-authenticate']
  return {
    status: answer.status,
    code: reason,
    challenge,
    body,
    route,
    routeLine,
    decision,
    enforced,
  }
}

/** The same of an explanation that has one outcome only. */
function foretold({ outcomes, route }: ExplainedRequest, method: string) {
  const [{ outcome }] = outcomes
  const place = { route: route?.id, routeLine: route?.line }
  if (outcome.kind === 'allow')
    return {
      ...{ status: 200, code: undefined, challenge: undefined, body: {}, ...place },
      ...{ decision: 'allow', enforced: route?.mode === 'enforce' },
    }
  const { answer, enforced } = outcome
  const { challenge } = answer
  // what HTTP or a limit refuses is no decision
  const beforeAll = ['invalid_request', 'method_refused', 'target_too_long']
  const isDecision = !beforeAll.includes(answer.code)
  return {
    ...{ status: enforced ? answer.status : 200, code: answer.code },
    ...{ challenge: enforced ? challenge : undefined },
    ...{ body: enforced && method !== 'HEAD' ? bodyOf(answer) : {} },
    ...{ ...place, decision: isDecision ? 'deny' : undefined, enforced },
  }
}

/** Outcomes that were not foretold when less was known of a valid token, or its claims only. */
function oddSketches(one: Case, told: ExplainedRequest, config: Config): readonly object[] {
  const asked = askedOf(one.token, config)
  const written = one.token?.claims
  if (asked.kind !== 'read' || !asked.token.ok || written === undefined) return []
  const [{ outcome }] = told.outcomes
  const whole = sketchOf(asked.token.value)
  const issuer = issuerOf(written, config.issuers)
  const imagined = issuer && imagineToken(written, issuer, systemClock()).result
  const less: readonly AskedToken[] = [
    ...(imagined === undefined ? [] : [{ kind: 'read', token: imagined } as const]),
    ...(['issuerName', 'scopes', 'client', 'claims'] as const).map((part): AskedToken => ({
      kind: 'sketch',
      sketch: { ...whole, [part]: undefined },
    })),
    { kind: 'sketch', sketch: unknownToken },
  ]
  // of claims that are not known nothing is foretold about headers
  const code = outcome.kind === 'deny' && outcome.answer.code
  if (code === 'invalid_claim_value') return []
  return less.flatMap((token) => {
    const { outcomes } = explainRequest(settingsOf(config), one, token)
    const isForetold = outcomes.some((other) => isSame(other.outcome, outcome))
    return isForetold ? [] : [{ token, outcome, outcomes }]
  })
}

function isSame(one: Outcome, other: Outcome): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
