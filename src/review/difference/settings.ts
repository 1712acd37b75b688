/** Settings of the inbound proxy that differ, and what that does to who is let through. Pure. */
import type { InboundConfig, ListenAddress } from '../../config/config.ts'
import { foldHeader } from '../../config/header-names.ts'
import type { Route } from '../../decision/routes.ts'
import { createSpoofable } from '../../proxy/identity.ts'
import { awayIn, compareByName } from './by-name.ts'
import { compareIssuers } from './issuers.ts'
import type { IssuerPair } from './issuer-keys.ts'
import type { Revision } from './revision.ts'
import { accepts, differs, listed, opens, pemText, type Setting } from './setting.ts'

/** What differs besides paths, methods and needs, the loudest first. */
export function compareSettings(
  before: Revision,
  after: Revision,
  issuers: readonly IssuerPair[],
): readonly Setting[] {
  const away = awayIn(before, after)
  return [
    ...compareProxies(before.inbound, after.inbound).filter(
      ({ key }) => !away.hidden.includes(key),
    ),
    ...compareIssuers(issuers, away.isAway),
    ...compareByName(before, after, issuers),
  ].sort((one, other) => loudness(one) - loudness(other))
}

const loudness = ({ effect }: Setting): number =>
  ['widened', 'both', 'narrowed', 'changed'].indexOf(effect)

function compareProxies(
  before: InboundConfig | undefined,
  after: InboundConfig | undefined,
): readonly Setting[] {
  if (before !== undefined && after !== undefined)
    return [...compareDoors(before, after), ...compareForwarding(before, after)]
  if (before === after) return []
  const there = 'there'
  return before === undefined
    ? differs(
        {
          key: 'inbound',
          before: 'not there',
          after: there,
          note: 'it lets requests through now, see its routes',
        },
        'changed',
      )
    : differs(
        {
          key: 'inbound',
          before: there,
          after: 'not there',
          note: 'nothing guards the API any more, unless something else does: what is reached without it is not known here',
        },
        'widened',
      )
}

/** What lets through more requests than the routes say. */
function compareDoors(before: InboundConfig, after: InboundConfig): readonly Setting[] {
  const both = <Value>(of: (inbound: InboundConfig) => Value) => [of(before), of(after)] as const
  const paths = ['semicolons', 'emptySegments', 'encodedSlashes'] as const
  return [
    ...differs(
      {
        key: 'inbound.mode',
        before: before.mode,
        after: after.mode,
        note: 'in report mode every request is forwarded, whoever sends it',
      },
      after.mode === 'report' ? 'widened' : 'narrowed',
    ),
    ...(before.mode === 'report' || after.mode === 'report'
      ? []
      : accepts('routes in report mode', both(reported), 'nothing of them is blocked')),
    ...opens(
      'inbound.ignoreCase',
      both(({ ignoreCase }) => ignoreCase),
      'paths in any case are let through as the routes say',
    ),
    ...paths.flatMap((name) =>
      opens(
        `inbound.paths.${name}`,
        both((inbound) => inbound.paths[name]),
        'such paths are let through where every reading has the same route',
      ),
    ),
    ...ambiguous(before, after),
    ...opens(
      'inbound.allowPreflight',
      both(({ allowPreflight }) => allowPreflight),
      'CORS preflights (OPTIONS) need no token, on every path',
    ),
    ...opens(
      'inbound.allowRequestOverrides',
      both(({ allowRequestOverrides }) => allowRequestOverrides),
      'headers may make the upstream serve another request than the one decided on',
    ),
    ...certificates(before.listen, after.listen),
    ...accepts(
      'routes whose WebSockets outlive the token',
      both(outliving),
      'their sockets stay open after the token ends',
    ),
    ...accepts(
      'headers that callers can send',
      [[], missing(before, after)],
      'no longer removed: callers may say who they are',
    ),
    ...accepts(
      'headers that callers cannot send',
      [[], missing(after, before)],
      'removed from now on',
    ).map((setting): Setting => ({ ...setting, effect: 'narrowed' })),
  ]
}

/** What the upstream sees of a request, and where callers must put what. */
function compareForwarding(before: InboundConfig, after: InboundConfig): readonly Setting[] {
  const change = (key: string, of: (inbound: InboundConfig) => string, note: string) =>
    differs({ key, before: of(before), after: of(after), note }, 'changed')
  return [
    ...change('inbound.upstream', ({ upstream }) => upstream.origin, 'requests go there'),
    ...change('inbound.listen', ({ listen }) => listenText(listen), 'callers connect there'),
    ...change(
      'inbound.tokenHeader',
      ({ tokenHeader }) => tokenHeader,
      'the token is read from this header',
    ),
    ...change(
      'inbound.forwardToken',
      ({ forwardToken }) => String(forwardToken),
      'whether the upstream sees the token',
    ),
    ...change(
      'routes with forwardAuthorization',
      (inbound) => listed(forwarding(inbound)),
      'the API reads Authorization itself there',
    ),
    ...change('inbound.identityHeaders', identityText, 'what the upstream is told of the caller'),
    ...change(
      'inbound.certificateHeader',
      ({ certificateHeader }) => certificateHeader ?? 'none',
      'what the upstream is told of the certificate of the caller',
    ),
    ...change(
      'inbound.trustedProxies',
      ({ trustedProxies }) => listed(trustedProxies),
      'whose X-Forwarded headers are kept',
    ),
  ]
}

/** Which paths with two readings pass depends on all routes at once: it is not worked out. */
function ambiguous(before: InboundConfig, after: InboundConfig): readonly Setting[] {
  const isRelaxed = (inbound: InboundConfig) => Object.values(inbound.paths).some(Boolean)
  if (!isRelaxed(before) || !isRelaxed(after)) return []
  const paths = (inbound: InboundConfig) =>
    [
      ...new Set(
        inbound.routes.map(({ pattern }) =>
          pattern.segments
            .map((part) => (part.kind === 'name' ? '{}' : part.folded))
            .concat(pattern.open ? ['**'] : [])
            .join('/'),
        ),
      ),
    ]
      .sort()
      .join(' ')
  if (paths(before) === paths(after)) return []
  return [
    {
      key: 'inbound.paths',
      effect: 'both',
      before: 'relaxed',
      after: 'relaxed',
      note: 'the paths of routes differ: which requests that can be read in two ways are let through was not worked out',
    },
  ]
}

function certificates(before: ListenAddress, after: ListenAddress): readonly Setting[] {
  const authorities = (listen: ListenAddress) =>
    listen.kind === 'tcp' ? listen.tls?.clientCa : undefined
  const [old, now] = [authorities(before), authorities(after)]
  return differs(
    {
      key: 'inbound.listen.tls.clientCa',
      before: pemText(old),
      after: pemText(now),
      note: 'only callers with a certificate of these authorities connect',
    },
    now === undefined ? 'widened' : old === undefined ? 'narrowed' : 'both',
  )
}

const idsOf = (inbound: InboundConfig, is: (route: Route) => boolean): readonly string[] =>
  inbound.routes.filter(is).map(({ id }) => id)

const reported = (inbound: InboundConfig) => idsOf(inbound, ({ mode }) => mode === 'report')
const outliving = (inbound: InboundConfig) =>
  idsOf(inbound, ({ websocket }) => websocket.outliveToken)
const forwarding = (inbound: InboundConfig) =>
  idsOf(inbound, ({ access }) => access.kind === 'public' && access.forwardAuthorization)
/** Names are judged as the proxy does; all that begin with `x-user` are removed only by what removes all with `x-` or so. */
function missing(before: InboundConfig, after: InboundConfig): readonly string[] {
  const isRemoved = createSpoofable(after.identityHeaders, after.removeHeaders)
  const stems = after.removeHeaders.filter(isOpen).map(stemOf)
  return removedBy(before).filter((name) =>
    isOpen(name) ? !stems.some((stem) => stemOf(name).startsWith(stem)) : !isRemoved(name),
  )
}

const isOpen = (name: string): boolean => name.endsWith('*')
const stemOf = (name: string): string => foldHeader(name.slice(0, -1))
const removedBy = ({ removeHeaders, identityHeaders }: InboundConfig): readonly string[] => [
  ...removeHeaders,
  ...identityHeaders.map(({ header }) => header),
]
const identityText = ({ identityHeaders }: InboundConfig) =>
  listed(identityHeaders.map(({ header, claim }) => `${header}: ${claim}`))
const listenText = (listen: ListenAddress) =>
  listen.kind === 'socket'
    ? listen.path
    : `${listen.host}:${listen.port}${listen.tls ? ' with TLS' : ''}`
