// When a record counts as kept (spec.trail.acknowledge).

/** Stream: the collector committed it. Local: it is on the pod's own volume. Both: both. */
export const acknowledgements = ['Stream', 'Local', 'Both'] as const
export type Acknowledge = (typeof acknowledgements)[number]

/** Whether the pod has a volume for its records. */
export const hasVolume = (mode: Acknowledge = 'Stream'): boolean => mode !== 'Stream'
