/** YAML text + environment -> a document whose values know their line and column (SPEC 2). Pure. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Document,
  type ParsedNode,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml'
import { parseWithin } from './depth.ts'
import { no, ok, type NonEmpty, type Result } from '../units.ts'
import type { ConfigProblem } from './config.ts'
import { holdsVariable, interpolate, isOneVariable, type Environment } from './interpolate.ts'
import { keyText, sortProblems, type KeyPath } from './problems.ts'
import { readScalar, retype, type ReadScalar } from './scalar.ts'

/** What is known of one value besides itself. */
export type Place = {
  readonly line: number
  readonly column: number
  /** Of a scalar: as the file has it, variables unfilled. May be shown. */
  readonly source?: string
  /** Of a scalar: its spelling with variables filled in. Never shown. */
  readonly text?: string
  /** Of an unquoted scalar that reads as a number. */
  readonly number?: number
}

/** The tree as plain values; a number whose spelling says more (`0123`) is still text. */
export type ConfigDocument = {
  readonly root: unknown
  /** The value's place; undefined when it is not there. */
  place(path: KeyPath): Place | undefined
  /** Where the key of this value stands; undefined for an item of a list, and when it is not there. */
  keyPlace(path: KeyPath): Place | undefined
  /** Values that could not be read: they are undefined in the tree and named in `problems`. */
  readonly broken: readonly KeyPath[]
  readonly problems: readonly ConfigProblem[]
}

/** Where values are taken as written: a pattern, a host. `*` stands for any list index. */
const neverInterpolated = new Set([
  'inbound.routes[*].path',
  'outbound.routes[*].path',
  'outbound.routes[*].host',
])
const deepest = 20

/** A text instead of a variable that is missing at this place; undefined = it must be set. */
export type StandIn = (name: string, path: KeyPath) => string | undefined

/**
 * Reads one YAML 1.2 document. Anchors, aliases, tags and directives are refused: they only hide things.
 * `standIn` is for those who compare configurations where their variables are not set.
 */
export function readDocument(
  text: string,
  environment: Environment,
  standIn?: StandIn,
): Result<ConfigDocument, NonEmpty<ConfigProblem>> {
  const lines = new LineCounter()
  const source = text.replace(/^\uFEFF/, '')
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const parsed = parseWithin(source, deepest, {
    lineCounter: lines,
    stringKeys: true,
    version: '1.2',
    // the library compares each key with each: see `repeatedKeys`
    uniqueKeys: false,
  })
  if (!parsed.ok)
    return no([{ ...place(parsed.problem), key: '', message: 'this is nested too deeply' }])
  const yaml = parsed.value
  const syntax = syntaxProblems(yaml, source).map(([offset, message]) => ({
    ...place(offset),
    key: '',
    message,
  }))
  const [first, ...others] = syntax
  if (first !== undefined) return no(sortProblems([first, ...others]))

  const places = new Map<string, Place>()
  const keys = new Map<string, Place>()
  const problems: ConfigProblem[] = []
  const broken: KeyPath[] = []
  const reading = { places, keys, problems, broken, place, environment, standIn }
  const root = readNode(reading, yaml.contents, [], 0)
  return ok({
    ...{ root, problems, broken },
    place: (path) => places.get(JSON.stringify(path)),
    keyPlace: (path) => keys.get(JSON.stringify(path)),
  })
}

/** Offset and message of each. What follows an error of the syntax is noise; a key that stands twice is none. */
function syntaxProblems(yaml: Document.Parsed, source: string): [number, string][] {
  const [first] = yaml.errors.toSorted((a, b) => a.pos[0] - b.pos[0])
  const end = first?.pos[0] ?? Infinity
  const found = repeatedKeys(yaml)
    .filter((offset) => offset < end)
    .map((offset): [number, string] => [offset, 'this key stands here twice; keep one of them'])
  if (first !== undefined) found.push([end, source[end] === '{' ? quoteAdvice : explain(first)])
  if (found.length > 0) return found
  if (yaml.directives.yaml.explicit)
    found.push([0, 'a %YAML directive is not taken here; remove it (this is YAML 1.2)'])
  if (!isMap(yaml.contents))
    found.push([
      yaml.contents?.range[0] ?? 0,
      'the file must be a mapping that begins with `version: 1`',
    ])
  return found
}

/** The library's errors in our words where ours help more; told apart by code. */
function explain(error: YAMLError): string {
  const advice: Partial<Record<YAMLError['code'], string>> = {
    TAB_AS_INDENT: 'YAML is indented with spaces, not with tabs',
    MULTIPLE_DOCS: 'one document only; remove what follows the line ---',
    NON_STRING_KEY: 'a key must be a plain word',
    BLOCK_AS_IMPLICIT_KEY: indentAdvice,
    MULTILINE_IMPLICIT_KEY: indentAdvice,
  }
  return advice[error.code] ?? `this is not YAML: ${error.message}`
}

/** Offsets of the keys that their mapping holds already. */
function repeatedKeys(yaml: Document.Parsed): readonly number[] {
  const repeated: number[] = []
  visit(yaml, {
    Map(_key, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items as readonly { readonly key: Scalar.Parsed }[]) {
        if (seen.has(key.value)) repeated.push(key.range[0])
        seen.add(key.value)
      }
    },
  })
  return repeated
}

const indentAdvice =
  'the indentation of this line does not fit, or a space is missing behind a colon'
const quoteAdvice = 'inside { } or [ ], a value with { or } needs quotes: "/files/{id}", "${NAME}"'

type Reading = {
  readonly places: Map<string, Place>
  readonly keys: Map<string, Place>
  readonly problems: ConfigProblem[]
  readonly broken: KeyPath[]
  readonly place: (offset: number) => { line: number; column: number }
  readonly environment: Environment
  readonly standIn: StandIn | undefined
}

/** `keyOffset` is where a value that is not written (`key:` and nothing) is said to be. */
function readNode(reading: Reading, node: unknown, path: KeyPath, keyOffset: number): unknown {
  const offset = startOf(node) ?? keyOffset
  reading.places.set(JSON.stringify(path), reading.place(offset))
  const refused = refusedNode(node)
  if (refused !== undefined) return refuse(reading, path, offset, refused)
  if (isMap(node)) {
    const entries = node.items.map((pair) => {
      // the option stringKeys makes every key a scalar
      const { source: name, range } = pair.key as Scalar.Parsed
      const [at] = range
      const inside = [...path, name]
      reading.keys.set(JSON.stringify(inside), reading.place(at))
      const unusable = refusedKey(name)
      if (unusable !== undefined) return [name, refuse(reading, inside, at, unusable)] as const
      return [name, readNode(reading, pair.value, inside, at)] as const
    })
    return Object.fromEntries(entries)
  }
  if (isSeq(node))
    return node.items.map((item, index) => readNode(reading, item, [...path, index], offset))
  return isScalar(node) ? readValue(reading, node as Scalar.Parsed, path, offset) : null
}

function readValue(reading: Reading, node: Scalar.Parsed, path: KeyPath, offset: number): unknown {
  const scalar = readScalar(node)
  const keep = (read: ReadScalar) => {
    const shown = { ...reading.place(offset), source: scalar.text }
    reading.places.set(JSON.stringify(path), { ...shown, ...read.spelling })
    return read.value
  }
  if (!holdsVariable(scalar.text)) return keep(scalar)
  if (neverInterpolated.has(keyText(path).replace(/\[\d+\]/, '[*]')))
    return refuse(
      reading,
      path,
      offset,
      'a path pattern or a host cannot come from the environment; write it out',
    )
  const filled = interpolate(scalar.text, reading.environment, (name) =>
    reading.standIn?.(name, path),
  )
  if (!filled.ok) return refuse(reading, path, offset, ...filled.problem)
  const typed = scalar.plain && isOneVariable(scalar.text)
  return keep(
    typed ? retype(filled.value) : { value: filled.value, spelling: { text: filled.value } },
  )
}

function refuse(
  reading: Reading,
  path: KeyPath,
  offset: number,
  ...messages: readonly string[]
): unknown {
  for (const message of messages)
    reading.problems.push({ ...reading.place(offset), key: keyText(path), message })
  reading.broken.push(path)
  return undefined
}

function refusedNode(node: unknown): string | undefined {
  if (isAlias(node)) return 'aliases (*name) are not taken here; write the value out'
  if (!isNode(node)) return undefined
  if (node.anchor !== undefined) return 'anchors (&name) are not taken here; remove it'
  if (node.tag !== undefined) return 'tags (!name) are not taken here; remove it'
  return undefined
}

function refusedKey(name: string): string | undefined {
  if (name === '') return 'a key must not be empty'
  if (name === '__proto__') return 'this word cannot be a key'
  return holdsVariable(name) ? 'a key cannot come from the environment; write it out' : undefined
}

const startOf = (node: unknown): number | undefined =>
  isNode(node) ? (node as ParsedNode).range[0] : undefined
