/** Routes from OpenAPI documents: what is asked for, where, and what cannot be said in routes. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { importOpenapi } from '../../src/review/openapi/import.ts'
import { importedJson, importedYaml } from '../../src/review/openapi/written.ts'
import { problemsOf } from '../support/config.ts'
import { documentWith, findingsOf, imported, plain, routesOf } from './openapi.ts'

const head = 'version: 1\nissuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }\n'

const whole = (yaml: string): readonly string[] => problemsOf(head + yaml)

/** What the route of `GET /a` asks for when this is its `security`; `left out` when it has none. */
function asked(security: string): string {
  const read = imported(documentWith(`/a: { get: { security: ${security} } }`))
  t.strictSame(whole(importedYaml('a.yaml', read)), [], 'the routes load')
  return /GET\], (.*) \}$/.exec(routesOf(read)[0] ?? '')?.[1] ?? 'left out'
}

t.test('requirement objects are alternatives, schemes and scopes in one are all needed', (t) => {
  const cases: Readonly<Record<string, string>> = {
    '[{ app: [read] }]': 'scopes: read',
    '[{ app: [read, write] }]': 'scopes: { allOf: [read, write] }',
    '[{ app: [read] }, { app: [admin] }]': 'scopes: { anyOf: [read, admin] }',
    '[{ app: [read] }, { app: [read] }]': 'scopes: read',
    '[{ app: [read, write] }, { oidc: [own] }]':
      'scopes: { anyOf: [{ allOf: [read, write] }, own] }',
    '[{ app: [read], oidc: [own] }]': 'scopes: { allOf: [read, own] }',
    '[{ app: [] }]': 'authenticated: true',
    '[{ app: [] }, { app: [read] }]': 'authenticated: true',
    '[]': 'public: true',
    '[{}]': 'public: true',
    '[{ app: [read] }, {}]': 'public: true',
  }
  for (const [security, access] of Object.entries(cases)) t.equal(asked(security), access, security)
  t.end()
})

t.test('a scheme that is not checked never opens a route, and never widens one', (t) => {
  const cases: Readonly<Record<string, string>> = {
    '[{ key: [] }]': 'authenticated: true',
    '[{ basic: [] }]': 'authenticated: true',
    '[{ plain: [], key: [] }]': 'authenticated: true',
    '[{ key: [] }, { app: [read] }]': 'scopes: read',
    '[{ key: [], app: [read] }]': 'scopes: read',
    '[{ odd: [] }]': 'authenticated: true',
    '[{ nobody: [] }]': 'authenticated: true',
    '[{ lost: [] }]': 'authenticated: true',
  }
  for (const [security, access] of Object.entries(cases)) t.equal(asked(security), access, security)
  for (const security of ['[{ nobody: [admin] }]', '[{ lost: [admin] }]', '[{ nobody: 1 }]'])
    t.strictSame(imported(documentWith(`\n/a: { get: { security: ${security} } }`)).routes, [])
  const read = imported(
    documentWith(`
/a: { get: { security: [{ key: [] }, { app: [read] }] } }
/b: { get: { security: [{ basic: [], app: [read] }] } }
/c: { get: { security: [{ key: [] }, { plain: [] }] } }
/d: { get: { security: [{ nobody: [], lost: [], odd: [] }] } }
/e: { get: { security: [{ lost: [] }] } }`),
  )
  t.strictSame(
    read.routes.map(({ notes }) => notes),
    [
      ['who comes with key alone is refused here'],
      ['basic is left to the API'],
      ['asks for key, plain, which is not checked here: any valid token instead'],
      ['asks for nobody, lost, odd, which is not checked here: any valid token instead'],
      ['asks for lost, which is not checked here: any valid token instead'],
    ],
  )
  const told = findingsOf(read).join('\n')
  t.match(told, /^!6:\d+ paths\."\/d"\.get\.security: nobody is no scheme/m)
  t.match(told, '$ref "other.yaml#/a" leads to another document: bundle them into one first')
  t.match(told, 'components.securitySchemes.odd: without a type is nothing that Scopegate checks')
  t.match(told, 'components.securitySchemes.basic: http basic is nothing')
  t.equal(told.match(/securitySchemes\.lost/g)?.length, 1, 'each scheme is told once')
  t.end()
})

t.test(
  'what an operation does not say comes from the document; nothing said is never public',
  (t) => {
    const both = documentWith(
      '/a: { get: {}, put: { security: [{ app: [write] }] } }',
      'security: [{ app: [read] }]\n',
    )
    t.strictSame(routesOf(imported(both)), [
      '{ path: /a, methods: [GET], scopes: read }',
      '{ path: /a, methods: [PUT], scopes: write }',
    ])
    const open = imported(documentWith('/a: { get: {} }', 'security: []\n'))
    t.strictSame(routesOf(open), ['{ path: /a, methods: [GET], public: true }'])
    t.strictSame(findingsOf(open), [
      '4:9 paths."/a".get: GET /a: PUBLIC, no token needed: `security: []` (warning)'.replace(
        ' (warning)',
        '',
      ),
    ])
    t.match(importedYaml('a', open), '    # PUBLIC, no token needed: `security: []`\n')
    t.match(importedYaml('a', open), '# 1 of them public, 0 operations left out.')

    const silent = imported(documentWith('/a: { get: {}, post: {} }'))
    t.strictSame(routesOf(silent), [
      '{ path: /a, methods: [GET], authenticated: true }',
      '{ path: /a, methods: [POST], authenticated: true }',
    ])
    t.strictSame(findingsOf(silent), [
      '1:1 security: 2 of 2 operations say nothing of security, and neither does the document: ' +
        'their routes are `authenticated: true`, never public',
    ])
    t.match(
      importedYaml('a', silent),
      '# No operation asks for scopes: each route takes any valid token.',
    )
    const some = imported(documentWith('/a: { get: {}, post: { security: [{ app: [read] }] } }'))
    t.match(importedYaml('a', some), '    # the document says nothing of security here')
    t.end()
  },
)

t.test('scopes are compared with the list of their scheme, and begin with the prefix', (t) => {
  const text = documentWith(
    '/a: { get: { security: [{ app: [read, app-api/write, other] }] } }\n' +
      '/b: { get: { security: [{ oidc: [what] }, { bare: [x] }, { empty: [y] }] } }',
  )
  const read = imported(text, { ...plain, scopePrefix: 'app-api/' })
  t.strictSame(routesOf(read), [
    '{ path: /a, methods: [GET], scopes: { allOf: [app-api/read, app-api/write, app-api/other] } }',
    '{ path: /b, methods: [GET], scopes: { anyOf: [app-api/what, app-api/x, app-api/y] } }',
  ])
  t.strictSame(
    findingsOf(read).map((text) => text.replace(/^.*: /, '')),
    ['app-api/write', 'other', 'x', 'y'].map(
      (scope) => `the scheme does not list the scope "${scope}"`,
    ),
  )
  t.end()
})

t.test('security that cannot be read leaves the operation out', (t) => {
  for (const security of ['{ app: [read] }', 'read', '[read]', '[{ app: read }]'])
    t.equal(asked(security), 'left out', security)
  for (const scope of ['"a b"', '3', '[]', '""'])
    t.equal(asked(`[{ app: [${scope}] }]`), 'left out', scope)
  t.equal(asked('[{ app: ["a b"] }, { app: [read] }]'), 'scopes: read', 'the other way is left')
  const twice = imported(
    documentWith('/a:\n  get:\n    security: []\n    security: [{ app: [read] }]'),
  )
  t.strictSame(routesOf(twice), [])
  t.match(findingsOf(twice), [
    /^!4:5 .*cannot be written down$/,
    /^!6:7 security: stands here twice/,
  ])
  const roots = 'security: []\nsecurity: [{ app: [read] }]\n'
  t.strictSame(routesOf(imported(documentWith('/a: { get: {} }', roots))), [])
  t.end()
})

t.test('path templates become patterns; what is no pattern is left out and never widened', (t) => {
  const cases: Readonly<Record<string, string>> = {
    '/': '/',
    '/a/': '/a/',
    '/a/{id}': '"/a/{id}"',
    '/a/{user.id}/{2nd}/{-x}/{ }': '"/a/{user_id}/{_2nd}/{_-x}/{_}"',
    '/a/{a.b}/{a_b}/{a.b}': '"/a/{a_b}/{a_b2}/{a_b3}"',
    '/a%20b/ü': '"/a b/ü"',
    '/a:b': '"/a:b"',
    '/a/{id}.json': '! /a/{id}',
    '/{a}-{b}': '! /{a_b}',
    '/a/{id}:cancel': '! /a/{id}',
    '/a/*': '! /a/{_}',
    '/a/{rest+}': '! /a/**',
    '/a/{rest*}': '! /a/**',
    '/a/{rest+}/b': '! /a/{rest_}/b',
    '/a/{name=projects/x}': '! /a/{name_projects_x}',
    '/a?b=c': '! /a',
    '/#X=Y': '! /',
    '/a//b': '!',
    '/a/%2F': '!',
    '/a/%ff': '!',
    '/a/..': '!',
    '/a/;b': '!',
    '/a/{b/c': '! /a/{_}',
    '/a/b}': '! /a/{_}',
    a: '!',
  }
  for (const [template, expected] of Object.entries(cases)) {
    const path = `${JSON.stringify(template)}: { get: { security: [{ app: [read] }] } }`
    const read = imported(documentWith(path))
    const [left] = read.leftOut
    const route = /path: (.*), methods/.exec(routesOf(read)[0] ?? '')?.[1]
    t.equal(route ?? `! ${left?.wider ?? ''}`.trim(), expected, template)
    t.equal(read.operations, read.placed.length + read.leftOut.length)
    t.strictSame(whole(importedYaml('a.yaml', read)), [], template)
  }
  t.end()
})

t.test(
  'an operation without a route says what comes near, and which route takes its requests',
  (t) => {
    const read = imported(
      documentWith(`
/files/{name}.json: { get: { operationId: getJson, security: [{ app: [admin] }] } }
/files/{id}:
  get: { security: [{ app: [read] }] }
  trace: {}
/keys/{id}.{format}: { get: { security: [3] } }`),
    )
    t.match(findingsOf(read), [
      /^!3:25 .*; \/files\/{name} would take more than this; \/files\/{id} takes such requests and asks for less$/,
      /^!6:5 paths."\/files\/{id}".trace: has no route: TRACE is always refused$/,
      /^!7:26 .*; \/keys\/{id_format} would take more than this$/,
      /^!7:44 .*security: must be a mapping$/,
    ])
    t.match(
      importedYaml('a.yaml', read),
      '    # LEFT OUT: GET /files/{name}.json (getJson, line 3): "{name}.json" is a part of a segment or several: a parameter is a whole one\n' +
        '    #   this takes more than that: - { path: "/files/{name}", methods: [GET], scopes: admin }\n' +
        '    # LEFT OUT: TRACE /files/{id} (TRACE /files/{id}, line 6): TRACE is always refused\n',
    )
    t.strictSame((importedJson('a.yaml', read) as { leftOut: unknown[] }).leftOut[1], {
      ...{ method: 'TRACE', path: '/files/{id}', name: 'TRACE /files/{id}', line: 6 },
      because: 'TRACE is always refused',
    })
    t.match(importedJson('a.yaml', read), {
      ...{ file: 'a.yaml', operations: 4 },
      routes: [
        {
          path: '/files/{id}',
          methods: ['GET'],
          scopes: 'read',
          notes: [],
          source: 'GET /files/{id}, line 5',
        },
      ],
      leftOut: [{ wider: '/files/{name}' }],
    })
    t.end()
  },
)

t.test('paths that are one path for Scopegate ask for both', (t) => {
  const read = imported(
    documentWith(`
/a/{id}: { get: { security: [{ app: [read] }] }, put: { security: [{ app: [write] }] } }
/a/{name}/: { get: { security: [{ app: [admin] }] } }
/b: { get: { security: [] } }
/e: { get: { security: [{ app: [] }] } }
/e/: { get: { security: [{ app: [read] }] } }
/b/: { get: { security: [{ app: [read] }] } }
/C: { get: { security: [{ app: [read] }] } }
/c: { get: { security: [] }, put: { security: [] } }`),
  )
  t.strictSame(routesOf(read), [
    '{ path: "/a/{id}", methods: [GET], scopes: { allOf: [read, admin] } }',
    '{ path: "/a/{id}", methods: [PUT], scopes: write }',
    '{ path: /b, methods: [GET], scopes: read }',
    '{ path: /e, methods: [GET], scopes: read }',
    '{ path: /C, methods: [GET], scopes: read }',
    '{ path: /c, methods: [PUT], public: true }',
  ])
  t.strictSame(read.routes[0]?.notes, [
    '/a/{name}/ is the same path: this asks for what both ask for',
  ])
  t.equal(read.routes[0]?.source, 'GET /a/{id}, line 3; GET /a/{name}/, line 4')
  const told = findingsOf(read).join('\n')
  t.match(told, '/a/{name}/ is the same path as /a/{id}: its route asks for both')
  t.match(told, /^!10:\d+ paths\."\/c"\.get: \/c differs from \/C only in case: it has no route$/m)
  t.strictSame(whole(importedYaml('a.yaml', read)), [])

  const twice = documentWith(
    '/a: { get: { security: [] } }\n/a: { get: { security: [{ app: [read] }] } }',
  )
  t.strictSame(routesOf(imported(twice)), ['{ path: /a, methods: [GET], scopes: read }'])
  const methods = documentWith(
    '/a:\n  get: { security: [] }\n  get: { security: [{ app: [read] }] }',
  )
  t.strictSame(routesOf(imported(methods)), ['{ path: /a, methods: [GET], scopes: read }'])
  t.end()
})

t.test('where paths cross, what they share has a route that asks for all of them', (t) => {
  const read = imported(
    documentWith(`
/a/{x}/c: { get: { security: [{ app: [read] }] }, put: { security: [{ app: [write] }] } }
/a/b/{y}: { get: { security: [{ app: [admin] }] }, head: { security: [{ app: [] }] } }
/{w}/b/c: { get: { security: [{ oidc: [own] }] } }`),
  )
  t.strictSame(routesOf(read).slice(5), [
    '{ path: /a/b/c, methods: [GET], scopes: { allOf: [read, admin, own] } }',
    '{ path: /a/b/c, methods: [PUT], scopes: write }',
    '{ path: /a/b/c, methods: [HEAD], scopes: { allOf: [read, own] } }',
  ])
  t.equal(read.routes[5]?.source, 'what /a/{x}/c and /a/b/{y} and /{w}/b/c share')
  t.strictSame(whole(importedYaml('a.yaml', read)), [])
  t.end()
})

t.test('paths that cross without end are told, not written', (t) => {
  const some = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  // each asks for a scope of its own and names one segment: together they share 2^9 paths
  const paths = some.map((letter, at) => {
    const segments = some.map((_, other) => (other === at ? letter : `{p${other}}`))
    return `/${segments.join('/')}: { get: { security: [{ oidc: [${letter}] }] } }`
  })
  t.match(
    findingsOf(imported(documentWith(paths.join('\n')))).join('\n'),
    '!1:1 paths: too many paths cross each other',
  )
  t.end()
})

t.test('servers give the prefix; several that differ are told', (t) => {
  const cases: readonly (readonly [string, string, RegExp?])[] = [
    ['[{ url: https://api.example.com/v1 }]', '/v1/a'],
    ['[{ url: "https://api.example.com/v1/" }]', '/v1/a'],
    ['[{ url: https://api.example.com }]', '/a'],
    ['[{ url: //api.example.com/v1?x#y }]', '/v1/a'],
    ['[{ url: / }]', '/a'],
    ['[{ url: /v1 }]', '/v1/a'],
    ['[{ url: ./v1 }]', '/v1/a'],
    ['[]', '/a'],
    ['{}', '/a'],
    ['[{}]', '/a'],
    [
      '[{ url: "https://{host}/{base}", variables: { host: { default: a.b }, base: { default: v2 } } }]',
      '/v2/a',
    ],
    ['[{ url: "/v{n}", variables: { n: { default: 3 } } }]', '/v3/a'],
    [
      '[{ url: "/v{n}", variables: { n: { default: null } } }]',
      '/v/a',
      /^!2:\d+ servers: the variable n of the server has no default/,
    ],
    ['[{ url: https://a.b/v1 }, { url: https://c.d/v1 }]', '/v1/a'],
    [
      '[{ url: https://a.b }, { url: https://c.d/v1 }]',
      '/a',
      /^2:1 servers: the servers differ .* \/ is taken, not \/v1; say which with --base-path$/,
    ],
    ['[{ url: /v1 }, { url: / }]', '/v1/a', /\/v1 is taken, not \/;/],
  ]
  for (const [servers, path, told] of cases) {
    const text = documentWith('/a: { get: { security: [{ app: [] }] } }', `servers: ${servers}\n`)
    const read = imported(text)
    t.equal(read.routes[0]?.pattern.text, path, servers)
    if (told === undefined) t.strictSame(findingsOf(read), [], servers)
    else t.match(findingsOf(read)[0], told)
    const forced = imported(text, { ...plain, basePath: '/base/' })
    t.equal(forced.routes[0]?.pattern.text, '/base/a')
    t.strictSame(findingsOf(forced), [])
    t.equal(imported(text, { ...plain, basePath: '/' }).routes[0]?.pattern.text, '/a')
  }
  const nearer = documentWith(
    `/a: { servers: [{ url: /item }], get: { security: [], servers: [{ url: /own }] }, put: { security: [] } }`,
    'servers: [{ url: /v1 }]\n',
  )
  t.strictSame(
    imported(nearer).routes.map(({ pattern }) => pattern.text),
    ['/own/a', '/item/a'],
  )
  t.end()
})

t.test('references are followed within the document, and told where they lead nowhere', (t) => {
  const read = imported(
    documentWith(
      `
/a: { $ref: '#/paths/~1b' }
/b: { get: { security: [{ app: [read] }] } }
/c: { $ref: '#/x-items/0/c%7e1~0%20d', get: { security: [{ app: [write] }] } }
/d: { $ref: 'items.yaml#/d' }
/e: { $ref: '#/paths/~1f' }
/f: { $ref: '#/paths/~1e' }
/g: { $ref: '#/paths/none' }
/h: { $ref: '#/x-items/9/a%' }`,
      `x-items: [{ "c/~ d": { get: { security: [{ app: [admin] }] } } }, { $ref: '#/x-items/1' }]\n`,
    ),
  )
  t.strictSame(routesOf(read), [
    '{ path: /a, methods: [GET], scopes: read }',
    '{ path: /b, methods: [GET], scopes: read }',
    '{ path: /c, methods: [GET], scopes: { allOf: [write, admin] } }',
  ])
  const told = findingsOf(read).filter((text) => text.startsWith('!'))
  t.match(told, [
    '!7:3 paths."/d": $ref "items.yaml#/d" leads to another document: bundle them into one first',
    '!8:3 paths."/e": $ref "#/paths/~1e" leads back to itself'.replace('~1e', '~1f'),
    '!9:3 paths."/f": $ref "#/paths/~1f" leads back to itself'.replace('~1f', '~1e'),
    '!10:3 paths."/g": $ref "#/paths/none" leads nowhere',
    '!11:3 paths."/h": $ref "#/x-items/9/a%" leads nowhere',
  ])
  t.end()
})

t.test('what is no operation is told; extensions, callbacks and webhooks are left alone', (t) => {
  const read = imported(
    documentWith(
      `
x-a: 1
/a:
  x-b: 1
  summary: s
  parameters: []
  <<: { delete: { security: [] } }
  GET: { security: [] }
  put: 3
  additionalOperations: { LINK: { security: [{ app: [read] }] }, XYZ: {}, NO: 3 }
  post: { security: [{ app: [read] }], callbacks: {} }
/b: 3`,
      'webhooks: {}\n',
    ),
  )
  t.strictSame(routesOf(read), [
    '{ path: /a, methods: [LINK], scopes: read }',
    '{ path: /a, methods: [POST], scopes: read }',
  ])
  t.strictSame(findingsOf(read), [
    '1:1 callbacks: of 1 operations: these are calls that the API makes: nothing of them is imported',
    '2:1 webhooks: these are calls that the API makes: nothing of them is imported',
    '!9:5 paths."/a": "<<" is no method and no other key of a path',
    '!10:5 paths."/a": "GET" is no method and no other key of a path',
    '!11:5 paths."/a".put: must be a mapping',
    '!12:68 paths."/a".xyz: has no route: XYZ is no method that can be received',
    '!12:77 paths."/a".NO: must be a mapping',
    '!14:7 paths."/b": must be a mapping',
  ])
  t.end()
})

t.test('anchors stand for the last value before them that has their name', (t) => {
  const text = documentWith(`
/a: { get: { security: &s [{ app: [read] }] } }
/b: { get: { security: *s } }
/c: { get: { security: &s [{ app: [write] }] } }
/d: { get: { security: *s } }`)
  t.strictSame(
    routesOf(imported(text)).map((route) => route.replace(/.*scopes: (.*) }/, '$1')),
    ['read', 'read', 'write', 'write'],
  )
  t.end()
})

t.test('what is no document that can be read is told with its place', (t) => {
  const deep = `a: ${'['.repeat(300)}${']'.repeat(300)}`
  const cases: Readonly<Record<string, string>> = {
    '': '1:1 this is no OpenAPI document: it has no `openapi: 3.0.x` or `3.1.x`',
    '[]': '1:1 this is no OpenAPI document: it has no `openapi: 3.0.x` or `3.1.x`',
    'a: 1': '1:1 this is no OpenAPI document: it has no `openapi: 3.0.x` or `3.1.x`',
    'openapi: {}': '1:1 this is no OpenAPI document: it has no `openapi: 3.0.x` or `3.1.x`',
    '{"a":1,\n "swagger":"2.0"}':
      '2:2 this is Swagger 2.0, which is not read: convert it to OpenAPI 3.0 or 3.1 first',
    'openapi: 4.0.0': '1:10 OpenAPI "4.0.0" is not read: 3.0, 3.1 and 3.2 are',
    'openapi: 2.10': '1:10 OpenAPI 2.1 is not read: 3.0, 3.1 and 3.2 are',
    '{ "openapi": "3.1.0" }': '1:1 there is nothing to import: the document has no mapping `paths`',
    'openapi: 3.1.0\npaths: []':
      '2:1 there is nothing to import: the document has no mapping `paths`',
    'openapi: 3.0.0\npaths:': '2:1 there is nothing to import: the document has no mapping `paths`',
    '{ "openapi": }': '1:14 OpenAPI null is not read: 3.0, 3.1 and 3.2 are',
    '{ "openapi": 1': '1:15 this is not YAML: Flow map must end with a }',
    'a: 1\n---\nb: 2': '2:1 one document only; remove what follows ---',
    [deep]: '1:203 this is nested too deeply',
    [`a: "${'x'.repeat(9 * 1024 * 1024)}"`]:
      '1:1 is larger than 8 MiB and no JSON, which is read in larger documents: convert it',
  }
  for (const [text, expected] of Object.entries(cases)) {
    const read = importOpenapi(text, plain)
    const told = read.ok ? [] : read.problem
    t.equal(
      told.map(({ line, column, message }) => `${line}:${column} ${message}`).join(),
      expected,
      text.slice(0, 40),
    )
  }
  t.strictSame(routesOf(imported('openapi: 3.1\npaths: {}')), [])
  t.match(importedYaml('a', imported('openapi: 3.1\npaths: {}')), '  routes: []\n')
  t.end()
})

t.test('what others wrote stays in its place: names, titles and scopes are no YAML', (t) => {
  const name = 'x\n    - { path: /**, methods: [GET], public: true }\u2028\u0085\u202e'
  const text = JSON.stringify({
    openapi: '3.0.0',
    info: { title: `title\n${name}`, version: 1 },
    paths: {
      '/a': { get: { operationId: name, security: [{ [name]: [] }] } },
      '/b': {
        get: {
          operationId: 'y'.repeat(500),
          security: [{ app: ['${HOME}', 'true', '12', 'a:b'] }],
        },
      },
      '/$x/\u00ad': { get: { security: [{ app: [] }] } },
      [`/${name}`]: { get: { security: [] } },
    },
    components: { securitySchemes: { app: { type: 'openIdConnect' } } },
  })
  const read = imported(text)
  const yaml = importedYaml('a.yaml', read)
  t.strictSame(whole(yaml), [])
  t.equal(read.routes.filter(({ access }) => access.kind === 'public').length, 0)
  t.match(yaml, '(title\\u000ax\\u000a')
  t.match(yaml, 'scopes: { allOf: ["$${HOME}", "true", "12", "a:b"] }')
  t.match(yaml, 'path: "/$x/\\u00ad"')
  t.notMatch(yaml, /[\u2028\u0085\u202e\u00ad]/)
  t.ok(yaml.split('\n').every((line) => line.length < 400))
  t.end()
})

t.test(
  'documents as packages ship them: each operation has its route, and the routes load',
  (t) => {
    const { resolve } = createRequire(import.meta.url)
    const found = ['openapi.json', 'openapi.yaml'].map((name) => {
      const text = readFileSync(resolve('rclone-openapi').replace(/[^/]*$/, name), 'utf8')
      const read = imported(text)
      t.equal(read.operations, 101)
      t.equal(read.routes.length, 101)
      t.strictSame(whole(importedYaml(name, read)), [])
      return routesOf(read)
    })
    t.strictSame(found[0], found[1], 'JSON and YAML say the same')
    const folder = resolve('@digdir/dialogporten-schema/package.json').replace('package.json', '')
    const dialogs = imported(
      readFileSync(`${folder}swagger.verified.json`, 'utf8').replace(/^\uFEFF/, ''),
    )
    t.equal(dialogs.routes.length, dialogs.operations)
    t.ok(dialogs.operations > 25)
    t.strictSame(whole(importedYaml('swagger.verified.json', dialogs)), [])
    t.end()
  },
)
