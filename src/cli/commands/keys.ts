import { Command, Option } from 'commander'
import { type Role, roles } from '../../access/roles.ts'
import type { KeyOptions, NewKey } from '../../facade/access/key-book.ts'
import { keyJson } from '../../json/access-json.ts'
import { printable } from '../../text/display-width.ts'
import { keyTable, seenText } from '../access-view.ts'
import { collect, labelsOf, required } from '../call-options.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { commandAuthor } from '../command-author.ts'

const examples = `
Examples:
  purser keys create --name admin --role admin                        may do everything
  purser keys create --name ada --member 7                            what member 7 may
  purser keys create --name ci --role ingest --label project=atlas    books under that label, and sees nothing
  purser keys list
  purser keys rotate 3f2a9c01b7d4                                      a new one like it; the old one opens nothing any more
  purser keys revoke 3f2a9c01b7d4

A key is shown once, when it is made, and kept nowhere: the ledger has a hash of it. Once there is a key, a server lets nobody in
without one. Roles: admin, member, viewer, ingest; see purser help members.`

interface CreateOptions {
  readonly name?: string
  readonly role?: Role
  readonly label?: readonly string[]
  readonly member?: string
}

export function defineKeys(): Command {
  const command = new Command('keys').description('The keys by which others reach the ledger through a server.')
  command.addHelpText('after', examples)
  command.addCommand(
    new Command('create')
      .description('Makes a key, and shows it this once.')
      .option('--name <name>', 'for people, like ci')
      .addOption(new Option('--role <name>', "what it may do; its member's, else member, unless said otherwise").choices(roles))
      .option('--label <key=value>', 'what it books and sees carries this; give it several times for and', collect)
      .option('--member <id>', 'the member whose key it is, whose labels it has')
      .action(async (options: CreateOptions, self: Command) => withSession(self, (session) => create(session, options))),
  )
  command.addCommand(
    new Command('list')
      .description('Every key, also those that were revoked.')
      .action(async (_: unknown, self: Command) => withSession(self, (session) => list(session))),
  )
  command.addCommand(
    new Command('revoke')
      .description('Takes a key out of force, from the next request on.')
      .argument('<id>', 'its id, as `keys list` shows it')
      .action(async (id: string, _: unknown, self: Command) => withSession(self, (session) => revoke(session, id))),
  )
  return command.addCommand(
    new Command('rotate')
      .description('Makes a new key like it, and revokes it in the same moment.')
      .argument('<id>', 'its id, as `keys list` shows it')
      .action(async (id: string, _: unknown, self: Command) => withSession(self, (session) => rotate(session, id))),
  )
}

async function create(session: Session, { name, role, label, member }: CreateOptions): Promise<void> {
  const options: KeyOptions = {
    name: required(name, '--name', 'ci'),
    author: commandAuthor(),
    ...(role !== undefined && { role }),
    ...(label !== undefined && { labels: labelsOf({ label }) }),
    ...(member !== undefined && { member }),
  }
  const purser = await session.open({ create: true, prices: false, announce: true })
  await tellNew(session, await purser.access.keys.create(options))
}

async function rotate(session: Session, id: string): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  await tellNew(session, await purser.access.keys.rotate(id, { author: commandAuthor() }))
}

/** The text stands alone on standard output, so that `KEY=$(purser keys create …)` takes it and nothing else. */
async function tellNew({ json }: Session, { key, text }: NewKey): Promise<void> {
  const lost = `The key "${key.name}" (${key.id}) is made, and nobody has seen it: \`purser keys rotate ${key.id}\` makes another.`
  await answerOrSay(lost, () => (json ? writeJson({ key: keyJson(key), text }) : writeLines([text])))
  warn(
    printable(
      `this is the only time that the key "${key.name}" (${key.id}) is shown: keep it now, where nobody else reads. It ${seenText(key)}.`,
    ),
  )
}

async function list(session: Session): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const keys = await purser.access.keys.list()
  if (session.json) return writeJson(keys.map(keyJson))
  await writeLines(keys.length === 0 ? ['No keys. `purser keys create --name admin --role admin` makes one.'] : keyTable(keys))
}

async function revoke(session: Session, id: string): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const key = await purser.access.keys.revoke(id, { author: commandAuthor() })
  const done = `The key "${key.name}" (${key.id}) opens nothing any more.`
  await answerOrSay(done, () => (session.json ? writeJson(keyJson(key)) : writeLines([printable(done)])))
  if (!(await purser.access.keys.isAny())) {
    warn(
      'no key is left. A server that asked for keys lets nobody in until it is started anew; after that it is open to whoever uses this machine, and starts on no other address.',
    )
  }
}
