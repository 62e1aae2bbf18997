import type { Command } from 'commander'
import { PurserError } from '../errors.ts'

/** Options that describe one call, shared by `price` and `record`. */
export interface CallOptions {
  readonly provider?: string
  readonly model?: string
  readonly usage?: readonly string[]
  readonly attribute?: readonly string[]
  readonly at?: string
  readonly serviceTier?: string
  readonly speed?: string
  readonly region?: string
}

export function addCallOptions(command: Command): Command {
  return command
    .option('--provider <name>', 'who served the call, like openai')
    .option('--model <name>', 'the model that served it, like gpt-4o')
    .option('--usage <list>', 'what it consumed: inputTokens=1000,outputTokens=200', collect)
    .option('--attribute <list>', 'what makes a unit dearer: size=1024x1024,quality=high', collect)
    .option('--at <time>', 'when it was made, like 2026-02-20T10:00:00Z; now unless said otherwise')
    .option('--service-tier <name>', 'the tier that served it: batch, flex, priority')
    .option('--speed <name>', 'the speed that served it, like fast')
    .option('--region <name>', 'data residency or region that is priced apart, like us')
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: readonly string[] | false | undefined): string[] {
  return [...(before === undefined || before === false ? [] : before), value]
}

/** The usage of `--usage` and `--attribute`; quantities are checked where it is read. @throws PURSER_BAD_ARGUMENT */
export function usageOf({ usage = [], attribute = [] }: CallOptions): Record<string, unknown> {
  const quantities: Record<string, unknown> = {}
  for (const [meter, value] of pairs('--usage', usage)) quantities[meter] = toNumber(value)
  const attributes = pairs('--attribute', attribute)
  return attributes.length === 0 ? quantities : { ...quantities, attributes: Object.fromEntries(attributes) }
}

/** `key=value` pairs of an option, several of them separated by commas. @throws PURSER_BAD_ARGUMENT */
export function pairs(option: string, texts: readonly string[]): [string, string][] {
  return distinct(
    option,
    texts.flatMap((text) => text.split(',')).map((text) => pair(option, text)),
  )
}

/** `key=value` pairs of an option whose values may contain commas: one pair each time it is given. */
export function wholePairs(option: string, texts: readonly string[]): [string, string][] {
  return distinct(
    option,
    texts.map((text) => pair(option, text)),
  )
}

/** The labels of `--label`. @throws PURSER_BAD_ARGUMENT */
export function labelsOf({ label = [] }: { readonly label?: readonly string[] }): Record<string, string> {
  return Object.fromEntries(wholePairs('--label', label))
}

function pair(option: string, text: string): [string, string] {
  const place = text.indexOf('=')
  if (place < 1) throw new PurserError('PURSER_BAD_ARGUMENT', `${option} takes key=value, and "${text}" is not of that form.`)
  return [text.slice(0, place).trim(), text.slice(place + 1)]
}

function distinct(option: string, found: [string, string][]): [string, string][] {
  const keys = new Set<string>()
  for (const [key] of found) {
    if (keys.has(key)) throw new PurserError('PURSER_BAD_ARGUMENT', `${option} gives "${key}" twice.`)
    keys.add(key)
  }
  return found
}

/** A number as written; what is none stays text, so that the message can show it. */
export function toNumber(text: string): number | string {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : text
}

/** @throws PURSER_BAD_ARGUMENT naming the option that is missing. */
export function required(value: string | undefined, option: string, example: string): string {
  if (value !== undefined && value !== '') return value
  throw new PurserError('PURSER_BAD_ARGUMENT', `${option} is missing; say for example ${option} ${example}.`)
}

/** A whole number for an option, 0 or more unless said otherwise. @throws PURSER_BAD_ARGUMENT */
export function wholeNumber(option: string, least = 0): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text)
    throw new PurserError('PURSER_BAD_ARGUMENT', `${option} is "${text}"; it must be a whole number, ${least} or more.`)
  }
}
