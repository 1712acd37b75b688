/** Proposed routes as YAML of a configuration: one line each, what is to be known of it as comments. Pure. */
import type { Access } from '../decision/routes.ts'
import type { ScopeNeed } from '../decision/scopes.ts'
import type { ProposedRoute } from './proposed.ts'

/** Lines of `routes:`, each indented by `indent`. */
export function routeLines(route: ProposedRoute, indent: string): readonly string[] {
  return [
    ...route.notes.map((note) => comment(indent, note)),
    `${indent}- ${routeText(route)} # ${safe(route.source)}`,
  ]
}

/** `{ path: /a, methods: [GET], scopes: app-api/export }`. */
export function routeText(
  route: Pick<ProposedRoute, 'pattern' | 'method' | 'access' | 'clientIds'>,
): string {
  const { pattern, method, access, clientIds } = route
  const clients = clientIds === undefined ? '' : `, clientIds: [${clientIds.map(word).join(', ')}]`
  const path = /^[\w./~*-]*$/.test(pattern.text) ? pattern.text : quoted(pattern.text)
  return `{ path: ${path}, methods: [${method}], ${accessText(access)}${clients} }`
}

/** A line of comment. */
export const comment = (indent: string, text: string): string => `${indent}# ${safe(text)}`

function accessText(access: Access): string {
  switch (access.kind) {
    case 'public':
      return 'public: true'
    case 'authenticated':
      return 'authenticated: true'
    case 'scopes':
      return `scopes: ${needText(access.need)}`
  }
}

function needText(need: ScopeNeed): string {
  if (need.kind === 'one') return word(need.scope)
  return `{ ${need.kind}: [${need.needs.map(needText).join(', ')}] }`
}

/** A value that no reader of YAML takes for anything but text; `${` would be filled in from the environment. */
function word(text: string): string {
  const isPlain =
    /^[a-z][\w./-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
  return isPlain ? text : quoted(text.replaceAll('${', () => '$${'))
}

/** JSON is YAML, but for characters that YAML does not print. */
const quoted = (text: string): string => JSON.stringify(text).replace(unprintable, escaped)

const mostShown = 300

/** What others wrote, on one line of visible characters. */
export function safe(text: string): string {
  const shown = text.replace(unprintable, escaped)
  return shown.length > mostShown ? `${shown.slice(0, mostShown)}…` : shown
}

const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu
const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('')
