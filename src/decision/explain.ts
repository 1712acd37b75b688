/** Why a decision is as it is, also for a token of which not everything is known. Pure; `decide` itself decides. */
import { type NonEmpty, ok, seconds } from '../units.ts'
import { type Claims, holds } from './claims.ts'
import { decide, type Decision, type VerifiedToken } from './decide.ts'
import type { Condition, Route } from './routes.ts'
import { meets, type ScopeName, type ScopeNeed } from './scopes.ts'
import type { Found } from './table.ts'

/** What is known of a valid token; a part that is undefined is not known. */
export type TokenSketch = {
  /** The issuer's name in the configuration. */
  readonly issuerName: string | undefined
  readonly scopes: ReadonlySet<string> | undefined
  /** `id` undefined: the token is known to name no client. */
  readonly client: { readonly id: string | undefined } | undefined
  /** All of them, but for those in `openClaims`. */
  readonly claims: Claims | undefined
  /** Names of claims whose value is not known. */
  readonly openClaims: readonly string[]
}

/** A valid token of which nothing is known. */
export const unknownToken: TokenSketch = {
  ...{ issuerName: undefined, scopes: undefined, client: undefined, claims: undefined },
  openClaims: [],
}

export type State = 'met' | 'missing' | 'unknown'

/** The scope tree of a route, each part with its state. */
export type JudgedNeed =
  | { readonly kind: 'one'; readonly state: State; readonly scope: ScopeName }
  | {
      readonly kind: 'anyOf' | 'allOf'
      readonly state: State
      readonly needs: NonEmpty<JudgedNeed>
    }

export type JudgedCondition =
  | (Condition & { readonly state: State })
  | { readonly kind: 'scopes'; readonly state: State; readonly need: JudgedNeed }

/** One way in which the request may end. */
export type PossibleDecision = {
  readonly decision: Decision
  /** Of unknown state: the decision is this when it does not hold. Undefined: when all of them hold. */
  readonly unless: JudgedCondition | undefined
}

export type ExplainedDecision = {
  /** Of the owner, in the order in which they are judged; none where no token is judged. */
  readonly conditions: readonly JudgedCondition[]
  /** In the order in which they are judged. One when nothing that matters is unknown; the last is the best. */
  readonly possible: NonEmpty<PossibleDecision>
}

/** The whole of a verified token. Pure. */
export function sketchOf({ issuerName, scopes, clientId, claims }: VerifiedToken): TokenSketch {
  return { issuerName, scopes, client: { id: clientId }, claims, openClaims: [] }
}

/**
 * What `decide` says of a valid token that has at least what `sketch` knows: in each way that the unknown parts
 * may turn out. `issuers` are the names of all that may have signed it. Pure.
 */
export function explainDecision(
  found: Found,
  sketch: TokenSketch,
  issuers: readonly string[],
): ExplainedDecision {
  const token = ok(tokenOf(sketch))
  if (found.kind !== 'route' || found.route.access.kind === 'public')
    return { conditions: [], possible: [{ decision: decide(found, token), unless: undefined }] }
  const { route } = found
  const conditions = judgeConditions(route, sketch, issuers)
  const open = conditions.filter(({ state }) => state === 'unknown')
  const settled = settle(route, conditions)
  const inWorld = (unless: JudgedCondition | undefined): PossibleDecision => {
    const decision = decide({ kind: 'route', route: settled(unless) }, token)
    return { decision: { ...decision, route }, unless }
  }
  const best = inWorld(undefined)
  const worse = open.map(inWorld).filter(({ decision }) => !isSame(decision, best.decision))
  const [first, ...others] = worse
  return { conditions, possible: first === undefined ? [best] : [first, ...others, best] }
}

/** Every condition of a route in the order of SPEC 3: issuer, scopes, clients, claims. Pure. */
export function judgeConditions(
  { access, conditions }: Route,
  sketch: TokenSketch,
  issuers: readonly string[],
): readonly JudgedCondition[] {
  const judged = conditions.map((one) => ({ ...one, state: stateOf(one, sketch, issuers) }))
  const isIssuer = ({ kind }: Condition): boolean => kind === 'issuer'
  const scopes = access.kind === 'scopes' ? [judgeScopes(access.need, sketch.scopes)] : []
  return [...judged.filter(isIssuer), ...scopes, ...judged.filter((one) => !isIssuer(one))]
}

function judgeScopes(
  need: ScopeNeed,
  granted: TokenSketch['scopes'],
): Extract<JudgedCondition, { kind: 'scopes' }> {
  const judged = judgeNeed(need, granted)
  return { kind: 'scopes', state: judged.state, need: judged }
}

function judgeNeed(need: ScopeNeed, granted: TokenSketch['scopes']): JudgedNeed {
  const state = granted === undefined ? 'unknown' : stateIf(meets(need, granted))
  if (need.kind === 'one') return { ...need, state }
  const [first, ...others] = need.needs
  const needs = [
    judgeNeed(first, granted),
    ...others.map((one) => judgeNeed(one, granted)),
  ] as const
  return { kind: need.kind, state, needs }
}

function stateOf(condition: Condition, sketch: TokenSketch, issuers: readonly string[]): State {
  const { issuerName, client, claims } = sketch
  switch (condition.kind) {
    case 'issuer':
      if (issuerName !== undefined) return stateIf(condition.names.includes(issuerName))
      return issuers.every((name) => condition.names.includes(name)) ? 'met' : 'unknown'
    case 'client':
      if (client === undefined) return 'unknown'
      return stateIf(client.id !== undefined && condition.ids.includes(client.id))
    case 'claim':
      return claims === undefined || sketch.openClaims.includes(condition.rule.claim)
        ? 'unknown'
        : stateIf(holds(condition.rule, claims))
  }
}

const stateIf = (holds: boolean): State => (holds ? 'met' : 'missing')

/**
 * The route as it is judged where of its unknown conditions only `unless` does not hold. What is unknown is absent
 * from the token, so that a condition that is kept fails; one that holds is taken out.
 */
function settle(
  route: Route,
  judged: readonly JudgedCondition[],
): (unless: JudgedCondition | undefined) => Route {
  return (unless) => {
    const kept = judged.filter((one) => one.state === 'missing' || one === unless)
    const { access } = route
    return {
      ...route,
      access: kept.some(({ kind }) => kind === 'scopes') ? access : { kind: 'authenticated' },
      conditions: kept.filter((one) => one.kind !== 'scopes'),
    }
  }
}

function tokenOf({ issuerName = '', scopes, client, claims = {} }: TokenSketch): VerifiedToken {
  const known = { issuer: '', issuerName, clientId: client?.id, claims }
  return { ...known, scopes: scopes ?? new Set(), expiresAt: seconds(Infinity) }
}

function isSame(one: Decision, other: Decision): boolean {
  if (one.kind === 'allow' || other.kind === 'allow') return one.kind === other.kind
  return one.denial.code === other.denial.code
}
