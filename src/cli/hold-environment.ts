import type { Denial, Grant } from '../budgets/denial.ts'
import type { HoldView } from '../budgets/hold-view.ts'
import { PurserError } from '../errors.ts'
import type { HoldRequest } from '../facade/hold-request.ts'
import type { Unavailable } from '../facade/unavailable.ts'
import type { Purser } from '../purser.ts'

/** Variables by which `purser guard` hands its hold and labels to what it runs. */
export const holdVariable = 'PURSER_HOLD'
export const labelsVariable = 'PURSER_LABELS'

type Environment = NodeJS.ProcessEnv

/** The hold that this process works under; undefined where there is none. */
export function surroundingHold(env: Environment): string | undefined {
  const hold = env[holdVariable]
  return hold === undefined || hold === '' ? undefined : hold
}

/** Labels that a command has where it does not name others. @throws PURSER_BAD_ARGUMENT */
export function surroundingLabels(env: Environment): Record<string, string> {
  const text = env[labelsVariable]
  if (text === undefined || text.trim() === '') return {}
  const labels = parseJson(text)
  if (typeof labels === 'object' && labels !== null && !Array.isArray(labels)) {
    const entries = Object.entries(labels)
    if (entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return Object.fromEntries(entries)
  }
  throw new PurserError('PURSER_BAD_ARGUMENT', `${labelsVariable} must be a JSON object of texts, like {"run":"42"}; it is ${text}.`)
}

/**
 * Reserves what is asked, inside `purser guard` out of what that holds.
 * @throws what reserving throws; where nothing can be taken out of the surrounding hold, naming the variable
 */
export async function reserveWithin(
  purser: Purser,
  request: HoldRequest,
  surrounding: string | undefined,
): Promise<Grant | Denial | Unavailable> {
  if (surrounding === undefined) return purser.holds.reserve(request)
  try {
    return await purser.holds.split(surrounding, request)
  } catch (cause) {
    if (!(cause instanceof PurserError) || (cause.code !== 'PURSER_NOT_FOUND' && cause.code !== 'PURSER_HOLD_ENDED')) throw cause
    const state = await stateOf(purser, surrounding)
    // Then it is the hold that was asked for that has ended.
    if (state === 'open') throw cause
    const is = state === undefined ? `${purser.location} does not have` : `is ${state === 'presumed' ? 'presumed spent' : state}`
    throw new PurserError(
      cause.code,
      `${holdVariable} names the hold "${surrounding}", which ${is}, so nothing can be taken out of it. Unset ${holdVariable} to reserve without it.`,
      { cause },
    )
  }
}

async function stateOf(purser: Purser, id: string): Promise<HoldView['state'] | undefined> {
  try {
    return (await purser.holds.get(id)).state
  } catch (error) {
    if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return undefined
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
