import { parseLabels } from '../ledger/labels.ts'
import type { Usage } from '../usage/usage.ts'
import type { Amounts, Asked, BudgetWarning, Hold, HoldId, Share } from './hold.ts'
import { holdStates } from './hold.ts'
import { figureTexts, type LimitFigures } from './limit-figures.ts'

/** A hold as stores keep it: what never changes as one text, what is left of it as another. */
export interface StoredHold {
  readonly number: number
  readonly id: string
  readonly state: number
  readonly reservedAt: number
  readonly expiresAt: number
  readonly parent: string | null
  readonly asked: string
  readonly rest: string
}

export function toStoredHold(hold: Hold): StoredHold {
  const { number, id, reservedAt, expiresAt, parent } = hold
  return { number, id, state: holdStates.indexOf(hold.state), reservedAt, expiresAt, parent, asked: askedText(hold), rest: restText(hold) }
}

/** What of a hold is the same for ever, as JSON. Written by hand, because every grant writes one. */
function askedText({ asked, given, warnings }: Hold): string {
  const { labels, worst, saysCalls, isForParts, expected, ttlMs, basis, provider, model, refusal, catalog, request, maxOutputTokens } =
    asked
  const call = `"ttlMs":${ttlMs},"basis":"${basis}","provider":${textOf(provider)},"model":${textOf(model)},"catalog":${textOf(catalog)}`
  const said = (saysCalls === true ? ',"saysCalls":true' : '') + (isForParts === true ? ',"isForParts":true' : '')
  const amounts = `"worst":${amountsText(worst)}${said},"expected":${amountsText(expected)},"given":${amountsText(given)}`
  const bounded = request === null ? '' : `,"request":"${request}","maxOutputTokens":${maxOutputTokens}`
  const rest = `"refusal":${textOf(refusal)},"warnings":${warnings.length === 0 ? '[]' : textOf(warnings.map(warningTexts))}`
  return `{"labels":${textOf(labels)},${amounts},${call}${bounded},${rest}}`
}

/** What is left of a hold; of one that has ended only what its charges came to, and what was told of them. */
export function restText(hold: Hold): string {
  const { shares, left, spent, charges, unpriced, unmeasured, uncertain, isOver } = hold
  let parts = ''
  for (const { counter, metric, expected, worst } of shares) {
    parts += `${parts === '' ? '' : ','}[${counter},"${metric}","${expected}","${worst}"]`
  }
  const unknown = `${unpriced},${isOver ? 1 : 0},${unmeasured},${uncertain.length === 0 ? '[]' : textOf(uncertain)}`
  return `[[${parts}],${amountsText(left)},${amountsText(spent)},${charges},${unknown}${rareText(hold)}]`
}

/** What few holds have; what an answer would be about matters only as long as there may be one. */
function rareText({ state, raised, lacking, lastCharge, told }: Hold): string {
  const isEnded = state === 'settled' || state === 'released'
  const about = isEnded ? [[], null] : [lacking, lastCharge]
  const isPlain = told.length === 0 && (isEnded || (lacking.length === 0 && lastCharge === null))
  if (isPlain) return amountsText(raised) === '{}' ? '' : `,${amountsText(raised)}`
  const answers = told.map(({ cost, usage, isMeasured, charges }) => [
    cost === null ? null : String(cost),
    usage,
    isMeasured ? 1 : 0,
    charges,
  ])
  return `,${amountsText(raised)},${JSON.stringify([...about, answers])}`
}

function textOf(value: unknown): string {
  return value === null ? 'null' : JSON.stringify(value)
}

function amountsText(amounts: Amounts): string {
  let text = ''
  for (const metric in amounts) text += `${text === '' ? '' : ','}"${metric}":"${amounts[metric as Share['metric']]}"`
  return `{${text}}`
}

export function fromStoredHold(stored: StoredHold): Hold {
  const { given, warnings, ...asked } = JSON.parse(stored.asked) as Textual
  const [shares, left, spent, charges, unpriced, isOver, unmeasured = 0, uncertain = [], raised = {}, rare] = JSON.parse(
    stored.rest,
  ) as Rest
  const [lacking, lastCharge, told] = rare ?? [[], null, []]
  return {
    number: stored.number,
    id: stored.id as HoldId,
    asked: {
      ...asked,
      labels: parseLabels(asked.labels),
      worst: amountsOf(asked.worst),
      expected: amountsOf(asked.expected),
      request: asked.request ?? null,
      maxOutputTokens: asked.maxOutputTokens ?? null,
    },
    parent: stored.parent as HoldId | null,
    reservedAt: stored.reservedAt,
    expiresAt: stored.expiresAt,
    state: holdStates[stored.state] ?? 'released',
    shares: shares.map(([counter, metric, expected, worst]) => ({ counter, metric, expected: BigInt(expected), worst: BigInt(worst) })),
    left: amountsOf(left),
    raised: amountsOf(raised),
    spent: amountsOf(spent),
    charges,
    unpriced,
    unmeasured,
    uncertain,
    lacking,
    lastCharge,
    told: told.map(([cost, usage, isMeasured, booked]) => ({
      cost: cost === null ? null : BigInt(cost),
      usage,
      isMeasured: isMeasured === 1,
      charges: booked,
    })),
    isOver: isOver === 1,
    given: amountsOf(given),
    warnings: warnings.map((warning) => ({ ...warning, ...amountsIn(warning) })),
  }
}

type Rest = [[number, Share['metric'], string, string][], Texts, Texts, number, number, 0 | 1, number?, Share['metric'][]?, Texts?, Rare?]
type Rare = [lacking: string[], lastCharge: string | null, told: [string | null, Usage, 0 | 1, string[]][]]
type Texts = Readonly<Partial<Record<Share['metric'], string>>>
interface Textual extends Omit<Asked, 'worst' | 'expected' | 'request' | 'maxOutputTokens'> {
  readonly request?: string
  readonly maxOutputTokens?: number | null
  readonly worst: Texts
  readonly expected: Texts
  readonly given: Texts
  readonly warnings: readonly BudgetWarning[]
}

function amountsOf(texts: Texts): Amounts {
  return Object.fromEntries(Object.entries(texts).map(([metric, text]) => [metric, BigInt(text)]))
}

function amountsIn({ limit, spent, held, presumed, asked }: BudgetWarning): LimitFigures & { readonly asked: bigint } {
  return { limit: BigInt(limit), spent: BigInt(spent), held: BigInt(held), presumed: BigInt(presumed), asked: BigInt(asked) }
}

function warningTexts(warning: BudgetWarning): Record<string, unknown> {
  return { ...warning, ...figureTexts(warning) }
}
