/** What the names in a template stand for: parameters, pseudo parameters, mappings, conditions, resources. */
import { isMap, isScalar } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'
import { holds } from './conditions.ts'
import { absent } from './intrinsic-call.ts'
import type { Resolved, Scope } from './intrinsic-call.ts'
import { evaluate } from './intrinsics.ts'
import type { TemplateDocument } from './template-document.ts'

/** The stack as which the template is read. */
export type Stack = {
  readonly region: string
  readonly accountId: string
  readonly stackName: string
  readonly partition: string
  readonly urlSuffix: string
  /** Values for `Parameters`; they win over defaults. */
  readonly parameters: Readonly<Record<string, string>>
  /** Values for `Fn::ImportValue`: exports of other stacks. */
  readonly imports: Readonly<Record<string, string>>
}

/** What a resource is to others: `attribute` undefined = `Ref`. */
export type FindResource = (name: string, attribute: string | undefined) => Result<Resolved, string>

/** The scope of the values at `key`; the same names everywhere, problems under that key. */
export type ScopeAt = (key: string) => Scope

/** What a template does not say itself. A "no" says why, in words that can follow "`Name`: ". */
export type Surroundings = {
  readonly pseudo: ReadonlyMap<string, Resolved>
  /** Values of parameters with `NoEcho` are not to be shown: they stay unknown. */
  readonly hidesNoEcho: boolean
  /** The value given for a parameter; undefined = its default counts. */
  parameter(name: string, type: string): Result<string | undefined, string>
  /** For `Fn::ImportValue`. */
  exported(name: string): Result<Resolved, string>
  readonly findResource: FindResource
}

/** Reads the sections that values refer to, everything outside of them being known. Pure; problems go to `template`. */
export function templateScope(
  template: TemplateDocument,
  stack: Stack,
  findResource: FindResource,
): ScopeAt {
  const parameters = section(template.root, 'Parameters')
  for (const name of Object.keys(stack.parameters))
    if (!parameters?.has(name))
      template.report(parameters ?? null, 'Parameters', `\`${name}\` is not declared`)
  return scopeIn(template, {
    ...{ pseudo: pseudoParameters(stack), hidesNoEcho: false, findResource },
    parameter: (name) => ok(stack.parameters[name]),
    exported(name) {
      const value = stack.imports[name]
      return value === undefined ? no(notExported) : ok(value)
    },
  })
}

/** How many conditions may be made of each other. */
const deepest = 200
const onlyPlain = 'Mappings hold plain values only'

export const notExported = 'another stack exports it; its value is not known here'

/** The same with surroundings of which some may not be known. Pure; problems go to `template`. */
export function scopeIn(template: TemplateDocument, around: Surroundings): ScopeAt {
  const parameters = section(template.root, 'Parameters')
  const mappings = section(template.root, 'Mappings')
  const conditions = section(template.root, 'Conditions')
  // each is judged once: those that refer to two others would otherwise double the work with every step
  const judged = new Map<
    string,
    'open' | { readonly result: boolean | undefined; readonly report: (() => void) | undefined }
  >()
  let depth = 0
  // a mapping that could refer to mappings could refer to itself
  const plainValues = (key: string): Scope => ({
    reference: () => no(onlyPlain),
    attribute: () => no(onlyPlain),
    mapping: () => no(onlyPlain),
    exported: () => no(onlyPlain),
    condition: (_, at) => {
      template.report(at, key, onlyPlain)
      return undefined
    },
    report: (node, message) => template.report(node, key, message),
  })

  const scopeAt: ScopeAt = (key) => ({
    reference(name) {
      const value = around.pseudo.get(name)
      if (value !== undefined) return ok(value)
      if (name.startsWith('AWS::')) return no('only AWS knows its value')
      const parameter = parameters?.get(name)
      if (isMap(parameter)) return parameterValue(name, parameter, around)
      return around.findResource(name, undefined)
    },
    attribute: (name, attribute) => around.findResource(name, attribute),
    mapping(map, first, second) {
      const value = mappings?.getIn([map, first, second], true) as Node | undefined
      return value ? ok(evaluate(value, plainValues(`Mappings.${map}`))) : no('is not in Mappings')
    },
    exported: (name) => around.exported(name),
    condition(name, at) {
      const node = conditions?.get(name, true) as Node | undefined
      if (node === undefined) {
        template.report(at, key, `condition \`${name}\` is not declared in Conditions`)
        return undefined
      }
      const before = judged.get(name)
      if (before === 'open') {
        template.refuse(at, key, `condition \`${name}\` refers to itself`)
        return undefined
      }
      if (before !== undefined) {
        before.report?.()
        return before.result
      }
      if (depth >= deepest) {
        template.report(at, key, 'conditions are made of too many others')
        return undefined
      }
      judged.set(name, 'open')
      depth += 1
      let report: (() => void) | undefined
      const inside = scopeAt(`Conditions.${name}`)
      const result = holds(node, {
        ...inside,
        report(place, message) {
          report ??= () => inside.report(place, message)
          inside.report(place, message)
        },
        condition(other, place) {
          const told = inside.condition(other, place)
          const inner = judged.get(other)
          if (told === undefined && inner !== 'open') report ??= inner?.report
          return told
        },
      })
      depth -= 1
      judged.set(name, { result, report })
      return result
    },
    report: (node, message) => template.report(node, key, message),
  })
  return scopeAt
}

/** A top-level section that is a mapping. */
export function section(root: YAMLMap | undefined, name: string): YAMLMap | undefined {
  const value = root?.get(name)
  return isMap(value) ? value : undefined
}

function pseudoParameters(stack: Stack): ReadonlyMap<string, Resolved> {
  return new Map<string, Resolved>([
    ['AWS::Region', stack.region],
    ['AWS::AccountId', stack.accountId],
    ['AWS::StackName', stack.stackName],
    ['AWS::Partition', stack.partition],
    ['AWS::URLSuffix', stack.urlSuffix],
    ['AWS::NoValue', absent],
  ])
}

function parameterValue(
  name: string,
  parameter: YAMLMap,
  around: Surroundings,
): Result<Resolved, string> {
  if (around.hidesNoEcho && String(parameter.get('NoEcho')).toLowerCase() === 'true')
    return no('the parameter is NoEcho: its value is not shown')
  const declared = parameter.get('Type')
  const type = typeof declared === 'string' ? declared : 'String'
  const fallback = parameter.get('Default', true)
  const given = around.parameter(name, type)
  if (!given.ok) return given
  // the default of an SSM parameter is the name under which AWS finds the value
  const own = isScalar(fallback) && !type.startsWith('AWS::SSM::') ? fallback : undefined
  const text = given.value ?? own?.source
  if (text === undefined) return no('the parameter has no default and was given no value')
  const isList = type === 'CommaDelimitedList' || type.startsWith('List<')
  return ok(isList ? text.split(',').map((item) => item.trim()) : text)
}
