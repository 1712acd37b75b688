/** Small plots as SVG, for people who would rather look than read; a text says the same to those who do not. Pure. */
import { markup, type Markup } from './markup.ts'

/** One value for each place from left to right; undefined = nothing to show there. */
export type Series = {
  readonly kind: 'bars' | 'steps'
  /** Class of its colour. */
  readonly look: 'calm' | 'alarm' | 'soft'
  readonly values: readonly (number | undefined)[]
}

export type PlotParts = {
  readonly title: string
  /** What the plot shows, in words. */
  readonly summary: string
  readonly series: readonly Series[]
  /** The top of the plot. */
  readonly top: number
  /** The top in words. */
  readonly topText: string
  readonly leftText: string
}

const height = 56
const stepWidth = 4

/** All series share one scale; `top` must be above zero. */
export function plot(parts: PlotParts): Markup {
  const { title, summary, series, top, topText, leftText } = parts
  const places = Math.max(...series.map(({ values }) => values.length))
  const shapes = series.map(({ kind, look, values }) => {
    const d = kind === 'bars' ? bars(values, top) : steps(values, top)
    return markup`<path class="${kind} ${look}" d="${d}"/>`
  })
  return markup`<figure class="plot"><figcaption>${title}</figcaption><p class="reading">${summary}</p><svg viewBox="0 0 ${places * stepWidth} ${height}" preserveAspectRatio="none" role="img" aria-label="${`${title}: ${summary}`}"><path class="floor" d="M0 ${height}H${places * stepWidth}"/>${shapes}</svg><p class="axis" aria-hidden="true"><span>${leftText}</span><span>${topText}</span><span>now</span></p></figure>`
}

/** Least height of what is not zero. */
const visible = 1.5

function heightOf(value: number, top: number): number {
  const scaled = Math.min(1, value / top) * height
  return rounded(Math.max(scaled, visible))
}

const rounded = (value: number): number => Math.round(value * 10) / 10

function bars(values: Series['values'], top: number): string {
  return values
    .map((value, at) => {
      if (value === undefined || value <= 0) return ''
      const tall = heightOf(value, top)
      return `M${at * stepWidth + 0.5} ${height}v-${tall}h${stepWidth - 1}v${tall}z`
    })
    .join('')
}

/** A level line for each place, joined to its neighbour: one place alone is seen too. */
function steps(values: Series['values'], top: number): string {
  return values
    .map((value, at) => {
      if (value === undefined) return ''
      const y = rounded(height - heightOf(value, top))
      const begin = values[at - 1] === undefined ? `M${at * stepWidth} ${y}` : `V${y}`
      return `${begin}h${stepWidth}`
    })
    .join('')
}
