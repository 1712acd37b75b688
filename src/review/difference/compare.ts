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
import type { Absent } from './absent.ts'
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
    rows: [...rows].sort(inOrder),
    settings,
    clients: clients && [...clients].sort(byPath),
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

/** Stable, whatever the order of routes in the files. */
function inOrder(a: Row<AccessChange>, b: Row<AccessChange>): number {
  return compareText(orderOf(a), orderOf(b))
}

function orderOf({ region, methods, isWritten, change }: Row<AccessChange>): string {
  const { direction, who } = change
  const rank = direction === 'lost' ? 2 : who.kind === 'everyone' ? 0 : 1
  return [rank, isWritten ? 0 : 1, region.template.text, JSON.stringify([methods, who])].join(' ')
}

/** By effect, then by path. */
function byPath(a: Row<ClientChange>, b: Row<ClientChange>): number {
  const order = ({ region, methods, change, isWritten }: Row<ClientChange>): string =>
    [
      change.effect,
      isWritten ? 0 : 1,
      region.template.text,
      JSON.stringify([methods, change.clients]),
    ].join(' ')
  return compareText(order(a), order(b))
}

const compareText = (a: string, b: string): number => Number(a > b) - Number(a < b)
