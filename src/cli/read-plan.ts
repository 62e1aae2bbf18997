import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type InputPath, inputPlace, pathText } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import { parsePlan } from '../runs/estimates/parse-plan.ts'
import type { PlanInput } from '../runs/estimates/plan.ts'
import { messageOf, asSentence } from '../text/sentence.ts'
import { withoutByteOrderMark } from './price-input.ts'

/**
 * The plan of a file, YAML or JSON, or of standard input as `-`. What is wrong in it is refused with its line and column.
 * @throws PURSER_BAD_ARGUMENT
 */
export async function readPlanFile(path: string): Promise<PlanInput> {
  const text = withoutByteOrderMark(readText(path))
  const place = path === '-' ? 'standard input' : path
  const plain = extname(path) === '.json' ? parseJson(text) : undefined
  if (plain !== undefined && isFine(plain)) return plain as PlanInput
  const { parsePositioned } = await import('../config/positioned-document.ts')
  const { document, placeOf } = located(() => parsePositioned(place, text, 'core'))
  const written: unknown = document.toJS()
  const refuse = (at: InputPath, predicate: string): never => {
    throw new PurserError('PURSER_BAD_ARGUMENT', asSentence(`${placeOf(at)}: ${at.length === 0 ? 'The plan' : pathText(at)} ${predicate}`))
  }
  parsePlan(written, inputPlace(refuse))
  return written as PlanInput
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `The plan ${path} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

/** JSON is read faster without its places; those are needed only where something is wrong. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isFine(plain: unknown): boolean {
  try {
    parsePlan(
      plain,
      inputPlace((_, predicate) => refusePlain(predicate)),
    )
    return true
  } catch (error) {
    if (error instanceof PurserError) return false
    throw error
  }
}

function refusePlain(predicate: string): never {
  throw new PurserError('PURSER_BAD_ARGUMENT', predicate)
}

function located<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof PurserError)) throw cause
    throw new PurserError('PURSER_BAD_ARGUMENT', cause.message, { cause })
  }
}
