// URI templates with simple variables (RFC 6570 level 1): `ehr://patients/{patient}/labs`. A variable stands for one
// path segment of plain characters, so that no value can reach into another part of the URI.

export type UriTemplate = {
  readonly text: string
  readonly variables: readonly string[]
  /** Values of the variables when the URI is one of this template; undefined when it is not. */
  match(uri: string): ReadonlyMap<string, string> | undefined
}

/** What a variable may stand for: unreserved characters (RFC 3986 2.3) and colon, nothing that needs decoding. */
const value = '([A-Za-z0-9._~:-]{1,128})'

/** Throws TypeError for a template with anything but simple variables, or with one twice. */
export function uriTemplate(text: string): UriTemplate {
  const variables: string[] = []
  const pattern = text
    .split(/(\{[^{}]*\})/)
    .map((part) => {
      if (!part.startsWith('{')) {
        if (/[{}]/.test(part)) throw new TypeError('A URI template has an unpaired brace')
        return part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
      }
      const name = part.slice(1, -1)
      if (!/^[A-Za-z0-9_]{1,64}$/.test(name))
        throw new TypeError('A URI template may hold simple variables only, such as {patient}')
      if (variables.includes(name)) throw new TypeError('A URI template names a variable twice')
      variables.push(name)
      return value
    })
    .join('')
  const whole = new RegExp(`^${pattern}$`)
  return {
    text,
    variables,
    match(uri) {
      const found = whole.exec(uri)
      if (found === null) return undefined
      const values = variables.map((name, index): [string, string] => [name, found[index + 1] as string])
      // A segment of dots alone is a way up (RFC 3986 5.2.4).
      return values.some(([, one]) => /^\.+$/.test(one)) ? undefined : new Map(values)
    },
  }
}
