/** CloudFormation template -> the user pools, resource servers, app clients and domains in it (SPEC 7). */
import type { ConfigProblem } from '../config/config.ts'
import { no, ok } from '../units.ts'
import type { NonEmpty, Result } from '../units.ts'
import { readAppClient } from './app-client.ts'
import type { DomainModel, IssuerModel, ResourceServerModel, UserPoolModel } from './model.ts'
import { readTemplateDocument } from './template-document.ts'
import { namesIn, readResources } from './template-resources.ts'
import type { Names, Resource } from './template-resources.ts'
import { section } from './template-scope.ts'
import type { Stack } from './template-scope.ts'

/** The stack as which the template is read; whatever is left out has a value fit for development. */
export type TemplateOptions = Partial<Stack> & {
  /** Ids are made from stack name, logical id and this; the same seed gives the same ids. */
  readonly seed?: string
}

/**
 * Reads a template, YAML or JSON, as the stack that `options` describes.
 *
 * Pure. Resources that are not Cognito's are left alone. Every problem comes back, each with its
 * line and column: what only AWS could resolve is a problem, never a guess.
 */
export function readTemplate(
  text: string,
  options: TemplateOptions = {},
): Result<IssuerModel, NonEmpty<ConfigProblem>> {
  const stack = stackOf(options)
  const names = namesIn(stack, options.seed ?? '')
  const template = readTemplateDocument(text)
  const resources = readResources(template, stack, names)
  const pools = readPools(resources, stack, names)
  if (pools.length === 0 && template.problems.length === 0) {
    const place = section(template.root, 'Resources') ?? template.root ?? null
    template.report(place, 'Resources', 'the template declares no AWS::Cognito::UserPool')
  }
  const [first, ...rest] = template.problems.toSorted(
    (one, other) => one.line - other.line || one.column - other.column,
  )
  if (first) return no([first, ...rest])
  return ok({ region: stack.region, urlSuffix: stack.urlSuffix, pools })
}

function stackOf(options: TemplateOptions): Stack {
  const region = options.region ?? 'eu-central-1'
  const inChina = region.startsWith('cn-')
  return {
    region,
    accountId: '123456789012',
    stackName: 'scopegate-dev',
    partition: inChina ? 'aws-cn' : 'aws',
    urlSuffix: inChina ? 'amazonaws.com.cn' : 'amazonaws.com',
    parameters: {},
    imports: {},
    ...options,
  }
}

function readPools(
  resources: readonly Resource[],
  stack: Stack,
  names: Names,
): readonly UserPoolModel[] {
  const ofType = (type: string) =>
    resources.filter((resource) => resource.type === `AWS::Cognito::${type}`)
  const pools = ofType('UserPool')
  const poolIds = pools.map((pool) => names.poolId(pool.logicalId))
  const members = ['UserPoolResourceServer', 'UserPoolDomain', 'UserPoolClient'].flatMap(ofType)
  const poolOf = new Map(members.map((member) => [member, poolIdOf(member, poolIds)]))
  // read all the same, so that their other problems are shown too
  for (const client of ofType('UserPoolClient'))
    if (!poolIds.includes(poolOf.get(client) ?? '')) readAppClient(client, '', undefined)

  return pools.map(({ logicalId, properties }) => {
    const id = names.poolId(logicalId)
    const inPool = (type: string) => ofType(type).filter((member) => poolOf.get(member) === id)
    const resourceServers = inPool('UserPoolResourceServer').map(readResourceServer)
    const scopes = resourceServers.flatMap((server) => server.scopes)
    return {
      logicalId,
      id,
      name: properties.text('UserPoolName') ?? logicalId,
      region: stack.region,
      issuerType: issuerType(properties),
      resourceServers,
      clients: inPool('UserPoolClient').map((client) =>
        readAppClient(client, names.clientId(client.logicalId), scopes),
      ),
      domains: inPool('UserPoolDomain').map(readDomain),
    }
  })
}

function poolIdOf({ properties }: Resource, poolIds: readonly string[]): string | undefined {
  const id = properties.requiredText('UserPoolId')
  if (id !== undefined && !poolIds.includes(id))
    properties.report('UserPoolId', 'is not a user pool of this template')
  return id
}

function issuerType(properties: Resource['properties']): UserPoolModel['issuerType'] {
  const type = properties.mappings('IssuerConfiguration')[0]?.get('Type') ?? 'ORIGINAL'
  if (type === 'ORIGINAL' || type === 'UPDATED') return type
  properties.report('IssuerConfiguration', 'Type is ORIGINAL or UPDATED')
  return 'ORIGINAL'
}

function readResourceServer({ logicalId, properties }: Resource): ResourceServerModel {
  const identifier = properties.requiredText('Identifier') ?? logicalId
  const scopes = properties.mappings('Scopes').flatMap((scope) => {
    const name = scope.get('ScopeName')
    if (typeof name === 'string') return [`${identifier}/${name}`]
    properties.report('Scopes', 'a scope has a ScopeName')
    return []
  })
  return { logicalId, identifier, scopes }
}

function readDomain({ logicalId, properties }: Resource): DomainModel {
  const domain = properties.requiredText('Domain') ?? logicalId
  return { logicalId, domain, custom: properties.mappings('CustomDomainConfig').length > 0 }
}
