// A host and a port in one text, as a URL's authority has them (RFC 3986, 3.2.2).

/** `10.1.2.3:443`, `[fd00::1]:443`, `ehr.example.org:443`. */
export const hostPort = (host: string, port: number | string): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
