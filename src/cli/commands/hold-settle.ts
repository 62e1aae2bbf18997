import { outcomeJson } from '../../json/hold-outcome-json.ts'
import { iso } from '../../json/iso.ts'
import { Command } from 'commander'
import type { HoldOutcome } from '../../budgets/find-hold.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import type { HeldCall } from '../../facade/calls/settlement-desk.ts'
import { outcomeCharges } from '../../facade/outcome-charges.ts'
import type { Charge } from '../../ledger/charge.ts'
import type { Purser } from '../../purser.ts'
import { printable } from '../../text/display-width.ts'
import { quantities } from '../../usage/usage.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { chargeLine } from '../charge-line.ts'
import { describeOption } from '../describe-option.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { overrunText, presumedText } from '../presumption-view.ts'
import { addRecordOptions, callOf, type RecordOptions, saysCost } from '../record-options.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'

export function defineHoldSettle(): Command {
  const command = new Command('settle').description('Books what a held call came to, under its labels, and gives the rest back.')
  return addRecordOptions(command.argument('<hold>', 'its id'))
    .option('--partial', 'the hold stays open with what is left, as for the parts of a batch')
    .action(async (hold: string, options: RecordOptions & { partial?: true }, self: Command) =>
      withSession(self, (session) => {
        const call: HeldCall = callOf(options)
        return doTo(session, hold, (purser) => settle(purser, hold, call, options.partial === true))
      }),
    )
}

/** A charge of the hold that is there already is what arrived of a call that was cut, where the rest is still presumed. */
async function settle(purser: Purser, id: string, call: HeldCall, partial: boolean): Promise<HoldOutcome> {
  try {
    return await purser.holds.settle(id, call, { partial })
  } catch (error) {
    if (!(error instanceof PurserError) || error.code !== 'PURSER_ID_CONFLICT') throw error
    const rest = presumedText(await purser.holds.get(id))
    if (rest === undefined) throw error
    throw new PurserError(error.code, `A call is booked under the hold "${id}" already, with other figures. ${rest}`, { cause: error })
  }
}

export function defineHoldResolve(): Command {
  const command = new Command('resolve').description(
    'Says what became of what is presumed spent of a hold: what it cost, or that nothing was spent.',
  )
  addRecordOptions(command.argument('<hold>', 'its id')).option(
    '--not-sent',
    'nothing was spent: the call was never sent, or of one that was cut nothing is missing',
  )
  describeOption(
    command,
    '--cost',
    'what is left of the hold came to: all of the call where nothing of it is booked, else the rest of it, not the whole',
  )
  return command.action(async (hold: string, options: RecordOptions & { notSent?: true }, self: Command) =>
    withSession(self, (session) => {
      const answer = answerOf(options)
      return doTo(session, hold, (purser) => purser.holds.resolve(hold, answer))
    }),
  )
}

function answerOf(options: RecordOptions & { notSent?: true }): 'not-sent' | HeldCall {
  if ((options.notSent === true) === saysCost(options)) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      'Say either what is left came to, like --cost 0.05, or --not-sent where nothing was spent.',
    )
  }
  return options.notSent === true ? 'not-sent' : callOf(options)
}

/** Does something to a hold, and answers what it is then. */
export async function doTo(session: Session, id: string, work: (purser: Purser) => Promise<HoldOutcome>): Promise<void> {
  if (!(await isTracking(session))) return session.json ? writeJson({ tracking: false }) : undefined
  const purser = await session.open({ create: false, prices: true })
  await applyBudgets(session, purser, 'warn')
  const outcome = await work(purser)
  const charges = await outcomeCharges(purser, outcome)
  await answerOrSay(`The hold ${id} is ${outcome.state}.`, () =>
    session.json ? writeJson(outcomeJson(outcome, charges)) : writeLines(outcomeLines(outcome, charges)),
  )
  for (const { budget, by } of outcome.overrun) warn(await overrunText(purser, budget, by))
  if (charges.length === 0 && outcome.state !== 'presumed') return
  const hold = await purser.holds.get(id)
  for (const text of [differsText(outcome), basisText(hold, charges[0])]) if (text !== undefined) warn(text)
  const rest = presumedText(hold)
  if (rest !== undefined) warn(rest)
  else if (charges[0]?.status === 'unpriced') warn('the call has no price, and is booked without one.')
}

function differsText({ charge, differs }: HoldOutcome): string | undefined {
  if (differs === undefined) return undefined
  return `the call was imported before as ${charge}, with another ${differs}. That charge stands, and what was said here is not booked.`
}

/** A hold for what a plan covers asked no budget for money, which a call that is paid for spends all the same. */
function basisText({ basis: held }: HoldView, charge: Charge | undefined): string | undefined {
  if (charge?.basis !== 'metered' || held === 'metered') return undefined
  const was = held === 'plan' ? 'calls that a plan covers' : 'calls that cost nothing'
  return `the hold was for ${was}, and set no money aside; this call is booked as paid for.`
}

function outcomeLines({ id, state, expiresAt }: HoldOutcome, charges: readonly Charge[]): string[] {
  const until = state === 'open' ? ` until ${iso(expiresAt)}` : ''
  const head = `${printable(id)}  ${state === 'presumed' ? 'presumed spent' : state}${until}`
  return [head, ...charges.map((charge) => `  ${isUsageAlone(charge) ? usageLine(charge) : chargeLine(charge)}`)]
}

/** A correction that tells what was used of a call whose cost is known. */
function isUsageAlone({ corrects, costNanos, usage }: Charge): boolean {
  return corrects !== null && (costNanos ?? 0n) === 0n && quantities(usage).length > 0
}

function usageLine({ provider, model, usage }: Charge): string {
  const used = quantities(usage).map(([meter, quantity]) => `${meter}=${quantity}`)
  return `${printable(`${provider}.${model}`)} + ${used.join(', ')}`
}
