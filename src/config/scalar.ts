/** One YAML scalar as a value that keeps its spelling (SPEC 2: ids keep their source spelling). Pure. */
import { parseDocument, type Scalar } from 'yaml'

export type ReadScalar = {
  /** A number only when its spelling says no more than its value: `0123` and 26 digits stay text. */
  readonly value: unknown
  readonly spelling: { readonly text: string; readonly number?: number }
}

/** `text` is the scalar without its quotes, `plain` that it had none. */
export function readScalar(node: Scalar.Parsed): ReadScalar & { plain: boolean; text: string } {
  const text = node.source
  const plain = node.type === 'PLAIN'
  return { ...spelled(node.value, text), plain, text }
}

/** What an environment variable holds, as if it stood unquoted in the file; `null` and the like stay text. */
export function retype(text: string): ReadScalar {
  const value: unknown = /^[-+.\w]+$/.test(text) ? parseDocument(text).toJS() : text
  return typeof value === 'number' || typeof value === 'boolean'
    ? spelled(value, text)
    : { value: text, spelling: { text } }
}

function spelled(value: unknown, text: string): ReadScalar {
  if (typeof value !== 'number') return { value, spelling: { text } }
  return {
    value: String(value) === text ? value : text,
    spelling: Number.isFinite(value) ? { text, number: value } : { text },
  }
}
