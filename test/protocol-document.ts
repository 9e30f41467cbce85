// docs/protocol.md: what is done with every message of MCP, out of the tables that decide it.

import type { Revision } from '../sidecar/exchange.ts'
import { revisions } from '../sidecar/exchange.ts'
import { serverMessages } from '../sidecar/from-server/messages.ts'
import { methods } from '../sidecar/methods.ts'
import * as pipelines from '../sidecar/pipeline.ts'
import { refusedMethods, whys } from '../sidecar/refused-methods.ts'

/** What each pipeline of callers' messages does, in the words of the document. */
const callers: { readonly [pipeline: string]: Way } = {
  toolCall: {
    authorised: 'role, purpose, scopes, patient, limits, for the tool',
    minimised: 'arguments by the tool’s schema; `_meta` is ours',
    redacted: '`returns` of the tool; `_meta` and annotations never pass',
    recorded: 'intent and result',
  },
  resourceRead: {
    authorised: 'role, purpose, scopes, patient, limits, for the resource',
    minimised: 'the URI, which a template of the policy must match',
    redacted: '`returns` of the resource; cacheScope private, ttlMs 0',
    recorded: 'intent and result',
  },
  resourceSubscribe: {
    authorised: 'as a read of the resource, where it says `subscribe`',
    minimised: 'the URI, which a template of the policy must match',
    redacted: 'the answer is empty',
    recorded: 'intent and result',
  },
  promptGet: {
    authorised: 'role, purpose, scopes, patient, limits, for the prompt',
    minimised: 'arguments by the prompt’s schema; `_meta` is ours',
    redacted: '`returns` of the prompt',
    recorded: 'intent and result',
  },
  complete: {
    authorised: '`fromServer.completion`, and as the prompt or resource',
    minimised: 'the argument, the others beside it, the policy’s reference',
    redacted: 'a value in which an identifier is found is left out',
    recorded: 'intent and result',
  },
  handshake: {
    authorised: 'any role',
    minimised: 'our name and version; capabilities cut to the policy',
    redacted: 'name and version if plain; capabilities cut to the policy',
    recorded: 'intent and result',
  },
  notification: {
    authorised: 'any role',
    minimised: 'nothing of the caller’s text; the server’s own call id',
    redacted: 'the answer is empty',
    recorded: 'intent and result',
  },
  catalogue: {
    authorised: 'any role; lists show what the caller’s roles permit',
    minimised: 'the server is not asked',
    redacted: 'answered in the policy’s words',
    recorded: 'intent and result',
  },
  answerBack: {
    authorised: 'whoever was asked, once, within ten minutes',
    minimised: 'members that the question’s result has',
    redacted: 'the answer is empty',
    recorded: 'intent and result',
  },
  sessionStream: {
    authorised: 'whoever began the session',
    minimised: 'nothing is sent',
    redacted: 'event by event, as below',
    recorded: 'intent, each event, result',
  },
  sessionEnd: {
    authorised: 'whoever began the session',
    minimised: 'nothing but the server’s session id',
    redacted: 'the answer is empty',
    recorded: 'intent and result',
  },
  taskAsked: {
    authorised: '`fromServer.tasks`; the caller’s own handle, and as the tool that made it',
    minimised: 'the server’s task id; `_meta` is ours',
    redacted: 'state and message; result, questions and error as in an answer of the tool',
    recorded: 'intent and result, under the tool',
  },
  taskUpdate: {
    authorised: '`fromServer.tasks`; the caller’s own handle, and as the tool that made it',
    minimised: 'the server’s task id and the answers to its questions',
    redacted: 'the answer is empty',
    recorded: 'intent and result, under the tool',
  },
  subscription: {
    authorised: 'each flag by `listChanged`, each URI as a read of it, each task as asking after it',
    minimised: 'flags, URIs and tasks that may be heard of',
    redacted: 'event by event, as below',
    recorded: 'intent, each event, result',
  },
}

/** What each message of servers needs and shows. */
const servers: { readonly [method: string]: Pick<Way, 'authorised' | 'redacted'> } = {
  'elicitation/create': {
    authorised: '`fromServer.elicitation`',
    redacted: 'message and schema by its text rule; URLs of its hosts, no query',
  },
  'notifications/elicitation/complete': {
    authorised: '`fromServer.elicitation`',
    redacted: 'the id, where it is a plain word',
  },
  'notifications/message': {
    authorised: '`fromServer.logging`',
    redacted: 'level; logger if plain; data by its text rule',
  },
  'notifications/progress': {
    authorised: '`fromServer.progress`',
    redacted: 'numbers; message by its text rule; the caller’s own token',
  },
  'notifications/prompts/list_changed': { authorised: '`fromServer.listChanged`', redacted: 'nothing else' },
  'notifications/resources/list_changed': {
    authorised: '`fromServer.listChanged`',
    redacted: 'nothing else',
  },
  'notifications/resources/updated': {
    authorised: 'a subscription of this caller',
    redacted: 'the URI that they subscribed to',
  },
  'notifications/subscriptions/acknowledged': {
    authorised: 'the subscription',
    redacted: 'what the subscription was cut to, in our words',
  },
  'notifications/tasks': {
    authorised: '`fromServer.tasks`; a task of this caller that they subscribed to',
    redacted: 'as tasks/get',
  },
  'notifications/tasks/status': {
    authorised: '`fromServer.tasks`; a task of this session',
    redacted: 'as tasks/get',
  },
  'notifications/tools/list_changed': { authorised: '`fromServer.listChanged`', redacted: 'nothing else' },
  'roots/list': { authorised: '`fromServer.roots`', redacted: 'nothing else' },
  'sampling/createMessage': {
    authorised: '`fromServer.sampling`, while its agreement is active',
    redacted: 'text by its rule; no tools, metadata, context, media',
  },
}

type Way = { authorised: string; minimised: string; redacted: string; recorded: string }
type Row = { readonly method: string; readonly revisions: readonly Revision[]; readonly what: string }

/** One letter for each revision: a table of 80 columns has no room for three dates. */
const letters: { readonly [revision in Revision]: string } = {
  '2025-06-18': 'A',
  '2025-11-25': 'B',
  '2026-07-28': 'C',
}

export function protocolDocument(): string {
  const names = new Map<unknown, string>(
    Object.entries(pipelines).map(([name, pipeline]) => [pipeline, name]),
  )
  const wayOf = (pipeline: unknown): string => {
    const name = names.get(pipeline) ?? 'unknown'
    if (callers[name] === undefined) throw new Error(`Describe ${name} in test/protocol-document.ts`)
    return `\`${name}\``
  }
  const used = new Set<string>()
  const caller = (kind: string): string[] => {
    const rows = methods
      .filter(({ direction }) => direction === kind)
      .map(({ pipeline, needs, ...row }) => {
        used.add(wayOf(pipeline))
        return { ...row, what: `${wayOf(pipeline)}${needs === undefined ? '' : `, needs \`${needs}\``}` }
      })
    return tableOf([...rows, ...refused('caller', kind)])
  }
  const callerTables = [
    ['Requests of callers', caller('request')],
    ['Notifications of callers', caller('notification')],
    ['Answers of callers to questions of the server', caller('response')],
    ['HTTP methods without a message', caller('http')],
  ] as const
  const serverTables = [
    ['Requests of servers', serverTable('request')],
    ['Notifications of servers', serverTable('notification')],
  ] as const

  return [
    '# Messages of MCP',
    '',
    'For whoever writes an agent or a server: which messages of the protocol go',
    'through a guarded pod, in which revision, and what becomes of each.',
    '',
    'Generated by `node test/generate.ts` from `sidecar/methods.ts`,',
    '`sidecar/from-server/messages.ts` and `sidecar/refused-methods.ts`. A test',
    'fails when the official schemas know a message that stands in none of them.',
    'What is not here is refused and recorded.',
    '',
    `Revisions: ${revisions.map((revision) => `${letters[revision]} = ${revision}`).join(', ')}.`,
    '',
    ...callerTables.flatMap(([title, table]) => [`## ${title}`, '', ...table, '']),
    '### What each way does',
    '',
    ...[...used].toSorted().flatMap((name) => {
      const { authorised, minimised, redacted, recorded } = callers[name.replaceAll('`', '')] as Way
      return [
        `${name}  `,
        ...broken(`authorised by: ${authorised}`),
        ...broken(`minimised: ${minimised}`),
        ...broken(`redacted: ${redacted}`),
        ...wrapped(`recorded: ${recorded}`),
        '',
      ]
    }),
    ...serverTables.flatMap(([title, table]) => [`## ${title}`, '', ...table, '']),
    '### What of each leaves',
    '',
    'Each is recorded (kind `event`) before a byte of it leaves. From 2026-07-28 on',
    'the three questions stand inside of an answer (`inputRequests`), under the',
    'same rules, recorded with it; `requestState` is sealed to the person, the',
    'target and half an hour. A question that may not pass is declined at once.',
    '',
    ...serverMessages
      .map(({ method }) => method)
      .toSorted()
      .flatMap((method) => {
        const described = servers[method]
        if (described === undefined) throw new Error(`Describe ${method} in test/protocol-document.ts`)
        return [
          `\`${method}\`  `,
          ...broken(`authorised by: ${described.authorised}`),
          ...wrapped(`shown: ${described.redacted}`),
          '',
        ]
      }),
    '## Why a message is refused',
    '',
    ...Object.entries(whys)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([why, says]) => [...wrapped(`\`${why}\`: ${says}`), '']),
    ...outside,
    '',
  ].join('\n')
}

function serverTable(kind: string): string[] {
  const rows = serverMessages
    .filter((row) => row.kind === kind)
    .map(({ method, revisions: all }) => ({ method, revisions: all, what: 'under policy' }))
  return tableOf([...rows, ...refused('server', kind)])
}

function refused(from: 'caller' | 'server', kind: string): Row[] {
  return refusedMethods
    .filter((row) => row.from === from && row.kind === kind)
    .map(({ method, revisions: all, why }) => ({ method, revisions: all, what: `refused: ${why}` }))
}

function tableOf(rows: readonly Row[]): string[] {
  const lines = rows.map(({ method, revisions: all, what }) => {
    const marks = revisions.map((revision) => (all.includes(revision) ? letters[revision] : '')).join('')
    return { sort: `${method} ${marks}`, line: `| \`${method}\` | ${marks} | ${what} |` }
  })
  return [
    '| method | in | what |',
    '|---|---|---|',
    ...lines.toSorted((one, other) => (one.sort < other.sort ? -1 : 1)).map(({ line }) => line),
  ]
}

/** With a line break at its end (two spaces, CommonMark 6.7). */
function broken(text: string): string[] {
  return wrapped(text).map((line, at, all) => (at === all.length - 1 ? `${line}  ` : line))
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 77) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const outside = [
  '## Outside of JSON-RPC',
  '',
  ...[
    '**URL.** The one path of the policy; a query or a fragment is refused (`query-in-url`, `token-in-url`), and no URL stands in a record, a log or a metric.',
    '**Request headers.** None of them goes on to the server: what goes there is made anew. `Mcp-Method`, `Mcp-Name` and the `Mcp-Param-*` of the tool\u2019s schema must agree with the body, and are made again out of what is sent; no identifier may stand in one. `traceparent`, `tracestate`, `baggage`, cookies, `X-Patient-ID` and the like are not read.',
    '**Response headers of the server.** None comes back. `Mcp-Session-Id` of the server stays here; the caller gets one of ours, which only the same person over the same certificate can use. `WWW-Authenticate`, `Location`, `Set-Cookie` and trailers are dropped.',
    '**SSE.** Ids, names and comments of the server’s events stay here: callers get ids of ours, sealed to them. Data is a message, or the stream ends. A compressed stream is refused.',
    '**Error bodies of the server.** Its words never leave. Codes to which MCP gives a meaning are told, in our words.',
    '**JSON.** Of members that come twice the last one counts, here and at the server, since what goes there is written anew. Half a surrogate pair, numbers that would not be the same when written anew (integers beyond 2^53, 1e400) and nesting beyond 64 levels are refused, of callers and servers alike; of callers also `__proto__`, and more than 20,000 values in one body.',
    '**Host and Origin.** The certificate\u2019s names, or those of `http.hosts`; no origin, or those of `http.origins`. Looked at before anything but the query.',
    '**stderr of a stdio server.** It is taken for patient data: how much it was is said, and nothing of what it said.',
    '**Records, metrics, diagnostics.** Closed sets of names; patients and arguments as keyed hashes.',
  ].flatMap((text) => [...wrapped(text), '']),
].slice(0, -1)
