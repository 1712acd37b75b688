/** What was imported, as YAML to review and as JSON. Pure. */
import type { ScopeNeed } from '../../decision/scopes.ts'
import type { ProposedRoute } from '../proposed.ts'
import { comment, routeLines, routeText, safe } from '../route-yaml.ts'
import type { Imported, LeftOut } from './import.ts'
import { patternOf } from './path-template.ts'

/** The section `inbound:` with the routes; `file` is the document's name. */
export function importedYaml(file: string, imported: Imported): string {
  const { routes, leftOut, operations, title } = imported
  const named = title === '' ? '' : ` (${title})`
  const open = routes.filter(({ access }) => access.kind === 'public').length
  const lines = [
    comment('', `From ${file}${named}: ${operations} operations, ${routes.length} routes.`),
    comment(
      '',
      `${open} of them public, ${leftOut.length} operations left out. Review them, then set listen and upstream.`,
    ),
    ...(routes.every(({ notes, access }) => access.kind === 'authenticated' && notes.length === 0)
      ? [comment('', 'No operation asks for scopes: each route takes any valid token.')]
      : []),
    'inbound:',
    '  listen: 0.0.0.0:8080',
    '  upstream: http://127.0.0.1:3000',
    routes.length === 0 ? '  routes: []' : '  routes:',
    ...routes.flatMap((route) => routeLines(route, '    ')),
    ...leftOut.flatMap(leftOutLines),
  ]
  return `${lines.join('\n')}\n`
}

function leftOutLines({ operation, line, because, wider }: LeftOut): readonly string[] {
  const { method, template, name, demand } = operation
  const lines = [
    comment('    ', `LEFT OUT: ${method} ${template} (${name}, line ${line}): ${because}`),
  ]
  const near = wider === undefined ? undefined : patternOf('', wider)
  if (near?.ok !== true || demand.access === undefined) return lines
  const route = routeText({
    pattern: near.value,
    method,
    access: demand.access,
    clientIds: undefined,
  })
  return [...lines, comment('    ', `  this takes more than that: - ${route}`)]
}

/** The same for programs. */
export function importedJson(file: string, imported: Imported): object {
  const { title, operations, routes, leftOut, findings } = imported
  return {
    ...{ file, title, operations },
    routes: routes.map(routeJson),
    leftOut: leftOut.map(({ operation: { method, template, name }, line, because, wider }) => ({
      ...{ method, path: template, name, line, because },
      ...(wider === undefined ? {} : { wider }),
    })),
    findings,
  }
}

/** A route as a configuration has it, and what is to be known of it. */
export function routeJson({
  pattern,
  method,
  access,
  clientIds,
  notes,
  source,
}: ProposedRoute): object {
  return {
    ...{ path: pattern.text, methods: [method] },
    ...(access.kind === 'scopes' ? { scopes: needJson(access.need) } : { [access.kind]: true }),
    ...(clientIds === undefined ? {} : { clientIds }),
    ...{ notes: notes.map(safe), source: safe(source) },
  }
}

function needJson(need: ScopeNeed): unknown {
  return need.kind === 'one' ? need.scope : { [need.kind]: need.needs.map(needJson) }
}
