/** The status page as a whole, and the parts of it that change while somebody looks. Pure. */
import type { Explanation, Status } from '../status.ts'
import { clients, costs } from './clients.ts'
import { denials } from './denials.ts'
import { explainForm, explanation, type Question } from './explanation.ts'
import { headline, health } from './health.ts'
import { issuers } from './issuers.ts'
import { markup, type Markup, textOf } from './markup.ts'
import { inboundRoutes, outboundRoutes } from './routes.ts'
import { trafficPlots } from './traffic.ts'
import { clockTime } from './words.ts'

/** Name -> HTML of every live part; which there are depends on the configuration alone. */
export type Parts = Readonly<Record<string, string>>

type Section = {
  readonly title: string
  readonly parts: Readonly<Record<string, Markup>>
}

/** What is asked, and what is to be told about it. */
export type Asked = Question & { readonly explanation: Explanation | undefined }

export function liveParts(status: Status): Parts {
  const sections = [{ parts: { headline: headline(status) } }, ...sectionsOf(status)]
  const parts = sections.flatMap((section) => Object.entries(section.parts))
  return Object.fromEntries(parts.map(([name, part]) => [name, textOf(part)]))
}

/** The whole document. `asked` fills the form, which is there when inbound is. */
export function pageText(status: Status, asked: Asked): string {
  const { version, at } = status
  const sections = sectionsOf(status).map(({ title, parts }) => section(title, live(parts)))
  // before the denials: these are long
  if (status.inbound !== undefined) sections.splice(-1, 0, explainSection(asked))
  return textOf(markup`<!doctype html>
<html lang="en" data-version="${version}"><head><meta charset="utf-8"><title>Scopegate</title><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="icon" href="/assets/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/assets/status.css"><script src="/assets/status.js" defer></script></head>
<body><header><h1>Scopegate <span class="soft">${version}</span></h1>${live({ headline: headline(status) })}<p id="live" class="soft" role="status">As of ${clockTime(at, at)} UTC</p></header>
<main>${sections}</main></body></html>
`)
}

function sectionsOf(status: Status): readonly Section[] {
  const { inbound, outbound } = status
  return [
    { title: 'Overview', parts: { health: health(status) } },
    { title: 'The last 15 minutes', parts: { traffic: trafficPlots(status) } },
    ...(inbound === undefined
      ? []
      : [
          { title: 'Inbound', parts: { inbound: inboundRoutes(inbound.routes) } },
          { title: 'Issuers', parts: { issuers: issuers(status) } },
        ]),
    ...(outbound === undefined
      ? []
      : [
          { title: 'Outbound', parts: { outbound: outboundRoutes(outbound.routes) } },
          { title: 'Access tokens', parts: { clients: clients(status) } },
          { title: 'Cost of tokens', parts: { costs: costs(status) } },
        ]),
    { title: 'Last denials', parts: { denials: denials(status) } },
  ]
}

function explainSection({ explanation: told, ...question }: Asked): Markup {
  return section('Explain a request', explainForm(question, told && explanation(told)))
}

function section(title: string, content: Markup | readonly Markup[]): Markup {
  const id = title.toLowerCase().replaceAll(' ', '-')
  return markup`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`
}

function live(parts: Section['parts']): readonly Markup[] {
  return Object.entries(parts).map(([name, part]) => markup`<div data-live="${name}">${part}</div>`)
}
