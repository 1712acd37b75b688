/** The leaves of the schema: text, lists, durations, sizes, with messages that say what would be right. */
import * as z from 'zod'
import { bytes, type Bytes, nonEmpty } from '../../units.ts'
import { durationText, longestDuration, parseDuration } from '../durations.ts'

// a configuration is read once: code that zod would write and compile for that takes longer than it saves
z.config({ jitless: true })

/** Messages start with `must`, so that a missing key can say `is missing; it must …`. */
export const text = (must = 'must be text') => z.string({ error: must }).min(1, { error: must })

export const flag = () => z.boolean({ error: 'must be true or false' })

export const word = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` })

export const count = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/**
 * A mapping with these keys and no others. For unknown keys its message holds the known ones,
 * from which `read` makes the suggestion.
 */
export const mapping = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? Object.keys(shape).join(' ')
        : `must be a mapping with keys out of ${Object.keys(shape).join(', ')}`,
  })

/** A mapping whose keys are names that the operator chooses. */
export const named = <Value extends z.core.SomeType>(value: Value) =>
  z.record(z.string(), value, { error: 'must be a mapping from names to values' })

/** One text, or a list of at least one. */
export const oneOrMore = (must: string) => {
  const several = `${must}, or a list of these that is not empty`
  const list = z.array(text(must), { error: several }).min(1, { error: several })
  return z
    .union([text(must), list], { error: several })
    .transform((value) => nonEmpty(typeof value === 'string' ? [value] : value))
}

/** One text, or a list that may be empty. */
export const anyNumberOf = (must: string) => {
  const several = `${must}, or a list of these`
  return z
    .union([text(must), z.array(text(must), { error: several })], { error: several })
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value))
}

/** `least` in milliseconds; 1 unless zero means something. */
export const duration = (least = 1) => {
  const error = 'must be a duration with its unit, such as 500ms, 30s, 5m or 24h'
  const range = `must be a duration from ${shortest(least)} to 596h`
  return z
    .string({ error })
    .regex(durationText, { error, abort: true })
    .refine((value) => parseDuration(value) >= least && parseDuration(value) <= longestDuration, {
      error: range,
    })
    .transform(parseDuration)
}

const shortest = (least: number) => (least % 1000 === 0 ? `${least / 1000}s` : `${least}ms`)

const multiples = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

/** `least` and `most` in bytes. */
export const size = (least: number, most: number) => {
  const error = 'must be a size: a number of bytes, or one with its unit such as 16KiB or 10MiB'
  const inRange = (value: number) => value >= least && value <= most
  return z
    .union([z.int({ error }), z.string({ error }).regex(/^\d{1,15}([KMGT]iB|B)?$/, { error })], {
      error,
    })
    .transform(parseSize)
    .refine(inRange, { error: `must be a size from ${least} to ${most} bytes` })
}

function parseSize(value: number | string): Bytes {
  if (typeof value === 'number') return bytes(value)
  const unit = value.replace(/^\d+/, '') || 'B'
  return bytes(parseInt(value) * multiples[unit as keyof typeof multiples])
}
