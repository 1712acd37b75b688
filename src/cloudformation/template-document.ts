/** CloudFormation text, YAML or JSON, as nodes that know their place. */
import { isMap, LineCounter } from 'yaml'
import type { CollectionTag, Node, ScalarTag, YAMLMap } from 'yaml'
import type { ConfigProblem } from '../config/config.ts'
import { parseWithin } from '../config/depth.ts'

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

/** Deeper than any template that people write. */
const deepest = 60

/** Reads `text`; syntax errors and unknown tags are in `problems`. Pure. */
export function readTemplateDocument(text: string): TemplateDocument {
  const lineCounter = new LineCounter()
  const parsed = parseWithin(text, deepest, {
    lineCounter,
    customTags: (tags) => [...tags, ...keptTags],
  })
  const faults = parsed.ok
    ? [...parsed.value.errors, ...parsed.value.warnings]
    : [{ pos: [parsed.problem], message: 'this is nested too deeply' } as const]
  const problems = faults.map(({ pos, message }): ConfigProblem => {
    const { line, col } = lineCounter.linePos(pos[0])
    return { line, column: col, key: '', message }
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
  const contents = parsed.ok ? parsed.value.contents : undefined
  const root = isMap(contents) ? contents : undefined
  return { root, problems, placeOf, report, refuse: report }
}

/** Tags that the parser keeps on the node and leaves to `intrinsics.ts`. */
const keptTags: (ScalarTag | CollectionTag)[] = intrinsicNames.flatMap((name) => [
  { tag: `!${name}`, resolve: (value: string) => value },
  { tag: `!${name}`, collection: 'seq' as const, resolve: <Kept>(value: Kept) => value },
  { tag: `!${name}`, collection: 'map' as const, resolve: <Kept>(value: Kept) => value },
])
