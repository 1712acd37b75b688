import type { Mutant } from './mutant.ts'

/** The text with the cure taken out; undefined when `find` does not occur exactly once. Pure. */
export function mutate(text: string, { find, replace }: Mutant): string | undefined {
  const [before, after, ...more] = text.split(find)
  if (before === undefined || after === undefined || more.length > 0) return undefined
  return `${before}${replace}${after}`
}
