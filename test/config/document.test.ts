import t from 'tap'
import { readDocument } from '../../src/config/document.ts'
import { keyText, sortProblems } from '../../src/config/problems.ts'
import { didYouMean } from '../../src/config/suggest.ts'
import { configOf, inboundWith, problemsOf } from '../support/config.ts'

const wrong = (text: string, env = {}) => {
  const read = readDocument(text, env)
  const problems = read.ok ? read.value.problems : read.problem
  return problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`)
}

t.test('what is not one plain YAML 1.2 mapping is refused with its place', (t) => {
  const quote = ': inside { } or [ ], a value with { or } needs quotes: "/files/{id}", "${NAME}"'
  const cases: [string, string][] = [
    ['', '1:1 : the file must be a mapping that begins with `version: 1`'],
    ['---\n', '1:4 : the file must be a mapping that begins with `version: 1`'],
    ['- a\n', '1:1 : the file must be a mapping that begins with `version: 1`'],
    ['# only a comment\n\n', '1:1 : the file must be a mapping that begins with `version: 1`'],
    ['a: 1\nb: 1\na: 2\n', '3:1 : this key stands here twice; keep one of them'],
    ['a:\n\tb: 1\n', '2:1 : YAML is indented with spaces, not with tabs'],
    ['a: 1\n---\na: 2\n', '2:1 : one document only; remove what follows the line ---'],
    ['? [a]\n: 1\n', '1:3 : a key must be a plain word'],
    [
      '%YAML 1.1\n---\na: yes\n',
      '1:1 : a %YAML directive is not taken here; remove it (this is YAML 1.2)',
    ],
    ['a: @b\n', '1:4 : this is not YAML: Plain value cannot start with reserved character @'],
    ['a: { path: /files/{id}, b: 1 }\nc: { d: ${E} }\n', `1:19 ${quote}`],
    ['a: [/files/{id}]\n', `1:12 ${quote}`],
    ['a: "b" "c"\n', '1:8 : this is not YAML: Unexpected double-quoted-scalar at node end'],
    ['a: *b\n', '1:4 a: aliases (*name) are not taken here; write the value out'],
    ['a: &b 1\n', '1:7 a: anchors (&name) are not taken here; remove it'],
    ['a: &b [1]\n', '1:7 a: anchors (&name) are not taken here; remove it'],
    ['a: !!binary abcd\n', '1:13 a: tags (!name) are not taken here; remove it'],
    ['a: !own { b: 1 }\n', '1:9 a: tags (!name) are not taken here; remove it'],
    ['a: !own [b]\n', '1:9 a: tags (!name) are not taken here; remove it'],
    ['"": 1\n', '1:1 "": a key must not be empty'],
    ['__proto__: { polluted: 1 }\n', '1:1 __proto__: this word cannot be a key'],
    ['a${B}: 1\n', '1:1 "a${B}": a key cannot come from the environment; write it out'],
  ]
  for (const [text, expected] of cases) t.strictSame(wrong(text), [expected], JSON.stringify(text))
  t.end()
})

t.test('keys that stand twice are all told, of the syntax only the first error', (t) => {
  const places = (text: string) => wrong(text).map((problem) => problem.slice(0, 3))
  t.strictSame(places('a: 1\na: 2\nb: 1\nb: 2\nc: @d\ne: @f\n'), ['2:1', '4:1', '5:4'])
  t.strictSame(places('a: @b\nc: 1\nc: 2\n'), ['1:4'])
  const indent = 'the indentation of this line does not fit, or a space is missing behind a colon'
  const cases: [string, string][] = [
    ['a:\n  b: 1\n    c: 2\n  d:\n    - { e: f }\n', `2:6 : ${indent}`],
    ['a:\n  b:1\n  c: 2\n', `2:3 : ${indent}`],
    ['a: b: c\n', `1:4 : ${indent}`],
    ['a:\n  - b\n - c\n', `3:1 : ${indent}`],
    ['a:\n\tb: 1\n\tc:\n\t\t- d\n', '2:1 : YAML is indented with spaces, not with tabs'],
  ]
  for (const [text, expected] of cases) t.strictSame(wrong(text), [expected], JSON.stringify(text))
  t.end()
})

t.test('a document that expands without end, or is nested without end, is refused', (t) => {
  const laughs = ['a: &a [x,x,x,x,x,x,x,x]']
  for (let i = 1; i < 30; i++) laughs.push(`a${i}: &a${i} [*a,*a,*a,*a,*a,*a,*a,*a]`)
  const problems = wrong(laughs.join('\n'))
  t.equal(problems[0], '1:7 a: anchors (&name) are not taken here; remove it')
  for (const opening of ['[', '{a: ', '- ', '? ']) {
    t.match(wrong(opening.repeat(50)), [/^1:\d+ : this is nested too deeply$/], opening)
    // as deep as a file of 100 KB can be: the library alone would end the process
    t.match(wrong(opening.repeat(25_000)), [/: this is nested too deeply$/], opening)
  }
  t.match(wrong(`a: 1\nb: ${'['.repeat(30)}${']'.repeat(30)}`), [/^2:\d+ : this is nested too/])
  t.end()
})

t.test('a variable that does not end is told once, however often it begins', (t) => {
  // looking for the end from each beginning took minutes, and nothing else ran meanwhile
  t.match(wrong(`a: '${'${'.repeat(500_000)}'\n`), [/^1:4 a: a variable is written/])
  t.end()
})

t.test('variables are filled in once, after parsing', (t) => {
  const env = {
    A: 'one',
    B: '${A}',
    EMPTY: '',
    INJECT: 'x }\nroutes: []\n# ',
    N: '12',
    YES: 'true',
    NOTHING: 'null',
    ID: '0123',
  }
  const cases: [string, unknown][] = [
    ['${A}', 'one'],
    ['pre-${A}-${N}.post', 'pre-one-12.post'],
    ['${B}', '${A}'],
    ['${MISSING:-standard}', 'standard'],
    ['${EMPTY:-standard}', 'standard'],
    ['${MISSING:-}', ''],
    ['${A:-standard}', 'one'],
    ['$${A}', '${A}'],
    ['$A', '$A'],
    ['${INJECT}', 'x }\nroutes: []\n# '],
    ['${N}', 12],
    ['"${N}"', '12'],
    ["'${N}'", '12'],
    ['${N}${N}', '1212'],
    ['${YES}', true],
    ['"${YES}"', 'true'],
    ['${NOTHING}', 'null'],
    ['${ID}', '0123'],
    ['|\n  ${N}', '12\n'],
  ]
  for (const [yaml, expected] of cases) {
    const read = readDocument(`a: ${yaml}\n`, env)
    t.strictSame(read.ok && read.value.root, { a: expected }, yaml)
  }
  t.end()
})

t.test('a missing variable is named with its line; nothing of the environment is shown', (t) => {
  const env = { EMPTY: '', SECRET: 'hunter2' }
  t.strictSame(wrong('a: 1\nb: x${NOPE}y${EMPTY}z\nc: ["${SECRET}", "${SECRET", "${1}"]\n', env), [
    '2:4 b: the environment variable NOPE is missing or empty; set it, or write ${NOPE:-default}',
    '2:4 b: the environment variable EMPTY is missing or empty; set it, or write ${EMPTY:-default}',
    '3:18 c[1]: a variable is written ${NAME} or ${NAME:-default}; write $${ for the characters ${',
    '3:30 c[2]: a variable is written ${NAME} or ${NAME:-default}; write $${ for the characters ${',
  ])
  t.end()
})

t.test('path patterns and hosts never come from the environment', (t) => {
  const env = { P: '/a' }
  const never = 'a path pattern or a host cannot come from the environment; write it out'
  t.strictSame(
    wrong(
      'inbound: { routes: [{ path: "${P}" }] }\noutbound:\n  routes: [{ path: "${P}", host: "${P}" }]',
      env,
    ),
    [
      `1:29 inbound.routes[0].path: ${never}`,
      `3:20 outbound.routes[0].path: ${never}`,
      `3:34 outbound.routes[0].host: ${never}`,
    ],
  )
  t.end()
})

t.test('no message shows what the environment put in', (t) => {
  const env = { V: 'hunter2-hunter2' }
  const text = `version: 1
issuers:
  a: { userPoolId: "\${V}" }
  b: { issuer: "http://\${V}.example", audience: any }
  c: { issuer: "\${V}", audience: any, jwks: { file: "\${V}" }, tls: { ca: "\${V}" } }
inbound:
  listen: "\${V}"
  upstream: "\${V}"
  mode: \${V}
  issuers: \${V}
  tokenHeader: "\${V} \${V}"
  realm: '\${V}"'
  problemTypes: \${V}
  removeHeaders: ["\${V}*x"]
  trustedProxies: "\${V}"
  limits: { maxHeaders: "\${V}", maxHeaderBytes: "\${V}", headersTimeout: "\${V}" }
  routes:
    - { path: /a, methods: "\${V}", scopes: "\${V} \${V}", issuers: "\${V}" }
    - { path: /b, policy: "\${V}" }
clients:
  w: { tokenEndpoint: "\${V}", clientId: "\${V}", clientSecret: { file: "\${V}" }, resource: "\${V}" }
  x: { issuer: "\${V}", clientId: "\${V}", clientSecret: { env: "\${V}" }, authMethod: "\${V}" }
outbound:
  listen: "\${V}:1"
  requireHeader: "\${V} x"
  routes:
    - { path: /a, upstream: "http://\${V}/", client: "\${V}", scopes: "\${V} x" }
log: { level: "\${V}" }
`
  const problems = problemsOf(text, { env })
  t.ok(problems.length > 25, String(problems.length))
  t.notMatch(problems.join('\n'), 'hunter2')
  t.match(problems.join('\n'), '"${V}" is no user pool id')
  t.end()
})

t.test('a key that is not known is told where it stands, not where its value does', (t) => {
  const text = inboundWith('{ path: /a, authenticated: true }').replace('inbound:', 'inboud:')
  const line = text.split('\n').indexOf('inboud:') + 1
  t.ok(line > 1)
  t.ok(
    problemsOf(text).includes(
      `${line}:1 inboud: this key is not known here; did you mean "inbound"?`,
    ),
  )
  const inner = inboundWith('{ path: /a, authenticated: true, modus:    report }')
  const [at = ''] = problemsOf(inner)
  t.match(at, /inbound\.routes\[0\]\.modus/)
  const [row = 0, column = 0] = at.split(/[: ]/).map(Number)
  t.ok(
    inner
      .split('\n')
      [row - 1]?.slice(column - 1)
      .startsWith('modus:'),
    at,
  )
  t.end()
})

t.test('a byte order mark and Windows line ends are no fault', (t) => {
  const text = inboundWith('{ path: /a, authenticated: true }').replaceAll('\n', '\r\n')
  t.equal(configOf(`\uFEFF${text}`).inbound?.routes.length, 1)
  t.end()
})

t.test('a key without a value is there and empty', (t) => {
  for (const text of ['? a\n', 'a:\n', 'a: ~\n']) {
    const read = readDocument(text, {})
    t.strictSame(read.ok && read.value.root, { a: null }, text)
  }
  t.end()
})

t.test('keys are written as a path; strange ones are quoted', (t) => {
  t.equal(keyText([]), '')
  t.equal(
    keyText(['inbound', 'routes', 2, 'claims', 'custom:tenant']),
    'inbound.routes[2].claims."custom:tenant"',
  )
  t.end()
})

t.test('problems are sorted by line and column, each said once', (t) => {
  const at = (line: number, column: number) => ({ line, column, key: 'k', message: 'm' })
  t.strictSame(sortProblems([at(2, 1), at(1, 9), at(1, 2), at(2, 1)]), [
    at(1, 2),
    at(1, 9),
    at(2, 1),
  ])
  t.end()
})

t.test('the nearest known word is suggested, and none that is far', (t) => {
  const known = ['scopes', 'issuers', 'upstream', 'x'.repeat(200)]
  const cases: [string, string][] = [
    ['scope', '; did you mean "scopes"?'],
    ['socpes', '; did you mean "scopes"?'],
    ['SCOPES', '; did you mean "scopes"?'],
    ['upstraem', '; did you mean "upstream"?'],
    ['isuer', '; did you mean "issuers"?'],
    ['upst', '; did you mean "upstream"?'],
    ['zzz', ''],
    ['s', ''],
    ['y'.repeat(200), ''],
  ]
  for (const [word, expected] of cases) t.equal(didYouMean(word, known), expected, word)
  t.end()
})
