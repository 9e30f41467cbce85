// Whose a name outside of the cluster is, where several servers list it under tls.names. Our own CA signs for all of them:
// whoever may write a server in one namespace could stand in for that of another, to every caller that trusts the CA.

import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'

/** Names of the server's list that are its own: those that no older server lists, in whatever namespace. */
export function ownNames(server: HipaaMcpServer, servers: readonly HipaaMcpServer[]): string[] {
  const taken = new Set(takenNames(server, servers))
  return (server.spec.tls?.names ?? []).filter((name) => !taken.has(name))
}

/** Names of the server's list that an older server has. Nobody takes one away by listing it later. */
export function takenNames({ metadata, spec }: HipaaMcpServer, servers: readonly HipaaMcpServer[]): string[] {
  const wanted = spec.tls?.names ?? []
  if (wanted.length === 0) return []
  const age = ageOf({ metadata })
  const older = servers.filter((other) => other.metadata.uid !== metadata.uid && ageOf(other) < age)
  const theirs = new Set(older.flatMap((other) => other.spec.tls?.names ?? []))
  return wanted.filter((name) => theirs.has(name))
}

/** Sorts by time; of the same second, by what cannot be chosen. */
const ageOf = ({ metadata }: Pick<HipaaMcpServer, 'metadata'>): string =>
  `${metadata.creationTimestamp ?? ''} ${metadata.uid ?? ''}`
