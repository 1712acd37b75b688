/** What the report runs: rows that do not hold what was typed are hidden. Tested in Chromium (test/browser). */
export const pageScript = `'use strict'
{
  const form = document.getElementById('filter')
  const left = document.getElementById('left')
  const rows = [...document.querySelectorAll('tbody tr')].map((row) => {
    const texts = { client: '', path: '', scope: '' }
    const section = row.closest('section')
    if (section.dataset.client !== undefined) texts.client = section.dataset.client.toLowerCase()
    for (const cell of row.querySelectorAll('[data-is]'))
      texts[cell.dataset.is] = cell.textContent.toLowerCase()
    return { row, section, texts }
  })

  const show = () => {
    const wanted = [...new FormData(form)].filter(([, text]) => text.trim() !== '')
    const shown = new Set()
    let count = 0
    for (const { row, section, texts } of rows) {
      row.hidden = !wanted.every(([name, text]) => texts[name].includes(text.trim().toLowerCase()))
      if (row.hidden) continue
      count += 1
      shown.add(section)
    }
    for (const section of document.querySelectorAll('section'))
      section.hidden = wanted.length > 0 && !shown.has(section)
    left.textContent = wanted.length === 0 ? '' : count + (count === 1 ? ' row' : ' rows')
  }

  if (form !== null) {
    form.hidden = false
    form.addEventListener('input', show)
    form.addEventListener('reset', () => setTimeout(show))
    form.addEventListener('submit', (event) => event.preventDefault())
  }
}
`
