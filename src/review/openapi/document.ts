/** Text -> an OpenAPI document whose nodes know their place, or why it is none. Pure. */
import type { ConfigProblem } from '../../config/config.ts'
import { no, ok, type NonEmpty, type Result } from '../../units.ts'
import { jsonNode } from './json-nodes.ts'
import { type Entry, entryOf, memberOf, type MapNode, type SourceNode, textOf } from './node.ts'
import { yamlNode } from './yaml-nodes.ts'

/** What is to be told of a place; `isProblem`: something is left out of what is written. */
export type Finding = ConfigProblem & { readonly isProblem: boolean }

export type OpenapiDocument = {
  readonly root: MapNode
  /** `info.title` and `info.version`, as far as they are there. */
  readonly title: string
  /** Line and column of a node, from 1. */
  place(offset: number): { readonly line: number; readonly column: number }
  /** What was found so far, by this file and by those who read on. */
  readonly findings: Finding[]
  report(offset: number, key: string, message: string): void
  /** The same, of something that is written down all the same. */
  warn(offset: number, key: string, message: string): void
}

/** YAML is composed whole, which takes some hundred times its size of memory. */
const mostYaml = 8 * 1024 * 1024

/** Reads OpenAPI 3.0, 3.1 and 3.2, YAML or JSON. */
export function readOpenapi(text: string): Result<OpenapiDocument, NonEmpty<ConfigProblem>> {
  const place = placesIn(text)
  const fault = (offset: number, message: string): Result<never, NonEmpty<ConfigProblem>> =>
    no([{ ...place(offset), key: '', message }])
  const isJson = /^\s*\{/.test(text) && isParsed(text)
  if (!isJson && text.length > mostYaml)
    return fault(
      0,
      'is larger than 8 MiB and no JSON, which is read in larger documents: convert it',
    )
  const read = isJson ? ok(jsonNode(text, 0)) : yamlNode(text)
  if (!read.ok) return fault(read.problem.offset, read.problem.message)
  const root = read.value
  if (root.kind !== 'map') return fault(root.offset, notOpenapi)
  const wrong = whyNotRead(root)
  if (wrong !== undefined) return fault(wrong.offset, wrong.message)
  const findings: Finding[] = []
  const add = (isProblem: boolean) => (offset: number, key: string, message: string) => {
    findings.push({ ...place(offset), key, message, isProblem })
  }
  return ok({ root, place, findings, title: titleOf(root), report: add(true), warn: add(false) })
}

const notOpenapi = 'this is no OpenAPI document: it has no `openapi: 3.0.x` or `3.1.x`'

function whyNotRead(root: MapNode): { offset: number; message: string } | undefined {
  const { offset } = root
  const swagger = entryOf(root, 'swagger')
  if (swagger !== undefined)
    return {
      offset: swagger.offset,
      message: 'this is Swagger 2.0, which is not read: convert it to OpenAPI 3.0 or 3.1 first',
    }
  const version = memberOf(root, 'openapi')
  if (version?.kind !== 'scalar') return { offset, message: notOpenapi }
  if (!/^3\.[012](\.|$)/.test(String(version.value)))
    return {
      offset: version.offset,
      message: `OpenAPI ${JSON.stringify(version.value)} is not read: 3.0, 3.1 and 3.2 are`,
    }
  if (memberOf(root, 'paths')?.kind !== 'map')
    return {
      offset: entryOf(root, 'paths')?.offset ?? offset,
      message: 'there is nothing to import: the document has no mapping `paths`',
    }
  return undefined
}

function titleOf(root: MapNode): string {
  const info = memberOf(root, 'info')
  const version = memberOf(info, 'version')
  const words = [textOf(memberOf(info, 'title')), version?.kind === 'scalar' ? version.value : '']
  return words.filter((word) => word !== undefined && word !== '').join(' ')
}

/** The entries of a mapping, without extensions; none when it is no mapping, which is reported. */
export function entriesOf(
  document: OpenapiDocument,
  node: SourceNode,
  key: string,
): readonly Entry[] {
  if (node.kind === 'map') return node.entries().filter(({ name }) => !name.startsWith('x-'))
  document.report(node.offset, key, 'must be a mapping')
  return []
}

/** The entry of this name. One that stands twice is reported: what others read of it cannot be known. */
export function onlyEntry(
  document: OpenapiDocument,
  node: MapNode,
  name: string,
): Result<Entry | undefined, 'twice'> {
  const [entry, second] = node.entries().filter((one) => one.name === name)
  if (second === undefined) return ok(entry)
  document.report(second.offset, name, 'stands here twice; keep one of them')
  return no('twice')
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // the reader of YAML says what is wrong, and where
    return false
  }
}

function placesIn(text: string): OpenapiDocument['place'] {
  let starts: number[] | undefined
  const find = (): number[] => {
    const found = [0]
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) found.push(at + 1)
    return found
  }
  return (offset) => {
    const lines = (starts ??= find())
    let [low, high] = [0, lines.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (Number(lines[middle]) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - Number(lines[low]) + 1 }
  }
}
