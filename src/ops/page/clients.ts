/** Clients with their tokens, and what these cost. Pure. */
import type { Status } from '../status.ts'
import type { ClientCost } from '../token-cost.ts'
import { markup, type Markup } from './markup.ts'
import { table } from './table.ts'
import { dollars, grouped, relative, span } from './words.ts'

export function clients({ clients: rows, at }: Pick<Status, 'clients' | 'at'>): Markup {
  return table({
    ...{ label: 'Access tokens', rows, empty: 'No client has asked for a token yet.' },
    columns: [
      { title: 'Client', cell: ({ client }) => markup`<b>${client}</b>` },
      {
        title: 'Scopes',
        cell: ({ scopes }) => (scopes.length === 0 ? 'all that it has' : scopes.join(' ')),
      },
      {
        title: 'Expires',
        cell: ({ expiresAt, lastError }) =>
          markup`${relative(expiresAt, at)}${lastError === undefined ? undefined : markup`<br><span class="bad">${lastError}</span>`}`,
      },
      { title: 'Next renewal', cell: ({ nextRenewalAt }) => relative(nextRenewalAt, at) },
      { title: 'Obtained', isNumber: true, cell: ({ obtained }) => grouped(obtained) },
      {
        title: 'Failed',
        isNumber: true,
        cell: ({ failures }) =>
          failures === 0 ? '0' : markup`<span class="bad">${grouped(failures)}</span>`,
      },
    ],
  })
}

export function costs({ tokenCosts: rows }: Pick<Status, 'tokenCosts'>): Markup {
  const short = rows.filter(({ isShortLived }) => isShortLived)
  return markup`${short.map(advice)}${table({
    ...{ label: 'Cost of tokens', rows, empty: 'No token was bought yet.' },
    columns: [
      { title: 'Client', cell: ({ client }) => markup`<b>${client}</b>` },
      { title: 'Life', isNumber: true, cell: ({ lifeSeconds }) => span(lifeSeconds) },
      { title: 'Bought', isNumber: true, cell: ({ tokens }) => grouped(tokens) },
      { title: 'Calls', isNumber: true, cell: ({ calls }) => grouped(calls) },
      {
        title: 'Calls per token',
        isNumber: true,
        cell: ({ callsPerToken }) => grouped(Math.round(callsPerToken * 10) / 10),
      },
      {
        title: 'Tokens a month',
        isNumber: true,
        cell: ({ tokensPerMonth }) => grouped(tokensPerMonth),
      },
      { title: 'US$ a month', isNumber: true, cell: ({ usdPerMonth }) => dollars(usdPerMonth) },
    ],
  })}`
}

function advice(cost: ClientCost): Markup {
  const { client, lifeSeconds, usdPerMonth, usdPerMonthAtAnHour } = cost
  const saving =
    usdPerMonth === undefined
      ? ''
      : ` They come to ${dollars(usdPerMonth)} a month; with an hour it is ${dollars(usdPerMonthAtAnHour)}.`
  return markup`<p class="advice"><b>Tokens of ${client} live ${span(lifeSeconds)}, shorter than they need to.</b>${saving} Cognito allows up to 24 hours: set the access token validity of the app client.</p>`
}
