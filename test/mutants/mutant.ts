/** What a mutant is: the code with one cure taken out, and the tests that must notice. */

export type Mutant = {
  /** Words with hyphens; unique. Says what is missing. */
  readonly name: string
  /** Ids of `test/support/requirements.ts` that the cure belongs to. */
  readonly ids: readonly [string, ...string[]]
  /** From the root of the repository. */
  readonly file: string
  /** Exact text of the file, which must occur once. */
  readonly find: string
  readonly replace: string
  /** Test files from the root of the repository; each is run until one fails. */
  readonly tests: readonly [string, ...string[]]
  /** What it breaks is that something ends: the tests notice by waiting in vain. */
  readonly hangs?: true
}
