/** What names stand for when several templates are read together: parameters, stacks, exports, resources. */
import { isMap } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'
import { absent } from './intrinsic-call.ts'
import type { Resolved, Value } from './intrinsic-call.ts'
import { conditionOf } from './open-template.ts'
import type { OpenResource, OpenTemplate, Reader } from './open-template.ts'
import type { Given, KnownStack } from './parameter-files.ts'
import { readOnce } from './read-once.ts'
import { notExported, section } from './template-scope.ts'
import type { FindResource } from './template-scope.ts'

/** A template with what it needs to be read. */
export type Stacked = {
  readonly template: OpenTemplate
  readonly reader: Reader
  /** The stack that AWS has of it; undefined = not known. */
  readonly stack: KnownStack | undefined
  /** What `Ref` on a pool or client gives while AWS's id is not known: itself and nothing else. */
  readonly stands: ReadonlyMap<Value, OpenResource>
}

/** Puts the templates beside each other: each can be read then, and knows what the others export. */
export function surroundAll(templates: readonly OpenTemplate[], given: Given): readonly Stacked[] {
  const exported = exportsOf(() => all)
  const all = templates.map((template): Stacked => {
    const stack = stackOf(template, given.stacks)
    const stands = new Map<Value, OpenResource>()
    const reader: Reader = template.surround({
      pseudo: pseudoOf(stack, given),
      hidesNoEcho: true,
      parameter: (name, type) => parameterOf(given, name, type),
      exported,
      findResource: resourceFinder(template, stack, stands, () => reader),
    })
    return { template, reader, stack, stands }
  })
  return all
}

/** The stack whose resources are those of the template; none when several could be it. */
function stackOf(
  { resources }: OpenTemplate,
  stacks: readonly KnownStack[],
): KnownStack | undefined {
  const cognito = [...resources.values()].filter(({ type }) => type.startsWith('AWS::Cognito::'))
  const fitting = stacks.filter((stack) => {
    const has = ({ logicalId, type }: OpenResource): boolean =>
      stack.resources.get(logicalId)?.type === type
    // what a condition leaves out may be missing
    return (
      cognito.some(has) && cognito.every((one) => has(one) || conditionOf(one.node) !== undefined)
    )
  })
  return fitting.length === 1 ? fitting[0] : undefined
}

function pseudoOf(stack: KnownStack | undefined, { parameters }: Given): Map<string, Resolved> {
  const known = new Map<string, Resolved>([['AWS::NoValue', absent]])
  const tell = (name: string, value: string | undefined): void => {
    const found = value ?? parameters.get(name)?.value
    if (found !== undefined) known.set(name, found)
  }
  tell('AWS::StackName', stack?.name)
  tell('AWS::Region', stack?.region)
  tell('AWS::AccountId', stack?.accountId)
  tell('AWS::Partition', undefined)
  tell('AWS::URLSuffix', undefined)
  return known
}

function parameterOf(
  { parameters }: Given,
  name: string,
  type: string,
): Result<string | undefined, string> {
  if (type.startsWith('AWS::SSM::'))
    return no('its value is in the Parameter Store of AWS; only its name is known here')
  const given = parameters.get(name)
  if (given === undefined) return ok(undefined)
  return given.value === undefined
    ? no('the stack keeps the value that it has, which only AWS knows')
    : ok(given.value)
}

/** Names of exports are read when somebody first asks: they may be made of parameters. */
function exportsOf(all: () => readonly Stacked[]): (name: string) => Result<Resolved, string> {
  type Output = {
    readonly from: Stacked
    readonly node: YAMLMap
    readonly value: Node
    key: string
  }
  let outputs: Map<string, Output[]> | 'being read' | undefined
  const once = readOnce<Output>()

  const readNames = (): Map<string, Output[]> => {
    const found = new Map<string, Output[]>()
    for (const from of all())
      for (const { key, value: output } of section(from.template.root, 'Outputs')?.items ?? []) {
        const name = isMap(output) ? (output.getIn(['Export', 'Name'], true) as Node) : undefined
        const value = isMap(output) ? (output.get('Value', true) as Node | undefined) : undefined
        if (!isMap(output) || !name || !value) continue
        const path = `Outputs.${String(key)}`
        const cell = from.reader.cell(name, `${path}.Export.Name`)
        if (cell?.kind !== 'known' || typeof cell.value !== 'string') continue
        const same = found.get(cell.value) ?? []
        same.push({ from, node: output, value, key: path })
        found.set(cell.value, same)
      }
    return found
  }

  return (name) => {
    if (outputs === 'being read') return no('the name of an export is not made of exports')
    if (outputs === undefined) {
      outputs = 'being read'
      outputs = readNames()
    }
    const [output, another] = outputs.get(name) ?? []
    if (output === undefined) return no(notExported)
    const { from, node, value, key } = output
    if (another !== undefined)
      return no(`${from.template.file} and ${another.from.template.file} both export it`)
    const condition = conditionOf(node)
    const holds = condition && from.reader.condition(condition.name, condition.at)
    if (holds?.kind === 'unknown') return no(`whether it is exported depends: ${holds.why}`)
    if (holds?.value === false) return no(notExported)
    return once(
      output,
      () => from.reader.cell(value, `${key}.Value`),
      () => {
        from.template.refuse(value, key, `the export \`${name}\` refers to itself`)
      },
    )
  }
}

function resourceFinder(
  template: OpenTemplate,
  stack: KnownStack | undefined,
  stands: Map<Value, OpenResource>,
  reader: () => Reader,
): FindResource {
  const once = readOnce<OpenResource>()
  const standIns = new Map<string, Value>()
  const idOf = (resource: OpenResource): Value => {
    const known = stack?.resources.get(resource.logicalId)?.id
    if (known !== undefined) return known
    const value = standIns.get(resource.logicalId) ?? new Map<string, Value>()
    standIns.set(resource.logicalId, value)
    stands.set(value, resource)
    return value
  }
  return (name, attribute = 'Ref') => {
    const resource = template.resources.get(name)
    if (!resource) return no('is neither a parameter nor a resource of this template')
    switch (`${resource.type}.${attribute}`) {
      case 'AWS::Cognito::UserPool.Ref':
      case 'AWS::Cognito::UserPool.UserPoolId':
      case 'AWS::Cognito::UserPoolClient.Ref':
      case 'AWS::Cognito::UserPoolClient.ClientId':
        return ok(idOf(resource))
      case 'AWS::Cognito::UserPoolResourceServer.Ref': {
        const identifier = resource.node.getIn(['Properties', 'Identifier'], true) as
          Node | undefined
        const key = `Resources.${name}.Properties.Identifier`
        return once(
          resource,
          () => identifier && reader().cell(identifier, key),
          () => {
            // what is not written cannot refer to itself
            template.refuse(identifier as Node, key, 'refers to itself')
          },
        )
      }
      default:
        return no(`only AWS knows ${attribute} of a resource of type ${resource.type}`)
    }
  }
}
