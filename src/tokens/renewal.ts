/** When a token is renewed and until when it is sent (SPEC 4). Pure. */
import { seconds } from '../units.ts'
import type { EpochSeconds, Random } from '../units.ts'
import type { AccessToken } from './request.ts'
import type { ClientSettings } from './settings.ts'

export type RenewalPlan = { readonly renewAt: EpochSeconds; readonly usableUntil: EpochSeconds }

/**
 * `usableUntil`: `expiryLeeway` before the end (5 s), at most 10 % of the token's life.
 *
 * `renewAt`: `renewBefore` before the end (10 % of its life, from 60 s to 5 min), less up to a tenth as jitter so that
 * many sidecars do not renew together. Never more than half of the life, and never so late that a
 * request would have to wait: at least twice the leeway.
 */
export function planRenewal(
  { obtainedAt, expiresAt }: Pick<AccessToken, 'obtainedAt' | 'expiresAt'>,
  { renewBefore, expiryLeeway }: Pick<ClientSettings, 'renewBefore' | 'expiryLeeway'>,
  random: Random,
): RenewalPlan {
  const life = expiresAt - obtainedAt
  const leeway = Math.min((expiryLeeway ?? 5000) / 1000, life / 10)
  const wished =
    renewBefore === undefined ? Math.min(Math.max(life / 10, 60), 300) : renewBefore / 1000
  const before = Math.min(wished * (1 - random() / 10), life / 2)
  return {
    renewAt: seconds(expiresAt - Math.max(before, leeway * 2)),
    usableUntil: seconds(expiresAt - leeway),
  }
}
