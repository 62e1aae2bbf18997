import { Command } from 'commander'
import type { HoldOutcome } from '../../budgets/find-hold.ts'
import { PurserError } from '../../errors.ts'
import type { HeldCall } from '../../facade/calls/settlement-desk.ts'
import type { Charge } from '../../ledger/charge.ts'
import { addNanos, toUsd } from '../../money/nanos.ts'
import type { Purser } from '../../purser.ts'
import { printable } from '../../text/display-width.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { chargeLine } from '../charge-line.ts'
import { describeOption } from '../describe-option.ts'
import { iso } from '../hold-view.ts'
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
      return doTo(session, hold, (purser) => resolve(purser, hold, answer))
    }),
  )
}

/** A hold that is settled has nothing left to resolve; the same answer again is no error. */
async function resolve(purser: Purser, id: string, answer: 'not-sent' | HeldCall): Promise<HoldOutcome> {
  try {
    return await purser.holds.resolve(id, answer)
  } catch (error) {
    const isEnded = error instanceof PurserError && (error.code === 'PURSER_HOLD_ENDED' || error.code === 'PURSER_ID_CONFLICT')
    if (!isEnded || (await purser.holds.get(id)).state !== 'settled') throw error
    throw new PurserError(
      error.code,
      `The hold "${id}" is settled: what it came to is booked, and nothing of it is presumed, so there is nothing to resolve.`,
      { cause: error },
    )
  }
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
  const charges = outcome.charge === null ? [] : await purser.parts(outcome.charge)
  await answerOrSay(`The hold ${id} is ${outcome.state}.`, () =>
    session.json ? writeJson(outcomeJson(outcome, charges)) : writeLines(outcomeLines(outcome, charges)),
  )
  for (const { budget, by } of outcome.overrun) warn(await overrunText(purser, budget, by))
  const rest = outcome.state === 'presumed' ? presumedText(await purser.holds.get(id)) : undefined
  if (rest !== undefined) warn(rest)
  else if (charges[0]?.status === 'unpriced') warn('the call has no price, and is booked without one.')
}

/** The cost is that of the call, whatever number of charges it is booked as. */
function outcomeJson({ id, state, expiresAt, charge, overrun }: HoldOutcome, charges: readonly Charge[]): Record<string, unknown> {
  const costs = charges.flatMap(({ costNanos: cost }) => cost ?? [])
  const costNanos = costs.length === 0 ? null : costs.reduce(addNanos)
  return {
    id,
    state,
    expiresAt: iso(expiresAt),
    charge,
    costUsd: costNanos === null ? null : toUsd(costNanos),
    costNanos: costNanos === null ? null : String(costNanos),
    overrun: overrun.map(({ budget, by }) => ({
      budget,
      by: String(by),
    })),
  }
}

function outcomeLines({ id, state, expiresAt }: HoldOutcome, charges: readonly Charge[]): string[] {
  const until = state === 'open' ? ` until ${iso(expiresAt)}` : ''
  const head = `${printable(id)}  ${state === 'presumed' ? 'presumed spent' : state}${until}`
  return [head, ...charges.map((charge) => `  ${chargeLine(charge)}`)]
}
