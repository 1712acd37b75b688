/** The pools, resource servers and clients of opened templates, value by value. */
import { isMap, isSeq } from 'yaml'
import type { Node } from 'yaml'
import type { Value } from './intrinsic-call.ts'
import { conditionOf } from './open-template.ts'
import type { OpenResource } from './open-template.ts'
import type {
  Cell,
  PermissionClient,
  PermissionPool,
  Permissions,
  PermissionServer,
  PoolReference,
  Unknown,
} from './permissions-model.ts'
import type { Stacked } from './surroundings.ts'

type Found = {
  readonly from: Stacked
  readonly resource: OpenResource
  readonly unsure: Unknown | undefined
}

/** Reads them all; a resource whose condition does not hold is not there. Pure. */
export function readMembers(all: readonly Stacked[]): Omit<Permissions, 'notes'> {
  const present = all.flatMap((from) =>
    [...from.template.resources.values()].flatMap((resource) => presenceOf(from, resource)),
  )
  const ofType = (type: string) =>
    present.filter(({ resource }) => resource.type === `AWS::Cognito::${type}`)
  const pools = new Map(ofType('UserPool').map((found) => [found.resource, readPool(found)]))
  const poolOf = (found: Found) => readPoolReference(found, all, pools)
  return {
    pools: [...pools.values()],
    resourceServers: ofType('UserPoolResourceServer').map((found) =>
      readServer(found, poolOf(found)),
    ),
    clients: ofType('UserPoolClient').map((found) => readClient(found, poolOf(found))),
  }
}

function presenceOf(from: Stacked, resource: OpenResource): readonly Found[] {
  if (!resource.type.startsWith('AWS::Cognito::')) return []
  const condition = conditionOf(resource.node)
  if (condition === undefined) return [{ from, resource, unsure: undefined }]
  const holds = from.reader.condition(condition.name, condition.at)
  if (holds.kind === 'unknown') return [{ from, resource, unsure: holds }]
  return holds.value ? [{ from, resource, unsure: undefined }] : []
}

function readPool({ from, resource }: Found): PermissionPool {
  const { logicalId, place } = resource
  return { ...place, logicalId, id: from.stack?.resources.get(logicalId)?.id }
}

function readPoolReference(
  found: Found,
  all: readonly Stacked[],
  pools: ReadonlyMap<OpenResource, PermissionPool>,
): Cell<PoolReference> {
  const read = property(found, 'UserPoolId')
  if (read === undefined) return missing(found, 'UserPoolId')
  const { cell, node } = read
  if (cell.kind === 'unknown') return cell
  for (const { stands } of all) {
    const resource = stands.get(cell.value)
    const pool = resource && pools.get(resource)
    if (pool !== undefined) return { ...cell, value: { kind: 'template', pool } }
  }
  if (typeof cell.value !== 'string') return found.from.reader.unknown(node, 'is no user pool')
  const id = cell.value
  const pool = [...pools.values()].find((one) => one.id === id)
  return { ...cell, value: pool === undefined ? { kind: 'id', id } : { kind: 'template', pool } }
}

function readServer(found: Found, pool: Cell<PoolReference>): PermissionServer {
  const { resource, unsure } = found
  const identifier = textCell(found, 'Identifier') ?? missing(found, 'Identifier')
  const scopes = items(found, 'Scopes').flatMap((item): readonly Cell<string>[] => {
    const inner = isMap(item.node) ? item.node.get('ScopeName', true) : undefined
    const node = (inner as Node | undefined) ?? item.node
    const cell = found.from.reader.cell(node, item.key)
    if (cell === undefined) return []
    const name = text(found, node, cell)
    if (name.kind === 'unknown') return [name]
    const { file, line, column } = name
    if (identifier.kind === 'known')
      return [{ ...name, value: `${identifier.value}/${name.value}` }]
    return [{ ...identifier, file, line, column, source: `${identifier.source}/${name.value}` }]
  })
  return { ...resource.place, logicalId: resource.logicalId, pool, unsure, identifier, scopes }
}

function readClient(found: Found, pool: Cell<PoolReference>): PermissionClient {
  const { resource, unsure, from } = found
  const { logicalId, place } = resource
  const name = textCell(found, 'ClientName')
  const usesOAuth = flagCell(found, 'AllowedOAuthFlowsUserPoolClient')
  const oauthFlows = textsCell(found, 'AllowedOAuthFlows')
  return {
    ...{ ...place, logicalId, pool, unsure, usesOAuth, oauthFlows },
    name: name?.kind === 'known' ? name.value : logicalId,
    clientId: from.stack?.resources.get(logicalId)?.id,
    scopes: items(found, 'AllowedOAuthScopes').flatMap((item) => scopesIn(found, item)),
    isMachine: isMachine(usesOAuth, oauthFlows),
    hasSecret: flagCell(found, 'GenerateSecret'),
    authFlows: textsCell(found, 'ExplicitAuthFlows'),
  }
}

function isMachine(usesOAuth: Cell<boolean>, flows: Cell<readonly string[]>): boolean | undefined {
  if (usesOAuth.kind === 'known' && !usesOAuth.value) return false
  if (flows.kind === 'known' && !flows.value.includes('client_credentials')) return false
  return usesOAuth.kind === 'known' && flows.kind === 'known' ? true : undefined
}

type Item = { readonly node: Node; readonly key: string }

/** A list in the template item by item, so that one that is not known leaves the others known. */
function items(found: Found, name: string): readonly Item[] {
  const node = nodeOf(found.resource, name)
  const key = keyOf(found.resource, name)
  if (node === undefined) return []
  if (!isSeq(node) || node.tag?.startsWith('!') === true) return [{ node, key }]
  return node.items.map((item, index) => ({ node: item as Node, key: `${key}[${index}]` }))
}

function scopesIn(found: Found, { node, key }: Item): readonly Cell<string>[] {
  const cell = found.from.reader.cell(node, key)
  if (cell === undefined) return []
  if (cell.kind === 'unknown') return [cell]
  return listOf(cell.value).map((value) => text(found, node, { ...cell, value }))
}

const listOf = (value: Value): readonly Value[] =>
  Array.isArray(value) ? (value as readonly Value[]) : [value]

function textCell(found: Found, name: string): Cell<string> | undefined {
  const read = property(found, name)
  return read && text(found, read.node, read.cell)
}

function text({ from }: Found, node: Node, cell: Cell<Value>): Cell<string> {
  if (cell.kind === 'unknown') return cell
  const { value } = cell
  if (typeof value !== 'string') return from.reader.unknown(node, 'it is no text that is known')
  if (value.includes('{{resolve:'))
    return from.reader.unknown(node, 'only AWS resolves a dynamic reference')
  return { ...cell, value }
}

function textsCell(found: Found, name: string): Cell<readonly string[]> {
  const read = property(found, name)
  if (read === undefined) return { ...found.resource.place, kind: 'known', value: [] }
  const { cell, node } = read
  if (cell.kind === 'unknown') return cell
  const values = listOf(cell.value)
  const texts = values.filter((value) => typeof value === 'string')
  if (texts.length === values.length) return { ...cell, value: texts }
  return found.from.reader.unknown(node, 'it is no list of texts')
}

function flagCell(found: Found, name: string): Cell<boolean> {
  const read = property(found, name)
  if (read === undefined) return { ...found.resource.place, kind: 'known', value: false }
  const { cell, node } = read
  if (cell.kind === 'unknown') return cell
  const word = typeof cell.value === 'string' ? cell.value.toLowerCase() : ''
  if (word === 'true' || word === 'false') return { ...cell, value: word === 'true' }
  return found.from.reader.unknown(node, 'it is neither true nor false')
}

/** Undefined = it is not there. */
function property(found: Found, name: string): { cell: Cell<Value>; node: Node } | undefined {
  const node = nodeOf(found.resource, name)
  const cell = node && found.from.reader.cell(node, keyOf(found.resource, name))
  return node && cell && { node, cell }
}

const keyOf = ({ logicalId }: OpenResource, name: string): string =>
  `Resources.${logicalId}.Properties.${name}`

function nodeOf({ node }: OpenResource, name: string): Node | undefined {
  const properties = node.get('Properties')
  return isMap(properties) ? properties.get(name, true) : undefined
}

function missing({ resource }: Found, name: string): Unknown {
  return { ...resource.place, kind: 'unknown', source: '', why: `${name} is missing` }
}
