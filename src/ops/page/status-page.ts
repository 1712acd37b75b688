/** The status page for people: what the admin listener answers for it. Loaded when somebody asks for it. */
import type { Explanation, Status } from '../status.ts'
import { liveParts, pageText } from './document.ts'
import { explanation } from './explanation.ts'
import { textOf } from './markup.ts'
import { script } from './script.ts'
import { createStreams, type Streams } from './streams.ts'
import { icon, style } from './style.ts'

export type StatusPageDeps = {
  readonly status: () => Status
  /** Undefined when there is no inbound. */
  readonly explain: (request: string, scopes: string) => Explanation | undefined
}

export type StatusPage = {
  /** The document, with the answer to what `target` asks in its query. */
  page(target: string): string
  /** The answer alone; undefined when the query asks nothing, or nobody could answer. */
  answer(target: string): string | undefined
  readonly streams: Streams
}

/** Everything that its own policy lets it load, and nothing inline. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Path -> content type and text. */
export const assets = {
  '/assets/status.js': ['text/javascript; charset=utf-8', script],
  '/assets/status.css': ['text/css; charset=utf-8', style],
  '/assets/icon.svg': ['image/svg+xml', icon],
} as const

export function createStatusPage({ status, explain }: StatusPageDeps): StatusPage {
  const asked = (target: string) => {
    const query = new URLSearchParams(target.replace(/^[^?]*/, ''))
    const request = query.get('request') ?? ''
    const scopes = query.get('scopes') ?? ''
    return { request, scopes, explanation: request === '' ? undefined : explain(request, scopes) }
  }
  return {
    page: (target) => pageText(status(), asked(target)),
    answer(target) {
      const told = asked(target).explanation
      return told && textOf(explanation(told))
    },
    streams: createStreams({ version: status().version, render: () => liveParts(status()) }),
  }
}
