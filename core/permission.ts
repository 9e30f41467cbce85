// What the policy alone says of who may ask for what: the part of access control that needs no token.

import type { Role } from './policy.ts'

/** The lists of a policy, and of a role, that name what may be asked for. */
export type Kind = 'tools' | 'resources' | 'prompts'

/** Of these roles, those that may have it at all. None: to the caller it does not exist. */
export function rolesFor(roles: readonly Role[], kind: Kind, name: string): Role[] {
  return roles.filter((role) => role[kind].includes(name))
}

/** Of these roles, those that may ask for this purpose of use. */
export function rolesForPurpose(roles: readonly Role[], purpose: string): Role[] {
  return roles.filter((role) => role.purposes.includes(purpose))
}

/** Every purpose for which one of these roles may ask, in order. */
export function purposesOf(roles: readonly Role[]): string[] {
  return [...new Set(roles.flatMap((role) => role.purposes))].toSorted()
}

const furthest: readonly Role['patients'][] = ['Any', 'Panel', 'Bound']

/** Those that reach further first: of two roles that permit, what the one permits is permitted. */
export function byReach(roles: readonly Role[]): Role[] {
  return furthest.flatMap((reach) => roles.filter(({ patients }) => patients === reach))
}
