import type { Command } from 'commander'
import { formatAmount } from '../budgets/amount-text.ts'
import type { Metric } from '../budgets/budget.ts'
import type { Amounts } from '../budgets/hold.ts'
import { inputPlace } from '../budgets/input-place.ts'
import { parseHeld } from '../budgets/parse-amount.ts'
import { parseDuration } from '../budgets/parse-duration.ts'
import { PurserError } from '../errors.ts'
import type { HoldRequest } from '../facade/hold-request.ts'
import { type Basis, bases } from '../ledger/charge.ts'
import { collect, required } from './call-options.ts'
import { readJson } from './record-options.ts'

/** Options that describe a hold, shared by `hold reserve`, `hold split` and `why`. */
export interface HoldOptions {
  readonly amount?: string
  readonly tokens?: string
  readonly calls?: string
  readonly expected?: string
  readonly label?: readonly string[]
  readonly id?: string
  readonly ttl?: string
  readonly wait?: string
  readonly provider?: string
  readonly model?: string
  readonly basis?: string
  readonly request?: string
  readonly api?: string
  readonly shrink?: true
}

/** What a hold asks; `why` takes these and no more. */
export function addAskedOptions(command: Command): Command {
  return command
    .option('--amount <usd>', 'the most that the call can cost, in dollars, like 0.10')
    .option('--tokens <number>', 'the most tokens that it can use, like 8000 or 8k')
    .option('--calls <number>', 'how many calls; 1 unless said otherwise')
    .option('--expected <usd>', 'what it is expected to cost, for adaptive budgets; learned unless given')
    .option('--label <key=value>', 'a label; give it once for each', collect)
    .option('--provider <name>', 'who is to serve the call, like openai')
    .option('--model <name>', 'the model that is to serve it, like gpt-4o')
    .option('--basis <name>', 'metered, plan (covered by a subscription) or free')
    .option('--request <file>', 'the request as it will be sent, which tells what it can cost; in place of amounts ("-": standard input)')
    .option('--api <name>', 'with --request: the API that it goes to, like chat or messages')
}

/** How a hold is called, how long it lives, and how long one waits for it. */
export function addLifeOptions(command: Command): Command {
  return command
    .option(
      '--id <id>',
      'yours: asking again the same gets the same grant, while the hold is open; a hold that has ended or run out is not granted twice',
    )
    .option('--ttl <time>', 'how long it lives, like 60s or 1h; 10m unless said otherwise')
    .option('--wait <time>', 'how long to go on trying while other holds are in the way, like 5s')
}

/**
 * What the options of a hold ask for. `amountName`: the option that says what it may cost, where it has another name.
 * @throws PURSER_BAD_ARGUMENT naming the option
 */
export function holdRequest(
  options: HoldOptions,
  labels: Readonly<Record<string, string>>,
  amountName = '--amount',
): HoldRequest & { readonly amount: Amounts } {
  const { amount, tokens, calls, expected, id, ttl, wait, provider, model, basis } = options
  const worst = amount === undefined ? undefined : amountOption(amountName, amount, 'cost')
  return {
    labels,
    amount: {
      ...(worst !== undefined && { cost: worst }),
      ...(tokens !== undefined && { tokens: amountOption('--tokens', tokens, 'tokens') }),
      ...(calls !== undefined && { calls: amountOption('--calls', calls, 'calls') }),
    },
    ...(expected !== undefined && { expected: { cost: expectedOption(expected, worst) } }),
    ...(id !== undefined && { id: idOption(id) }),
    ...(ttl !== undefined && { ttlMs: ttlOption(ttl) }),
    ...(wait !== undefined && { waitMs: durationOption('--wait', wait) }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(basis !== undefined && { basis: basisOption(basis) }),
    ...requestOf(options),
  }
}

/** Every command takes the id again, and would take such a one for an option. */
function idOption(id: string): string {
  if (!id.startsWith('-')) return id
  throw new PurserError('PURSER_BAD_ARGUMENT', `--id is ${id}, which commands would take for an option. Begin it with another character.`)
}

function basisOption(text: string): Basis {
  const basis = bases.find((each) => each === text)
  if (basis !== undefined) return basis
  throw new PurserError('PURSER_BAD_ARGUMENT', `--basis is "${text}"; it must be one of ${bases.join(', ')}.`)
}

/** What is expected is part of what may be. */
function expectedOption(text: string, worst: bigint | undefined): bigint {
  const expected = amountOption('--expected', text, 'cost')
  if (worst === undefined || expected <= worst) return expected
  const [more, most] = [formatAmount('cost', expected), formatAmount('cost', worst)]
  throw new PurserError('PURSER_BAD_ARGUMENT', `--expected is ${more}, above the most that the call can cost, ${most}.`)
}

function requestOf({ request, api, provider, model, shrink }: HoldOptions): Pick<HoldRequest, 'request' | 'shrink'> {
  if (request === undefined) {
    const alone = shrink === true ? '--shrink' : api === undefined ? undefined : '--api'
    if (alone === undefined) return {}
    throw new PurserError('PURSER_BAD_ARGUMENT', `${alone} needs --request, the file with the request as it will be sent.`)
  }
  const source = {
    provider: required(provider, '--provider', 'openai'),
    api: required(api, '--api', 'chat'),
    body: readJson('--request', request),
    ...(model !== undefined && { model }),
  }
  return { request: source, ...(shrink !== undefined && { shrink }) }
}

/** An amount of an option, in the metric's unit. @throws PURSER_BAD_ARGUMENT */
export function amountOption(option: string, text: string, metric: Metric): bigint {
  const refuse = (_: unknown, predicate: string): never => {
    throw new PurserError('PURSER_BAD_ARGUMENT', `${option} ${predicate}.`)
  }
  return parseHeld(text, metric, inputPlace(refuse))
}

/** How long a hold lives, in milliseconds. @throws PURSER_BAD_ARGUMENT */
export function ttlOption(text: string): number {
  const ttlMs = durationOption('--ttl', text)
  if (ttlMs > 0) return ttlMs
  throw new PurserError('PURSER_BAD_ARGUMENT', `--ttl is ${text}: a hold that lives no time holds nothing. Write it like 60s or 10m.`)
}

/** A span of time of an option, in milliseconds. @throws PURSER_BAD_ARGUMENT */
export function durationOption(option: string, text: string): number {
  try {
    return parseDuration(text)
  } catch (cause) {
    if (!(cause instanceof PurserError)) throw cause
    throw new PurserError('PURSER_BAD_ARGUMENT', `${option}: ${cause.message}`, { cause })
  }
}
