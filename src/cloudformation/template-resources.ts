/** The resources of a template, and what `Ref` and `GetAtt` on them give. */
import { isMap, isScalar } from 'yaml'
import type { Node } from 'yaml'
import { no, ok } from '../units.ts'
import { appClientId, userPoolId } from './names.ts'
import { propertiesOf } from './properties.ts'
import type { Properties } from './properties.ts'
import { section, templateScope } from './template-scope.ts'
import type { FindResource, ScopeAt, Stack } from './template-scope.ts'
import type { TemplateDocument } from './template-document.ts'

export type Resource = {
  readonly logicalId: string
  readonly type: string
  readonly properties: Properties
}

export type Names = { poolId(logicalId: string): string; clientId(logicalId: string): string }

/** The ids that this stack's pools and clients get: the same stack, name and seed give the same id. */
export function namesIn(stack: Stack, seed: string): Names {
  return {
    poolId: (logicalId) => userPoolId(stack.region, stack.stackName, logicalId, seed),
    clientId: (logicalId) => appClientId(stack.stackName, logicalId, seed),
  }
}

/** Every resource whose condition holds, in the order of the template. */
export function readResources(
  template: TemplateDocument,
  stack: Stack,
  names: Names,
): readonly Resource[] {
  const found = new Map<string, Resource>()
  const scopeAt = templateScope(template, stack, resourceFinder(found, stack, names))
  for (const { key, value } of section(template.root, 'Resources')?.items ?? []) {
    const logicalId = String(key)
    if (logicalId.startsWith('Fn::'))
      template.report(key as Node, `Resources.${logicalId}`, 'loops are not supported here')
    const resource = readResource(logicalId, value, scopeAt)
    if (resource) found.set(logicalId, resource)
  }
  return [...found.values()]
}

function readResource(logicalId: string, node: unknown, scopeAt: ScopeAt): Resource | undefined {
  if (!isMap(node)) return undefined
  const key = `Resources.${logicalId}`
  const condition = node.get('Condition', true)
  if (isScalar(condition) && !scopeAt(key).condition(String(condition.value), condition))
    return undefined
  return { logicalId, type: String(node.get('Type')), properties: propertiesOf(node, key, scopeAt) }
}

function resourceFinder(
  found: ReadonlyMap<string, Resource>,
  stack: Stack,
  names: Names,
): FindResource {
  const open = new Set<string>()
  return (name, attribute = 'Ref') => {
    const resource = found.get(name)
    if (!resource) return no('is neither a parameter nor a resource of this template')
    const provider = `cognito-idp.${stack.region}.${stack.urlSuffix}/${names.poolId(name)}`
    switch (`${resource.type}.${attribute}`) {
      case 'AWS::Cognito::UserPool.Ref':
      case 'AWS::Cognito::UserPool.UserPoolId':
        return ok(names.poolId(name))
      case 'AWS::Cognito::UserPool.ProviderName':
        return ok(provider)
      case 'AWS::Cognito::UserPool.ProviderURL':
        return ok(`https://${provider}`)
      case 'AWS::Cognito::UserPool.Arn':
        return ok(
          `arn:${stack.partition}:cognito-idp:${stack.region}:${stack.accountId}:userpool/${names.poolId(name)}`,
        )
      case 'AWS::Cognito::UserPoolClient.Ref':
      case 'AWS::Cognito::UserPoolClient.ClientId':
        return ok(names.clientId(name))
      case 'AWS::Cognito::UserPoolResourceServer.Ref':
      case 'AWS::Cognito::UserPoolDomain.Ref': {
        if (open.has(name)) return no('refers to itself')
        open.add(name)
        const own = resource.type.endsWith('Domain') ? 'Domain' : 'Identifier'
        const value = resource.properties.value(own)
        open.delete(name)
        return ok(value)
      }
      default:
        return no(`only AWS knows ${attribute} of a resource of type ${resource.type}`)
    }
  }
}
