/** The development issuer: Cognito's wire format on loopback, booted from a CloudFormation template (SPEC 7). */
import fastify from 'fastify'
import type { ConfigProblem } from '../config/config.ts'
import { no, ok, systemClock } from '../units.ts'
import type { Clock, NonEmpty, Result, Secret } from '../units.ts'
import { addAwsApi } from './aws-api.ts'
import type { AccessClaims } from './claims.ts'
import { createFault } from './faults.ts'
import type { EndpointFaultSwitch, Faults } from './faults.ts'
import { listenOnLoopback } from './loopback.ts'
import type { ListenProblem } from './loopback.ts'
import { awsIssuer } from '../cloudformation/model.ts'
import type { IssuerModel } from '../cloudformation/model.ts'
import { createRegistry } from './registry.ts'
import type { Registry } from './registry.ts'
import { readTemplate } from '../cloudformation/template.ts'
import type { TemplateOptions } from '../cloudformation/template.ts'
import { addTokenEndpoint } from './token-endpoint.ts'
import { addWellKnown } from './well-known.ts'
import { noSchemas } from '../ops/no-schemas.ts'

export type IssuerOptions = {
  /** A model, or a template's text, read with `templateOptions`. */
  readonly from: IssuerModel | string
  readonly templateOptions?: TemplateOptions
  /** 0 = any free one. */
  readonly port: number
  /** Loopback only; 127.0.0.1 unless given. */
  readonly host?: string
  /** `iss` of tokens: the issuer's own address, or what AWS would write. `own` unless given. */
  readonly iss?: 'own' | 'aws'
  readonly clock?: Clock
  /** Client secrets are made from it, so that they are the same in every run; by chance without it. */
  readonly seed?: string
}

export type IssuerProblem =
  ListenProblem | { readonly code: 'invalid_template'; readonly problems: NonEmpty<ConfigProblem> }

export type DevPool = {
  readonly id: string
  readonly name: string
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** Where its keys are really served, whatever `issuer` says. */
  readonly jwksUri: string
  readonly region: string
}

/** A client that can obtain tokens without a user. */
export type DevClient = {
  readonly name: string
  readonly id: string
  readonly secret: Secret
  readonly scopes: readonly string[]
  readonly poolId: string
}

export type DevIssuer = {
  /** `http://127.0.0.1:9229`. */
  readonly url: string
  readonly tokenEndpoint: string
  readonly pools: readonly DevPool[]
  readonly clients: readonly DevClient[]
  readonly faults: Faults
  /** Requests so far, answered well or not. */
  readonly counts: Readonly<IssuerCounts>
  /** The claims that a token for `clientId` would have now, with all of its scopes. */
  claims(clientId: string): AccessClaims
  /**
   * Signs exactly `claims` with a pool's key (the first pool's unless given), for tests: expired
   * tokens, ID tokens, other pools. `header` adds to or replaces `kid` and `alg`.
   */
  sign(
    claims: object,
    options?: { poolId?: string; header?: Readonly<Record<string, unknown>> },
  ): string
  close(): Promise<void>
}

export type IssuerCounts = { tokens: number; jwks: number; discovery: number; api: number }

/** Starts the issuer. "No": the template has problems, the port is taken, the host is not loopback. */
export async function startIssuer(
  options: IssuerOptions,
): Promise<Result<DevIssuer, IssuerProblem>> {
  const read =
    typeof options.from === 'string'
      ? readTemplate(options.from, options.templateOptions)
      : ok(options.from)
  if (!read.ok) return no({ code: 'invalid_template', problems: read.problem })
  const model = read.value
  const clock = options.clock ?? systemClock
  const registry = await createRegistry(model, { clock, seed: options.seed })
  const tokenFault = createFault()
  const jwksFault = createFault()
  const counts: IssuerCounts = { tokens: 0, jwks: 0, discovery: 0, api: 0 }
  let url = ''

  const app = fastify({ schemaController: noSchemas, forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  addTokenEndpoint(app, registry, {
    misbehave: tokenFault.misbehave,
    count: () => void (counts.tokens += 1),
  })
  addAwsApi(app, registry, { startedAt: clock(), count: () => void (counts.api += 1) })
  addWellKnown(app, registry, { misbehave: jwksFault.misbehave, counts, url: () => url })

  const what = 'the development issuer'
  const host = options.host ?? '127.0.0.1'
  const listening = await listenOnLoopback(app, { what, host, port: options.port })
  if (!listening.ok) return listening
  url = listening.value
  for (const pool of registry.pools.values())
    pool.issuer =
      options.iss === 'aws' ? awsIssuer(pool.model, model.urlSuffix) : `${url}/${pool.model.id}`

  return ok({
    url,
    tokenEndpoint: `${url}/oauth2/token`,
    ...describe(registry, url),
    counts,
    faults: faultsOf(registry, tokenFault, jwksFault),
    claims(clientId) {
      const client = registry.clients.get(clientId)
      if (!client) throw new Error(`no client ${clientId}`)
      return registry.claims(client, client.model.scopes)
    },
    sign(claims, { poolId = model.pools[0]?.id ?? '', header } = {}) {
      const pool = registry.pools.get(poolId)
      if (!pool) throw new Error(`no user pool ${poolId}`)
      return pool.keys.sign(claims, header)
    },
    close: () => app.close(),
  })
}

function describe(
  registry: Registry,
  url: string,
): { pools: readonly DevPool[]; clients: readonly DevClient[] } {
  return {
    pools: [...registry.pools.values()].map(({ model, issuer }) => ({
      id: model.id,
      name: model.name,
      issuer,
      jwksUri: `${url}/${model.id}/.well-known/jwks.json`,
      region: model.region,
    })),
    clients: [...registry.clients.values()].flatMap(({ model, pool, secret }) =>
      secret
        ? [{ name: model.name, id: model.id, secret, scopes: model.scopes, poolId: pool.model.id }]
        : [],
    ),
  }
}

function faultsOf(
  registry: Registry,
  tokenFault: EndpointFaultSwitch,
  jwksFault: EndpointFaultSwitch,
): Faults {
  return {
    tokenEndpoint: (fault) => tokenFault.set(fault),
    jwks: (fault) => jwksFault.set(fault),
    async rotateKeys(options) {
      for (const { keys } of registry.pools.values()) await keys.rotate(options)
    },
    withdrawKeys() {
      for (const { keys } of registry.pools.values()) keys.withdraw()
    },
    revokeSecret: (clientId) => registry.revokeSecret(clientId),
  }
}
