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

/** Reads the sections that values refer to. Pure; problems go to `template`. */
export function templateScope(
  template: TemplateDocument,
  stack: Stack,
  findResource: FindResource,
): ScopeAt {
  const parameters = section(template.root, 'Parameters')
  const mappings = section(template.root, 'Mappings')
  const conditions = section(template.root, 'Conditions')
  const pseudo = pseudoParameters(stack)
  const open = new Set<string>()

  for (const name of Object.keys(stack.parameters))
    if (!parameters?.has(name))
      template.report(parameters ?? null, 'Parameters', `\`${name}\` is not declared`)

  const scopeAt: ScopeAt = (key) => ({
    reference(name) {
      const value = pseudo.get(name)
      if (value !== undefined) return ok(value)
      if (name.startsWith('AWS::')) return no('only AWS knows its value')
      const parameter = parameters?.get(name)
      if (isMap(parameter)) return parameterValue(name, parameter, stack)
      return findResource(name, undefined)
    },
    attribute: (name, attribute) => findResource(name, attribute),
    mapping(map, first, second) {
      const value = mappings?.getIn([map, first, second], true) as Node | undefined
      return value ? ok(evaluate(value, scopeAt(`Mappings.${map}`))) : no('is not in Mappings')
    },
    exported(name) {
      const value = stack.imports[name]
      return value === undefined
        ? no('another stack exports it; its value is not known here')
        : ok(value)
    },
    condition(name, at) {
      const node = conditions?.get(name, true) as Node | undefined
      if (node === undefined || open.has(name)) {
        const because = node ? 'refers to itself' : 'is not declared in Conditions'
        template.report(at, key, `condition \`${name}\` ${because}`)
        return undefined
      }
      open.add(name)
      const result = holds(node, scopeAt(`Conditions.${name}`))
      open.delete(name)
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

function parameterValue(name: string, parameter: YAMLMap, stack: Stack): Result<Resolved, string> {
  const declared = parameter.get('Type')
  const type = typeof declared === 'string' ? declared : 'String'
  const fallback = parameter.get('Default', true)
  const given = stack.parameters[name]
  // the default of an SSM parameter is the name under which AWS finds the value
  const own = isScalar(fallback) && !type.startsWith('AWS::SSM::') ? fallback : undefined
  const text = given ?? own?.source
  if (text === undefined) return no('the parameter has no default and was given no value')
  const isList = type === 'CommaDelimitedList' || type.startsWith('List<')
  return ok(isList ? text.split(',').map((item) => item.trim()) : text)
}
