// When containerd did what for one pod, from its log of level info.

/** Milliseconds since 1970; a container that is not in the log has none. `asked`: when the kubelet asked for it. */
type ContainerMoments = { asked?: number; started?: number; ended?: number }

export type Moments = {
  /** When the pod's network and its first process were there. */
  sandbox?: number
  of: (container: string) => ContainerMoments
}

export function momentsOf(log: string, namespace: string, pod: string): Moments {
  const lines = log.split('\n')
  const find = (...parts: readonly string[]): string | undefined =>
    lines.find((line) => parts.every((part) => line.includes(part)))
  const made = find(`RunPodSandbox for`, `{Name:${pod},`, `Namespace:${namespace},`, 'returns sandbox id')
  const sandbox = /returns sandbox id \\"([0-9a-f]{64})/.exec(made ?? '')?.[1]
  if (made === undefined || sandbox === undefined) return { of: () => ({}) }
  return {
    ...at('sandbox', made),
    of: (container) => {
      const name = `{Name:${container},`
      const asked = find('CreateContainer', sandbox, `for container &ContainerMetadata${name}`)
      const returned = find(
        'CreateContainer',
        sandbox,
        `for &ContainerMetadata${name}`,
        'returns container id',
      )
      const id = /returns container id \\"([0-9a-f]{64})/.exec(returned ?? '')?.[1]
      if (id === undefined) return {}
      return {
        ...at('asked', asked),
        ...at('started', find('StartContainer', id, 'returns successfully')),
        ...at('ended', find('shim disconnected', id)),
      }
    },
  }
}

function at<Name extends string>(name: Name, line: string | undefined): { [name in Name]?: number } {
  const time = /^time="([^"]+)"/.exec(line ?? '')?.[1]
  return (time === undefined ? {} : { [name]: Date.parse(time) }) as { [name in Name]?: number }
}
