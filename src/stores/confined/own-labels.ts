import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'

/** @throws PURSER_FORBIDDEN naming the label that is missing, or another one */
export function assertOwn(labels: Labels, bound: Labels): void {
  const differing = Object.keys(bound).find((key) => labels[key] !== bound[key])
  if (differing === undefined) return
  const is = labels[differing] === undefined ? 'has none' : `says "${labels[differing]}"`
  throw new PurserError('PURSER_FORBIDDEN', `You book and see what carries ${differing}=${bound[differing]}, and this ${is}.`)
}

export function forbidden(what: string): PurserError {
  return new PurserError('PURSER_FORBIDDEN', `${what} for administrators of the whole ledger, and you see a part of it.`)
}

/** Refuses what only an administrator may ask. */
export async function refuse(what: string): Promise<never> {
  throw forbidden(what)
}
