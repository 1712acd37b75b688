/** What of a reloaded configuration a running process can take: everything but its listeners (SPEC 2). */
import type { Config, ListenAddress } from '../config/config.ts'

/**
 * The configuration that takes effect. Listeners stay where `bound` has put them. A section that is gone goes
 * on serving as in `before` until the restart, its requests would wait for ever otherwise; one that is new
 * begins then. Issuers and clients are those of `next`: a token of an issuer that is gone is refused. Pure.
 */
export function takeEffect(bound: Config, before: Config, next: Config): Config {
  const inbound = next.inbound ?? before.inbound
  const outbound = next.outbound ?? before.outbound
  return {
    ...next,
    inbound: bound.inbound && inbound && { ...inbound, listen: bound.inbound.listen },
    outbound: bound.outbound && outbound && { ...outbound, listen: bound.outbound.listen },
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

type Section = { readonly listen: ListenAddress } | undefined

function sectionNeeds(name: string, bound: Section, next: Section): readonly string[] {
  if (bound === undefined)
    return next === undefined ? [] : [`${name} is new: it is served after a restart`]
  if (next === undefined) return [`${name} is gone: it is served as before until a restart`]
  return JSON.stringify(bound.listen) === JSON.stringify(next.listen)
    ? []
    : [`${name}.listen changed: this takes effect after a restart`]
}
