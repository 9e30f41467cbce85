// Figures to a table: medians of the rounds, ratios to nginx, latency over the upstream asked directly.

import { memoryFlags } from '../../operator/admission/sidecar-spec.ts'
import { quantile } from './comparison.ts'
import { type EgressFigures, egressTable } from './egress-rows.ts'
import { otherTable } from './other-report.ts'
import type { OtherFigures } from './other-rows.ts'
import { openAtOnce } from './other-work.ts'
import { type RedactionRound, redactionTable } from './redaction-report.ts'
import { markdown } from './table.ts'
import { type VerifyFigures, verifyTable } from './verify-rows.ts'
import { answerBytes, type Work } from './work.ts'

/** Calls a second of the runs on a clock. */
export const clockRate = 500

export type Figures = {
  /** Processor time of what is measured, µs a call, as fast as it goes. */
  microseconds: number
  perSecond: number
  /** Likewise, at `clockRate`. */
  onClock: number
  /** Milliseconds, at `clockRate`. */
  p50: number
  p99: number
  /** Resident, bytes. */
  memory: number
}

export type Measured = {
  machine: string
  rounds: number
  seconds: number
  measured: ReadonlyMap<string, readonly Figures[]>
  /** What is measured besides the one call, round by round. */
  others: readonly OtherFigures[]
  redaction: readonly RedactionRound[]
  verified: VerifyFigures
  egress: EgressFigures
  work: Work
}

/** Names by which targets.ts and this file agree. */
export const direct = 'upstream alone, plain HTTP'
export const yardstick = 'nginx, mTLS pass-through'
export const own = {
  Local: 'hipaa-mcp, every control, Local',
  Stream: 'hipaa-mcp, every control, Stream',
} as const

/** What `Stream` adds to the server's p50, over what `Local` adds, of a round each: what the machine did in it fell on all. */
export function addedRatio(measured: ReadonlyMap<string, readonly Figures[]>): number {
  const of = (name: string): readonly Figures[] => measured.get(name) ?? []
  const ratios = of(direct).map(({ p50 }, i) => {
    const added = (name: string): number => (of(name)[i]?.p50 ?? Number.NaN) - p50
    return added(own.Stream) / added(own.Local)
  })
  return quantile(ratios)
}

export function report({
  machine,
  rounds,
  seconds,
  measured,
  others,
  redaction,
  verified,
  egress,
  work,
}: Measured): {
  /** Both tables. */
  table: string
  document: string
} {
  const median = (name: string, of: keyof Figures): number =>
    quantile((measured.get(name) ?? []).map((figures) => figures[of]))
  const base = {
    p50: median(direct, 'p50'),
    p99: median(direct, 'p99'),
  }
  const beside = (name: string, of: 'microseconds' | 'onClock'): string =>
    `${(median(name, of) / median(yardstick, of)).toFixed(1)} ×`
  const rows = [...measured.keys()].map((name) => {
    if (name === direct)
      return [
        name,
        '–',
        '–',
        median(name, 'perSecond').toFixed(0),
        '–',
        '–',
        `${base.p50.toFixed(2)} / ${base.p99.toFixed(2)} (all of it)`,
        '–',
      ]
    return [
      name,
      median(name, 'microseconds').toFixed(0),
      beside(name, 'microseconds'),
      median(name, 'perSecond').toFixed(0),
      median(name, 'onClock').toFixed(0),
      beside(name, 'onClock'),
      `${(median(name, 'p50') - base.p50).toFixed(2)} / ${(median(name, 'p99') - base.p99).toFixed(2)}`,
      `${(median(name, 'memory') / 1e6).toFixed(0)} MB`,
    ]
  })
  const ratio = addedRatio(measured)
  const heads = [
    'what',
    'CPU µs/call',
    '× nginx',
    'calls/s at most',
    `CPU µs/call at ${clockRate}/s`,
    '× nginx so',
    `added p50 / p99, ms, at ${clockRate}/s`,
    'memory',
  ]
  const table = markdown([heads, ...rows])
  const other = otherTable(others)
  const document = `# Performance

For platform teams: what a call, an egress, a verification and a redaction cost, each beside something that you know.

Written by \`make bench\`, which measures the sidecar beside Debian's nginx in one run, on the same work: one
\`tools/call\` of ${work.request.length} bytes in, one answer of ${answerBytes.toLocaleString('en')} bytes from the server, TLS 1.3 with client certificates,
32 connections kept open. What is measured has one core to itself; load, server and collector share another. Medians of
${rounds} rounds of ${seconds} s. Processor time is the kernel's count (user and system) over a run as fast as it goes; latency
is that of a run at ${clockRate} calls a second sent on a clock, whatever is still open, over the server asked directly.

${table}

${machine}.

- nginx does TLS with client certificates and passes bytes on. The sidecar does that and every control: token and
  certificate binding, roles, purpose, argument schema, redaction of the answer, and two records a call that are kept
  before anything leaves.
- \`Local\`: a record is kept when it is on the pod's own volume (\`O_DSYNC\`). \`Stream\`: when the collector, a process
  of its own over mutual TLS, has committed it to its disk; its processor time is not in the figure.
- What \`Stream\` adds to a call (p50) is ${ratio.toFixed(1)} × what \`Local\` adds (aim: 3), in each round by itself, and the median of the rounds.
- Figures are stated, not asserted: they depend on the machine, and another process beside the run shows in them. The
  ratio to nginx carries over between machines better than anything else here.
- The sidecar runs as in a pod: \`${memoryFlags.join(' ')}\`, sources without types, and the environment of the image.

## Besides the one call

The same sidecar with \`Stream\`, on other work, in the same run; medians of ${rounds} rounds, a few seconds each.

${other}

- A list is answered out of the policy and asks the server nothing; nginx beside it passes on as many bytes of a server.
- An event leaves when its record is at the collector, as an answer does: 1,000 events are 1,000 records. Events that
  arrive together are recorded together.
- Both records: what they were beside nginx at another rate, and what was tried, stands in
  [the decision](decisions/0025-rates-are-compared-with-the-same.md).
- Memory of a stream is what the process grew by while ${openAtOnce.streams} were opened, over their number: each has had one event, and
  holds a TLS connection of its caller and a connection to the server. They are of ${openAtOnce.persons} persons: one may not have so many.
- A token is verified at its first call (signature, issuer, claims, binding) and then known by its hash until it expires.
  Its figure is that of calls whose token nobody had seen, less that of calls with a known one, turn by turn, with \`Local\`.
- Records by themselves are those of the one call, made, kept and shipped by the product's own code in a process that does nothing
  else: at the rate of the sidecar with \`Local\`, so that as many are kept together as there, and with 256 callers who each go on when
  both records of their call are kept, which are about as many calls a second as nginx does. The process has run for 10 s, and what the clock takes that begins the calls is taken off.
- Rates are compared with the same: a call through nginx at a few hundred or thousand calls a second costs more than one of as many
  as it can do, since it is woken for each and finds the processor's caches cold, as the sidecar does. Of the whole call both are in the table above.
- \`make bench AGAINST=REF\` runs this sidecar beside that of another commit in one run, and says what a call costs more.

## Egress and the pod's resolver

The sidecar's egress beside nginx's \`stream\`, and its resolver beside CoreDNS, each alone on a core, in one run; medians of three rounds
(\`node test/bench/egress-rows.ts\`). An exchange is 600 bytes there and 4,096 back, 32 connections at once; processor time is the kernel's count.

${egressTable(egress)}

- nginx reads the server name and passes bytes on (\`ssl_preread\`), or puts TLS on them and checks the certificate (\`proxy_ssl\`): what the sidecar does, which
  also asks whether the agreement is in force, looks the name up, judges the address and makes a record; what it takes to keep that record is with the calls.
- What a resolver could answer in a second is told by its processor time: the load beside it is Node, and slower than either.

## Verifying a trail

\`hipaa-mcp verify\` of a generated trail, beside hashing the bytes of the same records in the same run; medians of three, each in a process of its
own, files in the page cache (\`node test/bench/verify-rows.ts\`).

${verifyTable(verified)}

- A leaf is hashed and then, in the middle, one node of the tree: no verification has fewer hashes than two a record, and \`crypto.hash\` of a short text
  is mostly the call of it. So one thread could not have half the rate of hashing alone; as many threads do it as there are cores (at most four).
- Records are read where they stand (\`core/scan\`), hashed without a copy (\`core/leaf-run.ts\`), and judged by what is left: calls that no result of their run answers.
- Hashing by the MiB has one call for a thousand records: it is what SHA-256 costs without the records.

## Redaction by itself

In one process, without a call around it: the time of a result's redaction over that of \`JSON.parse\` and
\`JSON.stringify\` of the same document, turn by turn; that of hostile text over that of as much ordinary prose
(\`node test/bench/redaction.ts\`).

${redactionTable(redaction)}

- A result is read once where it lies, and cut (\`core/json-scan.ts\`, \`core/redaction/edit.ts\`); what stays leaves as the
  bytes that came. \`built anew\` is the same by way of a value, as it is done where a policy or a document wants one.
- The structured result is a patient's record of which the policy names codes, values and days; the Bundle holds the
  records of hundreds of patients. Free text is one string by itself, and its yardstick copies it.
- Memory is what is held at its most; garbage besides is bounded by the young generation of the sidecar.
- Aims that are missed are missed. Parsing copies a text at a fraction of a nanosecond a character, and redaction looks at each
  of its words. How far over that is stands in the rows, and what it costs in the last column.
- A row over its aim is over it: see [the decision](decisions/0013-results-are-cut-where-they-lie.md).
`
  return {
    table: `${table}\n\n${other}\n\n${redactionTable(redaction)}\n\n${verifyTable(verified)}\n\n${egressTable(egress)}`,
    document,
  }
}
