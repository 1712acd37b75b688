/** HTML that escapes whatever is put into it: the only way from a value to the status page. */

const escaped: unique symbol = Symbol('escaped')

/** Text that is HTML already. The symbol is not exported: nobody else can make one. */
export type Markup = { readonly [escaped]: string }

export type Value = Markup | string | number | undefined | readonly Markup[]

/**
 * A tag for templates. Values are fit for text and for attributes in double quotes, and nowhere else: no value
 * belongs into a tag's name, an attribute without quotes, a script, a style or a link. Pure.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return {
    [escaped]: parts.reduce((text, part, at) => text + textOf(values[at - 1]) + part),
  }
}

/** The HTML text of a value. Pure. */
export function textOf(value: Value): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string')
    return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
  return escaped in value ? value[escaped] : value.map(textOf).join('')
}
