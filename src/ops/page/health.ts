/** Whether it is ready, where it listens, what it runs. Pure. */
import type { Status } from '../status.ts'
import { markup, type Markup } from './markup.ts'
import { clockTime, counted, relative, span } from './words.ts'

/** One glance: ready or not, and since when it runs. */
export function headline({ readiness, uptimeSeconds, reportModeRoutes }: Status): Markup {
  const reports = reportModeRoutes.length
  return markup`<p class="state">${
    readiness.ready
      ? markup`<span class="pill good">Ready</span>`
      : markup`<span class="pill bad">Not ready</span>`
  }${
    reports > 0
      ? markup`<span class="pill warn">${counted(reports, 'route')} in report mode: not enforced</span>`
      : undefined
  }<span class="soft">up ${span(uptimeSeconds)}</span></p>`
}

export function health({ readiness, listeners, config, at }: Status): Markup {
  const { file, hash, lastReload } = config
  const where = (['inbound', 'outbound', 'admin'] as const).flatMap((name) => {
    const address = listeners[name]
    return address === undefined ? [] : [markup`<li><b>${name}</b> <code>${address}</code></li>`]
  })
  const missing = readiness.missing.map((what) => markup`<li>${what}</li>`)
  const reload =
    lastReload === undefined
      ? markup`none since the start`
      : markup`${lastReload.ok ? markup`<span class="good">taken over</span>` : markup`<span class="bad">refused</span>, the last good one keeps serving`}, ${clockTime(lastReload.at, at)} UTC, ${relative(lastReload.at, at)}`
  const told = (lastReload?.problems ?? []).slice(0, mostProblems)
  const problems = told.map(
    ({ line, column, key, message }) =>
      markup`<li><code>${file}:${line}:${column}</code> <b>${key}</b> ${message}</li>`,
  )
  return markup`<dl class="facts">${
    missing.length > 0
      ? markup`<div class="wide"><dt>Waits for</dt><dd><ul>${missing}</ul></dd></div>`
      : undefined
  }<div><dt>Listeners</dt><dd><ul>${where}</ul></dd></div><div><dt>Configuration</dt><dd><code>${file}</code><br><span class="soft">SHA-256 <code title="${hash}">${hash.slice(0, 12)}</code></span></dd></div><div><dt>Last reload</dt><dd>${reload}</dd></div>${
    problems.length > 0
      ? markup`<div class="wide"><dt>What is wrong with the file</dt><dd><ul class="problems">${problems}</ul></dd></div>`
      : undefined
  }</dl>`
}

/** Of a file that is something else entirely there can be thousands. */
const mostProblems = 20
