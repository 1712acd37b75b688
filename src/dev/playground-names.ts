/** Names of a template as they can stand in paths, host names and keys of the playground's configurations. */
import type { DevIssuer } from './issuer.ts'

export type PlaygroundNames = {
  /** Every scope of every client -> the first segment of the paths that it opens. */
  readonly scopes: ReadonlyMap<string, string>
  /** Client id -> its path prefix at outbound, its host, its key. */
  readonly clients: ReadonlyMap<string, string>
  /** Pool id -> its key. */
  readonly pools: ReadonlyMap<string, string>
}

/** Each name once, whatever the case: templates may use one twice. Pure. */
export function playgroundNames({
  pools,
  clients,
}: Pick<DevIssuer, 'pools' | 'clients'>): PlaygroundNames {
  const scopes = [...new Set(clients.flatMap((client) => client.scopes))]
  const lastPart = (scope: string): string => scope.slice(scope.lastIndexOf('/') + 1)
  const lastParts = scopes.map(lastPart)
  const isAlone = (part: string): boolean => lastParts.indexOf(part) === lastParts.lastIndexOf(part)
  return {
    // the half after the slash will do unless two resource servers have it
    scopes: named(
      scopes.map((scope) => {
        const part = lastPart(scope)
        return [scope, isAlone(part) ? part : scope]
      }),
    ),
    clients: named(clients.map(({ id, name }) => [id, name])),
    pools: named(pools.map(({ id, name }) => [id, name])),
  }
}

function named(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  return new Map(
    entries.map(([key, text]) => {
      const plain = text.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'unnamed'
      let name = plain
      for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${plain}-${count}`
      taken.add(name.toLowerCase())
      return [key, name]
    }),
  )
}
