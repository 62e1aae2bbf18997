import { type Action, actions, type Metric, type Mode, modes, type Terms } from './budget.ts'
import type { InputPlace } from './input-place.ts'
import { parseLimit } from './parse-amount.ts'
import { defaultThresholds, parseThresholds } from './parse-thresholds.ts'
import { type Fields, readChoice } from './read-fields.ts'

/** What may differ between the values of the labels that a budget is kept apart by. */
export const termKeys = ['limit', 'mode', 'tolerance', 'on_limit', 'thresholds'] as const
type TermFields = Fields<(typeof termKeys)[number]>

/** The terms of a budget: strict, blocking at the limit, thresholds at 50, 80 and 95 % (none of places) unless said otherwise. */
export function parseTerms(fields: TermFields, metric: Metric, place: InputPlace): Terms {
  const { limit, mode, tolerance, onLimit, thresholds } = readTerms(fields, metric)
  if (limit === undefined) return place.refuse('has no limit')
  const effective = mode ?? (onLimit === 'warn' ? 'soft' : 'strict')
  checkTolerance(effective, tolerance, fields, place)
  if (onLimit !== undefined) checkAction(effective, onLimit, fields, place)
  return {
    limit,
    mode: effective,
    tolerance: tolerance ?? 0n,
    onLimit: onLimit ?? defaultAction(effective),
    thresholds: thresholds ?? defaultThresholds(metric),
  }
}

/** What an override changes, with what follows from it: a soft one warns at its limit, whatever the budget does at its own. */
export function parseOverrideTerms(fields: TermFields, base: Terms, metric: Metric, place: InputPlace): Partial<Terms> {
  const terms = readTerms(fields, metric)
  if (Object.keys(terms).length === 0) return place.refuse(`changes nothing; give one of ${termKeys.join(', ')}`)
  const mode = terms.mode ?? (terms.onLimit === 'warn' ? 'soft' : base.mode)
  const wasAdaptive = base.mode === 'adaptive'
  checkTolerance(mode, terms.tolerance ?? (wasAdaptive && mode === 'adaptive' ? base.tolerance : undefined), fields, place)
  const onLimit = terms.onLimit ?? ((mode === 'soft') === (base.mode === 'soft') ? base.onLimit : defaultAction(mode))
  checkAction(mode, onLimit, fields, place)
  return {
    ...terms,
    ...(mode !== base.mode && { mode }),
    ...(wasAdaptive && mode !== 'adaptive' && { tolerance: 0n }),
    ...(onLimit !== base.onLimit && { onLimit }),
  }
}

function readTerms(fields: TermFields, metric: Metric): Partial<Terms> {
  return {
    ...(fields.has('limit') && { limit: parseLimit(fields.value('limit'), metric, fields.place('limit')) }),
    ...(fields.has('mode') && { mode: readChoice(fields.value('mode'), modes, fields.place('mode')) }),
    ...(fields.has('tolerance') && { tolerance: parseLimit(fields.value('tolerance'), metric, fields.place('tolerance')) }),
    ...(fields.has('on_limit') && { onLimit: readChoice(fields.value('on_limit'), actions, fields.place('on_limit')) }),
    ...(fields.has('thresholds') && { thresholds: parseThresholds(fields.value('thresholds'), metric, fields.place('thresholds')) }),
  }
}

function defaultAction(mode: Mode): Action {
  return mode === 'soft' ? 'warn' : 'block'
}

function checkTolerance(mode: Mode, tolerance: bigint | undefined, fields: TermFields, place: InputPlace): void {
  if (mode === 'adaptive' && tolerance === undefined) {
    place.refuse('is adaptive and has no tolerance; say how far the worst case of a call may pass the limit')
  }
  if (mode !== 'adaptive' && tolerance !== undefined) {
    fields.place('tolerance').refuse(`is for mode adaptive, and the mode is ${mode}`)
  }
}

function checkAction(mode: Mode, onLimit: Action, fields: TermFields, place: InputPlace): void {
  const at = fields.has('on_limit') ? fields.place('on_limit') : place
  if (mode === 'soft' && onLimit !== 'warn') at.refuse(`is ${onLimit}, and the mode is soft: it lets everything through and can only warn`)
  if (mode !== 'soft' && onLimit === 'warn') at.refuse(`is warn, and the mode is ${mode}; mode soft is what only warns`)
}
