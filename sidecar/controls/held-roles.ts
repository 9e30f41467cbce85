// Which of the policy's roles a caller has, whatever they ask for. Scopes are not looked at: one who lacks only those is
// told which.

import type { Role } from '../../core/policy.ts'
import type { Caller } from '../exchange.ts'

/** Roles that the token names, as far as they let a service act for the person, or demand one (RFC 8693). */
export function heldRoles({ inForce, roles, who }: Pick<Caller, 'inForce' | 'roles' | 'who'>): Role[] {
  const forbidden = who.actor === undefined ? 'Required' : 'Forbidden'
  return inForce.policy.roles.filter(({ when }) => roles.includes(when.role) && when.actor !== forbidden)
}
