// What a guard is told to do: admission writes it, the guard does it, and a network plugin reads in it what is left to it.

/** In this order: set the packet filter, and prove it. */
export const guardSteps = ['set', 'check'] as const
export type GuardStep = (typeof guardSteps)[number]

/** Without the first a network plugin has set the filter, and the guard proves it alone. */
export const setsFilter = (command: readonly string[]): boolean => command.includes('set' satisfies GuardStep)
