import { formatDecimal } from '../money/decimal.ts'
import { parseDecimal } from '../money/nanos.ts'
import { type Meter, meters } from '../usage/meters.ts'
import type { Card, Conditions, Rate } from './card.ts'
import { diffCards } from './diff-cards.ts'
import { compareAmounts, describeAmount } from './rate-amount.ts'
import { withoutFloatNoise } from './sources/decimal-text.ts'

/** What a finding is about. */
export type FindingKind =
  | 'implausible'
  | 'negative'
  | 'costs-nothing'
  | 'duplicate-rate'
  | 'cache-read-above-input'
  | 'batch-above-standard'
  | 'float-noise'
  | 'changed'

/** An `error` is a price that would book wrong money; a `warning` is one that a person should look at. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly kind: FindingKind
  readonly provider: string
  readonly model: string
  readonly meter?: Meter
  /** Names the provider, the model and the numbers. */
  readonly message: string
}

/** The dearest amount for one unit of a meter that is still believed, by the kind of unit. */
const dearest: Readonly<Record<string, string>> = {
  token: '0.001',
  'token-hour': '0.001',
  character: '0.001',
  second: '10',
  image: '10',
  page: '10',
  search: '10',
  request: '100',
  call: '10',
  session: '10',
  hour: '100',
  grounding: '10',
  post: '1',
  profile: '1',
}

/** Where models run on the owner's machine, or are known to be free of charge. */
const freeProviders = new Set([
  'ollama',
  'vllm',
  'mlx',
  'local',
  'llama.cpp',
  'lmstudio',
  'lemonade',
  'mlx-whisper',
  'whisperx-local',
  'indictrans2-local',
])
const freeModel = /[:/-]free$|moderation|^gemma-3/i

const changeThresholdPercent = 30

/**
 * What is wrong or doubtful in a list of cards, in the order of the list: rates that no vendor asks, models that cost
 * nothing though they are not local, a cached token dearer than a fresh one, a batch dearer than the standard, digits
 * left over from binary fractions, and, against the cards in force, changes over 30 %.
 */
export function validateCards(cards: readonly Card[], options: { readonly against?: readonly Card[] } = {}): Finding[] {
  const findings: Finding[] = []
  for (const card of cards) {
    for (const rate of card.rates) findings.push(...checkRate(card, rate))
    findings.push(...checkCard(card))
  }
  if (options.against !== undefined) findings.push(...findChanges(options.against, cards))
  return findings
}

function checkRate(card: Card, rate: Rate): Finding[] {
  const findings: Finding[] = []
  const limit = dearest[meters[rate.meter].unit]
  if (rate.usd.startsWith('-')) {
    findings.push(find('error', 'negative', card, `${rate.meter} costs ${describeAmount(rate)}, which is negative`, rate.meter))
  } else if (limit !== undefined && compareAmounts(rate, { meter: rate.meter, usd: limit, per: 1 }) > 0) {
    const most = describeAmount({ ...rate, usd: times(limit, rate.per) })
    findings.push(
      find('error', 'implausible', card, `${rate.meter} costs ${describeAmount(rate)}; more than ${most} is not believed`, rate.meter),
    )
  }
  const clean = withoutFloatNoise(rate.usd)
  if (clean !== undefined) {
    findings.push(
      find(
        'warning',
        'float-noise',
        card,
        `${rate.meter} is written ${rate.usd}, left over from a binary fraction; ${clean} is meant`,
        rate.meter,
      ),
    )
  }
  return findings
}

function checkCard(card: Card): Finding[] {
  const findings: Finding[] = []
  if (isFree(card) && !freeProviders.has(card.provider) && !freeModel.test(card.model)) {
    findings.push(find('error', 'costs-nothing', card, 'it costs $0, and is neither a local nor a free model'))
  }
  const slots = new Map<string, Rate>()
  for (const rate of card.rates) {
    const key = slotOf(rate.meter, rate.from, rate.when)
    if (slots.has(key)) findings.push(find('error', 'duplicate-rate', card, `${rate.meter} has two rates for the same case`, rate.meter))
    slots.set(key, rate)
  }
  for (const rate of card.rates) {
    const input = rate.meter === 'cacheReadTokens' ? slots.get(slotOf('inputTokens', rate.from, rate.when)) : undefined
    if (input !== undefined && compareAmounts(rate, input) > 0) {
      const message = `a cached token costs ${describeAmount(rate)}, more than the ${describeAmount(input)} of a fresh one`
      findings.push(find('warning', 'cache-read-above-input', card, message, rate.meter))
    }
    if (rate.when?.serviceTier !== 'batch') continue
    const { serviceTier: _batch, ...others } = rate.when
    const standard = slots.get(slotOf(rate.meter, rate.from, others))
    if (standard !== undefined && compareAmounts(rate, standard) > 0) {
      const message = `${rate.meter} costs ${describeAmount(rate)} in a batch, more than the standard ${describeAmount(standard)}`
      findings.push(find('warning', 'batch-above-standard', card, message, rate.meter))
    }
  }
  return findings
}

/** Input and output at zero, and nothing else but tokens that costs: the sign of a price that nobody entered. */
function isFree(card: Card): boolean {
  const charged = card.rates.filter((rate) => parseDecimal(rate.usd).digits !== 0n)
  return (
    charged.length === 0 ||
    (card.rates.some((rate) => rate.meter === 'inputTokens') && charged.every((rate) => rate.meter.startsWith('cache')))
  )
}

function findChanges(before: readonly Card[], after: readonly Card[]): Finding[] {
  const findings: Finding[] = []
  for (const change of diffCards(before, after).changed) {
    for (const { meter, before: old, after: fresh, percent } of change.rates) {
      if (old === null || fresh === null || (percent !== null && Math.abs(percent) <= changeThresholdPercent)) continue
      const by = percent === null ? 'was free' : `changes by ${percent > 0 ? '+' : ''}${percent} %`
      const message = `${meter} ${by}: from ${describeAmount({ meter, ...old })} to ${describeAmount({ meter, ...fresh })}`
      findings.push(find('warning', 'changed', change, message, meter))
    }
  }
  return findings
}

function find(
  severity: Finding['severity'],
  kind: FindingKind,
  card: { provider: string; model: string },
  what: string,
  meter?: Meter,
): Finding {
  const { provider, model } = card
  return { severity, kind, provider, model, ...(meter === undefined ? {} : { meter }), message: `${provider}/${model}: ${what}.` }
}

function slotOf(meter: Meter, from: number | undefined, when: Conditions | undefined): string {
  const named = Object.entries(when ?? {}).toSorted(([a], [b]) => a.localeCompare(b))
  return JSON.stringify([meter, from ?? 0, named])
}

/** A decimal text times a positive integer, exactly. */
function times(usd: string, factor: number): string {
  const { digits, scale } = parseDecimal(usd)
  return formatDecimal({ digits: digits * BigInt(factor), scale })
}
