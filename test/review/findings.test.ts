import { readFileSync } from 'node:fs'
import t from 'tap'
import { readDocument } from '../../src/config/document.ts'
import { type Finding, findingIds, findingKinds } from '../../src/review/lint/finding-table.ts'
import { lintClients } from '../../src/review/lint/clients.ts'
import { lintRoutes } from '../../src/review/lint/routes.ts'
import { lintScopes } from '../../src/review/lint/scopes.ts'
import { lintSettings } from '../../src/review/lint/settings.ts'
import { configOf, inboundWith, outboundWith, secretEnv } from '../support/config.ts'
import { headings, section } from '../support/markdown.ts'
import { machine, permissionsOf, templateWith } from './templates.ts'

/** `SG010 error message`, the number alone in front of what is said. */
const said = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ id, severity, message }) => `${id} ${severity} ${message}`)

const ofRoutes = (routes: string, more = '') =>
  said(lintRoutes(configOf(inboundWith(routes, more))))

t.test('open routes among closed ones', (t) => {
  t.strictSame(
    ofRoutes(
      '{ path: /api/**, scopes: a }, { path: /api/ping, methods: [GET], public: true }, { path: /api/me, authenticated: true }, { path: /ping, methods: [GET], public: true }, { path: /API, methods: [GET], public: true }',
    ),
    [
      'SG010 warning /api/ping is public, and lies under /api/** (line 6), which needs scopes',
      'SG011 warning /api/me asks for any valid token, and lies under /api/** (line 6), which needs scopes',
      'SG010 warning /API is public, and lies under /api/** (line 6), which needs scopes',
    ],
  )
  t.strictSame(
    ofRoutes('{ path: /a, methods: [PUT], scopes: a }, { path: /a, methods: [GET], public: true }'),
    [],
    'another method of the same path is written beside it for all to see',
  )
  t.end()
})

t.test('routes that can never match, or let nobody in', (t) => {
  const never = (path: string) =>
    `SG012 warning ${path} never matches: narrower paths own all of its requests`
  t.strictSame(
    ofRoutes(
      '{ path: /a/**, scopes: a }, { path: /a, scopes: b }, { path: "/a/{x}/**", scopes: c }',
    ),
    [never('/a/**')],
  )
  t.strictSame(
    ofRoutes(
      '{ path: /**, scopes: a }, { path: /, scopes: b }, { path: "/{x}", scopes: c }, { path: "/{x}/{y}/**", scopes: d }',
    ),
    [never('/**')],
  )
  t.strictSame(
    ofRoutes('{ path: /**, scopes: a }, { path: "/{x}/**", scopes: c }'),
    [],
    '/ is left',
  )
  t.strictSame(
    ofRoutes('{ path: /a/**, scopes: a }, { path: /a, scopes: b }, { path: /a/b/**, scopes: c }'),
    [],
  )
  t.strictSame(
    ofRoutes('{ path: /a/**, scopes: a }, { path: /a, scopes: b }, { path: "/a/{x}", scopes: c }'),
    [],
  )
  const ids = `  policies: { P: { scopes: a, clientIds: [one, two] } }`
  t.strictSame(
    ofRoutes(
      '{ path: /a, policy: P, clientIds: [three] }, { path: /b, policy: P, clientIds: [two] }, { path: /c, methods: [GET], public: true }',
      ids,
    ),
    ['SG012 warning /a lets nobody in: no client id meets all lists of clientIds'],
  )
  const issuer = inboundWith(
    '{ path: /a, scopes: a, clientIds: [b] }, { path: /b, scopes: a }',
  ).replace('eu-central-1_a1B2c3D4e }', 'eu-central-1_a1B2c3D4e, clientIds: [a] }')
  t.strictSame(said(lintRoutes(configOf(issuer))), [
    'SG012 warning /a lets nobody in: no client id meets all lists of clientIds',
  ])
  t.strictSame(
    said(
      lintRoutes(
        configOf(outboundWith('{ path: /a, upstream: "https://a.example" }'), { env: secretEnv }),
      ),
    ),
    [],
  )
  t.end()
})

t.test('spellings that an upstream may not tell apart', (t) => {
  t.strictSame(
    ofRoutes(
      '{ path: /Users, methods: [GET], scopes: a }, { path: /users, methods: [PUT], scopes: a }, { path: "/a/{x}", methods: [GET], scopes: a }, { path: "/a/{y}", methods: [PUT], scopes: a }',
    ),
    [
      'SG013 warning /users is /Users (line 6) in another spelling: each takes its own methods only as it is spelled',
    ],
  )
  const beside =
    '{ path: /files/export, scopes: a }, { path: "/files/{id}", scopes: b }, { path: "/same/{id}", scopes: a }, { path: /same/x, scopes: a }'
  t.strictSame(ofRoutes(beside), [])
  t.strictSame(ofRoutes(beside, '  ignoreCase: true'), [
    'SG013 warning /files/export takes every spelling (ignoreCase) from /files/{id} (line 7), which asks something else',
  ])
  t.end()
})

function ofSettings(text: string): readonly string[] {
  const document = readDocument(text, secretEnv)
  if (!document.ok) throw new Error(text)
  return said(
    lintSettings(
      configOf(text, { env: secretEnv, files: { '/etc/scopegate/s': 'x' } }),
      document.value,
    ),
  )
}

t.test('a secret that stands in the configuration is told, and never shown', (t) => {
  const withSecret = (secret: string) =>
    outboundWith('{ path: /a, upstream: "https://a.example" }').replace('{ env: S }', () => secret)
  const found = [/^SG030 error the secret of client worker stands in the configuration/]
  for (const secret of ['hunter2', '"${S:-hunter2}"', '[hunter2]', '"x${S}"', '"$${S}"']) {
    t.match(ofSettings(withSecret(secret)), found, secret)
    t.notMatch(ofSettings(withSecret(secret)).join(), 'hunter2')
  }
  for (const secret of ['{ env: S }', '{ file: s }', '"${S}"', '[{ env: S }]', '["${S}"]'])
    t.strictSame(ofSettings(withSecret(secret)), [], secret)
  t.end()
})

t.test('listeners that other hosts reach', (t) => {
  const admin = (lines: string) => `${inboundWith('{ path: /a, scopes: a }')}\nadmin: { ${lines} }`
  t.strictSame(ofSettings(admin('listen: 127.0.0.1:9901')), [])
  t.strictSame(ofSettings(admin('listen: { socket: /run/a.sock }')), [])
  t.strictSame(ofSettings(admin('listen: 0.0.0.0:9901')), [
    'SG031 note the admin listener is open to other hosts, for health and metrics',
  ])
  t.strictSame(
    ofSettings(admin('listen: 0.0.0.0:9901, allowRemoteStatus: true, allowShutdown: true')),
    [
      'SG031 warning the admin listener is open to other hosts, and shows its status and can be shut down',
    ],
  )
  const outbound = (more: string) =>
    outboundWith(
      '{ path: /a, upstream: "https://a.example" }',
      `  listen: 0.0.0.0:8081\n  allowRemoteClients: true${more}`,
    )
  t.strictSame(ofSettings(outbound('')), [
    'SG031 warning outbound is open to other hosts: whoever reaches it gets tokens',
  ])
  t.match(ofSettings(outbound('\n  requireHeader: x-scopegate')), [/if it sends the header$/])
  t.end()
})

const ofScopes = (routes: string, template: string, change = (text: string) => text) =>
  said(lintScopes(configOf(change(inboundWith(routes))), permissionsOf(template)))

t.test('routes and templates that do not know the same scopes', (t) => {
  const template = templateWith(
    ['export', 'spare'],
    [machine('worker', 'app-api/export, app-api/unheard-of, openid')],
  )
  t.strictSame(
    ofScopes(
      '{ path: /a, scopes: app-api/exprt }, { path: /b, scopes: app-api/export }, { path: /c, scopes: openid }',
      template,
    ),
    [
      'SG001 error no resource server defines app-api/exprt; did you mean "app-api/export"?',
      'SG002 warning no route uses app-api/spare',
      'SG003 warning client worker holds app-api/unheard-of, which no route needs',
      'SG005 error client worker is given app-api/unheard-of, which no resource server of its pool defines',
      'SG004 warning no client of the templates can call * /a',
    ],
  )
  const scoped = '{ path: /a, scopes: app-api/export }, { path: /p, methods: [GET], public: true }'
  t.strictSame(ofScopes(scoped, templateWith(['export'], [machine('w', 'app-api/export')])), [])
  t.end()
})

t.test(
  'what is not known makes an error no more than a warning, and nothing of it is guessed',
  (t) => {
    const open = templateWith(['export'], [machine('worker', '!Ref Env')]).replace(
      'ScopeName: export',
      'ScopeName: !Ref Env',
    )
    t.strictSame(ofScopes('{ path: /a, scopes: app-api/export }', open), [
      'SG001 warning no resource server defines app-api/export, as far as the templates are known',
      'SG004 note no client of the templates can call * /a as far as it is known: worker may',
    ])
    const foreign = templateWith(['export'], [machine('w', 'app-api/unheard-of')])
    const scoped = '{ path: /a, scopes: app-api/unheard-of }'
    const without = (text: string) =>
      ofScopes(scoped, text).filter((line) => line.startsWith('SG005'))
    t.equal(without(foreign).length, 1)
    t.strictSame(without(foreign.replace('UserPoolId: !Ref Pool,', 'UserPoolId: !Ref Env,')), [])
    t.strictSame(
      without(foreign.replace('UserPoolId: !Ref Pool,', 'UserPoolId: eu-central-1_x,')).length,
      1,
    )
    t.strictSame(without(foreign.replace('ScopeName: export', 'ScopeName: !Ref Env')), [])
    t.strictSame(without(foreign.replace('UserPoolId: !Ref Pool\n', 'UserPoolId: !Ref Env\n')), [])
    t.strictSame(
      without(foreign.replace('UserPoolId: !Ref Pool\n', 'UserPoolId: eu-central-1_x\n')),
      [],
    )
    const partner = (text: string) =>
      text
        .replace(
          'issuers: {',
          'issuers: { partner: { issuer: https://login.partner.example, audience: any, jwksUri: https://login.partner.example/k },',
        )
        .replace('  listen:', '  issuers: [app, partner]\n  listen:')
    t.strictSame(
      ofScopes('{ path: /a, scopes: partner/x }', templateWith([], []), partner),
      ['SG004 warning no client of the templates can call * /a'],
      'what another issuer defines no template says',
    )
    t.strictSame(
      said(
        lintScopes(
          configOf(
            outboundWith('{ path: /a, upstream: "https://a.example", scopes: app-api/export }'),
            { env: secretEnv },
          ),
          permissionsOf(templateWith(['export'], [machine('w', 'app-api/export')])),
        ),
      ),
      [],
      'a scope that outbound requests is used',
    )
    t.end()
  },
)

t.test('clients that Amazon Cognito refuses', (t) => {
  const ofClient = (lines: string) =>
    said(
      lintClients(
        permissionsOf(templateWith([], [{ name: 'w', lines: `      ClientName: w\n${lines}` }])),
      ),
    )
  const lines = (...texts: readonly string[]) => texts.map((text) => `      ${text}\n`).join('')
  const on = 'AllowedOAuthFlowsUserPoolClient: true'
  const flow = 'AllowedOAuthFlows: [client_credentials]'
  const secret = 'GenerateSecret: true'
  t.strictSame(ofClient(lines(on, flow, secret)), [])
  t.strictSame(ofClient(''), [])
  t.strictSame(ofClient(lines(on, flow)), [
    'SG020 error client w: client_credentials needs GenerateSecret: true',
  ])
  t.strictSame(ofClient(lines('ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH]')), [
    'SG020 error client w: ALLOW_CLIENT_TOKEN_AUTH needs GenerateSecret: true',
  ])
  const off = [
    'SG021 error client w: AllowedOAuthFlowsUserPoolClient is not true: its flows and scopes do not count',
  ]
  t.strictSame(ofClient(lines(flow, secret)), off)
  t.strictSame(ofClient(lines('AllowedOAuthScopes: [a]')), off)
  t.strictSame(
    ofClient(lines(on, secret, 'AllowedOAuthFlows: [client_credentials, code, implicit]')),
    ['SG022 error client w: client_credentials stands beside code, implicit'],
  )
  t.strictSame(
    ofClient(lines(secret, 'ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH, ALLOW_CLIENT_TOKEN_AUTH]')),
    ['SG023 error client w: ALLOW_CLIENT_TOKEN_AUTH stands beside ALLOW_USER_SRP_AUTH'],
  )
  const scopes = (count: number) =>
    `AllowedOAuthScopes: [${Array.from({ length: count }, (_, at) => `s${at}`).join(', ')}]`
  t.strictSame(ofClient(lines(on, flow, secret, scopes(50))), [])
  t.strictSame(ofClient(lines(on, flow, secret, scopes(51))), [
    'SG024 error client w: it has 51 scopes; 50 is the most',
  ])
  t.match(
    ofClient(
      lines(
        'GenerateSecret: !Ref Env',
        'AllowedOAuthFlows: !Ref Env',
        'AllowedOAuthFlowsUserPoolClient: !Ref Env',
        'AllowedOAuthScopes: [!Ref Env]',
        'ExplicitAuthFlows: !Ref Env',
      ),
    ),
    [
      /^SG006 note client w: AllowedOAuthFlowsUserPoolClient is not known: !Ref Env: `Env`/,
      /^SG006 note client w: AllowedOAuthFlows is not known/,
      /^SG006 note client w: ExplicitAuthFlows is not known/,
      /^SG006 note client w: GenerateSecret is not known/,
      /^SG006 note client w: a scope is not known/,
    ],
  )
  t.end()
})

t.test('docs/findings.md has every finding with its severity, why and cure, and no other', (t) => {
  const text = readFileSync(new URL('../../docs/findings.md', import.meta.url), 'utf8')
  const told = headings(text).filter((heading) => heading.startsWith('SG'))
  t.strictSame(
    told,
    findingIds.map((id) => `${id}: ${findingKinds[id].title}`),
  )
  for (const id of findingIds) {
    const { severity, title, why, cure } = findingKinds[id]
    const part = section(text, `### ${id}: ${title}`)
    const flat = part.replace(/\s+/g, ' ')
    t.match(flat, `Severity: ${severity}.`, id)
    t.match(flat, why, id)
    t.match(flat, cure, id)
  }
  t.end()
})
