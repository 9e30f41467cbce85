// The alert rules, as a plain Prometheus rule file and as a PrometheusRule of the Prometheus operator.

import { stringify } from 'yaml'

const groups = [
  {
    name: 'hipaa-mcp',
    rules: [
      {
        alert: 'HipaaMcpBreachSignal',
        expr: 'hipaa_mcp_breach_signals > 0',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'A pattern of access that a breach rule names was seen',
          description:
            'A person saw more patients than the rule allows. 45 CFR 164.402 presumes a breach until a risk assessment shows otherwise: read the signal with kubectl describe hipaamcpserver, list the records with hipaa-mcp trail export, and consider spec.lockdown.',
        },
      },
      {
        alert: 'HipaaMcpBreakGlassUsed',
        expr: 'sum by (server) (increase(hipaa_mcp_break_glass_calls_total[10m])) > 0',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'A patient was reached by emergency access',
          description:
            'A person reached patients beyond their role under a BreakGlassGrant that another person approved. hipaa-mcp break-glass list says which; a third person reviews it within 72 hours of its end (45 CFR 164.312(a)(2)(ii)).',
        },
      },
      {
        alert: 'HipaaMcpSealingHindered',
        expr: 'max(hipaa_mcp_sealing_hindered) == 1',
        for: '1m',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'The trail can soon take no record, and calls will be refused',
          description:
            'No data key can be had from the key’s holder, or a segment cannot be written. The collector’s log and /readyz say why: docs/keys.md lists the reasons.',
        },
      },
      {
        alert: 'HipaaMcpWitnessRefuses',
        expr: 'max by (witness) (hipaa_mcp_witnesses{state="refuses"}) == 1',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'The log of all chains is not the one that a witness outside signed',
          description:
            'A witness outside the cluster will not sign what the collector shows it, as it does where the log was cut, reset, rewritten or restored from a backup. Keep a copy of the store before anything else: docs/witnesses.md says what each reason means.',
        },
      },
      {
        alert: 'HipaaMcpWitnessLate',
        expr: 'max(hipaa_mcp_witness_late) == 1',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'Nothing outside the cluster vouches for the newest part of the trail',
          description:
            'No quorum of witnesses signed the log of all chains for longer than HIPAA_MCP_WITNESS_LATE_SECONDS. Calls go on; what is changed since then would not show from outside. The collector’s /witnesses says which witness is away.',
        },
      },
      {
        alert: 'HipaaMcpArchiveGap',
        expr: 'max by (reason) (hipaa_mcp_archive_gaps) == 1',
        for: '5m',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'The archive does not keep the trail as it must',
          description:
            'The label reason says what is wrong with the bucket or its lock, or that sealed segments wait for more than an hour: docs/archive.md lists the reasons. Calls go on, and nothing is lost while segments wait; servers of profile Production are not compliant.',
        },
      },
      {
        alert: 'HipaaMcpCopyBehind',
        expr: 'max by (copy) (hipaa_mcp_copy_behind) == 1',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'A copy of the trail is behind',
          description:
            'The target that the label copy names has not taken what was committed more than five minutes ago. Calls go on and nothing is lost: it gets everything once it answers. /copies of the collector’s health port says why: docs/copies.md lists the reasons.',
        },
      },
      {
        alert: 'HipaaMcpCopyRefused',
        expr: 'sum by (copy) (increase(hipaa_mcp_copy_refused_total[10m])) > 0',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'A copy of the trail lacks records',
          description:
            'The target that the label copy names took a request and said that it will never have some of its log records (OTLP partial success). The trail has them: the target’s own log says why.',
        },
      },
      {
        alert: 'HipaaMcpNetworkOpen',
        expr: 'max by (server, from, to) (hipaa_mcp_network_attempts_open) > 0',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'The network lets through what a NetworkPolicy forbids',
          description:
            'A canary or a sidecar connected where it must be refused: the network plugin does not enforce NetworkPolicies, on some node or at all. The packet filter of guarded pods still holds; stores have none. docs/network.md says what to look at.',
        },
      },
      {
        alert: 'HipaaMcpNetworkUnproved',
        expr: 'time() - max by (server) (hipaa_mcp_network_proof_timestamp_seconds) > 7200',
        for: '15m',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'Nothing has shown for two hours that the network enforces NetworkPolicies',
          description:
            'Canaries cannot be made or bring no result, or sidecars do not report: the condition NetworkEnforced says why. Calls go on.',
        },
      },
      {
        alert: 'HipaaMcpAgreementEnds',
        expr: 'max by (agreement) (hipaa_mcp_agreement_days_left) < 30',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'An agreement with a business associate ends within 30 days, or has ended',
          description:
            'When it ends no server reaches its hosts any more, and connections that are open are cut (45 CFR 164.504(e)). Renew it, and write spec.expires and spec.document: docs/agreements.md.',
        },
      },
      {
        alert: 'HipaaMcpAgreementClosed',
        expr: 'max by (agreement) (hipaa_mcp_agreement_active) == 0',
        for: '5m',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'The hosts of an agreement are shut',
          description:
            'It has expired, has not begun, or what was attested of the account at a model’s vendor is too old: kubectl get baa says which. Delete it where nobody needs it any more.',
        },
      },
      {
        alert: 'HipaaMcpCaSecret',
        expr: 'min by (name) (hipaa_mcp_ca_secret_held) == 0',
        for: '2m',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'The Secret of a CA is gone, or holds another CA',
          description:
            'Nothing fails yet: the operator goes on with what it loaded. When all of its pods have begun anew there is another CA, which no guarded pod trusts. Restore the Secret from a backup before that, and do not restart the operator: docs/injection.md says what to do without one.',
        },
      },
      {
        alert: 'HipaaMcpTrailBehind',
        expr: 'max by (server, reason) (hipaa_mcp_trail_pressure) >= 1',
        for: '1m',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'The trail of a guarded MCP server falls behind, and calls may soon be refused',
          description:
            'The label reason says what is behind: collector-behind while the collector does not take what the pod’s own volume holds, trail-full or trail-late while records wait to be acknowledged. At the next step new calls are refused with Retry-After; nothing is dropped. docs/stores.md has the marks.',
        },
      },
      {
        alert: 'HipaaMcpTrailVolume',
        expr: 'max by (state) (hipaa_mcp_trail_volumes{state=~"NotRetained|Failed"}) > 0',
        for: '1m',
        labels: { severity: 'critical' },
        annotations: {
          summary: 'Records of a pod’s own volume are not safe, or could not be shipped',
          description:
            'NotRetained: a volume would be deleted with its pod, which takes no call meanwhile. Failed: a pod is gone, and its recovery Job could not ship what it left; the volume is kept. docs/stores.md says what to do.',
        },
      },
      {
        alert: 'HipaaMcpTrailVolumeWaits',
        expr: 'max by (state) (hipaa_mcp_trail_volumes{state=~"Waiting|Recovering"}) > 0',
        for: '30m',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'What a pod left on its own volume is not with the collector yet',
          description:
            'The pod is gone, and for half an hour the collector did not get what its volume holds. Does the collector answer, is the volume’s node there, and what does the recovery Job in hipaa-mcp-system say? docs/stores.md says more.',
        },
      },
      {
        alert: 'HipaaMcpLocked',
        expr: 'max by (server) (hipaa_mcp_locked) == 1',
        for: '1m',
        labels: { severity: 'warning' },
        annotations: {
          summary: 'A guarded MCP server refuses every call',
          description:
            'The reason stands in the label reason of hipaa_mcp_locked and in the server’s Ready condition: kubectl describe hipaamcpserver.',
        },
      },
    ],
  },
]

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0 })
const head = '# Generated from config/monitoring/rules.ts: change it there.\n'

/** A rule file for Prometheus' `rule_files`. */
export const rulesText = (): string => head + yaml({ groups })

/** The same rules for clusters with the Prometheus operator. */
export const prometheusRuleText = (): string =>
  head +
  yaml({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'hipaa-mcp',
      namespace: 'hipaa-mcp-system',
      labels: { 'app.kubernetes.io/part-of': 'hipaa-mcp' },
    },
    spec: { groups },
  })
