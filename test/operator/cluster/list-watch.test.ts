import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { kinds } from '../../../operator/cluster/kinds.ts'
import { type Change, type ListWatch, listWatch } from '../../../operator/cluster/list-watch.ts'
import { type Answer, aList, aPod, json, line, quiet, type Scripted, scriptedApi } from './scripted-api.ts'

type Pod = { metadata: { name: string; namespace: string; resourceVersion: string } }
type Following = { api: Scripted; pods: ListWatch<Pod>; seen: string[] }

const open: Following[] = []
afterEach(async () => {
  for (const { api, pods } of open.splice(0)) {
    await pods.stop()
    await api.close()
  }
})

/** Follows pods at a server that answers the nth list and the nth watch as told; the last answer serves all later ones. */
async function following(
  lists: Answer[],
  watches: Answer[],
  onChange: (change: Change<Pod>) => void = () => {},
  timing = {},
): Promise<Following> {
  let listed = 0
  let watched = 0
  const api = await scriptedApi((request, response, url) => {
    const answers = url.searchParams.has('watch') ? watches : lists
    const nth = url.searchParams.has('watch') ? watched++ : listed++
    const answer = answers[Math.min(nth, answers.length - 1)] as Answer
    answer(request, response, url)
  })
  const seen: string[] = []
  const pods = listWatch<Pod>(api.client, {
    kind: kinds.pod,
    onChange: (change) => {
      seen.push(`${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`)
      onChange(change)
    },
    log: quiet,
    timing: { firstRetry: 10, longestRetry: 40, ...timing },
  })
  const made = { api, pods, seen }
  open.push(made)
  pods.start()
  return made
}

const stays: Answer = (_, response) => {
  response.writeHead(200).flushHeaders()
}
const sends =
  (...lines: string[]): Answer =>
  (_, response) => {
    response.writeHead(200)
    response.write(lines.join(''))
  }
const lists =
  (version: string, ...items: object[]): Answer =>
  (_, response) =>
    json(response, aList(version, ...items))

/** Each fault hits the first list or the first watch; afterwards the server is well again. */
const faults: { when: string; list?: Answer; watch?: Answer; relists: boolean }[] = [
  { when: 'a list answers 500', list: (_, response) => json(response, {}, 500), relists: true },
  { when: 'a list answers garbage', list: (_, response) => void response.end('<html>'), relists: true },
  { when: 'a list is reset', list: (request) => void request.socket.destroy(), relists: true },
  { when: 'a list hangs', list: () => {}, relists: true },
  { when: 'a watch answers 401', watch: (_, response) => json(response, {}, 401), relists: false },
  { when: 'a watch answers 500', watch: (_, response) => json(response, {}, 500), relists: false },
  { when: 'a watch answers 429', watch: (_, response) => json(response, {}, 429), relists: false },
  { when: 'a watch is reset', watch: (request) => void request.socket.destroy(), relists: false },
  { when: 'a watch ends at once', watch: (_, response) => void response.end(), relists: false },
  { when: 'a watch sends a broken line', watch: sends('{"type":\n'), relists: false },
  {
    when: 'a watch sends a torn line',
    watch: (_, response) => void response.end(line('MODIFIED', aPod('a', '9')).slice(0, 40)),
    relists: false,
  },
  { when: 'a watch falls silent', watch: stays, relists: false },
  { when: 'a watch answers 410', watch: (_, response) => json(response, {}, 410), relists: true },
  { when: 'a watch sends 410', watch: sends(line('ERROR', { code: 410, reason: 'Expired' })), relists: true },
  { when: 'a watch sends 500', watch: sends(line('ERROR', { code: 500 })), relists: false },
]

for (const { when, list, watch, relists } of faults)
  test(`a list-watch goes on by itself when ${when}`, async () => {
    const well = lists('5', aPod('a', '3'))
    const { api, seen } = await following(
      list === undefined ? [well] : [list, well],
      [...(watch === undefined ? [] : [watch]), sends(line('ADDED', aPod('b', '12')))],
      () => {},
      { silence: 300 },
    )

    await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['added a@3', 'added b@12'])

    const listed = api.requests.filter((one) => !one.includes('watch=')).length
    expect(listed > 1).toBe(relists)
  })

test('a list takes every page, and a watch asks for bookmarks and for an end', async () => {
  const { api, seen } = await following(
    [
      (_, response) =>
        json(response, { ...aList('5', aPod('a', '3')), metadata: { resourceVersion: '5', continue: 'x' } }),
      lists('5', aPod('b', '4')),
    ],
    [stays],
  )

  await expect.poll(() => api.requests.length).toBe(3)

  expect(seen).toEqual(['added a@3', 'added b@4'])
  expect(api.requests[0]).toBe('GET /api/v1/pods?limit=500')
  expect(api.requests[1]).toBe('GET /api/v1/pods?limit=500&continue=x')
  const { searchParams } = new URL((api.requests[2] as string).slice(4), 'http://api')
  expect(searchParams.get('resourceVersion')).toBe('5')
  expect(searchParams.get('allowWatchBookmarks')).toBe('true')
  expect(Number(searchParams.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300)
  expect(Number(searchParams.get('timeoutSeconds'))).toBeLessThanOrEqual(600)
})

test('a watch goes on where the last event or bookmark ended', async () => {
  const { api, pods } = await following(
    [lists('5')],
    [
      (_, response) =>
        void response.end(
          line('ADDED', aPod('a', '7')) + line('BOOKMARK', { metadata: { resourceVersion: '11' } }),
        ),
      stays,
    ],
  )

  await expect.poll(() => api.requests.length).toBe(3)

  expect(api.requests[2]).toContain('resourceVersion=11')
  expect(pods.lastSeen()).toBe(11)
})

test('what is missing from a later list counts as deleted', async () => {
  const { seen, pods } = await following(
    [lists('5', aPod('a', '3'), aPod('b', '4')), lists('9', aPod('b', '8'))],
    [sends(line('ERROR', { code: 410 })), stays],
  )

  await expect.poll(() => pods.lastSeen()).toBe(9)

  expect(seen).toEqual(['added a@3', 'added b@4', 'deleted a@3', 'changed b@8'])
  expect(pods.all().map(({ metadata }) => metadata.name)).toEqual(['b'])
})

test('a handler that throws does not keep the next event from its handling', async () => {
  const { seen } = await following(
    [lists('5')],
    [sends(line('ADDED', aPod('a', '6')), line('ADDED', aPod('b', '7')))],
    () => {
      throw new Error('planted')
    },
  )

  await expect.poll(() => seen).toEqual(['added a@6', 'added b@7'])
})

test('an event that comes in pieces, in the middle of a character, is one event', async () => {
  const bytes = Buffer.from(line('ADDED', aPod('a', '6', { note: 'Größe' })))
  const at = bytes.indexOf(0xb6)
  const { pods } = await following(
    [lists('5')],
    [
      (_, response: ServerResponse) => {
        response.write(bytes.subarray(0, at))
        setTimeout(() => response.write(bytes.subarray(at)), 20)
      },
    ],
  )

  await expect.poll(() => pods.get('clinic', 'a')).toMatchObject({ note: 'Größe' })
})

test('a refresh lists anew and ends only when that list is there', async () => {
  const { pods, api } = await following([lists('5'), lists('50', aPod('a', '49'))], [stays])
  await pods.synced()

  await pods.refresh()

  expect(pods.lastSeen()).toBe(50)
  expect(pods.get('clinic', 'a')).toBeDefined()
  expect(api.requests.filter((one) => !one.includes('watch=')).length).toBe(2)
})

test('a refresh while the server is away is tried again with pauses, not as fast as it fails', async () => {
  let away = false
  const list: Answer = (request, response, url) => {
    if (away) request.socket.destroy()
    else lists('5')(request, response, url)
  }
  const { pods, api } = await following([list], [stays], () => {}, { firstRetry: 60, longestRetry: 60 })
  await pods.synced()
  await expect.poll(() => api.requests.length).toBe(2)

  away = true
  const from = performance.now()
  const refreshed = pods.refresh()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const [tries, milliseconds] = [api.requests.length - 2, performance.now() - from]
  away = false
  await refreshed

  expect(tries).toBeLessThan((12 * milliseconds) / 300)
})

test('staleness grows while the server is away, and unsynced is infinite', async () => {
  const { pods } = await following([(request) => void request.socket.destroy()], [stays])

  expect(pods.hasSynced()).toBe(false)
  expect(pods.staleSeconds()).toBe(Number.POSITIVE_INFINITY)
})

/** Says something of `name` as soon as it is told to. */
function prompted() {
  let response: ServerResponse | undefined
  return {
    answer: ((_, given) => {
      response = given
      given.writeHead(200).flushHeaders()
    }) as Answer,
    says: (...lines: string[]) => response?.write(lines.join('')),
    ends: () => response?.end(),
  }
}

test('a copy follows while its watch is open, and not before, between and after', async () => {
  const first = prompted()
  const { pods } = await following([lists('5')], [first.answer, () => {}])
  expect(pods.follows()).toBe(false)
  await expect.poll(() => pods.follows()).toBe(true)

  first.ends()

  await expect.poll(() => pods.follows()).toBe(false)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(pods.follows()).toBe(false)
})

test('a copy whose watch ends at once follows nothing while it waits to open the next', async () => {
  const { pods, api } = await following(
    [lists('5')],
    [(_, response) => void response.end(), () => {}],
    () => {},
    { firstRetry: 60_000 },
  )
  await expect.poll(() => api.requests.length).toBe(2)
  await expect.poll(() => pods.follows()).toBe(false)
  expect(api.requests.length).toBe(2)
})

test('a copy whose watch is silent for too long does not follow, and its next watch does', async () => {
  const { pods, api } = await following([lists('5')], [stays, () => {}], () => {}, { silence: 200 })
  await expect.poll(() => pods.follows()).toBe(true)

  await expect.poll(() => pods.follows(), { interval: 5 }).toBe(false)
  await expect.poll(() => api.requests.length).toBe(3)
})

test('a copy whose watch sends bytes that are no event does not follow', async () => {
  const first = prompted()
  const { pods, api } = await following([lists('5')], [first.answer], () => {}, { silence: 200 })
  await expect.poll(() => pods.follows()).toBe(true)
  const dripping = setInterval(() => first.says(' '), 20)

  await expect.poll(() => pods.follows()).toBe(false)

  clearInterval(dripping)
  expect(api.requests.length).toBe(2)
})

test('a watch that opens long after the last one was heard follows when it has said something', async () => {
  const second = prompted()
  const { pods } = await following(
    [lists('5')],
    [
      (_, response) => void response.end(line('ADDED', aPod('a', '6'))),
      (_, response) => json(response, {}, 500),
      second.answer,
    ],
    () => {},
    { gap: 50, firstRetry: 100, longestRetry: 100 },
  )
  await expect.poll(() => second.says('')).toBe(true)
  expect(pods.follows()).toBe(false)

  second.says(line('ADDED', aPod('b', '7')))

  await expect.poll(() => pods.follows()).toBe(true)
  expect(pods.get('clinic', 'b')).toBeDefined()
})
