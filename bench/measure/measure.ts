import type { Kind } from '../kinds.ts'
import type { Context } from './context.ts'
import { measureLoad } from './load-kind.ts'
import type { Row } from './measures.ts'
import { measureSlow } from './slow-kind.ts'
import { measureStart } from './start-kind.ts'

/** One row for each system of the kind. Throws when a request was not answered as it must be. */
export function measureKind(kind: Kind, context: Context): Promise<readonly Row[]> {
  switch (kind.kind) {
    case 'load':
      return measureLoad(kind, context)
    case 'slow':
      return measureSlow(kind, context)
    case 'start':
      return measureStart(kind, context)
  }
}
