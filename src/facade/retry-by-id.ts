import { PurserError } from '../errors.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'

/** An error that leaves open whether a hold was granted, with the id to ask again by. */
export function withHoldId(error: unknown, id: string): unknown {
  return withAdvice(error, `The hold "${id}" may have been granted; reserve it again with that id, or release it.`)
}

/** An error that leaves open whether charges were booked, with the ids to book them again by. */
export function withChargeIds(error: unknown, drafts: readonly Pick<ChargeDraft, 'id'>[]): unknown {
  const [first] = drafts
  if (first === undefined) return error
  if (drafts.length === 1) return withAdvice(error, `The charge "${first.id}" may have been booked; book it again with that id.`)
  return withAdvice(
    error,
    `All ${drafts.length} charges may have been booked, from "${first.id}" to "${drafts.at(-1)?.id}"; book again only what \`purser.charge(id)\` does not find. Records with an \`id\` or \`responseId\` of their own can be told again as they are.`,
  )
}

function withAdvice(error: unknown, advice: string): unknown {
  if (!(error instanceof PurserError) || error.code !== 'PURSER_OUTCOME_UNKNOWN') return error
  return new PurserError(error.code, `${error.message} ${advice}`, { cause: error })
}
