// WWW-Authenticate (RFC 9110 11.6.1), as far as a 401 or 403 of the server says what would help.

export type Challenge = { scheme: string; error?: string; parameters: { readonly [name: string]: string } }

/** The first challenge under a scheme that we know; undefined when there is none. */
export function challengeIn(header: string | string[] | undefined): Challenge | undefined {
  const text = [header ?? []].flat().join(', ')
  const scheme = /(?:^|,\s*)(Bearer|DPoP)(?:\s|$)/i.exec(text)
  if (scheme === null) return undefined
  const parameters: { [name: string]: string } = {}
  const rest = text.slice(scheme.index + scheme[0].length)
  for (const [, name = '', quoted, plain] of rest.matchAll(pair))
    parameters[name.toLowerCase()] ??= quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? ''
  const { error } = parameters
  return { scheme: scheme[1] ?? '', parameters, ...(error === undefined ? {} : { error }) }
}

const pair = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g
