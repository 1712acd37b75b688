/**
 * What the status page runs: it puts the parts that the server sends into their places, and asks for explanations
 * without a new page. The page is whole without it. Tested in Chromium (test/browser).
 */
export const script = `'use strict'
{
  const state = document.getElementById('live')
  const form = document.getElementById('explain')
  const waiting = new Map()
  let source

  const tell = (text) => {
    if (state.textContent !== text) state.textContent = text
  }

  // what somebody marks to copy it stays as it is until they are done
  const isMarked = (part) => {
    const marked = getSelection()
    return !marked.isCollapsed && marked.containsNode(part, true)
  }

  const show = () => {
    for (const [name, text] of waiting) {
      const part = document.querySelector('[data-live="' + name + '"]')
      if (part === null) location.reload()
      else if (!isMarked(part)) {
        part.innerHTML = text
        waiting.delete(name)
      }
    }
  }

  const connect = () => {
    if (document.hidden) return
    source = new EventSource('/events')
    source.onmessage = ({ data }) => {
      const { version, parts } = JSON.parse(data)
      if (version !== document.documentElement.dataset.version) location.reload()
      for (const [name, text] of Object.entries(parts)) waiting.set(name, text)
      show()
      tell('Live')
    }
    source.onerror = () => {
      tell('Not live, trying again')
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000)
    }
  }

  document.addEventListener('visibilitychange', () => {
    source?.close()
    connect()
  })
  addEventListener('pagehide', () => source?.close())
  addEventListener('pageshow', (event) => event.persisted && connect())
  connect()

  form?.addEventListener('submit', (event) => {
    event.preventDefault()
    const query = '?' + new URLSearchParams(new FormData(form))
    fetch('/explain' + query)
      .then((answer) => (answer.ok ? answer.text() : Promise.reject()))
      .then((text) => {
        document.getElementById('answer').innerHTML = text
        history.replaceState(null, '', '/' + query)
      })
      .catch(() => form.submit())
  })
}
`
