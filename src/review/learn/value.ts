/** Segments of a path that are values, not names: what a template has `{id}` for. Pure. */

const forms: readonly RegExp[] = [
  // numbers, coordinates, versions of things
  /^-?\d+([.,]-?\d+)*$/,
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  /^[0-9a-f]{16,}$/i,
  // dates and times
  /^\d{4}-\d\d(-\d\d)?(t.*)?$/i,
  // order-12345
  /^[a-z]{1,16}[-_]\d{3,}$/i,
  // base64url, ULID, KSUID and the ids of many services: letters of both cases and digits
  /^(?=(.*\d){2})(?=.*[a-z])(?=.*[A-Z])[\w-]{12,}$/,
  // the same in one case, without words between hyphens
  /^(?=(.*\d){3})(?:[a-z0-9]{16,}|[A-Z0-9]{16,})$/,
  /[@/]/,
  // what no literal of a pattern can be
  /[{}*?#;\\%]|[^\x20-\x7e\p{L}\p{N}]/u,
  /^.{65,}$/s,
]

/** Whether a segment, decoded, is a value by its form alone. */
export const isValue = (segment: string): boolean => forms.some((form) => form.test(segment))
