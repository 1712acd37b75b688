/** Two revisions -> everything that changes for callers. Pure. */
import type { Permissions } from '../../cloudformation/permissions-model.ts'
import type { InboundConfig } from '../../config/config.ts'
import {
  type AccessChange,
  compareAccess,
  type Row,
  type TooMuch,
} from '../../decision/difference/difference.ts'
import type { Side } from '../../decision/difference/side.ts'
import { noRoutes } from '../../decision/table.ts'
import { no, ok, type Result } from '../../units.ts'
import { keysOf, pairIssuers } from './issuer-keys.ts'
import type { Absent } from '../absent.ts'
import { type ClientChange, type ClientEffect, clientRows } from './clients.ts'
import { holdersOf } from '../holders.ts'
import type { Revision } from './revision.ts'
import type { Setting } from './setting.ts'
import { compareSettings } from './settings.ts'

export type Report = {
  readonly before: string
  readonly after: string
  /** Public exposure first, then by path. */
  readonly rows: readonly Row<AccessChange>[]
  readonly settings: readonly Setting[]
  /** By client of the templates; undefined = no templates were given. */
  readonly clients: readonly Row<ClientChange>[] | undefined
  /** What was taken to be so to bring templates and configurations together. */
  readonly assumptions: readonly string[]
  /** Variables and files that are not here, of both, each once. */
  readonly absent: readonly Absent[]
  /** Whether it says something to name an issuer. */
  readonly hasIssuers: boolean
  readonly isWidened: boolean
  readonly isNarrowed: boolean
}

/** Why two configurations cannot be compared, in words. */
const reasons: Readonly<Record<TooMuch, string>> = {
  'too many places':
    'their paths cross in more ways than can be looked at (500,000): write fewer {names} beside literals',
  'too many terms':
    'the scopes and claims of a route can be combined in more than 1,024 ways: write fewer anyOf within allOf',
}

/** Who holds which scopes before and after. */
export type Templates = { readonly before: Permissions; readonly after: Permissions }

/** Everything that there is to tell, or in words why it cannot be worked out. */
export function compareRevisions(
  before: Revision,
  after: Revision,
  templates: Templates | undefined,
): Result<Report, string> {
  const issuers = pairIssuers(before.issuers, after.issuers)
  const compared = compareAccess(
    sideOf(before.inbound, keysOf(issuers, 'before')),
    sideOf(after.inbound, keysOf(issuers, 'after')),
  )
  if (!compared.ok) return no(reasons[compared.problem])
  const { comparison, rows } = compared.value
  const settings = compareSettings(before, after, issuers)
  const absent = new Map(
    [...before.absent, ...after.absent].map((one) => [
      `${one.kind} ${one.name} ${one.treated}`,
      one,
    ]),
  )
  const holders = templates && {
    before: holdersOf(templates.before, before.issuers),
    after: holdersOf(templates.after, after.issuers),
  }
  const clients =
    holders &&
    clientRows(
      comparison,
      { holders: holders.before.holders, issuers: keysOf(issuers, 'before') },
      { holders: holders.after.holders, issuers: keysOf(issuers, 'after') },
    )
  const isClient = (...effects: readonly ClientEffect[]): boolean =>
    clients?.some(({ change }) => effects.includes(change.effect)) === true
  return ok({
    before: before.name,
    after: after.name,
    rows: inOrder(rows, loudness),
    settings,
    clients: clients && inOrder(clients, ({ effect }) => effect),
    assumptions: [
      ...new Set(holders && [...holders.before.assumptions, ...holders.after.assumptions]),
    ],
    absent: [...absent.values()],
    hasIssuers: issuers.length > 1,
    isWidened:
      rows.some(({ change }) => change.direction === 'gained') ||
      settings.some(({ effect }) => effect === 'widened' || effect === 'both') ||
      isClient('gained', 'perhaps gained'),
    isNarrowed:
      rows.some(({ change }) => change.direction === 'lost') ||
      settings.some(({ effect }) => effect === 'narrowed' || effect === 'both') ||
      isClient('lost', 'perhaps lost'),
  })
}

const closed = { table: noRoutes, mode: 'enforce', ignoreCase: false } as const

/** Without an inbound proxy nobody is let through. */
function sideOf(inbound: InboundConfig | undefined, issuers: ReadonlyMap<string, string>): Side {
  const { table, mode, ignoreCase } = inbound ?? closed
  return { table, mode, ignoreCase, issuers }
}

/** Public exposure first. */
const loudness = ({ direction, who }: AccessChange): number =>
  direction === 'lost' ? 2 : who.kind === 'everyone' ? 0 : 1

/**
 * Stable, whatever the order of routes in the files: the loudest first, then by path.
 * Rows that read the same, about several other spellings of a path, are one.
 */
function inOrder<Change>(
  rows: readonly Row<Change>[],
  rank: (change: Change) => number | string,
): readonly Row<Change>[] {
  const orderOf = ({ region, methods, isWritten, change }: Row<Change>): string => {
    const except = region.except.map(({ text }) => text)
    const rest = JSON.stringify([methods, change, except])
    return [rank(change), isWritten ? 0 : 1, region.template.text, rest].join(' ')
  }
  const byOrder = new Map(rows.map((row) => [orderOf(row), row]))
  return [...byOrder].sort(([a], [b]) => Number(a > b) - Number(a < b)).map(([, row]) => row)
}
