/** The tree of STYLE is the architecture: the import lines of src/ are read, and must point one way. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

type Import = {
  /** File of src/, as `tokens/verify.ts`. */
  readonly from: string
  /** File of src/ in the same form, or a module's name: `node:http`, `undici`. */
  readonly to: string
  readonly isInside: boolean
  /** `import type`: nothing of it is there at run time. */
  readonly isType: boolean
}

const src = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)
const texts = new Map(files.map((file) => [file, readFileSync(resolve(src, file), 'utf8')]))
const imports = files.flatMap((file) => importsOf(file, texts.get(file) ?? ''))

/** Static and dynamic imports, and what is exported from elsewhere. */
function importsOf(from: string, text: string): readonly Import[] {
  const statements = text.matchAll(
    /^(?:import|export)\b(?<type>\s+type\b)?(?:[^'";]*?\bfrom)?\s*'(?<name>[^']+)'|\bimport\('(?<late>[^']+)'\)/gm,
  )
  return [...statements].map(({ groups }) => {
    const name = groups?.['name'] ?? groups?.['late'] ?? ''
    const isInside = name.startsWith('.')
    const to = isInside ? relative(src, resolve(src, dirname(from), name)) : name
    return { from, to, isInside, isType: groups?.['type'] !== undefined }
  })
}

/** From the bottom up. A file imports its own level and those below. */
const levels = [
  ['units', 'node-http'],
  ['decision'],
  ['tokens'],
  ['config', 'ops'],
  ['cloudformation'],
  ['proxy', 'dev'],
  ['review'],
  ['commands'],
  ['cli'],
  ['main'],
] as const

const partOf = (file: string): string => (file.split('/')[0] ?? '').replace(/\.ts$/, '')
const levelOf = (file: string): number =>
  levels.findIndex((parts) => parts.some((part) => part === partOf(file)))

/** A command takes what `cli` has read of the command line: its type, and no more. */
const isCommandType = ({ from, to, isType }: Import): boolean =>
  partOf(from) === 'commands' && partOf(to) === 'cli' && isType

const inside = imports.filter((one) => one.isInside && !isCommandType(one))
const shown = (list: readonly Import[]): string[] => list.map(({ from, to }) => `${from} -> ${to}`)

/** Files that import a package, under whatever of its names. */
const importersOf = (name: string): string[] =>
  [
    ...new Set(
      imports
        .filter(({ to, isInside }) => !isInside && (to === name || to.startsWith(`${name}/`)))
        .map(({ from }) => from),
    ),
  ].sort()

t.test('import lines are found in every form', (t) => {
  const text = `import 'node:fs'
import type { A } from './a.ts'
import {
  type B,
  c,
} from '../units.ts'
export { d } from './d.ts'
export type E = { readonly from: 'x' }
export const f = async () => import('late')
`
  t.strictSame(
    importsOf('tokens/x.ts', text).map(({ to, isType }) => `${to}${isType ? ' type' : ''}`),
    ['node:fs', 'tokens/a.ts type', 'units.ts', 'tokens/d.ts', 'late'],
  )
  t.ok(imports.length > 300, 'the imports of src/ were read')
  t.end()
})

t.test('every file belongs to a level, and imports only files that exist', (t) => {
  t.strictSame(
    files.filter((file) => levelOf(file) < 0),
    [],
  )
  t.strictSame(shown(imports.filter(({ isInside, to }) => isInside && !texts.has(to))), [])
  t.end()
})

t.test(
  'imports point one way: main, cli, commands, review, dev | proxy, cloudformation, config | ops, tokens, decision, units',
  (t) => {
    t.strictSame(shown(inside.filter(({ from, to }) => levelOf(from) < levelOf(to))), [])
    t.end()
  },
)

t.test('neighbours of one level: ops reads the types of config, and that is all', (t) => {
  const sideways = inside.filter(
    ({ from, to }) => levelOf(from) === levelOf(to) && partOf(from) !== partOf(to),
  )
  const odd = sideways.filter(
    ({ from, to, isType }) => !(partOf(from) === 'ops' && to === 'config/config.ts' && isType),
  )
  t.strictSame(shown(odd), [])
  t.end()
})

t.test('dev is imported by commands/dev.ts alone', (t) => {
  const from = inside.filter((one) => partOf(one.to) === 'dev' && partOf(one.from) !== 'dev')
  t.strictSame([...new Set(from.map((one) => one.from))], ['commands/dev.ts'])
  t.end()
})

t.test('decision is pure: nothing of Node, no package', (t) => {
  const outside = imports.filter((one) => partOf(one.from) === 'decision' && !one.isInside)
  t.strictSame(shown(outside), [])
  const worldly = /\b(?:process|globalThis|Date|Math\.random|performance|setTimeout|fetch)\b/
  const code = (text: string) => text.replace(/\/\*[^]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g, '')
  const found = files.filter(
    (file) => partOf(file) === 'decision' && worldly.test(code(texts.get(file) ?? '')),
  )
  t.strictSame(found, [], 'no clock, no chance, no surroundings')
  t.end()
})

t.test('a library that could surprise us is known to the files that say so', (t) => {
  const known: Readonly<Record<string, readonly string[]>> = {
    'aws-jwt-verify': ['tokens/verify.ts'],
    '@fastify/http-proxy': ['proxy/websocket-tunnel.ts'],
    ws: ['proxy/websocket-tunnel.ts', 'proxy/websocket-valve.ts'],
    undici: ['proxy/undici.ts', 'tokens/token-fetch.ts'],
    oauth4webapi: ['tokens/client-auth.ts', 'tokens/request.ts'],
    'lru-cache': ['tokens/verified.ts'],
    pino: ['ops/log.ts'],
    'prom-client': ['ops/exposition.ts'],
    'node:tls': ['config/compile/listener-tls.ts', 'proxy/connect.ts', 'proxy/peer-certificate.ts'],
    '@opentelemetry/api': ['ops/otel-exchange.ts', 'ops/otel-spans.ts', 'ops/otel.ts'],
    '@opentelemetry/sdk-trace-base': ['ops/otel.ts'],
    '@opentelemetry/resources': ['ops/otel.ts'],
    '@opentelemetry/exporter-trace-otlp-http': ['ops/otel.ts'],
  }
  for (const [name, where] of Object.entries(known)) t.strictSame(importersOf(name), where, name)
  t.end()
})

t.test('node:http is never imported, which would load the built-in undici', (t) => {
  t.strictSame(shown(imports.filter(({ to, isType }) => to === 'node:http' && !isType)), [])
  t.end()
})

t.test('no file imports itself by a detour', (t) => {
  const graph = new Map(
    files.map((file) => [file, inside.filter(({ from }) => from === file).map(({ to }) => to)]),
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) cycles.push([...path.slice(at), file].join(' -> '))
    if (at >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  t.strictSame(cycles, [])
  t.end()
})

t.test('no file is longer than 280 lines', (t) => {
  const long = [...texts].filter(([, text]) => text.split('\n').length - 1 > 280)
  t.strictSame(
    long.map(([file]) => file),
    [],
  )
  t.end()
})
