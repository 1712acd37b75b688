/** The list of findings that somebody has looked at, each with the reason why it is no problem. Pure. */
import { isMap, isScalar, isSeq, LineCounter } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { parseWithin } from '../../config/depth.ts'
import { didYouMean } from '../../config/suggest.ts'
import type { ConfigProblem } from '../../config/config.ts'
import { no, ok, type NonEmpty, type Result } from '../../units.ts'
import { type Finding, finding, findingIds, type FindingId } from './finding-table.ts'

export type IgnoreEntry = {
  readonly line: number
  readonly column: number
  readonly id: FindingId
  /** A name of the finding, or `file:line`; undefined = every finding of this number. */
  readonly at: string | undefined
  readonly reason: string | undefined
}

const keys = ['finding', 'at', 'reason']
const form = '- { finding: SG004, at: /status, reason: why it is no problem here }'

/** Reads the list; everything that is wrong with it at once. */
export function readIgnoreList(
  text: string,
): Result<readonly IgnoreEntry[], NonEmpty<ConfigProblem>> {
  const lines = new LineCounter()
  const problems: ConfigProblem[] = []
  const placeOf = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  // what was parsed has its range
  const startOf = (node: Node): number => (node.range as readonly [number, number, number])[0]
  const report = (node: Node, message: string): void => {
    problems.push({ ...placeOf(startOf(node)), key: '', message })
  }
  const parsed = parseWithin(text, 10, { lineCounter: lines })
  if (!parsed.ok)
    return no([{ ...placeOf(parsed.problem), key: '', message: 'this is nested too deeply' }])
  const document = parsed.value
  for (const { pos, message } of document.errors)
    problems.push({ ...placeOf(pos[0]), key: '', message: `this is not YAML: ${message}` })
  const root = document.contents
  const items = isSeq(root) ? (root.items as Node[]) : []
  if (problems.length === 0 && root !== null && !isSeq(root))
    report(root, `the list is written as ${form}`)
  const entries = items.flatMap((item): readonly IgnoreEntry[] => {
    const read = isMap(item) ? readEntry(item, report) : undefined
    if (!isMap(item)) report(item, `an entry is written as ${form}`)
    return read === undefined ? [] : [{ ...placeOf(startOf(item)), ...read }]
  })
  const [first, ...others] = problems
  return first === undefined ? ok(entries) : no([first, ...others])
}

function readEntry(
  map: YAMLMap,
  report: (node: Node, message: string) => void,
): Pick<IgnoreEntry, 'id' | 'at' | 'reason'> | undefined {
  for (const { key } of map.items)
    if (!keys.includes(String(key)))
      report(
        key as Node,
        `${JSON.stringify(String(key))} is not known${didYouMean(String(key), keys)}`,
      )
  const word = textAt(map, 'finding')
  const id = findingIds.find((known) => known === word)
  if (id === undefined)
    report(
      (map.get('finding', true) as Node | undefined) ?? map,
      `\`finding\` is one of ${findingIds.join(', ')}`,
    )
  return id && { id, at: textAt(map, 'at'), reason: textAt(map, 'reason') }
}

/** Undefined = not there, or nothing but blanks. */
function textAt(map: YAMLMap, key: string): string | undefined {
  const node = map.get(key, true)
  const text = isScalar(node) && node.value !== null ? String(node.source).trim() : ''
  return text === '' ? undefined : text
}

export type Judged = Finding & {
  /** Why it is ignored; undefined = it counts. */
  readonly ignored: string | undefined
}

/** Marks what the list ignores, and adds findings about the list itself; sorted by place. */
export function applyIgnoreList(
  findings: readonly Finding[],
  entries: readonly IgnoreEntry[],
  file: string,
): readonly Judged[] {
  const about = (
    id: FindingId,
    { line, column, ...entry }: IgnoreEntry,
    message: string,
  ): Judged => {
    const names = [entry.at ?? entry.id] as const
    return { ...finding(id, { file, line, column, message, names }), ignored: undefined }
  }
  const told = entries.flatMap((entry) => {
    const { id, at, reason } = entry
    const what = at === undefined ? id : `${id} at ${at}`
    if (reason === undefined) return [about('SG090', entry, `${what} is ignored without a reason`)]
    return findings.some((one) => fits(entry, one))
      ? []
      : [about('SG091', entry, `${what} is not found: this entry ignores nothing`)]
  })
  const judged = findings.map((one): Judged => {
    const entry = entries.find((each) => each.reason !== undefined && fits(each, one))
    return { ...one, ignored: entry?.reason }
  })
  return [...judged, ...told].sort(byPlace)
}

function fits({ id, at }: IgnoreEntry, found: Finding): boolean {
  if (id !== found.id) return false
  return at === undefined || found.names.includes(at) || at === `${found.file}:${found.line}`
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function byPlace(a: Finding, b: Finding): number {
  return (
    order(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    order(a.id, b.id) ||
    order(a.message, b.message)
  )
}
