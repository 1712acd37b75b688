/** Files of `--parameters`: values for templates, and what AWS tells of stacks that are there already. Pure. */
import { isMap, isScalar, isSeq, LineCounter } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { parseWithin } from '../config/depth.ts'
import type { FileProblem, SourceFile } from './permissions-model.ts'

/** A stack that AWS has: logical id -> what it is and how AWS calls it. */
export type KnownStack = {
  /** Undefined in the output of `list-stack-resources`. */
  readonly name: string | undefined
  readonly region: string | undefined
  readonly accountId: string | undefined
  readonly resources: ReadonlyMap<string, { readonly type: string; readonly id: string }>
}

export type Given = {
  /** Undefined as a value: AWS keeps the one that the stack has, which is not said here. */
  readonly parameters: ReadonlyMap<string, { readonly value: string | undefined } & GivenPlace>
  readonly stacks: readonly KnownStack[]
  readonly problems: readonly FileProblem[]
}
type GivenPlace = { readonly file: string; readonly line: number; readonly column: number }

type Reading = {
  readonly file: string
  readonly parameters: Map<string, { value: string | undefined } & GivenPlace>
  readonly stacks: KnownStack[]
  readonly problems: FileProblem[]
  placeOf(node: Node | null): { line: number; column: number }
  report(node: Node | null, message: string): void
}

const forms =
  'write { "Name": "value" }, or the output of `aws cloudformation describe-stack-resources`'

/** Reads them all, as JSON or YAML. One name with two values is a problem: templates share the names. */
export function readParameterFiles(files: readonly SourceFile[]): Given {
  const parameters = new Map<string, { value: string | undefined } & GivenPlace>()
  const stacks: KnownStack[] = []
  const problems: FileProblem[] = []
  for (const { file, text } of files) {
    const lines = new LineCounter()
    const placeOf = (node: Node | null) => {
      const { line, col } = lines.linePos(node?.range?.[0] ?? 0)
      return { line: Math.max(line, 1), column: Math.max(col, 1) }
    }
    const report = (node: Node | null, message: string): void => {
      problems.push({ file, ...placeOf(node), key: '', message })
    }
    const parsed = parseWithin(text, deepest, { lineCounter: lines })
    if (!parsed.ok) {
      report(null, 'this is nested too deeply')
      continue
    }
    const document = parsed.value
    for (const { pos, message } of document.errors) {
      const { line, col } = lines.linePos(pos[0])
      problems.push({ file, line, column: col, key: '', message: `this is no JSON: ${message}` })
    }
    if (document.errors.length === 0)
      readRoot({ file, parameters, stacks, problems, placeOf, report }, document.contents)
  }
  return { parameters, stacks, problems }
}

const deepest = 20

function readRoot(reading: Reading, root: Node | null): void {
  if (isSeq(root)) {
    readList(reading, root.items as Node[])
    return
  }
  if (!isMap(root)) {
    reading.report(root, `this holds no parameters; ${forms}`)
    return
  }
  for (const key of ['StackResources', 'StackResourceSummaries']) {
    const list = root.get(key)
    if (isSeq(list)) {
      readStacks(reading, list.items as Node[])
      return
    }
  }
  const inner = root.get('Parameters')
  if (isSeq(inner)) {
    readList(reading, inner.items as Node[])
    return
  }
  readNames(reading, isMap(inner) ? inner : root)
}

/** `[{ "ParameterKey", "ParameterValue" }]`, or `["Name=value"]`. */
function readList(reading: Reading, items: readonly Node[]): void {
  for (const item of items) {
    const text = isScalar(item) ? String(item.value) : ''
    const [, short, value = ''] = /^([^=]+)=([^]*)$/.exec(text) ?? []
    if (short !== undefined) {
      give(reading, item, short, value)
      continue
    }
    const name = isMap(item) ? textAt(item, 'ParameterKey') : undefined
    if (!isMap(item) || name === undefined) {
      reading.report(item, 'a parameter is { "ParameterKey": "Name", "ParameterValue": "value" }')
      continue
    }
    const node = item.get('ParameterValue', true)
    if (node === undefined) give(reading, item, name, undefined)
    else giveNode(reading, name, node)
  }
}

function readNames(reading: Reading, map: YAMLMap): void {
  for (const { key, value } of map.items) giveNode(reading, String(key), value as Node | null)
}

function giveNode(reading: Reading, name: string, node: Node | null): void {
  if (isScalar(node) && node.value !== null) {
    give(reading, node, name, node.source)
    return
  }
  reading.report(node, `the value of \`${name}\` is no text; ${forms}`)
}

function give(reading: Reading, node: Node, name: string, value: string | undefined): void {
  const before = reading.parameters.get(name)
  if (before !== undefined && before.value !== value)
    reading.report(
      node,
      `\`${name}\` has another value in ${before.file}, line ${before.line}: templates share parameters; keep one value`,
    )
  else reading.parameters.set(name, { value, file: reading.file, ...reading.placeOf(node) })
}

function readStacks(reading: Reading, items: readonly Node[]): void {
  const stacks = new Map<
    string,
    KnownStack & { resources: Map<string, { type: string; id: string }> }
  >()
  for (const item of items) {
    const map = isMap(item) ? item : undefined
    const logicalId = map && textAt(map, 'LogicalResourceId')
    const type = map && textAt(map, 'ResourceType')
    if (map === undefined || logicalId === undefined || type === undefined) {
      reading.report(item, 'a resource of a stack has LogicalResourceId and ResourceType')
      continue
    }
    // one that is being made has none yet
    const id = textAt(map, 'PhysicalResourceId')
    const name = textAt(map, 'StackName')
    const [, , , region, accountId] = (textAt(map, 'StackId') ?? '').split(':')
    const key = textAt(map, 'StackId') ?? name ?? ''
    const stack = stacks.get(key) ?? { name, region, accountId, resources: new Map() }
    stacks.set(key, stack)
    if (id !== undefined) stack.resources.set(logicalId, { type, id })
  }
  reading.stacks.push(...stacks.values())
}

function textAt(map: YAMLMap, key: string): string | undefined {
  const value = map.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}
