import { type InputPlace, shown } from '../../budgets/input-place.ts'
import { toDecimal } from '../../budgets/parse-amount.ts'
import { isMapping, readFields } from '../../budgets/read-fields.ts'
import { closest } from '../../text/closest.ts'
import { plural } from '../../text/counted.ts'
import { type Meter, meters } from '../../usage/meters.ts'
import type { Attributes, Usage } from '../../usage/usage.ts'
import type { Plan, PlannedCalls } from './plan.ts'
import { type QuantityName, quantityNames } from './quantity-names.ts'

const planKeys = ['calls', 'counts', 'buffer', 'profile', 'project'] as const
const textKeys: Readonly<Record<string, 'stage' | 'role' | 'pass' | 'model' | 'provider' | 'per' | 'serviceTier' | 'speed' | 'region'>> = {
  stage: 'stage',
  role: 'role',
  pass: 'pass',
  model: 'model',
  provider: 'provider',
  per: 'per',
  service_tier: 'serviceTier',
  serviceTier: 'serviceTier',
  speed: 'speed',
  region: 'region',
}
const example = 'a list of calls, like [{ stage: extract, model: openai/gpt-4o-mini, calls: 40, input: 3000, output: 500 }]'

/** Reads a plan as it is written; what is wrong is refused at its place. */
export function parsePlan(input: unknown, place: InputPlace): Plan {
  const fields = readFields(input, planKeys, place, `a plan: a mapping with "calls", ${example}`)
  const calls = fields.value('calls')
  if (!Array.isArray(calls) || calls.length === 0) return fields.place('calls').refuse(`is ${shown(calls)}; it must be ${example}`)
  const counts = readCounts(fields.value('counts'), fields.place('counts'))
  return {
    calls: calls.map((line: unknown, index) => parseCalls(line, counts, fields.place('calls').in(index))),
    bufferPercent: fields.has('buffer') ? parseBuffer(fields.value('buffer'), fields.place('buffer')) : 0,
    profile: textOrNull(fields.value('profile'), fields.place('profile')),
    project: textOrNull(fields.value('project'), fields.place('project')),
  }
}

/** Hundredths at most: `10`, `"10%"`, `2.5`. Below one a percent is hardly meant, and `0.1` is refused. */
export function parseBuffer(value: unknown, place: InputPlace): number {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim().replace(/\s*%$/, '') : ''
  const decimal = toDecimal(text)
  const percent = decimal === undefined || decimal.scale > 2 || decimal.digits < 0n ? Number.NaN : Number(text)
  if (percent === 0 || (percent >= 1 && percent <= 1000)) return percent
  return place.refuse(`is ${shown(value)}; it must be a percent from 1 to 1000 with at most two decimals, like 10%, or 0`)
}

type Counts = ReadonlyMap<string, number>

function readCounts(input: unknown, place: InputPlace): Counts {
  if (input === undefined) return new Map()
  if (!isMapping(input)) return place.refuse(`is ${shown(input)}; it must be a mapping of names to numbers, like { scenes: 40 }`)
  return new Map(Object.entries(input).map(([name, count]) => [name, wholeNumber(count, place.in(name))]))
}

function parseCalls(input: unknown, counts: Counts, place: InputPlace): PlannedCalls {
  if (!isMapping(input)) return place.refuse(`is ${shown(input)}; it must be a mapping like { stage: extract, calls: 40, input: 3000 }`)
  const texts: Partial<Record<(typeof textKeys)[string], string>> = {}
  const usage: { -readonly [K in Meter]?: number } & { attributes?: Attributes } = {}
  let calls = 1
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined || value === null) continue
    const text = Object.hasOwn(textKeys, key) ? textKeys[key] : undefined
    const quantity = quantityNames.get(key)
    if (text !== undefined) texts[text] = textOf(value, place.in(key))
    else if (quantity !== undefined) addQuantity(usage, quantity, value, place.in(key))
    else if (key === 'calls') calls = readCount(value, place.in(key))
    else if (key === 'attributes') usage.attributes = readAttributes(value, place.in(key))
    else return refuseKey(key, place)
  }
  const { stage = null, role = null, pass = null, model, provider, per, ...levels } = texts
  if (provider !== undefined && model === undefined) return place.in('provider').refuse('stands without a model')
  return {
    stage,
    role,
    pass,
    model: model === undefined ? null : provider === undefined ? model : `${provider}/${model}`,
    calls: per === undefined ? calls : times(calls, countOf(per, counts, place.in('per')), place),
    usage: checkedUsage(usage, place),
    ...levels,
  }
}

function addQuantity(usage: { [K in Meter]?: number }, { meter, factor }: QuantityName, value: unknown, place: InputPlace): void {
  const { scale, unit } = meters[meter]
  const isRight = typeof value === 'number' && value >= 0 && value <= 1e15 && (scale > 0 || factor > 1 || Number.isInteger(value))
  if (!isRight) place.refuse(`is ${shown(value)}; it must be a ${scale === 0 ? 'whole ' : ''}number, 0 or more, of ${unit}s of one call`)
  if (usage[meter] !== undefined) place.refuse(`says ${meter} a second time; keep one of the two`)
  const quantity = (value as number) * factor
  usage[meter] = scale === 0 ? quantity : Math.round(quantity * 10 ** scale) / 10 ** scale
}

/** Calls that say nothing of what they consume would cost nothing, and nobody would see that it is not known. */
function checkedUsage(usage: Usage, place: InputPlace): Usage {
  const { attributes: _, ...quantities } = usage
  if (Object.keys(quantities).length === 0) return place.refuse('says nothing of what a call consumes; add tokens, like input: 3000')
  const { reasoningTokens = 0, outputTokens = 0 } = usage
  if (reasoningTokens <= outputTokens) return usage
  return place.refuse(`has more reasoning (${reasoningTokens}) than output (${outputTokens}); output includes reasoning`)
}

function readAttributes(input: unknown, place: InputPlace): Attributes {
  if (!isMapping(input)) return place.refuse(`is ${shown(input)}; it must be a mapping, like { size: 1024x1024 }`)
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, textOf(value, place.in(name))]))
}

/** How many calls; a word here is meant as what they are made for. */
function readCount(value: unknown, place: InputPlace): number {
  if (typeof value !== 'string' || !/^\p{L}/u.test(value)) return wholeNumber(value, place)
  const hint = `For a call for each of them write per: ${value}, and how many there are under counts`
  return place.refuse(`is ${shown(value)}; it must be a whole number, 0 or more. ${hint}`)
}

/** `per: scene` is counted by `scene` or `scenes`, and `per: scenes` too. */
function countOf(per: string, counts: Counts, place: InputPlace): number {
  const found = counts.get(per) ?? counts.get(plural(per)) ?? [...counts].find(([name]) => plural(name) === per)?.[1]
  if (found !== undefined) return found
  const known = counts.size === 0 ? 'say it under counts' : `counts has ${[...counts.keys()].join(', ')}`
  return place.refuse(`is "${per}", and nothing says how many there are; ${known}, like counts: { ${plural(per)}: 40 }`)
}

function times(a: number, b: number, place: InputPlace): number {
  return Number.isSafeInteger(a * b) ? a * b : place.refuse(`makes ${a} × ${b} calls, more than can be counted`)
}

function wholeNumber(value: unknown, place: InputPlace): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return value as number
  return place.refuse(`is ${shown(value)}; it must be a whole number, 0 or more`)
}

/** Numbers are taken as they are written, as where a stage is called 1. */
function textOf(value: unknown, place: InputPlace): string {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text.trim() !== '' ? text : place.refuse(`is ${shown(value)}; it must be text`)
}

function textOrNull(value: unknown, place: InputPlace): string | null {
  return value === undefined ? null : textOf(value, place)
}

function refuseKey(key: string, place: InputPlace): never {
  const known = ['calls', 'attributes', ...Object.keys(textKeys), ...quantityNames.keys()]
  const nearest = closest(key, known)
  const hint =
    nearest === undefined ? 'known are calls, stage, role, pass, model, per and quantities like input' : `did you mean "${nearest}"?`
  return place.in(key).refuse(`is not a key that purser knows; ${hint}`)
}
