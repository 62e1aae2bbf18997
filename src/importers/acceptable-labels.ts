import { PurserError } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import { parseLabels } from '../ledger/labels.ts'

/** Those labels that a ledger takes: a branch with an odd name must not keep a call out of the books. */
export function acceptableLabels(found: Labels): Labels {
  return Object.fromEntries(Object.entries(found).filter(([key, value]) => value !== '' && isAcceptable(key, value)))
}

function isAcceptable(key: string, value: string): boolean {
  try {
    parseLabels({ [key]: value })
    return true
  } catch (error) {
    if (error instanceof PurserError) return false
    throw error
  }
}
