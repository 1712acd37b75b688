/** The form that explains a request, and its answer. Pure. */
import type { Explanation, Verdict } from '../status.ts'
import { markup, type Markup } from './markup.ts'

export type Question = { readonly request: string; readonly scopes: string }

/** A GET with a query: it works without the script too. */
export function explainForm({ request, scopes }: Question, answer: Markup | undefined): Markup {
  return markup`<form id="explain" action="/" method="get"><p><label for="request">Request</label><input id="request" name="request" value="${request}" placeholder="GET /export/1" required maxlength="2000" autocomplete="off" autocapitalize="off" spellcheck="false"></p><p><label for="scopes">Scopes of the token</label><input id="scopes" name="scopes" value="${scopes}" placeholder="none" maxlength="2000" autocomplete="off" autocapitalize="off" spellcheck="false"></p><p><button type="submit">Explain</button></p></form><div id="answer" role="status">${answer}</div>`
}

export function explanation(told: Explanation): Markup {
  if (told.kind === 'unreadable') return markup`<p class="verdict warn">${told.because}</p>`
  const { method, target, verdict, route, needs, provided, withoutToken } = told
  return markup`<div class="verdict ${verdict.kind}"><p>${word(verdict)} <code>${method} ${target}</code></p><ul>${
    verdict.kind === 'deny'
      ? markup`<li><b>${verdict.status} ${verdict.code}</b> ${verdict.detail}</li>`
      : undefined
  }${
    route === undefined
      ? markup`<li>No route owns this path.</li>`
      : markup`<li>Route <code>${route.id}</code>, line ${route.line}: needs ${needs}.</li>`
  }${provided.map((one) => markup`<li>Provided that ${one}.</li>`)}${
    withoutToken === undefined
      ? undefined
      : markup`<li>Without a token: ${withoutToken.kind === 'deny' ? `${withoutToken.status} ${withoutToken.code}` : 'allowed'}.</li>`
  }</ul></div>`
}

function word(verdict: Verdict): Markup {
  if (verdict.kind === 'allow') return markup`<b>Allowed</b>`
  return verdict.enforced
    ? markup`<b>Denied</b>`
    : markup`<b>Reported, and forwarded all the same</b>`
}
