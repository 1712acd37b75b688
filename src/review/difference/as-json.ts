/** A difference for programs: plain data, stable. Pure. */
import type { Row } from '../../decision/difference/difference.ts'
import type { Report } from './compare.ts'

/** What `diff --format json` prints. */
export function asJson(report: Report): object {
  const { before, after, rows, settings, clients, assumptions, absent } = report
  const { isWidened, isNarrowed } = report
  return {
    ...{ before, after, isWidened, isNarrowed },
    rows: rows.map(rowOf),
    settings,
    clients: clients?.map(rowOf) ?? null,
    ...{ assumptions, absent },
  }
}

function rowOf({ region, methods, isWritten, change }: Row<object>): object {
  return {
    path: region.template.text,
    except: region.except.map(({ text }) => text),
    methods,
    otherSpellings: !isWritten,
    ...change,
  }
}
