import { Command } from 'commander'
import type { HoldOutcome } from '../../budgets/find-hold.ts'
import { PurserError } from '../../errors.ts'
import type { HeldCall } from '../../facade/hold-desk.ts'
import type { Charge } from '../../ledger/charge.ts'
import { toUsd } from '../../money/nanos.ts'
import type { Purser } from '../../purser.ts'
import { printable } from '../../text/display-width.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { chargeLine } from '../charge-line.ts'
import { iso } from '../hold-view.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { overrunText } from '../record-under-hold.ts'
import { addRecordOptions, callOf, type RecordOptions } from '../record-options.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'

export function defineHoldSettle(): Command {
  const command = new Command('settle').description('Books what a held call came to, under its labels, and gives the rest back.')
  return addRecordOptions(command.argument('<hold>', 'its id'))
    .option('--partial', 'the hold stays open with what is left, as for the parts of a batch')
    .action(async (hold: string, options: RecordOptions & { partial?: true }, self: Command) =>
      withSession(self, (session) => {
        const call: HeldCall = callOf(options)
        return doTo(session, hold, (purser) => purser.holds.settle(hold, call, { partial: options.partial === true }))
      }),
    )
}

export function defineHoldResolve(): Command {
  const command = new Command('resolve').description(
    'Says what became of a hold that ran out: what its call cost, or that it was never sent.',
  )
  return addRecordOptions(command.argument('<hold>', 'its id'))
    .option('--not-sent', 'the call was never sent, so nothing was spent')
    .action(async (hold: string, options: RecordOptions & { notSent?: true }, self: Command) =>
      withSession(self, (session) => {
        const answer = answerOf(options)
        return doTo(session, hold, (purser) => purser.holds.resolve(hold, answer))
      }),
    )
}

function answerOf(options: RecordOptions & { notSent?: true }): 'not-sent' | HeldCall {
  const { cost, usage, body, notSent } = options
  const saysCost = cost !== undefined || usage !== undefined || body !== undefined
  if ((notSent === true) === saysCost) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Say either what the call came to, like --cost 0.05, or --not-sent.')
  }
  return notSent === true ? 'not-sent' : callOf(options)
}

/** Does something to a hold, and answers what it is then. */
export async function doTo(session: Session, id: string, work: (purser: Purser) => Promise<HoldOutcome>): Promise<void> {
  if (!(await isTracking(session))) return session.json ? writeJson({ tracking: false }) : undefined
  const purser = await session.open({ create: false, prices: true })
  await applyBudgets(session, purser, 'warn')
  const outcome = await work(purser)
  const charge = outcome.charge === null ? undefined : await purser.charge(outcome.charge)
  await answerOrSay(`The hold ${id} is ${outcome.state}.`, () =>
    session.json ? writeJson(outcomeJson(outcome, charge)) : writeLines(outcomeLines(outcome, charge)),
  )
  for (const { budget, by } of outcome.overrun) warn(await overrunText(purser, budget, by))
  if (charge?.status === 'unpriced')
    warn(
      'the call has no price. Hard budgets keep presuming what was held for it, until its model has a price and `purser reprice` is run, or `purser hold resolve` says what it cost.',
    )
}

function outcomeJson(
  { id, state, expiresAt, charge: chargeId, overrun }: HoldOutcome,
  charge: Charge | undefined,
): Record<string, unknown> {
  const costNanos = charge?.costNanos ?? null
  return {
    id,
    state,
    expiresAt: iso(expiresAt),
    charge: chargeId,
    costUsd: costNanos === null ? null : toUsd(costNanos),
    costNanos: costNanos === null ? null : String(costNanos),
    overrun: overrun.map(({ budget, by }) => ({
      budget,
      by: String(by),
    })),
  }
}

function outcomeLines({ id, state, expiresAt }: HoldOutcome, charge: Charge | undefined): string[] {
  const until = state === 'open' ? ` until ${iso(expiresAt)}` : ''
  const head = `${printable(id)}  ${state === 'presumed' ? 'presumed spent' : state}${until}`
  return charge === undefined ? [head] : [head, `  ${chargeLine(charge)}`]
}
