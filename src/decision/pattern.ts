/** One path pattern: parse, match, compare by specificity (SPEC 2.1). */

export type PatternSegment =
  | {
      readonly kind: 'literal'
      readonly text: string
      /** Unicode upper then lower */ readonly folded: string
    }
  | { readonly kind: 'name'; readonly name: string }

export type Pattern = {
  /** As written. */
  readonly text: string
  readonly segments: readonly PatternSegment[]
  /** Ends with `**`: zero or more segments more. */
  readonly open: boolean
}
