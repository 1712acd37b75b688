/** CloudFormation text, YAML or JSON, as nodes that know their place. */
import { isMap, LineCounter, parseDocument } from 'yaml'
import type { CollectionTag, Document, Node, ScalarTag, YAMLMap } from 'yaml'
import type { ConfigProblem } from '../config/config.ts'

/** Names of the intrinsic functions, without `Fn::`; as short form a YAML tag, `!Sub`. */
export const intrinsicNames = [
  'And',
  'Base64',
  'Cidr',
  'Condition',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Ref',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
] as const
export type IntrinsicName = (typeof intrinsicNames)[number]

export type TemplateDocument = {
  readonly document: Document.Parsed
  readonly root: YAMLMap | undefined
  /** Every problem found, by this file and by those who read on. */
  readonly problems: ConfigProblem[]
  /** Line and column from 1 where a node begins. */
  placeOf(node: Node | null): { readonly line: number; readonly column: number }
  /** Adds a problem at a node's place; the same one twice counts once. */
  report(node: Node | null, key: string, message: string): void
  /** The same for what no surroundings could cure: the template contradicts itself. */
  refuse(node: Node | null, key: string, message: string): void
}

/** Reads `text`; syntax errors and unknown tags are in `problems`. Pure. */
export function readTemplateDocument(text: string): TemplateDocument {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, {
    lineCounter,
    customTags: (tags) => [...tags, ...keptTags],
  })
  const problems = [...document.errors, ...document.warnings].map((fault): ConfigProblem => {
    const { line, col } = lineCounter.linePos(fault.pos[0])
    return { line, column: col, key: '', message: firstLine(fault.message) }
  })
  const placeOf: TemplateDocument['placeOf'] = (node) => {
    const { line, col } = lineCounter.linePos(node?.range?.[0] ?? 0)
    return { line, column: col }
  }
  const report: TemplateDocument['report'] = (node, key, message) => {
    const { line, column } = placeOf(node)
    const known = problems.some(
      (problem) =>
        problem.line === line && problem.column === column && problem.message === message,
    )
    if (!known) problems.push({ line, column, key, message })
  }
  const root = isMap(document.contents) ? document.contents : undefined
  return { document, root, problems, placeOf, report, refuse: report }
}

/** Tags that the parser keeps on the node and leaves to `intrinsics.ts`. */
const keptTags: (ScalarTag | CollectionTag)[] = intrinsicNames.flatMap((name) => [
  { tag: `!${name}`, resolve: (value: string) => value },
  { tag: `!${name}`, collection: 'seq' as const, resolve: <Kept>(value: Kept) => value },
  { tag: `!${name}`, collection: 'map' as const, resolve: <Kept>(value: Kept) => value },
])

/** The parser adds a picture of the place, which we give as line and column. */
function firstLine(message: string): string {
  return (message.split('\n')[0] as string).replace(/ at line \d+, column \d+:$/, '')
}
