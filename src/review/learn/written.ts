/** What was learned, as YAML to review and as JSON. Pure. */
import { routeJson } from '../openapi/written.ts'
import { comment, routeLines, safe } from '../route-yaml.ts'
import type { Seen } from './evidence.ts'
import type { Learned } from './learn.ts'
import { type Observed, type Proposal, seenText } from './propose.ts'
import type { Unused } from './unused.ts'

/** What is told about lines that no route comes of; the first word is their number. */
function skippedTexts(
  { skipped, templates }: Learned,
  { rare, unlisted }: Proposal,
): readonly string[] {
  const texts: readonly (readonly [number, 'call' | 'line', string])[] = [
    [
      skipped.notThere,
      'call',
      'answered 401, 403, 404, 405 or 501: the API refused them, or has nothing there',
    ],
    [skipped.refused, 'call', 'refused already'],
    [
      skipped.unfit,
      'call',
      'of a path that is refused whatever the routes say, or a very deep one',
    ],
    [templates.overflow, 'call', 'left out: there are too many different paths'],
    [unlisted.calls, 'call', `of ${unlisted.paths} paths and methods: these are too many to read`],
    [rare.calls, 'call', `of ${rare.paths} paths and methods, rarer than --min-count`],
    [skipped.outbound, 'line', 'about outbound'],
    [skipped.events, 'line', 'about something else than a request'],
    [skipped.foreign, 'line', 'of somebody else'],
    [skipped.tooLong, 'line', 'too long'],
  ]
  return texts.flatMap(([count, what, text]) =>
    count === 0 ? [] : [`${counted(count, what)} ${text}`],
  )
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** What a person must hear who does not read the routes. */
export function toldTexts(learned: Learned, proposal: Proposal): readonly string[] {
  const { anonymous, undecided, closed } = proposal
  const calls = anonymous.reduce((sum, { evidence }) => sum + evidence.anonymous.count, 0)
  return [
    ...(calls === 0
      ? []
      : [
          `${counted(calls, 'call')} without a valid token: no route is proposed as public for them`,
        ]),
    ...(undecided.length === 0
      ? []
      : [
          `no route for ${undecided.length} of the paths and methods: their callers have nothing in common`,
        ]),
    ...(closed.isCrossing
      ? ['too many paths cross each other: the routes do not load as they are']
      : []),
    ...skippedTexts(learned, proposal),
  ]
}

/** The section `inbound:` with the routes that are proposed, each with its evidence. */
export function learnedYaml(
  learned: Learned,
  proposal: Proposal,
  unused: Unused | undefined,
): string {
  const { closed, anonymous, undecided } = proposal
  const { requests, first, last } = learned
  const lines = [
    comment(
      '',
      `Proposed from ${counted(requests, 'request')}, ${first} to ${last}. Nothing is applied: review each route.`,
    ),
    ...skippedTexts(learned, proposal).map((text) => comment('', `Not looked at: ${text}.`)),
    'inbound:',
    '  listen: 0.0.0.0:8080',
    '  upstream: http://127.0.0.1:3000',
    closed.routes.length === 0 ? '  routes: []' : '  routes:',
    ...closed.routes.flatMap((route) => routeLines(route, '    ')),
    ...listed(
      anonymous,
      'WITHOUT A VALID TOKEN: public, or refused? That is yours to say:',
      anonymousOf,
    ),
    ...listed(
      undecided,
      'NO ROUTE: callers have no scope in common and cannot be listed by client id:',
      knownOf,
    ),
    ...(unused === undefined ? [] : unusedLines(unused)),
  ]
  return `${lines.join('\n')}\n`
}

const anonymousOf = ({ evidence }: Observed): Seen => evidence.anonymous
const knownOf = ({ evidence }: Observed): Seen => evidence.known

function listed(
  list: readonly Observed[],
  title: string,
  seen: (one: Observed) => Seen,
): readonly string[] {
  if (list.length === 0) return []
  return [
    comment('    ', title),
    ...list.map((one) =>
      comment('    ', `  ${one.method} ${one.pattern.text}: ${seenText(seen(one))}`),
    ),
  ]
}

function unusedLines({ days, since, covered, routes, scopes, doubts }: Unused): readonly string[] {
  return [
    ...(covered === undefined ? [] : [`The log covers ${covered} days only, not ${days}.`]),
    ...doubts.map((doubt) => `Not to be relied on: ${doubt}.`),
    routes.length === 0
      ? `Every route of the configuration allowed a call since ${since}.`
      : `Routes of the configuration that allowed no call since ${since} (${days} days):`,
    ...routes.map(({ direction, id, line, lastUse }) => {
      const before = lastUse === undefined ? 'nowhere in the log' : `last at ${lastUse}`
      return `  ${direction} ${id} (line ${line}): ${before}`
    }),
    ...(scopes.length === 0 ? [] : [`Scopes that only such routes ask for: ${scopes.join(', ')}`]),
  ].map((text) => comment('', text))
}

/** The same for programs. */
export function learnedJson(
  learned: Learned,
  proposal: Proposal,
  unused: Unused | undefined,
): object {
  const { requests, first, last, skipped, templates } = learned
  const { closed, observed, anonymous, undecided, rare, unlisted } = proposal
  const place = ({ method, pattern }: Observed): object => ({ method, path: pattern.text })
  return {
    ...{ requests, first, last },
    skipped: {
      ...skipped,
      overflow: templates.overflow,
      rare: rare.calls,
      unlisted: unlisted.calls,
    },
    routes: closed.routes.map((route) => ({
      ...routeJson(route),
      evidence: evidenceJson(observed.find((one) => one.route === route)),
    })),
    anonymous: anonymous.map((one) => ({ ...place(one), ...seenJson(anonymousOf(one)) })),
    undecided: undecided.map((one) => ({ ...place(one), ...seenJson(knownOf(one)) })),
    ...(unused === undefined ? {} : { unused }),
  }
}

/** Null for a route that was added where paths cross. */
function evidenceJson(observed: Observed | undefined): object | null {
  if (observed === undefined) return null
  const { known, anonymous, clients, hasOthers, issuers, routes } = observed.evidence
  return {
    ...seenJson(known),
    withoutToken: anonymous.count,
    clients: Object.fromEntries([...clients].map(([client, count]) => [safe(client), count])),
    ...{ hasOthers, issuers: [...issuers].map(safe), routes: [...routes].map(safe) },
  }
}

const seenJson = ({ count, first, last, samples }: Seen): object => ({
  ...{ count, first, last, samples: samples.map(safe) },
})
