/** One template of several, read cell by cell: a value that cannot be known is marked and harms no other. */
import { isAlias, isMap, isScalar } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { no, ok } from '../units.ts'
import type { NonEmpty, Result } from '../units.ts'
import { absent, unresolved } from './intrinsic-call.ts'
import type { Value } from './intrinsic-call.ts'
import { evaluate } from './intrinsics.ts'
import type { Cell, FileProblem, Place, SourceFile, Unknown } from './permissions-model.ts'
import { readTemplateDocument } from './template-document.ts'
import { scopeIn, section } from './template-scope.ts'
import type { Surroundings } from './template-scope.ts'

export type OpenResource = {
  readonly logicalId: string
  readonly type: string
  readonly node: YAMLMap
  readonly place: Place
}

export type OpenTemplate = {
  readonly file: string
  readonly root: YAMLMap
  /** Its section Resources. */
  readonly section: YAMLMap
  /** Every resource as written, whether its condition holds or not. */
  readonly resources: ReadonlyMap<string, OpenResource>
  readonly placeOf: (node: Node) => Place
  /** What the template says against itself while it is read: to be told as errors. */
  readonly refused: readonly FileProblem[]
  refuse(node: Node, key: string, message: string): void
  /** Makes what names stand for known; before that nothing can be read. */
  surround(around: Surroundings): Reader
}

/** Reads values of an open template. */
export type Reader = {
  /** Undefined = `AWS::NoValue`. */
  cell(node: Node, key: string): Cell<Value> | undefined
  /** Whether the condition of this name holds; `at` is where it is named. */
  condition(name: string, at: Node): Cell<boolean>
  /** A value that turned out to be none that can be used. */
  unknown(node: Node, why: string): Unknown
}

const longestSource = 80

/** Opens a template; syntax errors, and what is no template, are problems. Pure. */
export function openTemplate({
  file,
  text,
}: SourceFile): Result<OpenTemplate, NonEmpty<FileProblem>> {
  const template = readTemplateDocument(text)
  const resourceSection = section(template.root, 'Resources')
  if (resourceSection === undefined && template.problems.length === 0)
    template.report(
      template.root ?? null,
      '',
      'this is no CloudFormation template: it has no Resources',
    )
  for (const { key, value } of resourceSection?.items ?? []) {
    const properties = isMap(value) ? value.get('Properties', true) : undefined
    const alias = [value, properties].find((node) => isAlias(node))
    if (alias !== undefined)
      template.report(
        alias,
        `Resources.${String(key)}`,
        'CloudFormation knows no aliases: write it out',
      )
  }
  const [first, ...others] = template.problems.map((problem) => ({ file, ...problem }))
  if (first !== undefined) return no([first, ...others])
  const placeOf = (node: Node): Place => ({ file, ...template.placeOf(node) })
  const refused: FileProblem[] = []
  const refuse: OpenTemplate['refuse'] = (node, key, message) => {
    refused.push({ ...placeOf(node), key, message })
  }
  return ok({
    ...{ file, placeOf, refused, refuse },
    // without them there was a problem
    root: template.root as YAMLMap,
    section: resourceSection as YAMLMap,
    resources: resourcesIn(resourceSection as YAMLMap, placeOf),
    surround(around) {
      let heard: string[] = []
      const report = (_node: Node | null, _key: string, message: string): void => {
        heard.push(message)
      }
      const scopeAt = scopeIn({ ...template, report, refuse: refuseAndReport }, around)
      function refuseAndReport(node: Node | null, key: string, message: string): void {
        refuse(node as Node, key, message)
        heard.push(message)
      }
      // one value may be read in the middle of another
      function read<Read>(run: () => Read): { readonly value: Read; readonly why: string } {
        const outside = heard
        heard = []
        const value = run()
        const why = heard[0] ?? 'it cannot be known here'
        heard = outside
        return { value, why }
      }
      const unknown = (node: Node, why: string): Unknown => ({
        ...{ kind: 'unknown', ...placeOf(node), source: sourceOf(node, text), why },
      })
      return {
        unknown,
        cell(node, key) {
          const { value, why } = read(() => evaluate(node, scopeAt(key)))
          if (value === absent) return undefined
          if (value === unresolved) return unknown(node, why)
          return { kind: 'known', value, ...placeOf(node) }
        },
        condition(name, at) {
          const { value, why } = read(() => scopeAt('Condition').condition(name, at))
          if (value === undefined) return unknown(at, why)
          return { kind: 'known', value, ...placeOf(at) }
        },
      }
    },
  })
}

function resourcesIn(
  resources: YAMLMap,
  placeOf: (node: Node) => Place,
): ReadonlyMap<string, OpenResource> {
  const found = new Map<string, OpenResource>()
  for (const { key, value } of resources.items) {
    const logicalId = String(key)
    if (!isMap(value)) continue
    const type = value.get('Type')
    const place = placeOf(key as Node)
    found.set(logicalId, { logicalId, type: String(type), node: value, place })
  }
  return found
}

/** A node's text as one line; the tag of a short form stands before it. */
export function sourceOf(node: Node, text: string): string {
  // a node that was parsed has its range
  const [from, to] = node.range as [number, number, number]
  const tag = node.tag?.startsWith('!') === true ? `${node.tag} ` : ''
  const line = `${tag}${text.slice(from, to)}`.replace(/\s+/g, ' ').trim()
  return line.length <= longestSource ? line : `${line.slice(0, longestSource - 1)}…`
}

/** The name of the condition of a resource or an output. */
export function conditionOf(node: YAMLMap): { name: string; at: Node } | undefined {
  const condition = node.get('Condition', true)
  return isScalar(condition) ? { name: String(condition.value), at: condition } : undefined
}
