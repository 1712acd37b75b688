import { createHash } from 'node:crypto'
import t from 'tap'
import { readPermissions } from '../../src/cloudformation/permissions.ts'
import { printable } from '../../src/config/problems.ts'
import { type AccessFilter, filterAccess } from '../../src/review/access/filter.ts'
import { accessReport, type AccessReport } from '../../src/review/access/access.ts'
import { accessPage } from '../../src/review/access/page.ts'
import { accessSections } from '../../src/review/access/sections.ts'
import { accessAsCsv, sectionsAsMarkdown, sectionsAsText } from '../../src/review/access/as-text.ts'
import { seconds } from '../../src/units.ts'
import { configOf, inboundWith } from '../support/config.ts'
import { inboundOf, machine, permissionsOf, reportOf, stackOf, templateWith } from './templates.ts'

const routes = [
  '{ path: /export/**, methods: [GET], scopes: app-api/export }',
  '{ path: /upload, methods: [POST, PUT], scopes: app-api/upload, claims: { tier: gold } }',
  '{ path: /admin, scopes: app-api/admin, clientIds: [id9] }',
  '{ path: /me, authenticated: true }',
  '{ path: /status, methods: [GET], public: true }',
  '{ path: /trial, scopes: app-api/trial, mode: report }',
].join(', ')

const template = templateWith(
  ['export', 'upload', 'admin'],
  [
    machine('exporter', 'app-api/export'),
    machine('worker', '!Ref Env, app-api/upload'),
    machine('idle', 'app-api/other'),
  ],
)
const text = inboundWith(routes)
const report = reportOf(text, permissionsOf(template))
const asText = (one: AccessReport): string => sectionsAsText(accessSections(one))

t.test('what everybody may call comes first, and nothing unknown looks like an answer', (t) => {
  const told = asText(report)
  const order = [
    'READ THIS FIRST',
    'EVERYBODY, WITHOUT A TOKEN',
    'EVERY VALID TOKEN',
    'CLIENTS',
    'exporter\n',
    'ROUTES THAT NO CLIENT CAN CALL',
  ]
  const places = order.map((words) => told.indexOf(words))
  t.notOk(places.includes(-1), String(places))
  t.strictSame(
    places,
    places.toSorted((a, b) => a - b),
  )
  t.match(told, /^ {2}\/status +GET +public +6$/m)
  t.match(told, /^ {2}\/trial +\* +report mode: not blocked \(needs app-api\/trial\) +6$/m)
  t.match(
    told,
    /^ {2}\/upload +POST PUT +app-api\/upload +UNRESOLVED depends on claim tier = gold +6$/m,
  )
  t.match(
    told,
    /UNRESOLVED scope !Ref Env: `Env`: the parameter .* It may open any route that needs a scope\./,
  )
  t.match(told, /^ {2}worker +app +app-api\/upload +1 +scopes: 1, rows: 1 +t\.yaml:\d+$/m)
  t.match(
    told,
    /No client is known to hold what these need; one whose scopes are unresolved may\.\n {2}Path/,
  )
  t.match(told, /^ {2}\/admin +\* +app-api\/admin +client id9 +6$/m)
  t.notMatch(told, / \n/, 'no line ends with a blank')
  t.equal(told, asText(report), 'the same report gives the same text')
  t.end()
})

t.test('without templates, with nothing to tell, with clients of which nothing is known', (t) => {
  t.match(asText(reportOf(text)), /SCOPES BY ROUTE\n {2}A token with these scopes is needed\./)
  const closed = asText(reportOf(inboundWith('{ path: /a, scopes: a }')))
  t.match(closed, /No route: whoever has no valid token is refused\./)
  t.match(closed, /EVERY VALID TOKEN, WHATEVER ITS SCOPES\n {2}No route\./)
  t.match(
    asText(reportOf(inboundWith('{ path: /a, authenticated: true }'))),
    /No route needs a scope\./,
  )
  const empty = asText(
    reportOf(inboundWith('{ path: /a, scopes: a }'), permissionsOf(templateWith([], []))),
  )
  t.match(empty, /The templates declare no client\./)
  t.match(empty, /No client of the templates holds what these need:/)
  const all = asText(
    reportOf(
      inboundWith('{ path: /a, scopes: a }'),
      permissionsOf(templateWith([], [machine('w', 'a')])),
    ),
  )
  t.match(all, /ROUTES THAT NO CLIENT CAN CALL\n {2}None\./)
  const barred = asText(reportOf(text, permissionsOf(template, stackOf(3, 'eu-central-1_strange'))))
  t.match(barred, /It can call nothing: no issuer of the configuration is its user pool/)
  t.match(barred, /^ {2}exporter +unresolved +app-api\/export +0 /m)
  const none = asText(
    reportOf(
      inboundWith('{ path: /a, scopes: a }'),
      permissionsOf(templateWith([], [machine('w', '')])),
    ),
  )
  t.match(none, /It can call no route that needs a token\./)
  const doubted = permissionsOf(template.replaceAll('!Ref Pool\n', '!Ref Env\n'))
  t.match(asText(reportOf(text, doubted)), /^ {2}exporter +unresolved .* everything +t\.yaml/m)
  t.match(asText(reportOf(text, doubted)), /UNRESOLVED whose it is: !Ref Env/)
  t.end()
})

const nasty = `=cmd|'/C calc'!A0 <script>alert(1)</script> "q" @all #1 | \u001b[31m \u202e`
const nastyTemplate = templateWith(
  ['export'],
  [
    {
      name: 'nasty',
      lines: `      ClientName: ${JSON.stringify(nasty)}
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [client_credentials]
      AllowedOAuthScopes: [app-api/export]
`,
    },
  ],
)
const nastyReport = reportOf(text, permissionsOf(nastyTemplate))

t.test('names cannot be more than names: on a terminal, in Markdown, in a spreadsheet', (t) => {
  t.equal(printable('a\u001b[31m\u202eb\n'), 'a\\u{1b}[31m\\u{202e}b\\u{a}')
  t.notMatch(asText(nastyReport), /[\u001b\u202e]/)
  const markdown = sectionsAsMarkdown('A | B', accessSections(nastyReport))
  t.match(markdown, /^# A &#124; B\n/)
  t.notMatch(markdown, /<script|@all| #1|[^\\]`|\|'/)
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'))
  t.ok(rows.length > 5)
  const csv = accessAsCsv(nastyReport)
  t.match(csv, /^"'=cmd\|/m)
  t.notMatch(csv, /^"?[=+@-]/m)
  t.notMatch(csv, /[\u001b\u202e]/)
  t.match(csv, /""q""/)
  t.end()
})

t.test('Markdown leads to no other place', (t) => {
  const [section] = accessSections(report)
  const told = sectionsAsMarkdown('x', [
    { ...section!, text: ['https://example.com [a](b) ![c](d) *e*'], table: undefined },
  ])
  t.match(told, '- https&#58;//example.com \\[a\\]\\(b\\) \\!\\[c\\]\\(d\\) \\*e\\*')
  t.end()
})

t.test('CSV has a line for each path that somebody can or may call', (t) => {
  const lines = accessAsCsv(report).trimEnd().split('\n')
  t.equal(lines[0], 'who,issuer,path,methods,by,sure,unresolved,route,declared')
  t.ok(lines.includes('everybody,,/status,GET,public,yes,,/etc/scopegate/c.yaml:6,'))
  t.ok(
    lines.includes(
      'everybody,,/trial,*,report mode (needs app-api/trial),yes,,/etc/scopegate/c.yaml:6,',
    ),
  )
  t.ok(
    lines.includes('every valid token of app,,/me,*,authenticated,yes,,/etc/scopegate/c.yaml:6,'),
  )
  t.match(lines, [/^/])
  t.ok(lines.some((line) => /^worker,app,\*,\*,scope,no,"?!Ref Env/.test(line)))
  t.ok(
    lines.some((line) =>
      /^worker,app,\/upload,POST PUT,app-api\/upload,no,depends on claim tier/.test(line),
    ),
  )
  t.ok(lines.some((line) => /^exporter,app,\/export\/\*\*,GET,app-api\/export,yes,,/.test(line)))
  const alone = accessAsCsv(reportOf(text)).split('\n')
  t.ok(alone.includes('app-api/export,,/export/**,GET,scopes,yes,,/etc/scopegate/c.yaml:6,'))
  const barred = accessAsCsv(
    reportOf(text, permissionsOf(template.replaceAll('!Ref Pool\n', '!Ref Env\n'))),
  )
  t.match(barred, /^worker,,\*,\*,scope,no/m)
  t.end()
})

const facts = {
  templates: ['t.yaml'],
  parameters: [],
  version: '1.2.3',
  at: seconds(1_700_000_000),
}

t.test('the page runs and loads nothing but its own, and escapes every name', (t) => {
  const page = accessPage(nastyReport, { ...facts, parameters: ['<p>.json'] })
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? ''
  const unescaped = policy.replaceAll('&#39;', "'")
  for (const element of ['style', 'script']) {
    const parts = [...page.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'))]
    t.equal(parts.length, 1, element)
    const hash = createHash('sha256')
      .update(parts[0]?.[1] ?? '')
      .digest('base64')
    t.match(unescaped, `${element}-src 'sha256-${hash}';`)
  }
  t.match(unescaped, "default-src 'none';")
  t.notMatch(unescaped, 'unsafe')
  t.notMatch(page, /alert\(1\)<\/script>|<p>\.json/)
  t.match(page, '&#60;script&#62;alert(1)')
  t.notMatch(page, /(?:src|href)="(?!data:,")|url\(|@import/)
  t.match(page, '<html lang="en">')
  t.match(page, '<time datetime="2023-11-14T22:13:20.000Z">')
  t.match(page, report.config.hash)
  t.match(page, /<th scope="row" data-is="path">\/status<\/th>/)
  t.match(page, /<p class="open">UNRESOLVED|<td class="open">UNRESOLVED|<main>/)
  t.equal(page, accessPage(nastyReport, { ...facts, parameters: ['<p>.json'] }))
  t.match(accessPage(report, facts), /<td class="open">UNRESOLVED depends on claim/)
  t.match(accessPage(report, facts), /<p class="open">UNRESOLVED scope !Ref Env/)
  const bare = accessPage(
    { ...report, routes: [], clients: undefined, notes: [] },
    { ...facts, templates: [] },
  )
  t.notMatch(bare, '<form')
  t.match(bare, '<dd>none</dd>')
  t.end()
})

t.test('a filter leaves what it names, and says when it names nothing', (t) => {
  const known = permissionsOf(template, stackOf(3))
  const config = configOf(text)
  const full = accessReport(config, inboundOf(config), known)
  const filtered = (over: Partial<AccessFilter>, from = full) =>
    filterAccess(
      from,
      { client: undefined, route: undefined, scope: undefined, ...over },
      inboundOf(config),
    )
  const left = (over: Partial<AccessFilter>) => {
    const found = filtered(over)
    if (!found.ok) return found.problem
    const clients = found.value.clients?.map(({ name, grants }) => `${name} ${grants.length}`)
    return { clients, routes: found.value.routes.map(({ path }) => path) }
  }
  t.strictSame(filtered({}), { ok: true, value: full })
  t.match(left({ client: 'exporter' }), { clients: ['exporter 2'] })
  t.match(left({ client: 'id1' }), { clients: ['worker 2'] })
  const one = filtered({ client: 'exporter' })
  t.notMatch(
    one.ok && asText(one.value).split('NO CLIENT CAN CALL')[1],
    '/upload',
    'another client can call it, who was only filtered out',
  )
  t.match(left({ client: 'exportr' }), 'there is no client "exportr"; did you mean "exporter"?')
  t.match(filtered({ client: 'a' }, reportOf(text)), { ok: false, problem: /needs --template/ })
  t.strictSame(left({ scope: 'app-api/export' }), {
    clients: ['exporter 1', 'worker 0'],
    routes: ['/export/**'],
  })
  t.strictSame(left({ scope: 'app-api/other' }), { clients: ['idle 0', 'worker 0'], routes: [] })
  t.match(left({ scope: 'app-api/exprt' }), 'did you mean "app-api/export"?')
  t.match(filtered({ scope: 'app-api/export' }, reportOf(text)), {
    ok: true,
    value: { clients: undefined, routes: [{ path: '/export/**' }] },
  })
  t.strictSame(left({ route: '/export/**' }), {
    clients: ['exporter 1', 'worker 0'],
    routes: ['/export/**'],
  })
  t.match(left({ route: '/export/a/b?c' }), { routes: ['/export/**'] })
  t.match(left({ route: '/upload' }), { routes: ['/upload'], clients: ['worker 1'] })
  t.match(left({ route: '/upload/' }), { routes: ['/upload'] }, 'a path without GET')
  t.match(left({ route: '/nowhere' }), /no route has the path "\/nowhere": every request/)
  t.match(left({ route: 'nowhere' }), /"nowhere" is no path: the target does not begin with \//)
  t.match(filtered({ route: '/me' }, reportOf(text)), { value: { clients: undefined } })
  const relaxed = configOf(
    inboundWith(
      '{ path: /a, scopes: a }, { path: /a/b, scopes: b }',
      '  paths: { encodedSlashes: allow }',
    ),
  )
  const ambiguous = filterAccess(
    accessReport(relaxed, inboundOf(relaxed), undefined),
    { client: undefined, scope: undefined, route: '/a%2fb' },
    inboundOf(relaxed),
  )
  t.match(ambiguous, { ok: false, problem: /can be read as that of another route/ })
  t.end()
})

t.test('notes of templates stand in the report', (t) => {
  const found = readPermissions([{ file: 't', text: 'Transform: M\nResources: {}\n' }], [])
  if (!found.ok) throw new Error('it is a template')
  t.match(asText(reportOf(text, found.value)), /^READ THIS FIRST\n {2}t:1 what a macro/)
  t.end()
})
