/** A difference for programs: plain data, stable. Pure. */
import type { AccessChange, Row } from '../decision/difference/difference.ts'
import type { Report } from './compare.ts'

/** What `diff --format json` prints. */
export function asJson(report: Report): object {
  const { before, after, rows, settings, absent, isWidened, isNarrowed } = report
  return { before, after, isWidened, isNarrowed, rows: rows.map(rowOf), settings, absent }
}

function rowOf({ region, methods, isWritten, change }: Row<AccessChange>): object {
  return {
    path: region.template.text,
    except: region.except.map(({ text }) => text),
    methods,
    otherSpellings: !isWritten,
    direction: change.direction,
    who: change.who,
  }
}
