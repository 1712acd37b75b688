/** All mutants, by the part of the code that the cure stands in. */
import { accessMutants } from './access.ts'
import { decisionMutants } from './decision.ts'
import { explainedMutants } from './explained.ts'
import { differenceMutants } from './difference.ts'
import { fetchedMutants } from './fetched.ts'
import { headerMutants } from './headers.ts'
import { lifeMutants } from './life.ts'
import type { Mutant } from './mutant.ts'
import { operatedMutants } from './operated.ts'
import { proposedMutants } from './proposed.ts'
import { tokenMutants } from './tokens.ts'
import { upstreamMutants } from './upstream.ts'
import { verdictMutants } from './verdicts.ts'
import { wireMutants } from './wire.ts'

export const mutants: readonly Mutant[] = [
  ...decisionMutants,
  ...tokenMutants,
  ...verdictMutants,
  ...fetchedMutants,
  ...headerMutants,
  ...wireMutants,
  ...upstreamMutants,
  ...lifeMutants,
  ...operatedMutants,
  ...explainedMutants,
  ...accessMutants,
  ...differenceMutants,
  ...proposedMutants,
]
