/** A CloudFormation template held against AWS's own description of its resources, property by property. */
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec'
import type { PropertyType, ResourceProperties, SpecDatabase } from '@aws-cdk/service-spec-types'
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import type { Resolved, Value } from '../../src/cloudformation/intrinsic-call.ts'
import { evaluate } from '../../src/cloudformation/intrinsics.ts'
import { readTemplateDocument } from '../../src/cloudformation/template-document.ts'
import { section, templateScope } from '../../src/cloudformation/template-scope.ts'
import { no, ok } from '../../src/units.ts'

export type Stack = {
  /** Place, key and words of everything that is wrong. */
  readonly problems: readonly string[]
  /** Properties by logical id, as they are with these parameters; texts, lists and maps. */
  readonly resources: ReadonlyMap<string, Resource>
}
export type Resource = { readonly type: string; readonly properties: Value }

export type CheckTemplate = (text: string, parameters?: Readonly<Record<string, string>>) => Stack

/** Loads the description once; takes about a second. */
export async function templateChecker(): Promise<CheckTemplate> {
  const database = await loadAwsServiceSpec()
  return (text, parameters = {}) => checkTemplate(database, text, parameters)
}

const resourceKeys = ['Condition', 'DeletionPolicy', 'DependsOn', 'Properties', 'Type']
const stack = {
  ...{ region: 'eu-central-1', accountId: '123456789012', stackName: 'stack' },
  ...{ partition: 'aws', urlSuffix: 'amazonaws.com', imports: {} },
}

function checkTemplate(
  database: SpecDatabase,
  text: string,
  parameters: Readonly<Record<string, string>>,
): Stack {
  const template = readTemplateDocument(text)
  const declared = section(template.root, 'Resources')
  const specOf = (type: unknown) =>
    database.lookup('resource', 'cloudFormationType', 'equals', String(type))[0]

  const scopeAt = templateScope(template, { ...stack, parameters }, (name, attribute) => {
    const resource = declared?.get(name)
    if (!isMap(resource)) return no('is neither a parameter nor a resource')
    if (attribute === undefined) return ok(`ref of ${name}`)
    const known = specOf(resource.get('Type'))?.attributes[attribute]
    return known === undefined ? no('is no attribute of its type') : ok(`${name}.${attribute}`)
  })
  const resources = new Map<string, Resource>()
  for (const { key, value } of declared?.items ?? []) {
    const found = checkResource(String(key), value)
    if (found !== undefined) resources.set(String(key), found)
  }
  for (const { key, value } of section(template.root, 'Outputs')?.items ?? [])
    evaluate((value as YAMLMap).get('Value', true) as Node, scopeAt(`Outputs.${String(key)}`))
  for (const { key } of section(template.root, 'Parameters')?.items ?? [])
    if (!new RegExp(`(?:!Ref |\\$\\{)${String(key)}\\b`).test(text))
      template.report(key as Node, `Parameters.${String(key)}`, 'is not used')

  function checkResource(id: string, node: unknown): Resource | undefined {
    if (!isMap(node)) return undefined
    const at = `Resources.${id}`
    for (const { key } of node.items)
      if (!resourceKeys.includes(String(key)))
        template.report(key as Node, at, `${String(key)} is no key of a resource`)
    const dependsOn = node.get('DependsOn', true)
    for (const one of isSeq(dependsOn) ? dependsOn.items : [dependsOn])
      if (isScalar(one) && declared?.has(one.value) !== true)
        template.report(one, at, 'depends on what is not there')
    const spec = specOf(node.get('Type'))
    if (spec === undefined) {
      template.report(node, at, 'is of no type that AWS knows')
      return undefined
    }
    const properties = node.get('Properties', true) as Node | undefined
    const value = properties ? evaluate(properties, scopeAt(at)) : new Map<string, Value>()
    if (typeof value === 'symbol') return undefined
    checkProperties(spec.properties, value, at, node)
    return { type: spec.cloudFormationType, properties: value }
  }

  function checkProperties(known: ResourceProperties, value: Value, at: string, node: Node): void {
    if (!(value instanceof Map)) {
      template.report(node, at, 'properties are expected here')
      return
    }
    const given = value as ReadonlyMap<string, Value>
    for (const [name, { required }] of Object.entries(known))
      if (required === true && !given.has(name)) template.report(node, at, `lacks ${name}`)
    for (const [name, one] of given) {
      const property = known[name]
      if (property === undefined) template.report(node, at, `has no property ${name}`)
      else checkValue(property.type, one, `${at}.${name}`, node)
    }
  }

  function checkValue(type: PropertyType, value: Value, at: string, node: Node): void {
    if (type.type === 'ref') {
      const { properties } = database.get('typeDefinition', type.reference.$ref)
      checkProperties(properties, value, at, node)
    } else if (type.type === 'array') {
      if (isList(value)) for (const one of value) checkValue(type.element, one, `${at}[]`, node)
      else template.report(node, at, 'is no list')
    } else if (type.type === 'map') {
      if (value instanceof Map)
        for (const [name, one] of value as ReadonlyMap<string, Value>)
          checkValue(type.element, one, `${at}.${name}`, node)
      else template.report(node, at, 'is no map')
    } else if (!fits(type, value)) template.report(node, at, `is no ${type.type}`)
  }

  return {
    problems: template.problems.map(({ line, key, message }) => `${line} ${key}: ${message}`),
    resources,
  }
}

/** Whether a value that is not looked into fits: CloudFormation takes every number and boolean as text. */
function fits(type: PropertyType, value: Value): boolean {
  switch (type.type) {
    case 'string':
      return typeof value === 'string' && isAllowed(type.allowedValues, value)
    case 'integer':
      return /^-?\d+$/.test(textOf(value)) && isAllowed(type.allowedValues, Number(value))
    case 'number':
      return /^-?\d+(?:\.\d+)?$/.test(textOf(value))
    case 'boolean':
      return value === 'true' || value === 'false'
    case 'tag':
      return value instanceof Map && value.has('Key') && value.has('Value')
    case 'union':
      return type.types.some((one) => fits(one, value))
    case 'array':
      return isList(value)
    case 'date-time':
      return !Number.isNaN(Date.parse(textOf(value)))
    case 'map':
    case 'ref':
      return value instanceof Map
    case 'json':
      return true
    case 'null':
      return false
  }
}

/** The text that a value is; empty for lists and maps. */
export function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : ''
}

function isAllowed<Item>(allowed: readonly Item[] | undefined, value: Item): boolean {
  return allowed === undefined || allowed.includes(value)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** What is at a path of names and places; undefined where there is nothing. */
export function at(
  value: Resolved | undefined,
  ...path: readonly (string | number)[]
): Value | undefined {
  let found = value as Value | undefined
  for (const step of path) {
    if (typeof step === 'number')
      found = found !== undefined && isList(found) ? found[step] : undefined
    else found = found instanceof Map ? (found as ReadonlyMap<string, Value>).get(step) : undefined
  }
  return found
}
