// The name of a person in a client certificate of the operator's own client CA: a URI of the server that enrolled them, and
// issuer and subject of the login. The server is in it because each says by itself whose keys it trusts for an issuer: at
// another server the name of one would prove what that other never checked.

export type Person = { readonly server: string; readonly iss: string; readonly sub: string }

const scheme = 'hipaa-mcp-person://'

/** `server`: `namespace/name`. Parts percent-encoded, so that the name is ASCII and they are told apart (RFC 5280 4.2.1.6). */
export function personName({ server, iss, sub }: Person): string {
  return `${scheme}${encoded(server)}/${encoded(iss)}/${encoded(sub)}`
}

/** Reads the one such name out of a `subjectaltname` text of node:tls; undefined when there is none, or more than one. */
export function personOf(subjectAltName: string | undefined): Person | undefined {
  const [only, ...others] = (subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith(`URI:${scheme}`))
  if (only === undefined || others.length > 0) return undefined
  const [server = '', iss = '', sub = '', ...more] = only.slice(`URI:${scheme}`.length).split('/')
  if (server === '' || iss === '' || sub === '' || more.length > 0) return undefined
  try {
    return {
      server: decodeURIComponent(server),
      iss: decodeURIComponent(iss),
      sub: decodeURIComponent(sub),
    }
  } catch {
    // Percent signs that encode nothing: no name of ours.
    return undefined
  }
}

/** node:tls quotes an alternative name that holds an apostrophe, and a quoted name is none of ours. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27')
}
