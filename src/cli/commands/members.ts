import { Command, Option } from 'commander'
import { type Role, roles } from '../../access/roles.ts'
import type { MemberInput } from '../../facade/access/member-book.ts'
import { memberJson } from '../../json/access-json.ts'
import { printable } from '../../text/display-width.ts'
import { memberLines, memberTable } from '../access-view.ts'
import { collect, labelsOf } from '../call-options.ts'
import { answerOrSay, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { commandAuthor } from '../command-author.ts'

const examples = `
Examples:
  purser members set 7 --name Ada --email ada@example.com    books and sees what carries user=7
  purser members set studio --label team=studio              another label in the place of user
  purser members set 0 --role admin                          sees and may do everything
  purser members list
  purser members remove 7                                    with it none of its keys opens anything

Roles: admin may do everything; member books, holds and runs; viewer sees; ingest books and holds, and sees nothing else. What
is left out stays as it is. \`purser keys create --member 7\` makes a key for one.`

interface SetOptions {
  readonly name?: string
  readonly role?: Role
  readonly label?: readonly string[]
  readonly email?: string | false
}

export function defineMembers(): Command {
  const command = new Command('members').description('Those who use the ledger, each seeing what is theirs.').addHelpText('after', examples)
  command.addCommand(
    new Command('list')
      .description('Every member.')
      .action(async (_: unknown, self: Command) => withSession(self, (session) => list(session))),
  )
  command.addCommand(
    new Command('set')
      .description('Adds a member, or changes one.')
      .argument('<id>', 'as labels name it, like 7 in user=7')
      .option('--name <name>', 'for people; the id unless said otherwise')
      .addOption(new Option('--role <name>', 'what it may do; member unless said otherwise').choices(roles))
      .option('--label <key=value>', 'what it books and sees carries this; user=ID unless said otherwise, of an admin none', collect)
      .option('--email <address>', 'where alerts about its own budgets go')
      .option('--no-email', 'nowhere')
      .action(async (id: string, options: SetOptions, self: Command) => withSession(self, (session) => set(session, id, options))),
  )
  return command.addCommand(
    new Command('remove')
      .description('Takes a member away; its keys open nothing from then on.')
      .argument('<id>', 'its id')
      .action(async (id: string, _: unknown, self: Command) => withSession(self, (session) => remove(session, id))),
  )
}

async function list(session: Session): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const members = await purser.access.members.list()
  if (session.json) return writeJson(members.map(memberJson))
  await writeLines(members.length === 0 ? ['No members. `purser members set 7 --name Ada` adds one.'] : memberTable(members))
}

async function set(session: Session, id: string, { name, role, label, email }: SetOptions): Promise<void> {
  const input: MemberInput = {
    author: commandAuthor(),
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
    ...(label !== undefined && { labels: labelsOf({ label }) }),
    ...(email !== undefined && { notificationEmail: email === false ? null : email }),
  }
  const purser = await session.open({ create: true, prices: false, announce: true })
  const member = await purser.access.members.set(id, input)
  await answerOrSay(`Member ${id} is set.`, () => (session.json ? writeJson(memberJson(member)) : writeLines(memberLines(member))))
}

async function remove(session: Session, id: string): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const member = await purser.access.members.remove(id, { author: commandAuthor() })
  const done = `Member ${member.id} is removed, and its keys open nothing any more. What was booked for it stays.`
  await answerOrSay(done, () => (session.json ? writeJson(memberJson(member)) : writeLines([printable(done)])))
}
