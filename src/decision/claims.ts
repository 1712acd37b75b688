/** Reading claims by name or JSON Pointer (RFC 6901) and comparing them exactly (SPEC 2, 2.1). */
import type { NonEmpty } from '../units.ts'

export type Claims = Readonly<Record<string, unknown>>

/** One condition on a claim; `claim` is a name, or a JSON Pointer when it starts with `/`. */
export type ClaimRule = {
  readonly claim: string
  /** One of these; a list claim matches by any element. */
  readonly values: NonEmpty<string | number | boolean>
}
