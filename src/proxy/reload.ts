/** What of a reloaded configuration a running process can take: everything but its listeners (SPEC 2). */
import type { Config, ListenAddress } from '../config/config.ts'

/**
 * The configuration that takes effect. Listeners stay where `bound` has put them, with newer TLS files. A section that is gone goes
 * on serving as in `before` until the restart, its requests would wait for ever otherwise; one that is new
 * begins then. Issuers and clients are those of `next`: a token of an issuer that is gone is refused. Pure.
 */
export function takeEffect(bound: Config, before: Config, next: Config): Config {
  const inbound = next.inbound ?? before.inbound
  const outbound = next.outbound ?? before.outbound
  // what was bound is in every configuration since
  return {
    ...next,
    inbound: bound.inbound &&
      inbound && { ...inbound, listen: stay(before.inbound as Bound, inbound) },
    outbound: bound.outbound &&
      outbound && { ...outbound, listen: stay(before.outbound as Bound, outbound) },
    admin: { ...next.admin, listen: bound.admin.listen },
  }
}

/** What `next` says that only a restart can do, as sentences. Pure. */
export function restartNeeded(bound: Config, next: Config): readonly string[] {
  return [
    ...sectionNeeds('inbound', bound.inbound, next.inbound),
    ...sectionNeeds('outbound', bound.outbound, next.outbound),
    ...sectionNeeds('admin', bound.admin, next.admin),
  ]
}

type Bound = { readonly listen: ListenAddress }

/**
 * Where it listens now, with the files of `next` where it can take them, else with those in use: never with those
 * that it began with. Whether there is TLS, and whether callers are asked for certificates, is settled when a listener
 * is made.
 */
function stay({ listen }: Bound, next: Bound): ListenAddress {
  if (listen.kind !== 'tcp' || next.listen.kind !== 'tcp') return listen
  const [old, tls] = [listen.tls, next.listen.tls]
  if (old === undefined || tls === undefined) return listen
  return (old.clientCa === undefined) === (tls.clientCa === undefined) ? { ...listen, tls } : listen
}

/** What a listener is made of, as text. */
function formOf(listen: ListenAddress): string {
  if (listen.kind !== 'tcp') return JSON.stringify(listen)
  const { host, port, tls } = listen
  return JSON.stringify({ host, port, tls: tls && { asks: tls.clientCa !== undefined } })
}

type Section = Bound | undefined

function sectionNeeds(name: string, bound: Section, next: Section): readonly string[] {
  if (bound === undefined)
    return next === undefined ? [] : [`${name} is new: it is served after a restart`]
  if (next === undefined) return [`${name} is gone: it is served as before until a restart`]
  return formOf(bound.listen) === formOf(next.listen)
    ? []
    : [`${name}.listen changed: this takes effect after a restart`]
}
