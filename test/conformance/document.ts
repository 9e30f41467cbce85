// docs/conformance.md: what the last runs found, for a reader who cannot run them.

import type { Row } from './checks.ts'
import type { Difference, Explanation } from './compare.ts'
import { summary } from './report.ts'

export type Found = {
  /** Version of the suite, of the cluster, and the machine. */
  on: { suite: string; cluster: string; machine: string }
  bare: readonly Row[]
  unguarded: readonly Row[]
  through: readonly Row[]
  explained: readonly { difference: Difference; by: Explanation }[]
  unexplained: readonly Difference[]
}

/** Markdown. Holds no time of the run, so that it changes only when what was found does. */
export function conformanceDocument({ on, bare, unguarded, through, explained, unexplained }: Found): string {
  const tables = [summary('bare', bare), summary('unguarded', unguarded), summary('through', through)]
  const count = explained.length + unexplained.length
  return `# Conformance

For whoever writes an agent or runs a host: what the official MCP suites find different behind the sidecar, and why.

Written by \`make conformance\`, which runs the official server suites (\`@modelcontextprotocol/conformance\` ${on.suite})
for both revisions against a server of our own that is written with the official SDKs and has all that the suites ask for
(\`test/conformance/fixtures\`):

- **bare**: the server as a program of the machine.
- **unguarded**: the server in the agent's pod, reached by \`kubectl port-forward\`.
- **through**: the server in a guarded pod, behind the sidecar as the operator put it there. The agent's pod calls it over
  mutual TLS with a person's token, and the suite reaches the agent's pod by \`kubectl port-forward\`. The policy permits
  everything and redacts nothing (\`test/conformance/permit-all.ts\`).

\`\`\`
${tables.join('\n\n')}
\`\`\`

\`scored\` and \`others\`: scenarios without a failing check, out of all; the suite's requirements say which ones count. The
other columns count checks. ${on.machine}, ${on.cluster}.

## What the sidecar changes

${count === 0 ? 'Nothing.' : `${count} checks differ between bare and through, ${unexplained.length} of them without an explanation.`}
${explained.map(({ difference, by }) => `\n- ${head(difference)}: ${by.reason} Test: [\`${by.test}\`](../${by.test}).`).join('')}
${unexplained.length === 0 ? '' : `\nNot explained:\n${unexplained.map((difference) => `\n- ${head(difference)}`).join('')}\n`}`
}

const head = ({ leg, scored, scenario, id, name, bare, through }: Difference): string =>
  `${leg}, ${scored ? 'scored' : 'not scored'}, \`${scenario}\`, \`${id}\` (${name}): ${bare} → ${through}`
