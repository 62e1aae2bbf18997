import { actions, type Action } from '../../budgets/budget.ts'
import { type InputPath, inputPlace, type InputPlace, shown } from '../../budgets/input-place.ts'
import { parseAmount } from '../../budgets/parse-amount.ts'
import { levelAt, parsePercent, parseShare } from '../../budgets/parse-thresholds.ts'
import { readChoice, readFields } from '../../budgets/read-fields.ts'
import { divideFloor } from '../../money/round.ts'
import type { ConfigFile } from '../config-file.ts'
import { type BudgetDraft, writtenIn } from './budget-draft.ts'
import { refuseIn } from './refuse-in.ts'

/** Keys of `budgets` that may be a number, and the window they then have. */
export const calendarWindows: ReadonlyMap<string, string> = new Map([
  ['daily', 'day'],
  ['weekly', 'week'],
  ['monthly', 'month'],
])

interface CalendarAlert {
  /** Of the amount as written. */
  readonly percent: number
  readonly action: Action
}

/**
 * The budget of a number under `daily`, `weekly` or `monthly`: soft, unless an alert has another action than `warn`. The
 * hard limit is then the lowest share at which one has, and the other alerts are told as shares of that limit.
 */
export function calendarDraft(key: string, amount: unknown, file: ConfigFile): BudgetDraft {
  const written = (path: InputPath) =>
    writtenIn(file, path[0] === 'thresholds' ? ['budgets', 'alerts', ...path.slice(1)] : ['budgets', key])
  const place = inputPlace(refuseIn(written))
  const full = parseAmount(amount, 'cost', place)
  const alerts = readAlerts(file.written.budgets?.['alerts'], place.in('thresholds'))
  const name = `budgets.${key}`
  const window = calendarWindows.get(key)
  const blocking = alerts?.filter(({ action }) => action !== 'warn').toSorted((a, b) => a.percent - b.percent)[0]
  const warnings =
    alerts === undefined
      ? [
          `${file.placeOf(['budgets', key])}: budgets.${key} only warns, as no alerts beside it say more; \`alerts: [{ threshold: 1.0, action: block }]\` makes it block.`,
        ]
      : []
  if (alerts === undefined || blocking === undefined) {
    const thresholds = alerts?.map(({ percent }) => ({ percent, level: levelAt(percent) }))
    return { name, input: { limit: full, window, mode: 'soft', ...(thresholds && { thresholds }) }, written, warnings }
  }
  const thresholds = alerts.map((alert) => ({
    percent: percentOf(alert.percent, blocking.percent),
    level: alert === blocking ? 'critical' : levelAt(alert.percent),
  }))
  const limit = divideFloor(full * hundredths(blocking.percent), 10_000n)
  return { name, input: { limit, window, mode: 'strict', on_limit: blocking.action, thresholds }, written, warnings }
}

function readAlerts(value: unknown, place: InputPlace): CalendarAlert[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) return place.refuse(`is ${shown(value)}; it must be a list, like [{ threshold: 1.0, action: block }]`)
  const alerts = value.map((entry: unknown, index) => {
    const at = place.in(index)
    const fields = readFields(entry, ['threshold', 'percent', 'action'], at)
    if (fields.has('percent') === fields.has('threshold') || !fields.has('action')) {
      return at.refuse('must have a threshold, like 0.8, or a percent, like 80, and an action, like warn')
    }
    const percent = fields.has('threshold')
      ? parseShare(fields.value('threshold'), fields.place('threshold'))
      : parsePercent(fields.value('percent'), fields.place('percent'))
    return { percent, action: readChoice(fields.value('action'), actions, fields.place('action')) }
  })
  const percents = alerts.map(({ percent }) => percent)
  const twice = percents.findIndex((percent, index) => percents.indexOf(percent) !== index)
  return twice === -1 ? alerts : place.in(twice).refuse(`is a second alert at ${percents[twice]} %; give one action for each share`)
}

/** A share of the written amount as a percent of the hard limit, rounded down to a hundredth: never told too late. */
function percentOf(percent: number, hardPercent: number): number {
  return Number((hundredths(percent) * 10_000n) / hundredths(hardPercent)) / 100
}

function hundredths(percent: number): bigint {
  return BigInt(Math.round(percent * 100))
}
