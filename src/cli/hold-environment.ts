import { PurserError } from '../errors.ts'

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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
