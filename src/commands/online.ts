/** What issuers and token endpoints answer now: for `check --online` and `token`. */
import type { Config } from '../config/config.ts'
import { discoverTokenEndpoint } from '../proxy/discover.ts'
import { createIssuers } from '../tokens/issuers.ts'
import { type AccessToken, requestToken, type RequestTokenDeps } from '../tokens/request.ts'
import type { TokenFailure } from '../tokens/failures.ts'
import type { Grant } from '../tokens/settings.ts'
import type { Result } from '../units.ts'
import type { Io } from './io.ts'

export type OnlineResult = { readonly ok: boolean; readonly what: string; readonly detail: string }

/** Fetches the keys of every issuer and one token for every different grant; one result each. */
export async function askOnline(config: Config, io: Io): Promise<readonly OnlineResult[]> {
  const grants = new Map(
    (config.outbound?.routes ?? []).map(({ grant }) => [grantText(grant), grant]),
  )
  return Promise.all([
    ...config.issuers.map((issuer) => askIssuer(issuer.name, { ...config, issuers: [issuer] }, io)),
    ...[...grants].map(([text, grant]) => askGrant(text, grant, config, io)),
  ])
}

function askIssuer(name: string, config: Config, io: Io): Promise<OnlineResult> {
  return new Promise((resolve) => {
    const issuers = createIssuers(config.issuers, {
      clock: io.clock,
      random: io.random,
      report: (event) => {
        if (event.kind === 'keys_fetched')
          done(true, `${event.keyIds.length} keys (${event.keyIds.join(', ')})`)
        if (event.kind === 'keys_failed') done(false, event.because)
      },
    })
    const done = (good: boolean, detail: string): void => {
      void issuers.close()
      resolve({ ok: good, what: `keys of issuer ${name}`, detail })
    }
    issuers.start()
  })
}

async function askGrant(text: string, grant: Grant, config: Config, io: Io): Promise<OnlineResult> {
  const result = await obtain(grant, config, io)
  const what = `token of client ${text}`
  return result.ok
    ? { ok: true, what, detail: `ends ${new Date(result.value.expiresAt * 1000).toISOString()}` }
    : { ok: false, what, detail: `${result.problem.code}: ${result.problem.because}` }
}

/** One token request, outside any cache. */
export function obtain(
  grant: Grant,
  config: Config,
  io: Io,
): Promise<Result<AccessToken, TokenFailure>> {
  const deps: RequestTokenDeps = {
    clock: io.clock,
    report: (event) => {
      if (event.kind === 'scopes_not_granted')
        io.err(`client ${event.client}: not granted: ${event.missing.join(' ')}\n`)
    },
    discover: (issuer) => discoverTokenEndpoint(config.issuers, issuer),
  }
  return requestToken(grant, deps, new AbortController().signal)
}

function grantText({ client, scopes }: Grant): string {
  return scopes.length === 0 ? client.name : `${client.name} (${scopes.join(' ')})`
}
