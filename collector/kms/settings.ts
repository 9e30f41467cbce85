// Which key wraps data keys, as HIPAA_MCP_KMS says it. docs/keys.md is for those who set it.

export type KmsConfig =
  | { kind: 'pkcs11'; module: string; token: string; object: string; pinPath: string }
  | {
      kind: 'vault'
      url: string
      mount: string
      key: string
      tokenPath: string
      ca?: string
      namespace?: string
    }
  | { kind: 'aws'; arn: string }
  | { kind: 'file'; path: string }

type Kind = KmsConfig['kind']

/** Forms, each with how it is read. Undefined: the text begins so and is malformed. */
const forms: readonly {
  kind: Kind
  begins: string
  form: string
  read: (rest: string, ca: string | undefined) => KmsConfig | undefined
}[] = [
  {
    kind: 'pkcs11',
    begins: 'pkcs11:',
    form: 'pkcs11:token=LABEL;object=LABEL?module-path=/PATH.so&pin-source=file:/PATH (RFC 7512)',
    read: pkcs11Of,
  },
  {
    kind: 'vault',
    begins: 'vault:',
    form: 'vault:https://HOST:PORT/MOUNT/KEY?token-source=file:/PATH[&namespace=NAME]',
    read: vaultOf,
  },
  {
    kind: 'aws',
    begins: 'aws-kms:',
    form: 'aws-kms:ARN of a key or an alias',
    read: (rest) =>
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)\/[\w/-]+$/.test(rest)
        ? { kind: 'aws', arn: rest }
        : undefined,
  },
  {
    kind: 'file',
    begins: 'key-file:',
    form: 'key-file:/PATH (profile Development only)',
    read: (rest) => (rest.startsWith('/') ? { kind: 'file', path: rest } : undefined),
  },
]

export const kmsForms: string = forms.map(({ form }) => form).join(', ')

/** Reads HIPAA_MCP_KMS. `ca`: PEM, for kinds that speak TLS. Throws for what is none of the forms. */
export function kmsOf(text: string, ca: string | undefined): KmsConfig {
  const form = forms.find(({ begins }) => text.startsWith(begins))
  const read = form?.read(text.slice(form.begins.length), ca)
  if (read === undefined) throw new TypeError(`None of ${kmsForms}`)
  return read
}

function pkcs11Of(rest: string): KmsConfig | undefined {
  const [path = '', query = ''] = rest.split('?')
  const attributes = attributesOf(path, ';')
  const more = attributesOf(query, '&')
  const { token, object, ...unknown } = attributes
  const { 'module-path': module, 'pin-source': pin, ...others } = more
  const pinPath = fileOf(pin)
  if (Object.keys({ ...unknown, ...others }).length > 0) return undefined
  if (token === undefined || object === undefined || pinPath === undefined || !module?.startsWith('/'))
    return undefined
  return { kind: 'pkcs11', module, token, object, pinPath }
}

function vaultOf(rest: string, ca: string | undefined): KmsConfig | undefined {
  const [, base = '', mount, key, query = ''] =
    /^(https:\/\/[^/?#]+)\/([\w./-]+)\/([\w.-]+)\?(.*)$/.exec(rest) ?? []
  const { 'token-source': token, namespace, ...unknown } = attributesOf(query, '&')
  const tokenPath = fileOf(token)
  if (mount === undefined || key === undefined || tokenPath === undefined) return undefined
  if (Object.keys(unknown).length > 0) return undefined
  return {
    kind: 'vault',
    url: base,
    mount,
    key,
    tokenPath,
    ...(ca === undefined ? {} : { ca }),
    ...(namespace === undefined ? {} : { namespace }),
  }
}

/** `name=value` pairs, percent-decoded. */
function attributesOf(text: string, separator: string): { [name: string]: string | undefined } {
  const pairs = text.split(separator).filter((pair) => pair !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=')
      return [name, decodeURIComponent(value.join('='))]
    }),
  )
}

/** The path of a `file:/…` value: secrets stand in files, never in a variable. */
function fileOf(value: string | undefined): string | undefined {
  return value?.startsWith('file:/') === true ? value.slice('file:'.length) : undefined
}
