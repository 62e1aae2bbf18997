import type { Denial } from '../../budgets/denial.ts'
import { PurserError } from '../../errors.ts'
import type { Unavailable } from '../unavailable.ts'

/**
 * What a wrapped client throws where a budget refuses the call: nothing was sent. Everywhere else a denial is a value; a
 * provider's client has no other way to say it.
 */
export class CallDenied extends PurserError {
  readonly denial: Denial | Unavailable

  constructor(denial: Denial | Unavailable) {
    super('PURSER_CALL_DENIED', denial.message)
    this.name = 'CallDenied'
    this.denial = denial
  }
}
