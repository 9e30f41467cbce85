// What a guard is told to do: admission writes it, the guard does it, and a network plugin reads in it what is left to it.

/** In this order: set the packet filter, and prove it. */
export const guardSteps = ['set', 'check'] as const
export type GuardStep = (typeof guardSteps)[number]

/** Without the first a network plugin has set the filter, and the guard proves it alone. */
export const setsFilter = (command: readonly string[]): boolean => command.includes('set' satisfies GuardStep)

/** On the guard, beside the ports: which packet filter admission means. */
export const rulesVariable = 'HIPAA_MCP_RULES'
/**
 * Hash of the rules of sidecar/guard/rules.ts, which a test holds against them: a network plugin that is of another version,
 * and would set other ones, sets none.
 */
export const rulesVersion = 'c5bd6adf32ba09e0'
