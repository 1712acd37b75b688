/** What tokens/ reports to whoever listens: log and metrics are made of these. Never holds a token or a secret. */
import type { EpochSeconds } from '../units.ts'

export type TokenEvent =
  | { readonly kind: 'keys_fetched'; readonly issuer: string; readonly keyIds: readonly string[] }
  | { readonly kind: 'keys_failed'; readonly issuer: string; readonly because: string }
  | { readonly kind: 'key_skipped'; readonly issuer: string; readonly because: string }
  | { readonly kind: 'verified_token_cache'; readonly result: 'hit' | 'miss' }
  | { readonly kind: 'token_obtained'; readonly client: string; readonly expiresAt: EpochSeconds }
  | {
      readonly kind: 'token_failed'
      readonly client: string
      /** The endpoint's `error` (RFC 6749 §5.2) when it is a known one, else our word. */
      readonly code: string
      readonly because: string
      /** True once per run of failures: worth a log line with its hint. */
      readonly first: boolean
    }
  | {
      readonly kind: 'scopes_not_granted'
      readonly client: string
      readonly missing: readonly string[]
    }

export type ReportTokenEvent = (event: TokenEvent) => void
