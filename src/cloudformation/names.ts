/** Ids and secrets in the form that Cognito makes, repeatable from a seed. */
import { createHash, randomBytes } from 'node:crypto'

const lower = 'abcdefghijklmnopqrstuvwxyz0123456789'
const mixed = `${lower}ABCDEFGHIJKLMNOPQRSTUVWXYZ`

/** Pure: the same seed and names give the same pool id, `eu-central-1_a1B2c3D4e`. */
export function userPoolId(region: string, ...seed: readonly string[]): string {
  return `${region}_${characters(mixed, 9, 'pool', seed)}`
}

/** Pure: 26 lower-case letters and digits, the first a digit as with Cognito. */
export function appClientId(...seed: readonly string[]): string {
  return `${characters('123456789', 1, 'first', seed)}${characters(lower, 25, 'client', seed)}`
}

/** 51 lower-case letters and digits; from `seed` when there is one, else by chance. */
export function clientSecret(seed: string | undefined, clientId: string): string {
  return characters(lower, 51, 'secret', [seed ?? randomBytes(32).toString('hex'), clientId])
}

function characters(
  alphabet: string,
  count: number,
  kind: string,
  seed: readonly string[],
): string {
  const digest = createHash('sha512')
    .update(JSON.stringify([kind, ...seed]))
    .digest()
  return [...digest.subarray(0, count)].map((byte) => alphabet[byte % alphabet.length]).join('')
}
