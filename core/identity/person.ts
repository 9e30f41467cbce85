// The name of a person in a client certificate of the operator's own client CA: a URI, issuer and subject of the login.

export type Person = { readonly iss: string; readonly sub: string }

const scheme = 'hipaa-mcp-person://'

/** Both parts percent-encoded, so that the name is ASCII and its parts are told apart (RFC 5280 4.2.1.6). */
export function personName(iss: string, sub: string): string {
  return `${scheme}${encoded(iss)}/${encoded(sub)}`
}

/** Reads the one such name out of a `subjectaltname` text of node:tls; undefined when there is none, or more than one. */
export function personOf(subjectAltName: string | undefined): Person | undefined {
  const [only, ...others] = (subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith(`URI:${scheme}`))
  if (only === undefined || others.length > 0) return undefined
  const [iss = '', sub = '', ...more] = only.slice(`URI:${scheme}`.length).split('/')
  if (iss === '' || sub === '' || more.length > 0) return undefined
  try {
    return { iss: decodeURIComponent(iss), sub: decodeURIComponent(sub) }
  } catch {
    // Percent signs that encode nothing: no name of ours.
    return undefined
  }
}

/** node:tls quotes an alternative name that holds an apostrophe, and a quoted name is none of ours. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27')
}
