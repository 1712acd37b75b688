/** `${NAME}` and `${NAME:-default}` in a value, once, after parsing (SPEC 2). Pure. */
import { no, ok, type Result } from '../units.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The text with its variables filled in, or one message for each variable that is missing or misspelled.
 * `standIn` may have a text for one that is missing and has no default.
 */
export function interpolate(
  text: string,
  environment: Environment,
  standIn?: (name: string) => string | undefined,
): Result<string, readonly string[]> {
  const wrong: string[] = []
  const filled = text.replace(reference, (whole, inner: string | undefined) => {
    if (whole === '$${') return '${'
    const match = whole.endsWith('}') ? variable.exec(String(inner)) : null
    if (match === null) {
      wrong.push(
        'a variable is written ${NAME} or ${NAME:-default}; write $${ for the characters ${',
      )
      return ''
    }
    const [, name = '', standard] = match
    // empty counts as missing
    const set = environment[name] === '' ? undefined : environment[name]
    const value = set ?? standard ?? standIn?.(name)
    if (value === undefined)
      wrong.push(
        `the environment variable ${name} is missing or empty; set it, or write \${${name}:-default}`,
      )
    return value ?? ''
  })
  return wrong.length === 0 ? ok(filled) : no(wrong)
}

/** Whether the text is one variable and nothing else: then it is typed again, unless it was quoted. */
export const isOneVariable = (text: string): boolean => /^\$\{[^}]*\}$/.test(text)

/** Whether a variable could be meant: in a key, a path pattern or a host that is an error. */
export const holdsVariable = (text: string): boolean => text.includes('${')

/** One that does not end goes on to the end of the text: looking for its end from each `${` would be n². */
const reference = /\$\$\{|\$\{([^}]*)\}?/g
const variable = /^([A-Za-z_]\w*)(?::-([^]*))?$/
