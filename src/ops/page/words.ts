/** Numbers and times for people. Pure. */
import type { IsoTime } from '../status.ts'

const units = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
] as const

/** `3 s`, `5 min`, `2 h`, `12 d`: the largest unit of which there are two, else seconds. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const [size, unit] = units.find(([size]) => whole >= size * 2) ?? [1, 's']
  return `${Math.floor(whole / size)} ${unit}`
}

/** `5 min ago`, `in 2 h`, or a dash. */
export function relative(time: IsoTime | undefined, now: IsoTime): string {
  if (time === undefined) return '–'
  const seconds = (Date.parse(time) - Date.parse(now)) / 1000
  return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`
}

/** Time of day in UTC as the log has it, with the date when that is another one. */
export function clockTime(time: IsoTime, now: IsoTime): string {
  const [date = '', clock = ''] = time.slice(0, 19).split('T')
  return now.startsWith(date) ? clock : `${date} ${clock}`
}

/** `1,234` */
export const grouped = (value: number): string => value.toLocaleString('en-US')

/** `0.4 ms`, `12 ms`, `1.5 s`, or a dash. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`
}

/** `$1.83`; what is less than a cent says so. */
export function dollars(value: number | undefined): string {
  if (value === undefined) return '–'
  if (value > 0 && value < 0.01) return '< $0.01'
  return `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
}

/** `1 route`, `2 routes`. */
export const counted = (count: number, noun: string): string =>
  `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
