// A person at a browser, as far as logging in at the sample provider wants one: cookies, forms, redirects. It follows
// where it is sent, to loopback addresses too.

import { type Dispatcher, request } from 'undici'
import { accounts, oneTimeCode } from '../sample/accounts.ts'
import { dispatcherOf } from '../sample/sign-in.ts'

type BrowserOptions = {
  person: string
  /** CA of the provider, PEM. */
  ca: string
  /** Addresses of names that this machine's resolver does not know. */
  hosts?: { readonly [name: string]: string }
  /** Without it the person gives the password alone. */
  mfa?: boolean
  /** Test mode of the provider: the sign-in was so long ago. */
  secondsAgo?: number
}

export type Browser = {
  /** Opens an address and does what it is asked, until a page wants nothing more. Its text. */
  open(url: string): Promise<string>
  /** Types the code of a device. */
  device(url: string, code: string): Promise<string>
  /** Test mode of the provider: how long ago the next sign-in was. */
  secondsAgo: number
  /** Forms that were filled in to log in. */
  logins: number
  close(): Promise<void>
}

const mostSteps = 20

/** One browser keeps its cookies: a login of before is known to the provider. */
export function aBrowser(options: BrowserOptions): Browser {
  const dispatcher = dispatcherOf({
    ca: options.ca,
    ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
  })
  const jars = new Map<string, Map<string, string>>()
  const secrets = accounts('')[options.person]
  const browser: Browser = {
    logins: 0,
    secondsAgo: options.secondsAgo ?? 0,
    open: async (url) => await walk(new URL(url)),
    async device(url, code) {
      const { text } = await step(new URL(url))
      const typed = fieldsOf(text)
      typed.set('user_code', code)
      return await walk(new URL(url), typed)
    },
    close: async () => await dispatcher.close(),
  }

  async function walk(first: URL, fields?: URLSearchParams): Promise<string> {
    let [url, form] = [first, fields]
    for (let count = 0; count < mostSteps; count += 1) {
      const { location, text } = await step(url, form)
      form = undefined
      if (location !== undefined) url = new URL(location, url)
      else if (url.pathname.startsWith('/sign-in/'))
        form = text.includes('name=password') ? signedIn() : new URLSearchParams()
      else if (text.includes('op.deviceConfirmForm')) form = fieldsOf(text)
      else return text
    }
    throw new Error('The browser is sent around without end')
  }

  function signedIn(): URLSearchParams {
    browser.logins += 1
    const filled = new URLSearchParams({ name: options.person, password: secrets?.password ?? '' })
    if (options.mfa !== false) filled.set('code', oneTimeCode(secrets?.otpKey ?? '', Date.now() / 1000))
    if (browser.secondsAgo > 0) filled.set('seconds_ago', String(browser.secondsAgo))
    return filled
  }

  async function step(url: URL, form?: URLSearchParams): Promise<{ location?: string; text: string }> {
    const jar = jars.get(url.hostname) ?? new Map<string, string>()
    jars.set(url.hostname, jar)
    const answer: Dispatcher.ResponseData = await request(url, {
      ...(url.protocol === 'https:' ? { dispatcher } : {}),
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { body: form.toString() }),
    })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const text = await answer.body.text()
    const { location } = answer.headers
    if (answer.statusCode >= 400)
      throw new Error(`${url.pathname} answered ${answer.statusCode}: ${text.slice(0, 200)}`)
    return { text, ...(typeof location === 'string' ? { location } : {}) }
  }

  return browser
}

/** Hidden fields of a page's form. */
function fieldsOf(html: string): URLSearchParams {
  const fields = new URLSearchParams()
  for (const [tag] of html.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(tag)?.[1]
    if (name !== undefined && name !== 'abort') fields.set(name, /value="([^"]*)"/.exec(tag)?.[1] ?? '')
  }
  return fields
}
