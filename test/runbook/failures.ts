/** Every failure of docs/runbook.md, by the heading of its entry. */
import type { Failures } from './happened.ts'
import { keyFailures } from './keys.ts'
import { outboundFailures } from './outbound.ts'
import { processFailures } from './process.ts'
import { requestFailures } from './requests.ts'
import { tokenFailures } from './tokens.ts'
import { upstreamFailures } from './upstream.ts'

export const failures: Failures = {
  ...tokenFailures,
  ...requestFailures,
  ...keyFailures,
  ...outboundFailures,
  ...upstreamFailures,
  ...processFailures,
}
