// What a ValidatingAdmissionPolicy refuses it tells nobody: no webhook is asked any more, and the API server counts without a name. So
// each of its rules also stands before a mutating webhook, which is asked on the way there, where the rule does not hold. It lets
// everything in and says who tried. Made out of the policies, so that a condition is written once: test/generate.ts writes the part of
// webhooks.yaml between the two marks, what the operator says of each rule, and which policies there are.

import { readFileSync } from 'node:fs'
import { parse, parseAllDocuments } from 'yaml'
import { enforceLabel } from '../../core/identifiers.ts'

/**
 * Those that refuse people who try a way around. Not hipaa-mcp-pods, which refuses what the webhooks would have told; the others
 * narrow what the operator may do.
 */
const observed = [
  'changes',
  'labels',
  'bindings',
  'networks',
  'proxies',
  'tokens',
  'deletions',
  'grants',
  'grants-kept',
  'revocations',
] as const

type Selector = { matchLabels?: object; matchExpressions?: object[] }
type Policy = {
  kind: string
  metadata: { name: string }
  spec: {
    matchConstraints: { namespaceSelector?: Selector; resourceRules: object[] }
    variables?: { name: string; expression: string }[]
    validations: { expression: string; message: string }[]
  }
}

const file = (name: string): URL => new URL(name, import.meta.url)

/** All that config/webhook installs. */
function everyPolicy(): Policy[] {
  const { resources } = parse(readFileSync(file('kustomization.yaml'), 'utf8')) as { resources: string[] }
  return resources
    .flatMap((name) => parseAllDocuments(readFileSync(file(name), 'utf8')))
    .map((document) => document.toJS() as Policy)
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
}

/** What a webhook's condition cannot ask, its selector does: of a namespace that is not enrolled. */
const ofNamespace = { variable: 'variables.enrolled', is: 'false' } as const
const unenrolled: Selector = {
  matchExpressions: [{ key: enforceLabel, operator: 'NotIn', values: ['true'] }],
}

/** A condition of a webhook has no variables of its own: their expressions stand in their place. */
function inlined(expression: string, variables: readonly { name: string; expression: string }[]): string {
  const whole = variables.reduceRight(
    (text, { name, expression: value }) =>
      text.replaceAll(new RegExp(String.raw`\bvariables\.${name}\b`, 'g'), () => `(${value.trim()})`),
    expression.trim(),
  )
  if (/\b(variables|params|namespaceObject)\./.test(whole))
    throw new Error(`A webhook's condition cannot ask this: ${whole}`)
  return whole.replaceAll(/\s+/g, ' ')
}

type Rule = { id: string; policy: string; says: string; refuses: string; selector: object; rules: object[] }

/** One of each validation, in the order of the policies. */
function rulesOf(name: (typeof observed)[number], policies: readonly Policy[]): Rule[] {
  const { metadata, spec } = policies.find((one) => one.metadata.name === `hipaa-mcp-${name}`) as Policy
  const { namespaceSelector = {}, resourceRules } = spec.matchConstraints
  const variables = (spec.variables ?? []).filter((one) => `variables.${one.name}` !== ofNamespace.variable)
  const seen = spec.validations.map(({ expression, message }) => ({
    says: message,
    selected: expression.includes(ofNamespace.variable),
    holds: inlined(expression.replaceAll(ofNamespace.variable, ofNamespace.is), variables),
  }))
  return seen.map(({ says, selected, holds }, index) => ({
    id: `${name}-${index + 1}`,
    policy: metadata.name,
    says,
    // What breaks several rules is one attempt, against the first. That this one holds is the usual, and is asked first.
    refuses: [
      `!(${holds})`,
      ...seen
        .slice(0, index)
        .filter((one) => !one.selected)
        .map((one) => `(${one.holds})`),
    ].join(' && '),
    selector: selected ? unenrolled : namespaceSelector,
    rules: resourceRules,
  }))
}

const marks = ['  # Made of the policies:', '  # The end of what is made of the policies.'] as const

/** In lines as the hand-written ones; a folded scalar is read as one line. */
function folded(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string
    if (line !== '' && line.length + word.length > 110) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

const webhookText = ({ id, refuses, selector, rules }: Rule): string =>
  [
    `  - name: observe-${id}.hipaa-mcp.dev`,
    '    admissionReviewVersions: [v1]',
    '    sideEffects: NoneOnDryRun',
    '    failurePolicy: Ignore',
    '    timeoutSeconds: 3',
    `    namespaceSelector: ${JSON.stringify(selector)}`,
    '    matchConditions:',
    '      - name: refused',
    '        expression: >-',
    ...folded(refuses).map((line) => `          ${line}`),
    '    rules:',
    ...rules.map((rule) => `      - ${JSON.stringify(rule)}`),
    '    clientConfig:',
    `      service: { name: hipaa-mcp-webhook, namespace: hipaa-mcp-system, port: 443, path: /observe-${id} }`,
    '',
  ].join('\n')

function webhooksText(rules: readonly Rule[]): string {
  const whole = readFileSync(file('webhooks.yaml'), 'utf8')
  const [from, to] = marks.map((mark) => whole.indexOf(mark)) as [number, number]
  if (from < 0 || to < from) throw new Error('config/webhook/webhooks.yaml has lost its marks')
  const head = whole.slice(0, whole.indexOf('\n', from) + 1)
  return `${head}${rules.map(webhookText).join('')}${whole.slice(to)}`
}

const literal = (text: string): string => (text.includes("'") ? JSON.stringify(text) : `'${text}'`)

const rulesText = (rules: readonly Rule[], policies: readonly Policy[]): string =>
  [
    '// Generated by config/webhook/observed.ts from the policies beside it. Do not edit: change the policies.',
    '',
    '/** Each rule of a policy that refuses people, by the end of its webhook’s path. */',
    'export const observedRules = {',
    ...rules.map(
      ({ id, policy, says }) =>
        `  '${id}': {\n    policy: ${literal(policy)},\n    says: ${literal(says)},\n  },`,
    ),
    '} as const',
    '',
    '/** Every policy that is installed. */',
    'export const admissionPolicies = [',
    ...policies.map(({ metadata }) => `  ${literal(metadata.name)},`),
    '] as const',
    '',
  ].join('\n')

/** Path and text of every generated file. */
export function observedFiles(): { path: URL; text: string }[] {
  const policies = everyPolicy()
  const rules = observed.flatMap((name) => rulesOf(name, policies))
  return [
    { path: file('webhooks.yaml'), text: webhooksText(rules) },
    { path: file('../../operator/admission/observed.generated.ts'), text: rulesText(rules, policies) },
  ]
}
