/** Parts of two configurations whose files or addresses are not here: compared as they are written. Pure. */
import { keyText, type KeyPath } from '../../config/problems.ts'
import { valueAt } from '../../config/read.ts'
import type { IsAway } from './issuers.ts'
import type { IssuerPair } from './issuer-keys.ts'
import type { Revision } from './revision.ts'
import { differs, type Effect, type Setting } from './setting.ts'

/** Which settings must not be compared by what was read: a stand-in was, on one side at least. */
export type Away = {
  /** Keys of settings of `inbound`. */
  readonly hidden: readonly string[]
  readonly isAway: IsAway
}

const listen = ['inbound', 'listen'] as const
const upstream = ['inbound', 'upstream'] as const

export function awayIn(before: Revision, after: Revision): Away {
  const isOut = (path: KeyPath): boolean => [before, after].some((side) => isAbsent(side, path))
  return {
    hidden: [
      ...(isOut(listen)
        ? ['inbound.listen', 'inbound.listen.tls.clientCa', 'inbound.certificateHeader']
        : []),
      ...(isOut(upstream) ? ['inbound.upstream'] : []),
    ],
    isAway: (pair, part) => isIssuerAway(before, after, pair, part),
  }
}

/** What is not here, as it is written. */
export function compareByName(
  before: Revision,
  after: Revision,
  issuers: readonly IssuerPair[],
): readonly Setting[] {
  const isOut = (path: KeyPath): boolean => [before, after].some((side) => isAbsent(side, path))
  const written = (paths: readonly [KeyPath, KeyPath], effect: Effect, note: string) =>
    differs(
      {
        key: `${keyText(paths[1])} (as written)`,
        before: writtenAt(before, paths[0]),
        after: writtenAt(after, paths[1]),
        note,
      },
      effect,
    )
  const same = (...path: readonly string[]) => [path, path] as const
  return [
    ...(isOut(listen)
      ? [
          ...written(
            same(...listen, 'tls', 'clientCa'),
            'both',
            'only callers with a certificate of these authorities connect',
          ),
          ...written(same(...listen), 'changed', 'callers connect there'),
          ...written(
            same('inbound', 'certificateHeader'),
            'changed',
            'what the upstream is told of the certificate of the caller',
          ),
        ]
      : []),
    ...(isOut(upstream) ? written(same(...upstream), 'changed', 'requests go there') : []),
    ...issuers.flatMap((pair) =>
      (['jwks', 'tls'] as const).flatMap((part) => {
        if (!isIssuerAway(before, after, pair, part)) return []
        const note =
          part === 'jwks' ? 'tokens signed with these keys count' : 'whom its keys are fetched from'
        return written([pathIn(pair.before, part), pathIn(pair.after, part)], 'both', note)
      }),
    ),
  ]
}

function isIssuerAway(
  before: Revision,
  after: Revision,
  pair: IssuerPair,
  part: 'jwks' | 'tls',
): boolean {
  if (pair.before === undefined || pair.after === undefined) return false
  return isAbsent(before, pathIn(pair.before, part)) || isAbsent(after, pathIn(pair.after, part))
}

const pathIn = (issuer: IssuerPair['before'], part: string): KeyPath => [
  'issuers',
  String(issuer?.name),
  part,
]

/** Whether something at or below the place is not here. */
function isAbsent({ absent }: Revision, path: KeyPath): boolean {
  const key = keyText(path)
  return absent.some((one) => one.key === key || one.key.startsWith(`${key}.`))
}

function writtenAt({ document }: Revision, path: KeyPath): string {
  const value = valueAt(document, path)
  if (value === undefined) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
