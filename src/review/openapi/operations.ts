/** Every operation of a document with what it asks for, in the order of the text. Pure. */
import { keyText } from '../../config/problems.ts'
import type { OpenapiDocument } from './document.ts'
import { entriesOf } from './document.ts'
import {
  type Entry,
  entryOf,
  type MapNode,
  memberOf,
  referenceOf,
  type SourceNode,
  textOf,
} from './node.ts'
import { followReferences } from './references.ts'
import { type Demand, securityOf } from './security.ts'
import { basesOf } from './servers.ts'

export type Operation = {
  /** Upper case. */
  readonly method: string
  /** As the document writes it. */
  readonly template: string
  /** Prefix of the server. */
  readonly base: string
  /** `operationId`, or method and template. */
  readonly name: string
  /** Of the method. */
  readonly offset: number
  readonly key: string
  readonly demand: Demand
}

export type ReadingOptions = {
  /** Goes before each scope, such as `app-api/`; empty for none. */
  readonly scopePrefix: string
  /** Instead of what `servers` say. */
  readonly basePath: string | undefined
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']
const beside = ['$ref', 'summary', 'description', 'servers', 'parameters', 'additionalOperations']

/** Reads `paths`. What cannot be read is reported; callbacks and webhooks are calls that the API makes itself. */
export function operationsOf(
  document: OpenapiDocument,
  { scopePrefix, basePath }: ReadingOptions,
): readonly Operation[] {
  const { root } = document
  const demandOf = securityOf(document, scopePrefix)
  const baseOf = basesOf(document, basePath)
  const base = baseOf(root, 'servers') ?? ''
  const paths = memberOf(root, 'paths') as SourceNode // a document without is none that is read
  let callbacks = 0
  const operations = entriesOf(document, paths, 'paths').flatMap(
    ({ name: template, value, offset }) => {
      const key = keyText(['paths', template])
      const items = itemsOf(document, { value, offset, key })
      const around = items.map((item) => baseOf(item, key)).find((one) => one !== undefined) ?? base
      return operationsIn(document, items, key).map(
        ({ name, value: operation, offset: at }): Operation => {
          const inside = `${key}.${name.toLowerCase()}`
          if (entryOf(operation, 'callbacks') !== undefined) callbacks += 1
          return {
            method: name.toUpperCase(),
            template,
            base: baseOf(operation, inside) ?? around,
            name: textOf(memberOf(operation, 'operationId')) ?? `${name.toUpperCase()} ${template}`,
            offset: at,
            key: inside,
            demand: demandOf(operation, inside),
          }
        },
      )
    },
  )
  const webhooks = entryOf(root, 'webhooks')
  if (webhooks !== undefined) document.warn(webhooks.offset, 'webhooks', notOurs)
  if (callbacks > 0) document.warn(0, 'callbacks', `of ${callbacks} operations: ${notOurs}`)
  return operations
}

const notOurs = 'these are calls that the API makes: nothing of them is imported'

/** A path item and what its `$ref` leads to: beside each other, since tools differ in which one wins. */
function itemsOf(
  document: OpenapiDocument,
  { value, offset, key }: { value: SourceNode; offset: number; key: string },
): readonly SourceNode[] {
  if (referenceOf(value) === undefined) return [value]
  const followed = followReferences(document, value)
  if (followed.ok) return [value, followed.value]
  document.report(offset, key, followed.problem)
  return [value]
}

/** Methods as they are written, and what stands there. */
type Written = { readonly name: string; readonly offset: number; readonly value: MapNode }

function operationsIn(
  document: OpenapiDocument,
  items: readonly SourceNode[],
  key: string,
): readonly Written[] {
  return items.flatMap((item) =>
    entriesOf(document, item, key).flatMap((entry) => {
      const { name, offset, value } = entry
      if (methods.includes(name)) return operationIn(document, entry, key)
      if (name === 'additionalOperations')
        return entriesOf(document, value, `${key}.${name}`).flatMap((one) =>
          operationIn(document, one, key),
        )
      if (!beside.includes(name))
        document.report(
          offset,
          key,
          `${JSON.stringify(name)} is no method and no other key of a path`,
        )
      return []
    }),
  )
}

function operationIn(
  document: OpenapiDocument,
  { name, offset, value }: Entry,
  key: string,
): readonly Written[] {
  if (value.kind === 'map') return [{ name, offset, value }]
  document.report(offset, `${key}.${name}`, 'must be a mapping')
  return []
}
