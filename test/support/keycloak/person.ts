// A person at a browser, as far as Keycloak's own pages want one: cookies, forms, redirects to wherever it is sent.

import { type Dispatcher, request } from 'undici'
import { accounts, oneTimeCode } from '../../sample/accounts.ts'
import { dispatcherOf } from '../../sample/sign-in.ts'

export type Person = {
  /** Opens an address and does what each page asks. Resolves to where it ended and what stands there. */
  open(url: string): Promise<Page>
  /** Types the code of a device. */
  device(url: string, code: string): Promise<Page>
  /** What was typed, in this order: `password`, `code`. */
  typed: string[]
  close(): Promise<void>
}
type Page = { url: URL; text: string }

type Cookie = { name: string; value: string; path: string }

const mostSteps = 20

/** One browser keeps its cookies: a login of before is known. It stops, as at a page, at the address `until`. */
export function aPerson(options: { name: string; ca: string; until?: string }): Person {
  const dispatcher = dispatcherOf({ ca: options.ca })
  let cookies: Cookie[] = []
  const { password = '', otpKey = '' } = accounts('')[options.name] ?? {}
  const person: Person = {
    typed: [],
    open: async (url) => await walk(new URL(url)),
    async device(url, code) {
      const page = await walk(new URL(url))
      return await walk(...submitted(page, { device_user_code: code }))
    },
    close: async () => await dispatcher.close(),
  }

  async function walk(first: URL, body?: URLSearchParams): Promise<Page> {
    let [url, form] = [first, body]
    for (let count = 0; count < mostSteps; count += 1) {
      if (options.until !== undefined && url.href.startsWith(options.until)) return { url, text: '' }
      const { location, text } = await step(url, form)
      form = undefined
      if (location !== undefined) {
        url = new URL(location, url)
        continue
      }
      const answers = answersTo(text)
      if (answers === undefined) return { url, text }
      // What was typed is not taken.
      if (text.includes('aria-invalid="true"')) throw new Error(`Keycloak says: ${wordsOf(text)}`)
      ;[url, form] = submitted({ url, text }, answers)
    }
    throw new Error('The browser is sent around without end')
  }

  /** What the person types into a page; undefined where it wants nothing that they know. */
  function answersTo(text: string): { [field: string]: string } | undefined {
    if (text.includes('name="password"')) {
      person.typed.push('password')
      return { username: options.name, password }
    }
    if (text.includes('name="otp"')) {
      person.typed.push('code')
      return { otp: oneTimeCode(otpKey, Date.now() / 1000) }
    }
    return text.includes('id="kc-oauth"') ? { accept: 'Yes' } : undefined
  }

  async function step(url: URL, form?: URLSearchParams): Promise<{ location?: string; text: string }> {
    const sent = cookies.filter(({ path }) => url.pathname.startsWith(path))
    const answer: Dispatcher.ResponseData = await request(url, {
      ...(url.protocol === 'https:' ? { dispatcher } : {}),
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        // Keycloak answers a program and a browser at one address.
        accept: 'text/html',
        // Keycloak's pages alone have cookies.
        ...(url.protocol === 'https:'
          ? { cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; ') }
          : {}),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { body: form.toString() }),
    })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) keep(line)
    const text = await answer.body.text()
    const { location } = answer.headers
    if (answer.statusCode >= 400)
      throw new Error(`${url.pathname} answered ${answer.statusCode}: ${wordsOf(text)}`)
    return { text, ...(typeof location === 'string' ? { location } : {}) }
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/)
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    const path = /^path=(.*)$/i.exec(attributes.find((each) => /^path=/i.test(each)) ?? '')?.[1] ?? '/'
    cookies = cookies.filter((cookie) => cookie.name !== name || cookie.path !== path)
    if (!attributes.some((each) => /^max-age=0$/i.test(each))) cookies.push({ name, value, path })
  }

  return person
}

/** Where a page's form goes, with its hidden fields and these. */
function submitted({ url, text }: Page, answers: { [field: string]: string }): [URL, URLSearchParams] {
  const form = /<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/s.exec(text)
  if (form === null) throw new Error(`${url.pathname} has no form: ${wordsOf(text)}`)
  const fields = new URLSearchParams()
  for (const [tag] of (form[2] ?? '').matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(tag)?.[1]
    if (name !== undefined) fields.set(name, unescaped(/value="([^"]*)"/.exec(tag)?.[1] ?? ''))
  }
  for (const [name, value] of Object.entries(answers)) fields.set(name, value)
  return [new URL(unescaped(form[1] ?? ''), url), fields]
}

const unescaped = (html: string): string => html.replaceAll('&amp;', '&')

/** What a person reads on a page. */
function wordsOf(html: string): string {
  return html
    .replace(/<(script|style|head)\b.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)
}
