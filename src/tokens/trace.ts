/** What tokens/ tells of its requests to issuers, for whoever makes spans of them. */

export type IssuerRequestEnd = {
  /** Of the answer, when there was one. */
  readonly status: number | undefined
  /** Why there is nothing to use; fixed words or a code, nothing from the answer. */
  readonly error: string | undefined
}

/** Called as a request begins; the function that comes back is called once, as it ends. */
export type TraceIssuerRequest = (
  method: 'GET' | 'POST',
  url: string,
) => (end: IssuerRequestEnd) => void
