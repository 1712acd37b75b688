import t from 'tap'
import type { ScopeName } from '../../src/decision/scopes.ts'
import {
  answers,
  challenge,
  type Problem,
  type ProblemCode,
  renderProblem,
} from '../../src/proxy/problems.ts'

const one = (scope: string) => ({ kind: 'one', scope: scope as ScopeName }) as const

/** One of each, with the status and the challenge of SPEC 3 and 4; `-` = none. */
const table: readonly (readonly [Problem, number, string])[] = [
  [{ code: 'invalid_path', because: 'why' }, 400, '-'],
  [{ code: 'invalid_request', because: 'why' }, 400, 'error="invalid_request"'],
  [{ code: 'method_refused' }, 405, '-'],
  [{ code: 'headers_too_large' }, 431, '-'],
  [{ code: 'target_too_long' }, 414, '-'],
  [{ code: 'body_too_large' }, 413, '-'],
  [{ code: 'request_timeout' }, 408, '-'],
  [{ code: 'missing_token' }, 401, ''],
  [
    { code: 'invalid_token', because: 'why' },
    401,
    'error="invalid_token", error_description="why"',
  ],
  [{ code: 'no_route', because: 'why' }, 403, 'error="insufficient_scope"'],
  [{ code: 'issuer_not_allowed' }, 403, 'error="insufficient_scope"'],
  [{ code: 'client_not_allowed' }, 403, 'error="insufficient_scope"'],
  [{ code: 'claim_mismatch', claim: 'tenant' }, 403, 'error="insufficient_scope"'],
  [{ code: 'insufficient_scope', need: one('a') }, 403, 'error="insufficient_scope", scope="a"'],
  [
    {
      code: 'insufficient_scope',
      need: { kind: 'allOf', needs: [one('a'), { kind: 'anyOf', needs: [one('b'), one('c')] }] },
    },
    403,
    'error="insufficient_scope", scope="a b"',
  ],
  [{ code: 'invalid_claim_value', header: 'x-auth-subject' }, 403, '-'],
  [{ code: 'upgrade_not_allowed' }, 403, '-'],
  [{ code: 'issuer_unavailable', issuerName: 'app', retryAfter: 3 }, 503, '-'],
  [{ code: 'upstream_unreachable' }, 502, '-'],
  [{ code: 'upstream_error' }, 502, '-'],
  [{ code: 'upstream_timeout' }, 504, '-'],
  [{ code: 'shutting_down', retryAfter: 2 }, 503, '-'],
  [{ code: 'overloaded', retryAfter: 1 }, 503, '-'],
  [{ code: 'unknown_upstream' }, 404, '-'],
  [{ code: 'browser_refused' }, 403, '-'],
  [{ code: 'header_required' }, 403, '-'],
  [{ code: 'authorization_refused' }, 403, '-'],
  [{ code: 'token_unavailable', retryAfter: 60 }, 503, '-'],
  [{ code: 'internal_error' }, 500, '-'],
]

t.test('every code has its status, its challenge and a body that says the same', (t) => {
  const seen = new Set<ProblemCode>()
  for (const [problem, status, expected] of table) {
    seen.add(problem.code)
    const full =
      expected === '-' ? undefined : `Bearer realm="r"${expected === '' ? '' : `, ${expected}`}`
    t.equal(challenge(problem, 'r'), full, problem.code)
    const rendered = renderProblem(problem, 'id-1', { realm: 'r', problemTypes: undefined })
    const headers = pairs(rendered.headers)
    t.equal(rendered.status, status)
    t.equal(headers['WWW-Authenticate'], full)
    t.match(headers, {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'Content-Length': String(Buffer.byteLength(rendered.body)),
      'X-Request-Id': 'id-1',
    })
    t.equal(
      headers['Retry-After'],
      'retryAfter' in problem ? String(problem.retryAfter) : undefined,
    )
    t.equal(headers['Allow'] !== undefined, problem.code === 'method_refused')
    const body = JSON.parse(rendered.body) as Record<string, unknown>
    t.same(
      { ...body, detail: '' },
      {
        type: 'about:blank',
        title: answers[problem.code].title,
        status,
        code: problem.code,
        detail: '',
        requestId: 'id-1',
      },
    )
    t.match(body['detail'], /\w/)
    if ('because' in problem && problem.code !== 'no_route') t.equal(body['detail'], 'why')
    t.notMatch(rendered.body, /tenant|"app"/, 'nothing of the configuration')
  }
  t.same([...seen].sort(), Object.keys(answers).sort())
  t.end()
})

t.test('outbound challenges nobody', (t) => {
  const settings = { realm: undefined, problemTypes: undefined }
  for (const [problem] of table)
    t.equal(pairs(renderProblem(problem, 'id', settings).headers)['WWW-Authenticate'], undefined)
  t.end()
})

t.test('problemTypes makes the type an address', (t) => {
  const settings = { realm: 'r', problemTypes: 'https://docs.example/problems/' }
  const { body } = renderProblem({ code: 'missing_token' }, 'id', settings)
  t.equal(
    (JSON.parse(body) as { type: string }).type,
    'https://docs.example/problems/missing_token',
  )
  t.end()
})

function pairs(flat: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) found[flat[i]!] = flat[i + 1]!
  return found
}
