import { actions, type Level, levels, type Metric, type Threshold } from './budget.ts'
import { type InputPlace, shown } from './input-place.ts'
import { toDecimal } from './parse-amount.ts'
import { isMapping, readChoice, readFields } from './read-fields.ts'

const largestPercent = 1000
const entryKeys = ['percent', 'threshold', 'level', 'message', 'action'] as const

/** Half, four fifths and nearly all of a limit. */
const shares: readonly Threshold[] = [50, 80, 95].map((percent) => ({ percent, level: levelAt(percent) }))

/** Thresholds of a budget that names none: places are held and never spent, so that none of theirs would be reached. */
export function defaultThresholds(metric: Metric): readonly Threshold[] {
  return metric === 'concurrency' ? [] : shares
}

/** The level of a threshold that names none. */
export function levelAt(percent: number): Level {
  if (percent >= 95) return 'critical'
  return percent >= 80 ? 'warning' : 'info'
}

/**
 * Thresholds, the lowest first: a list of percents (`80`, `"80%"`) or of mappings (`{ percent: 80, level: warning,
 * message: …, action: … }`, or with `threshold: 0.8` as a share), or one text with commas; `none` for none, and concurrency has none.
 */
export function parseThresholds(value: unknown, metric: Metric, place: InputPlace): Threshold[] {
  const entries = typeof value === 'string' ? splitList(value) : value
  if (!Array.isArray(entries)) return place.refuse(`is ${shown(value)}; it must be a list of percents, like [50, 80, 95]`)
  if (metric === 'concurrency' && entries.length > 0) {
    return place.refuse('are told by what is spent, and places are held and never spent: leave them out')
  }
  const thresholds = entries.map((entry: unknown, index) => parseThreshold(entry, typeof value === 'string' ? place : place.in(index)))
  const percents = thresholds.map(({ percent }) => percent)
  const twice = percents.find((percent, index) => percents.indexOf(percent) !== index)
  if (twice !== undefined) return place.refuse(`has ${twice} twice; a percent fires once`)
  return thresholds.toSorted((a, b) => a.percent - b.percent)
}

function splitList(text: string): string[] {
  return text.trim() === 'none' ? [] : text.split(',').map((entry) => entry.trim())
}

function parseThreshold(entry: unknown, place: InputPlace): Threshold {
  if (!isMapping(entry)) {
    const percent = parsePercent(entry, place)
    return { percent, level: levelAt(percent) }
  }
  const fields = readFields(entry, entryKeys, place)
  if (fields.has('percent') === fields.has('threshold')) {
    return place.refuse('must have a percent, like percent: 80, or a threshold as a share, like threshold: 0.8')
  }
  const percent = fields.has('percent')
    ? parsePercent(fields.value('percent'), fields.place('percent'))
    : parseShare(fields.value('threshold'), fields.place('threshold'))
  const message = fields.value('message')
  if (message !== undefined && (typeof message !== 'string' || message === '')) {
    return fields.place('message').refuse(`is ${shown(message)}; it must be text`)
  }
  return {
    percent,
    level: fields.has('level') ? readChoice(fields.value('level'), levels, fields.place('level')) : levelAt(percent),
    ...(message !== undefined && { message }),
    ...(fields.has('action') && { action: readChoice(fields.value('action'), actions, fields.place('action')) }),
  }
}

/** A percent above 0 and up to 1000, with at most two decimals: `80`, `99.5`, `"80%"`. */
export function parsePercent(value: unknown, place: InputPlace): number {
  const percent = toHundredths(value, 2)
  if (percent !== undefined) return percent / 100
  return place.refuse(`is ${shown(value)}; it must be a percent above 0 and up to ${largestPercent}, with at most two decimals, like 80`)
}

/** A share of the limit as a percent: `0.8` and `"80%"` are 80. */
export function parseShare(value: unknown, place: InputPlace): number {
  const isPercent = typeof value === 'string' && value.trim().endsWith('%')
  const percent = toHundredths(value, isPercent ? 2 : 4)
  if (percent !== undefined) return percent / 100
  return place.refuse(`is ${shown(value)}; it must be a share of the limit above 0 and up to 10, like 0.8, or a percent like "80%"`)
}

/** Hundredths of a percent; undefined where out of range or finer. `decimals`: how many a value has that is such a hundredth. */
function toHundredths(value: unknown, decimals: number): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim().replace(/\s*%$/, '') : ''
  const decimal = toDecimal(text)
  if (decimal === undefined || decimal.scale > decimals) return undefined
  const hundredths = decimal.digits * 10n ** BigInt(decimals - decimal.scale)
  return hundredths > 0n && hundredths <= BigInt(largestPercent) * 100n ? Number(hundredths) : undefined
}
