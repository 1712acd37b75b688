/** The running issuer's pools and clients: who there is, with what secret, and a token for them. */
import { secret } from '../units.ts'
import type { Clock, Secret } from '../units.ts'
import { accessClaims } from './claims.ts'
import type { AccessClaims } from './claims.ts'
import { createPoolKeys } from './keys.ts'
import type { PoolKeys } from './keys.ts'
import type { AppClientModel, IssuerModel, UserPoolModel } from '../cloudformation/model.ts'
import { clientSecret } from '../cloudformation/names.ts'

export type RunningPool = { readonly model: UserPoolModel; readonly keys: PoolKeys; issuer: string }

export type RunningClient = {
  readonly model: AppClientModel
  readonly pool: RunningPool
  /** Undefined for a client that was made without one. */
  readonly secret: Secret | undefined
}

export type Registry = {
  readonly pools: ReadonlyMap<string, RunningPool>
  readonly clients: ReadonlyMap<string, RunningClient>
  /** The secret is the client's, and was not revoked. */
  isSecretOf(client: RunningClient, presented: string): boolean
  revokeSecret(clientId: string): void
  claims(client: RunningClient, scopes: readonly string[]): AccessClaims
  /** A signed access token, RFC 7515 §7.1. */
  issue(client: RunningClient, scopes: readonly string[]): string
}

/** Makes the keys and secrets. `seed`: secrets are the same in every run; else by chance. */
export async function createRegistry(
  model: IssuerModel,
  { clock, seed }: { clock: Clock; seed: string | undefined },
): Promise<Registry> {
  const pools = new Map<string, RunningPool>()
  const clients = new Map<string, RunningClient>()
  const revoked = new Set<string>()
  for (const pool of model.pools) {
    const running: RunningPool = { model: pool, keys: await createPoolKeys(), issuer: '' }
    pools.set(pool.id, running)
    for (const client of pool.clients) {
      const own = client.hasSecret ? secret(clientSecret(seed, client.id)) : undefined
      clients.set(client.id, { model: client, pool: running, secret: own })
    }
  }
  const claims: Registry['claims'] = ({ model: client, pool }, scopes) =>
    accessClaims(client, pool.issuer, scopes, clock())
  return {
    pools,
    clients,
    isSecretOf: (client, presented) =>
      !revoked.has(client.model.id) && client.secret?.reveal() === presented,
    revokeSecret: (clientId) => void revoked.add(clientId),
    claims,
    issue: (client, scopes) => client.pool.keys.sign(claims(client, scopes)),
  }
}
