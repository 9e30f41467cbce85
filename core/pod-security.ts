// What a namespace asks of its pods by the label of Pod Security (Pod Security Standards). Pure.

export const podSecurityLabel = 'pod-security.kubernetes.io/enforce'

/** Levels of the Pod Security Standards. */
export type PodSecurity = 'privileged' | 'baseline' | 'restricted'

/** What the namespace's labels ask of pods. A value that Kubernetes does not know counts as the strictest, as it does there. */
export function podSecurityOf(labels: { readonly [name: string]: string } = {}): PodSecurity {
  const { [podSecurityLabel]: level = 'privileged' } = labels
  return level === 'privileged' || level === 'baseline' ? level : 'restricted'
}
