/** Path template of an OpenAPI document -> pattern of a route, or why there is none and what comes near. Pure. */
import { parsePattern, type Pattern } from '../../decision/pattern.ts'
import { no, type Result } from '../../units.ts'

export type NoPattern = {
  readonly because: string
  /** A pattern that matches all that is meant, and more; undefined when none can be told. */
  readonly wider: string | undefined
}

/** `base` is the prefix of the server, such as `/v1`, or empty. Names of parameters are made to fit. */
export function patternOf(base: string, template: string): Result<Pattern, NoPattern> {
  if (!template.startsWith('/')) return no({ because: 'a path begins with /', wider: undefined })
  const query = template.search(/[?#]/)
  const path = base + (query < 0 ? template : template.slice(0, query))
  const names = new Set<string>()
  const segments = segmentsOf(path)
  const partial = segments.find((segment) => !whole.test(segment) && /[{}*]/.test(segment))
  const written = segments.map((segment, at) =>
    writtenAs(segment, names, at === segments.length - 1),
  )
  const parsed = parsePattern(`/${written.join('/')}`)
  const wider = parsed.ok ? parsed.value.text : undefined
  if (query >= 0) return no({ because: 'the query takes no part in matching a path', wider })
  if (partial !== undefined)
    return no({
      because: `${JSON.stringify(partial)} is a part of a segment or several: a parameter is a whole one`,
      wider,
    })
  return parsed.ok ? parsed : no({ because: parsed.problem, wider: undefined })
}

/** What stands between slashes; a slash within `{}` divides nothing. */
function segmentsOf(path: string): readonly string[] {
  const segments = ['']
  let depth = 0
  for (const character of path.slice(1))
    if (character === '/' && depth === 0) segments.push('')
    else {
      if (character === '{') depth += 1
      if (character === '}') depth = 0
      segments.push(`${segments.pop() as string}${character}`) // it is never empty
    }
  return segments
}

/** One parameter that is one segment; `{name+}` and `{name*}` of some gateways are several. */
const whole = /^\{[^{}/]*[^{}/+*]\}$/

function writtenAs(segment: string, names: Set<string>, isLast: boolean): string {
  if (isLast && /\{[^{}]*[+*]\}/.test(segment)) return '**'
  const parameters = [...segment.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
  if (/[{}*]/.test(segment)) return `{${nameFor(parameters.join('_'), names)}}`
  return decoded(segment)
}

/** A name as patterns have it, not yet taken on this path. */
function nameFor(name: string, names: Set<string>): string {
  const fit = name.replace(/[^\w-]+/g, '_').replace(/^(?![a-z_])/i, '_')
  let candidate = fit
  for (let count = 2; names.has(candidate); count += 1) candidate = `${fit}${count}`
  names.add(candidate)
  return candidate
}

/** Literals are written decoded; an escape that stands for what no request may hold is left as it is, and refused. */
function decoded(segment: string): string {
  try {
    const text = decodeURIComponent(segment)
    return /[/%?#{}]/.test(text) ? segment : text
  } catch {
    return segment
  }
}
