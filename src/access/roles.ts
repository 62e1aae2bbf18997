/**
 * What a key may do. `admin`: everything. `member`: book, hold and run, and see what it books. `viewer`: see. `ingest`: book and hold,
 * and see nothing but its own holds' ends.
 */
export const roles = ['admin', 'member', 'viewer', 'ingest'] as const
export type Role = (typeof roles)[number]

/**
 * `enter`: know who one is; `see`: costs, runs and budgets; `book`: charges, holds and runs; `manage`: budgets, prices, members
 * and keys.
 */
export type Right = 'enter' | 'see' | 'book' | 'manage'

const rightsOf: Readonly<Record<Role, readonly Right[]>> = {
  admin: ['enter', 'see', 'book', 'manage'],
  member: ['enter', 'see', 'book'],
  viewer: ['enter', 'see'],
  ingest: ['enter', 'book'],
}

/** Of two roles the one that may less; where neither may all that the other may, the second. */
export function narrower(a: Role, b: Role): Role {
  return rightsOf[a].every((right) => hasRight(b, right)) ? a : b
}

export function rightsOfRole(role: Role): readonly Right[] {
  return rightsOf[role]
}

export function hasRight(role: Role, right: Right): boolean {
  return rightsOf[role].includes(right)
}
