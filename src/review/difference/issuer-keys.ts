/** Which issuer of one configuration is which of another: by the `iss` that they accept, then by name. Pure. */
import type { IssuerSettings } from '../../tokens/settings.ts'

export type IssuerPair = {
  /** The same on both sides; its name, made unique. */
  readonly key: string
  readonly before: IssuerSettings | undefined
  readonly after: IssuerSettings | undefined
}

/** Every issuer of both once. Renaming one changes nothing. */
export function pairIssuers(
  before: readonly IssuerSettings[],
  after: readonly IssuerSettings[],
): readonly IssuerPair[] {
  const left = new Set(before)
  const pairs = new Map<IssuerSettings, IssuerSettings>()
  const match = (fits: (one: IssuerSettings, other: IssuerSettings) => boolean): void => {
    for (const now of after) {
      if (pairs.has(now)) continue
      const old = [...left].find((one) => fits(one, now))
      if (old === undefined) continue
      left.delete(old)
      pairs.set(now, old)
    }
  }
  match((one, other) => one.issuers.some((iss) => other.issuers.includes(iss)))
  match((one, other) => one.name === other.name)
  const names = new Set(after.map(({ name }) => name))
  return [
    ...after.map((now) => ({ key: now.name, before: pairs.get(now), after: now })),
    ...[...left].map((old) => {
      const key = names.has(old.name) ? `${old.name} (before)` : old.name
      return { key, before: old, after: undefined }
    }),
  ]
}

/** From the names of one side to the keys of both. */
export function keysOf(
  pairs: readonly IssuerPair[],
  side: 'before' | 'after',
): ReadonlyMap<string, string> {
  return new Map(
    pairs.flatMap(({ key, [side]: issuer }) => (issuer === undefined ? [] : [[issuer.name, key]])),
  )
}
