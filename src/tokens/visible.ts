/** Text from outside, made fit for a log line. */

/**
 * The first 64 visible characters of `text`: letters, digits, punctuation, symbols and the space. Pure.
 * Controls, direction marks and lone surrogates are left out, so that a line reads as what it is (SPEC 5).
 */
export function visible(text: string): string {
  const start = text.slice(0, 256).replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '')
  return Array.from(start).slice(0, 64).join('')
}
