import { Command, Option } from 'commander'
import { type Ending, endingOfStatus, endings, holdEndings } from '../../budgets/endings.ts'
import { PurserError } from '../../errors.ts'
import type { HeldCall } from '../../facade/calls/settlement-desk.ts'
import { shellWord } from '../../text/shell-word.ts'
import { wholeNumber } from '../call-options.ts'
import { hideOption } from '../describe-option.ts'
import { note } from '../output.ts'
import { addRecordOptions, callOf, type RecordOptions, saysCost } from '../record-options.ts'
import { withSession } from '../session.ts'
import { doTo } from './hold-settle.ts'

const after = `
How a call can end, and what becomes of its hold:
  refused        no connection: given back, as by release
  rejected       a 4xx answer: the same
  rate-limited   429: the same
  ok             an answer: booked, and the rest given back, as by settle
  cut            a stream that broke off: what arrived is booked as an
                 estimate; strict budgets keep presuming the rest
  aborted        you ended the call: the same
  timeout        no answer in time: it stays held, and is presumed spent once
                 it runs out, until settle or resolve says what it came to
  server-error   5xx after it was sent: the same

Examples:
  purser hold end call-1 --status 429
  purser hold end call-2 --how timeout
  purser hold end call-3 --how cut --usage inputTokens=1000,outputTokens=80`

interface EndOptions extends RecordOptions {
  readonly how?: string
  readonly status?: number
}

export function defineHoldEnd(): Command {
  const command = new Command('end')
    .description('Ends a hold as its call ended: gives it back, books the call, or leaves it held, as the ending asks.')
    .argument('<hold>', 'its id')
    .addOption(new Option('--how <ending>', 'how the call ended').choices([...endings]))
    .option('--status <code>', 'the HTTP status of the answer, which says how', wholeNumber('--status', 100))
  return hideOption(addRecordOptions(command), '--outcome')
    .addHelpText('after', after)
    .action(async (hold: string, options: EndOptions, self: Command) =>
      withSession(self, (session) => {
        const ending = endingOf(options)
        const call = callThatEnded(ending, options)
        return doTo(session, hold, async (purser) => {
          const outcome = await purser.holds.end(hold, ending, call)
          if (holdEndings[ending] === 'keep' && outcome.state === 'open') note(keptText(ending, hold))
          return outcome
        })
      }),
    )
}

function keptText(ending: Ending, hold: string): string {
  const word = shellWord(hold)
  const why = ending === 'timeout' ? 'a call that got no answer in time' : 'a call that ended with a server error'
  return `Nobody knows what ${why} came to, so it stays held, and is presumed spent once it runs out. \`purser hold settle ${word}\` books it should an answer come, \`purser hold release ${word}\` gives it back.`
}

function endingOf({ how, status }: EndOptions): Ending {
  if ((how === undefined) === (status === undefined)) {
    throw badArgument(`Say how the call ended: either --how, one of ${endings.join(', ')}, or --status with the HTTP status.`)
  }
  return status === undefined ? (how as Ending) : endingOfStatus(status)
}

function callThatEnded(ending: Ending, options: EndOptions): HeldCall {
  if (options.outcome !== undefined) throw badArgument('--outcome goes with settle; here --how says how the call ended.')
  const what = holdEndings[ending]
  if (what === 'settle' || what === 'settle-delivered') return callOf(options)
  if (saysCost(options)) {
    const why = what === 'release' ? 'so there is nothing to book' : 'so nobody knows what it came to'
    throw badArgument(`A call that ended as ${ending} has no answer, ${why}. If you know what it cost, use \`purser hold settle\`.`)
  }
  return {}
}

function badArgument(message: string): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', message)
}
