import { actions, type Action } from '../../budgets/budget.ts'
import { inputPlace, type InputPlace, shown } from '../../budgets/input-place.ts'
import { parseLimit } from '../../budgets/parse-amount.ts'
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
  /** Its place in the list. */
  readonly index: number
}

/**
 * The budgets of a number under `daily`, `weekly` or `monthly`: a soft one where nothing but `warn` is said. Else each
 * other action is a strict limit of its own, at its share of the number, because one action does not do what another
 * does: calls of running runs pass a pause. The lowest has the plain name, and what warns is told as shares of its limit.
 */
export function calendarDrafts(key: string, amount: unknown, file: ConfigFile): BudgetDraft[] {
  const place = inputPlace(refuseIn((path) => writtenIn(file, path[0] === 'alerts' ? ['budgets', ...path] : ['budgets', key])))
  const full = parseLimit(amount, 'cost', place)
  const alerts = readAlerts(file.written.budgets?.['alerts'], place.in('alerts'))
  const name = `budgets.${key}`
  const draft = (after: string, terms: object, told: readonly CalendarAlert[]): BudgetDraft => ({
    name: `${name}${after}`,
    input: { window: calendarWindows.get(key), ...terms },
    written: ([field, index, ...deeper]) => {
      if (field !== 'thresholds') return writtenIn(file, ['budgets', key])
      const alert = typeof index === 'number' ? told[index] : undefined
      return writtenIn(file, ['budgets', 'alerts', ...(alert === undefined ? [] : [alert.index, ...deeper])])
    },
  })
  if (alerts === undefined) {
    const warning = `${file.placeOf(['budgets', key])}: budgets.${key} only warns, as no alerts beside it say more; \`alerts: [{ threshold: 1.0, action: block }]\` makes it block.`
    return [{ ...draft('', { limit: full, mode: 'soft' }, []), warnings: [warning] }]
  }
  const [lowest, ...others] = alerts.filter(({ action }) => action !== 'warn').toSorted((a, b) => a.percent - b.percent)
  if (lowest === undefined) {
    const thresholds = alerts.map(({ percent }) => ({ percent, level: levelAt(percent) }))
    return [draft('', { limit: full, mode: 'soft', thresholds }, alerts)]
  }
  const hard = (after: string, alert: CalendarAlert, told: readonly CalendarAlert[]): BudgetDraft => {
    const limit = divideFloor(full * hundredths(alert.percent), 10_000n)
    return draft(after, { limit, mode: 'strict', on_limit: alert.action, thresholds: sharesOf(alert, told) }, told)
  }
  const toldOfLowest = alerts.filter((alert) => alert === lowest || alert.action === 'warn')
  return [hard('', lowest, toldOfLowest), ...others.map((alert) => hard(`-${suffixOf(alert, others)}`, alert, [alert]))]
}

/** The action, and where a lower limit is named after it already, the share too. */
function suffixOf({ action, percent }: CalendarAlert, others: readonly CalendarAlert[]): string {
  const isFirst = others.find((other) => other.action === action)?.percent === percent
  return isFirst ? action : `${action}-${percent}`
}

/** Alerts as thresholds of the limit that one of them makes. */
function sharesOf(limiting: CalendarAlert, told: readonly CalendarAlert[]): object[] {
  return told.map((alert) => ({
    percent: percentOf(alert.percent, limiting.percent),
    level: alert === limiting ? 'critical' : levelAt(alert.percent),
  }))
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
    return { percent, action: readChoice(fields.value('action'), actions, fields.place('action')), index }
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
