/**
 * What must hold, and against what: each id stands in the text of at least one test (test/requirements.test.ts), and
 * `npm run requirements` writes docs/requirements.md from both.
 */

export type Requirement = {
  readonly id: string
  /** Other ids of the same thing; a test may name any of them. */
  readonly also?: readonly string[]
  /** Half a sentence. */
  readonly says: string
}

export type RequirementGroup = {
  readonly title: string
  readonly about: string
  readonly rows: readonly Requirement[]
}

const rows = (table: Readonly<Record<string, string>>): readonly Requirement[] =>
  Object.entries(table).map(([ids, says]) => {
    const [id = '', ...also] = ids.split(' ')
    return { id, says, ...(also.length > 0 && { also }) }
  })

export const requirements: readonly RequirementGroup[] = [
  {
    title: 'Requirements',
    about: 'What every version must hold.',
    rows: rows({
      R1: 'a target is parsed once; the bytes judged are the bytes forwarded; what reads in two ways is 400',
      R2: 'rules see method and path only, whole segments, and deny by default',
      R3: 'every request is judged, whatever its method and its place on a connection',
      R4: 'each refusal has its status, its challenge and a problem body that nobody stores',
      R5: 'our own trouble is 503 with Retry-After: never 401, never 200',
      R6: 'algorithm, kid, typ, crit, encoding and length of a token are read strictly',
      R7: 'claims are compared exactly; exp is there and a number; odd types grant nothing',
      R8: 'the JWT library gets only what was checked before, and keeps nothing of what was not verified',
      R9: 'a verdict is kept for the whole token, until exp, and in bounded number',
      R10: 'keys are strong, meant for signatures, and single under their kid',
      R11: 'key sets: one fetch at a time, a cool-down, an age, limits, no redirects, https',
      R12: 'tokens: one request at a time, renewed ahead, back-off, answers checked, never an expired one',
      R13: 'a 401 of the API costs at most one renewal and one retry',
      R14: 'certificates are verified on every connection',
      R15: 'no spelling of an identity header comes from a caller; a claim that fits no header is refused',
      R16: 'hop-by-hop and nominated headers end here in both directions; framing is made anew',
      R17: 'forwarding headers are replaced, headers that name another method or path dropped',
      R18: 'everything else passes byte for byte',
      R19: 'what is not plainly one HTTP/1.1 request is refused, and its connection closed',
      R20: 'heads, bodies, pauses, counts and connections have limits; early refusals close',
      R21: 'upstream faults are 502 or 504 without internals; cut answers show; nothing unsafe is sent twice',
      R22: 'back-pressure both ways; who goes away frees what was begun; memory is bounded',
      R23: 'the end drains: not ready, last answers, nothing lost, nothing waited for beyond its limit',
      R24: 'a reload is taken whole or not at all, and keeps what does not depend on what changed',
      R25: 'a wrong configuration never serves',
      R26: 'no token, secret or query in a log line, an answer or an argument',
      R27: 'nothing from outside ends the process',
    }),
  },
  {
    title: 'Hazards of the libraries',
    about:
      'What the libraries do by default, seen in a run. H: proxy, U: undici, J: JWT and keys, T: tokens.',
    rows: rows({
      H1: 'reply-from does not verify the certificate of the upstream',
      H2: 'reply-from repeats a request that was answered 503',
      H3: 'ordinary headers of clients (Keep-Alive, Upgrade: h2c, Expect) are answered 500',
      H4: 'hop-by-hop headers pass in both directions',
      H5: 'the path is changed after it was judged',
      H6: 'Node takes two Host lines, requests without a version, and RTSP',
      H7: 'faults of the upstream are 500 and name inner addresses',
      H8: 'a claim beyond ASCII in an identity header is 500',
      H9: 'fastify parses Content-Type, and refuses what the API would take',
      H10: 'slow clients and unread uploads are waited for',
      H11: 'upstreams are waited for',
      H12: 'a connection that closes while idle surfaces as 500',
      H13: 'twins of identity headers and well-known ones pass',
      H14: 'the request log holds the query',
      H15: 'SIGTERM cuts what is in flight',
      U1: 'undici refuses a 304 or 204 that states a length',
      U2: 'undici refuses an unasked 100 Continue, and heads above 16 KB',
      J1: 'aws-jwt-verify takes a token without exp',
      J2: 'and ignores crit',
      J3: 'and takes padded and malleable base64url',
      J4: 'and an iat in the future',
      J5: 'and payloads that are not UTF-8',
      J6: 'and weak keys, keys for other purposes, and the algorithm that the key names',
      J7: 'and keeps key objects for issuers that nobody has verified',
      J8: 'and never uses a replaced key, and trusts a withdrawn one for ever',
      J9: 'failing key sets are fetched by each request, of any size, and look like bad tokens',
      J10: 'a legitimate new key may have to wait',
      T1: 'a naive token cache asks once per call, sends `undefined`, and never renews on 401',
    }),
  },
  {
    title: 'Advisories: proxies that authenticate',
    about: 'What happened to others, and would be found here.',
    rows: rows({
      'GHSA-7rh7-c77v-6434': 'oauth2-proxy: skip rules matched path and query',
      'GHSA-vjrc-mh2v-45x6 CVE-2025-64484': 'oauth2-proxy: `X_Forwarded_User` passed the filter',
      'GHSA-7x63-xv5r-3p2x CVE-2026-40575': 'oauth2-proxy: a rule judged `X-Forwarded-Uri`',
      'GHSA-pxq7-h93f-9jrg CVE-2026-41059': 'oauth2-proxy: `#` widened a rule',
      'GHSA-5hvv-m4w4-gf6v CVE-2026-34457': 'oauth2-proxy: a user agent opened every path',
      'GHSA-p224-6x5r-fjpm': 'Oathkeeper: `/public/../admin` matched the public rule',
      'GHSA-vhr5-ggp3-qq85': 'Oathkeeper: `X-Forwarded-Proto` was used although trust was off',
      'GHSA-4mq7-pvjg-xp2r':
        'Oathkeeper: a cached verdict did not depend on the server that gave it',
      'GHSA-vfvf-6gx5-mqv6': 'Oathkeeper: nor on the scopes asked for',
      'CVE-2026-42274': 'Heimdall: another form of the path was matched than was sent',
      'CVE-2026-32811': 'Heimdall: the query was encoded into the path',
      'CVE-2026-26205': 'OPA-Envoy: `//admin/x` was parsed as an authority',
      'CVE-2025-66490': 'Traefik: encoded characters got around path rules',
      'CVE-2026-40912': 'Traefik: a prefix was stripped by the wrong length',
      'CVE-2026-48020': 'Traefik: again',
      'CVE-2021-29492': 'Envoy: escaped slashes got around path rules',
      'CVE-2026-31838': 'Istio: only the first of several header values was judged',
      'CVE-2026-26308': 'Envoy: the same',
      'CVE-2025-48865': 'Fabio: `Connection` removed headers of the proxy itself',
    }),
  },
  {
    title: 'Advisories: HTTP libraries',
    about: 'fastify and its plugins, undici, Node.',
    rows: rows({
      'GHSA-gwhp-pf74-vj37 CVE-2026-33805':
        'reply-from: `Connection` removed what the proxy had added',
      'GHSA-8p85-9qpw-fwgw CVE-2026-2880': 'middie: a guard matched another path than the router',
      'CVE-2026-22037': 'fastify-express: the same',
      'CVE-2026-33807': 'fastify-express: the same',
      'CVE-2026-33808': 'fastify-express: the same',
      'CVE-2026-6556': 'fastify-express: the same',
      'CVE-2026-2293': 'Nest: the same',
      'GHSA-x428-ghpx-8j92 CVE-2026-6414': 'fastify-static: `%2F` was decoded behind the guard',
      'CVE-2026-15074': 'fastify-static: again',
      'CVE-2026-6321': 'fast-uri: separators were decoded before dots were removed',
      'GHSA-444r-cwp2-x5xf CVE-2026-3635': 'fastify: `trustProxy` believed everybody',
      'GHSA-3m5p-2c4r-xxw2 CVE-2026-16732': 'fastify: again',
      'GHSA-jx2c-rxcm-jvmq': 'fastify: a Content-Type that two sides read differently',
      'GHSA-573f-x89g-hqp9': 'fastify: the same',
      'CVE-2026-33806': 'fastify: the same',
      'CVE-2025-32442': 'fastify: the same',
      'GHSA-mrq3-vjjr-p77c CVE-2026-25224': 'fastify: unbounded memory for a reader that is slow',
      'GHSA-2mjp-6q6p-2qxm CVE-2026-1525': 'undici: two lengths in different case',
      'GHSA-4992-7rv2-5pvq CVE-2026-1527': 'undici: line ends through `upgrade`',
      'CVE-2026-1526': 'undici: compressed WebSocket messages filled the memory',
      'CVE-2026-1528': 'undici: a WebSocket length crashed the process',
      'CVE-2026-2229': 'undici: so did window bits that are none',
      'CVE-2026-22036': 'undici: any number of content codings was decoded',
      'CVE-2026-2581': 'undici: bodies were held to find equal requests',
      'CVE-2026-21710': 'Node: a header named `__proto__` crashed the process',
      'CVE-2024-22019': 'Node: chunk extensions without end',
      'CVE-2024-27982': 'Node: a space before Content-Length',
      'CVE-2022-32213': 'Node: forms of Transfer-Encoding',
      'CVE-2020-8287': 'Node: two copies of a header',
    }),
  },
  {
    title: 'Advisories: JWT and key sets',
    about: 'Libraries that verify tokens.',
    rows: rows({
      'CVE-2023-48223': 'fast-jwt: HS256 keyed with the public key',
      'CVE-2026-34950': 'fast-jwt: again, behind white space',
      'CVE-2026-35042': 'fast-jwt: crit was ignored',
      'GHSA-rp9m-7r4c-75qg CVE-2026-35039': 'fast-jwt: keys of its cache collided',
      'CVE-2026-22817': 'Hono: the algorithm came from the header',
      'CVE-2026-22818': 'Hono: again',
      'GHSA-869p-cjfg-cm3x': 'node-jws: the secret was looked up by what nobody had verified',
      'get-jwks': 'get-jwks before 11.0.2: keys cached under an unverified issuer were used again',
      'CVE-2025-22868': 'x/oauth2: many dots in a token cost memory',
      'CVE-2022-21449': 'Java: ECDSA with r = s = 0 was accepted',
    }),
  },
]
